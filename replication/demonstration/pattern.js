// A drawn digit made into a pattern as MNIST's were (Section III-A, p. 10), and a pattern changed as
// in Section III-E (p. 16). The same steps as in replication/mnist/drawn.py and in
// replication/studies/invariance/changes.py. Ink is 0 to 1, a pattern 28 x 28 levels of 0 to 255.

const BOX = 20, SIDE = 28, CENTRE = 14;
const FAINT = 0.1, LEAST_CONTRAST = 0.1;

// Halves go to the even number, as in numpy.
function rounded(value) {
  const down = Math.floor(value), rest = value - down;
  return rest === 0.5 ? down + (down % 2) : Math.round(value);
}

// Ink from the pixels of an image: the border is taken for the ground. Null without contrast.
function inkOf({ data, width, height }) {
  const brightness = new Float64Array(width * height);
  let bare = false, mass = 0, drawn = 0;
  for (let at = 0; at < brightness.length; at++) {
    const [red, green, blue, alpha] = data.subarray(4 * at, 4 * at + 4);
    brightness[at] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
    bare ||= alpha < 255;
    mass += alpha / 255;
    drawn += (brightness[at] * alpha) / 255;
  }
  if (bare) {
    // What is transparent is laid on white, or on black when what is drawn is bright.
    const ground = mass && drawn / mass > 0.5 ? 0 : 1;
    brightness.forEach((level, at) => {
      const alpha = data[4 * at + 3] / 255;
      brightness[at] = level * alpha + ground * (1 - alpha);
    });
  }
  const edge = brightness.filter((_, at) => {
    const x = at % width, y = Math.floor(at / width);
    return !x || !y || x === width - 1 || y === height - 1;
  }).sort();
  const middle = edge.length >> 1;
  const ground = edge.length % 2 ? edge[middle] : (edge[middle - 1] + edge[middle]) / 2;
  let dark = 0, bright = 0;
  for (const level of brightness) {
    dark = Math.max(dark, ground - level);
    bright = Math.max(bright, level - ground);
  }
  const most = Math.max(dark, bright), sign = dark >= bright ? 1 : -1;
  if (most < LEAST_CONTRAST) return null;
  return {
    width, height,
    ink: brightness.map((level) => Math.min(1, Math.max(0, (sign * (ground - level)) / most))),
  };
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
  const most = ink.reduce((a, b) => Math.max(a, b));
  return { width, height, ink: ink.map((amount) => amount / most) };
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
