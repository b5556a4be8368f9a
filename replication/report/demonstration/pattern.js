// A drawn digit made into a pattern as MNIST's were (Section III-A, p. 10), and a pattern changed as
// in Section III-E (p. 16). The same steps, and the same numbers, as in replication/extras/own_digits.py and
// replication/studies/invariance/changes.py. Ink is 0 to 1, a pattern 28 x 28 levels of 0 to 255.

const BOX = 20, SIDE = 28, CENTRE = 14;
const LEAST_CONTRAST = 0.1, WIDEST = 1 / 3, SMALL = 100, DARKEST = 0.05, CALM = [0.05, 0.3], OUTLYING = 5.4;
const STRONG = 0.4, FAINT = 0.1, EDGE = 0.1, LEAST_SIDE = 3, SMALLEST = 1 / 60, SPECKS = 0.02, MANY = 200;
const ACROSS = 0.9, HOLLOW = 0.1, LONG = 12, NEAR = 0.08, TALL = 0.5, APART = 0.3;
const SOLID = 0.8, SQUAT = 5, WIDE = 1.7, HOLES = 6, HOLE = 0.001;
const PLAIN_GROUND = "give an image with a digit on plain ground";

// Halves go to the even number, as in numpy.
function rounded(value) {
  const down = Math.floor(value), rest = value - down;
  return rest === 0.5 ? down + (down % 2) : Math.round(value);
}

// The digits in the pixels of an image, in reading order, each with its box and pattern; raises an
// Error that ends a sentence about the image where there is none, or what is there is no digit.
function digitsOf({ data, width, height }) {
  const { amount, strong } = inkOf(brightness(data), width, height);
  const chosen = chosenParts(labelled(strong, width), amount, width, height);
  if (!chosen.some(Boolean)) throw new Error(`shows no ink but specks: ${PLAIN_GROUND}`);
  const digits = grouped(chosen, width, height);
  return Array.from({ length: most(digits) }, (_, nth) => {
    const mask = digits.map((number) => Number(number === nth + 1));
    return cut(mask, strong, amount, width, height);
  });
}

// Ink of which 1 is usual, and what is ink beyond doubt, 0 or 1: dark or bright on what is wide.
function inkOf(levels, width, height) {
  const small = Math.max(width, height) <= SMALL, middle = (most(levels) - most(levels.map((one) => -one))) / 2;
  let ground = groundOf(levels, width, height, -1);
  if (most(ground) < middle) {
    const found = weighed(levels.map((level, at) => level - ground[at]), () => 1);
    if (small || !isSheet(found.strong, width)) return found;
  }
  ground = groundOf(levels, width, height, 1);
  return weighed(ground.map((level, at) => level - levels[at]), (at) => Math.max(ground[at], DARKEST));
}

// Closed (1) or opened (-1) by a square that no stroke fills, the edge going on outside; before that
// the other way by one of three pixels.
function groundOf(levels, width, height, first) {
  const longer = Math.max(width, height), speck = Number(longer > SMALL);
  const reach = Math.max(1, rounded((WIDEST * longer) / 2)), wide = width + 2 * reach, high = height + 2 * reach;
  let values = framed(levels, width, height, reach);
  for (const [size, sign] of [[speck, -first], [speck, first], [reach, first], [reach, -first]]) {
    if (size) values = filtered(values, wide, high, size, sign);
  }
  return framed(values, wide, high, -reach);
}

// So many pixels more on each side, as at the edge, or fewer.
function framed(values, width, height, by) {
  const wide = width + 2 * by, inside = (at, size) => Math.max(0, Math.min(size - 1, at - by));
  return Float64Array.from({ length: wide * (height + 2 * by) }, (_, at) =>
    values[inside(Math.floor(at / wide), height) * width + inside(at % wide, width)]);
}

// The greatest (1) or least (-1) value of the square that reaches so far around each pixel.
function filtered(values, width, height, reach, sign = 1) {
  const rows = slid(values.map((value) => sign * value), width, reach);
  const both = turned(slid(turned(rows, width, height), height, reach), height, width);
  return both.map((value) => sign * value);
}

