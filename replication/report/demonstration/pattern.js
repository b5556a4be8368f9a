// A drawn digit made into a pattern as MNIST's were (Section III-A, p. 10), and a pattern changed as
// in Section III-E (p. 16). The same steps as in replication/extras/own_digits.py and in
// replication/studies/invariance/changes.py. Ink is 0 to 1, a pattern 28 x 28 levels of 0 to 255.

const BOX = 20, SIDE = 28, CENTRE = 14;
const FAINT = 0.1, LEAST_CONTRAST = 0.1;
const ROUNDS = 8, OUTLYING = 2.5, DARKEST = 0.05;

// Halves go to the even number, as in numpy.
function rounded(value) {
  const down = Math.floor(value), rest = value - down;
  return rest === 0.5 ? down + (down % 2) : Math.round(value);
}

// Ink from the pixels of an image, dark or bright, on ground that may be lit unevenly: of dark ink the
// share of the light that it keeps. Null without contrast.
function inkOf({ data, width, height }) {
  const levels = brightness(data), ground = light(levels, width, height);
  const apart = ground.map((level, at) => level - levels[at]);
  const dark = most(apart), bright = most(apart.map((amount) => -amount));
  if (Math.max(dark, bright) < LEAST_CONTRAST) return null;
  const amount = apart.map((one, at) => (dark >= bright ? one / Math.max(ground[at], DARKEST) : -one));
  const all = most(amount);
  return { width, height, ink: amount.map((one) => Math.min(1, Math.max(0, one / all))) };
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

// The brightness of the ground at each pixel, bilinear, from the border without its ink.
function light(levels, width, height) {
  const place = (at, size) => (size > 1 ? (2 * at) / (size - 1) - 1 : 0);
  const terms = (at) => {
    const x = place(at % width, width), y = place(Math.floor(at / width), height);
    return [1, y, x, y * x];
  };
  const edge = [...levels.keys()].filter((at) => {
    const x = at % width, y = Math.floor(at / width);
    return !x || !y || x === width - 1 || y === height - 1;
  });
  const points = edge.map(terms), values = edge.map((at) => levels[at]);
  const dot = (fit, point) => fit.reduce((sum, factor, term) => sum + factor * point[term], 0);
  let fit = [median(values), 0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const off = values.map((value, nth) => Math.abs(value - dot(fit, points[nth])));
    const limit = Math.max((OUTLYING * median(off)) / 0.6745, 1e-6);
    const near = [...off.keys()].filter((nth) => off[nth] <= limit);
    fit = leastSquares(near.map((nth) => points[nth]), near.map((nth) => values[nth]));
  }
  return levels.map((_, at) => dot(fit, terms(at)));
}

function median(values) {
  const sorted = Float64Array.from(values).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The factors of the terms in `points` that fit `values` best, by elimination in normal equations.
function leastSquares(points, values) {
  const size = points[0].length;
  const rows = Array.from({ length: size }, (_, row) => Array.from({ length: size + 1 }, (_, column) =>
    points.reduce((sum, point, nth) => sum + point[row] * (column < size ? point[column] : values[nth]), 0)));
  for (let pivot = 0; pivot < size; pivot++) {
    // Where the points leave a factor open, it is nothing.
    const scale = Math.abs(rows[pivot][pivot]) > 1e-9 ? 1 / rows[pivot][pivot] : 0;
    rows[pivot] = rows[pivot].map((value) => value * scale);
    rows.forEach((row, other) => {
      if (other !== pivot) rows[other] = row.map((value, column) => value - row[pivot] * rows[pivot][column]);
    });
  }
  return rows.map((row) => row[size]);
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
    width: wide, height: high,
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
  return Float32Array.from({ length: values.length }, (_, at) =>
    values[(at % height) * width + Math.floor(at / height)]);
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