function slid(values, width, reach) {
  const size = 2 * reach + 1, result = values.slice(), line = new Float64Array(width + 2 * reach);
  for (let row = 0; row < values.length; row += width) {
    for (let at = 0; at < line.length; at++) line[at] = values[row + Math.max(0, Math.min(width - 1, at - reach))];
    // Windows of one, two, four pixels and so on; two of the last, over each other, are the whole.
    let span = 1;
    for (; 2 * span <= size; span *= 2) {
      for (let at = 0; at + span < line.length; at++) line[at] = Math.max(line[at], line[at + span]);
    }
    for (let x = 0; x < width; x++) result[row + x] = Math.max(line[x], line[x + size - span]);
  }
  return result;
}

function weighed(apart, light) {
  const sorted = apart.slice().sort();
  const [low, middle] = CALM.map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
  const off = middle + (middle - low) / 2, least = Math.max(LEAST_CONTRAST, OUTLYING * (middle - low));
  const seen = apart.map((one) => Number(one - off >= least));
  const amount = apart.map((one, at) => Math.max(0, one - off) / light(at));
  const sum = (power) => amount.reduce((all, one, at) => all + seen[at] * one ** power, 0);
  if (!sum(0)) throw new Error(`shows no ink: ${PLAIN_GROUND}`);
  const usual = sum(2) / sum(1);
  return {
    amount: amount.map((one) => one / usual),
    strong: seen.map((one, at) => Number(one && amount[at] / usual >= STRONG)),
  };
}

// Whether a shape fills itself, whichever way it is turned, and is not long: by its covariance.
function isSheet(mask, width) {
  const mean = (term) => mask.reduce((sum, one, at) => (one ? sum + term(at % width, Math.floor(at / width)) : sum), 0) / area;
  const area = mask.reduce((a, b) => a + b), right = mean((x) => x), down = mean((_, y) => y);
  const across = mean((x) => (x - right) ** 2) + 1 / 12, along = mean((_, y) => (y - down) ** 2) + 1 / 12;
  const both = mean((x, y) => (x - right) * (y - down)), root = Math.hypot((across - along) / 2, both);
  const small = (across + along) / 2 - root, large = small + 2 * root;
  return area > SOLID * 12 * Math.sqrt(small * large) && large < SQUAT * small;
}

// The parts of a mask, numbered from 1; pixels touch at their corners too.
function labelled(mask, width) {
  const labels = new Int32Array(mask.length);
  let count = 0;
  mask.forEach((set, start) => {
    if (!set || labels[start]) return;
    const stack = [start];
    labels[start] = ++count;
    while (stack.length) {
      const at = stack.pop();
      for (const row of [at - width, at, at + width]) {
        for (let next = row - 1; next <= row + 1; next++) {
          if (!mask[next] || labels[next] || Math.abs((next % width) - (at % width)) > 1) continue;
          labels[next] = count;
          stack.push(next);
        }
      }
    }
  });
  return labels;
}

// Of each number its sides, the first pixels and those after the last, and the sum of the amounts.
function boxesOf(labels, width, amount = labels.map(() => 1)) {
  const boxes = Array.from({ length: most(labels) }, () =>
    ({ left: Infinity, top: Infinity, right: 0, bottom: 0, mass: 0 }));
  labels.forEach((label, at) => {
    if (!label) return;
    const box = boxes[label - 1], x = at % width, y = Math.floor(at / width);
    box.left = Math.min(box.left, x); box.right = Math.max(box.right, x + 1);
    box.top = Math.min(box.top, y); box.bottom = Math.max(box.bottom, y + 1);
    box.mass += amount[at];
  });
  return boxes.map((box) => ({ ...box, wide: box.right - box.left, high: box.bottom - box.top }));
}

// Where the parts are no specks, lines or frames, if some are not.
function chosenParts(parts, amount, width, height) {
  const least = Math.max(LEAST_SIDE, SMALLEST * Math.max(width, height));
  const boxes = boxesOf(parts, width, amount), sizable = boxes.filter((box) => Math.max(box.wide, box.high) >= least);
  if (sizable.length > MANY) throw new Error(`shows ${sizable.length} parts: ${PLAIN_GROUND}`);
  const digits = sizable.filter((box) => {
    const thin = box.mass < HOLLOW * box.wide * box.high || Math.max(box.wide, box.high) > LONG * Math.min(box.wide, box.high);
    const across = box.wide >= ACROSS * width || box.high >= ACROSS * height;
    return !(thin && (across || sizable.some((part) => part.mass >= SPECKS * box.mass
      && box.left < part.left && box.top < part.top && box.right > part.right && box.bottom > part.bottom)));
  });
  const left = digits.length ? digits : sizable, heaviest = most(left.map((box) => box.mass));
  const kept = boxes.map((box) => left.includes(box) && box.mass >= SPECKS * heaviest);
  return parts.map((part) => Number(part > 0 && kept[part - 1]));
}

// The digits that the parts make, numbered from 1 in reading order.
function grouped(chosen, width, height) {
  const reach = rounded(NEAR * most(boxesOf(labelled(chosen, width), width).map((box) => box.high)));
  const near = labelled(filtered(chosen, width, height, reach), width).map((label, at) => label * chosen[at]);
  const boxes = boxesOf(near, width), tallest = most(boxes.map((box) => box.high));
  const row = (box) => Math.floor(box.top / tallest);
  const digits = boxes.filter((box) => box.high >= TALL * tallest).sort((a, b) => row(a) - row(b) || a.left - b.left);
  const numbers = boxes.map((box) => {
    if (digits.includes(box)) return digits.indexOf(box) + 1;
    const gaps = digits.map((digit) => Math.max(box.left - digit.right, digit.left - box.right, box.top - digit.bottom, digit.top - box.bottom));
    const least = Math.min(...gaps);
    return least <= APART * tallest ? gaps.indexOf(least) + 1 : 0;
  });
  return near.map((label) => (label ? numbers[label - 1] : 0));
}

// What a mask covers, with its soft edges.
function cut(mask, strong, amount, width, height) {
  const [own] = boxesOf(mask, width), reach = rounded(EDGE * Math.max(own.wide, own.high) + 0.5);
  const grown = filtered(mask, width, height, reach);
  const ink = amount.map((one, at) => (grown[at] && (mask[at] || !strong[at]) ? one : 0));
  const box = cropped({ ink, width, height });
  if (box.width > WIDE * box.height) throw new Error("shows what is wider than a digit: write digits apart, and off lines");
  const ground = framed(mask.map((one) => 1 - one), width, height, 0);
  const holes = boxesOf(labelled(ground, width), width).filter((hole) => hole.left && hole.top && hole.right < width && hole.bottom < height);
  const large = holes.filter((hole) => hole.mass > Math.max(LEAST_SIDE, HOLE * box.width * box.height));
  if (large.length > HOLES) throw new Error(`shows a net of lines: ${PLAIN_GROUND}`);
  return { box: [box.left, box.top, box.left + box.width, box.top + box.height], pattern: centred(scaled(box)) };
}

function most(values) {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

// What is transparent is laid on white, or on black when what is drawn is bright.
function brightness(data) {
  const levels = new Float64Array(data.length / 4);
  let mass = 0, drawn = 0;
  for (let at = 0; at < levels.length; at++) {
    const alpha = data[4 * at + 3] / 255;
    levels[at] = (0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2]) / 255;
    mass += alpha;
    drawn += levels[at] * alpha;
  }
  if (mass === levels.length) return levels;
  const ground = mass && drawn / mass > 0.5 ? 0 : 1;
  return levels.map((level, at) => {
    const alpha = data[4 * at + 3] / 255;
    return level * alpha + ground * (1 - alpha);
  });
}

// Cropped to the ink, scaled into 20 x 20 and centred by mass in 28 x 28; null without ink.
function patternOf(drawing) {
  const box = cropped(drawing);
  return box && centred(scaled(box));
}

function cropped({ ink, width, height }) {
  let left = width, right = -1, top = height, bottom = -1;
  ink.forEach((amount, at) => {
    if (amount < FAINT) return;
    const x = at % width, y = (at - x) / width;
    left = Math.min(left, x); right = Math.max(right, x);
    top = Math.min(top, y); bottom = Math.max(bottom, y);
  });
  if (right < 0) return null;
  const wide = right - left + 1, high = bottom - top + 1;
  return {
    left, top, width: wide, height: high,
    ink: Float32Array.from({ length: wide * high }, (_, at) =>
      ink[(top + Math.floor(at / wide)) * width + left + (at % wide)]),
  };
}

function scaled(box) {
  const share = BOX / Math.max(box.width, box.height);
  const width = Math.max(1, rounded(box.width * share)), height = Math.max(1, rounded(box.height * share));
  const narrow = resized(box.ink, box.width, box.height, width);
  const low = resized(turned(narrow, width, box.height), box.height, width, height);
  const ink = turned(low, height, width).map((amount) => Math.max(0, amount));
  const darkest = most(ink);
  return { width, height, ink: ink.map((amount) => amount / darkest) };
}

function turned(values, width, height) {
  return values.map((_, at) => values[(at % height) * width + Math.floor(at / height)]);
}

// Rows resized to `size` by the bicubic filter (a = -1/2) that covers all pixels when it shrinks.
function resized(values, width, height, size) {
  const scale = width / size, filter = Math.max(scale, 1), reach = 2 * filter;
  const result = new Float32Array(size * height);
  for (let to = 0; to < size; to++) {
    const centre = (to + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(width, Math.trunc(centre + reach + 0.5));
    const shares = Array.from({ length: end - from }, (_, n) => bicubic((from + n - centre + 0.5) / filter));
    const total = shares.reduce((a, b) => a + b);
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let n = 0; n < shares.length; n++) sum += values[row * width + from + n] * (shares[n] / total);
      result[row * size + to] = sum;
    }
  }
  return result;
}

function bicubic(x) {
  const t = Math.abs(x), a = -0.5;
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

function centred({ ink, width, height }) {
  let mass = 0, right = 0, down = 0;
  ink.forEach((amount, at) => {
    mass += amount;
    right += amount * (at % width);
    down += amount * Math.floor(at / width);
  });
  const start = (middle, size) => Math.min(Math.max(Math.floor(CENTRE - middle + 0.5), 0), SIDE - size);
  const left = start(right / mass, width), top = start(down / mass, height);
  const pattern = new Uint8Array(SIDE * SIDE);
  ink.forEach((amount, at) => {
    pattern[(top + Math.floor(at / width)) * SIDE + left + (at % width)] = rounded(255 * amount);
  });
  return pattern;
}

// A pattern changed and drawn in a square field, bilinearly: bytes (field x field).
function changed(pattern, { scale, shift, rotation }, field, character) {
  const result = new Uint8Array(field * field), edge = (field - SIDE) >> 1, middle = SIDE / 2;
  const cosine = Math.cos((rotation * Math.PI) / 180) / scale, sine = Math.sin((rotation * Math.PI) / 180) / scale;
  const at = (y, x) => (y >= 0 && y < SIDE && x >= 0 && x < SIDE ? pattern[y * SIDE + x] : 0);
  for (let row = 0; row < field; row++) {
    for (let column = 0; column < field; column++) {
      const right = column - edge - middle, down = row - edge - middle - shift * character;
      const x = cosine * right + sine * down + middle, y = cosine * down - sine * right + middle;
      const x0 = Math.floor(x), y0 = Math.floor(y), dx = x - x0, dy = y - y0;
      result[row * field + column] = rounded(
        (1 - dy) * ((1 - dx) * at(y0, x0) + dx * at(y0, x0 + 1)) +
        dy * ((1 - dx) * at(y0 + 1, x0) + dx * at(y0 + 1, x0 + 1)));
    }
  }
  return result;
}

// Several patterns side by side in one field, `pitch` pixels apart; where they overlap the darker
// ink is seen. Null leaves its place empty. Then each pixel is inverted with probability `noise`.
function fieldOf(patterns, changes, { field, pitch, character }) {
  const width = field + pitch * (patterns.length - 1), grey = new Uint8Array(field * width);
  patterns.forEach((pattern, nth) => {
    if (!pattern) return;
    changed(pattern, changes, field, character).forEach((level, at) => {
      const to = Math.floor(at / field) * width + pitch * nth + (at % field);
      grey[to] = Math.max(grey[to], level);
    });
  });
  const chance = chances(1998);
  // Drawn for every pixel, so that what is inverted at a lower probability is at a higher one too.
  return { width, height: field, grey: grey.map((level) => (chance() < changes.noise ? 255 - level : level)) };
}

// Uniform numbers from 0 to 1 (mulberry32).
function chances(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
