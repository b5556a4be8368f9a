"use strict";
// One update of LeNet-5 in the engine's order of operations: sixteen accumulators, one tree, one rounding.
const fr = Math.fround, word = new Float64Array(1), bits = new BigInt64Array(word.buffer), low = new Int32Array(word.buffer);
const sum2 = (a, b) => { const s = a + b, v = s - a; return [s, (a - (s - v)) + (b - v)]; };
const odd = (s, e) => {
  if (e === 0) return s;
  word[0] = s;
  if (!(low[0] & 1)) bits[0] += (e > 0) === (s > 0) ? 1n : -1n;
  return word[0];
};
function fma(a, b, c) {
  const p = a * b, s = p + c, v = s - p, e = (p - (s - v)) + (c - v);
  return fr(e === 0 ? s : odd(s, e));
}
function fma64(a, b, c) {
  const split = (x) => { const t = 134217729 * x, h = t - (t - x); return [h, x - h]; };
  const [ah, al] = split(a), [bh, bl] = split(b), p = a * b, e = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
  const [th, tl] = sum2(c, e), [vh, vl] = sum2(p, th), [z, rest] = sum2(tl, vl);
  return vh + odd(z, rest);
}
const FACTORIALS = []; for (let n = 0, f = 1; n < 14; n++) { FACTORIALS.push(1 / f); f *= n + 1; }
function exponential(x) {
  if (!(x >= -708)) return x < -708 ? 0 : x;
  if (x > 709) return Infinity;
  const k = (x * 1.4426950408889634 + 6755399441055744) - 6755399441055744;
  const rest = fma64(-k, 2.3190468138462996e-17, fma64(-k, 0.6931471805599453, x));
  let series = FACTORIALS[13];
  for (let n = 12; n >= 0; n--) series = fma64(series, rest, FACTORIALS[n]);
  return series * 2 ** k;
}
const P = [-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03].map(fr);
const Q = [1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03].map(fr);
const BOUND = fr(7.90531110763549805);
function tanh(a) {
  a = a > BOUND ? BOUND : a < -BOUND ? -BOUND : a;
  const z = fr(a * a);
  const p = P.reduce((s, c) => fma(s, z, c)), q = Q.reduce((s, c) => fma(s, z, c));
  return fr(fr(a * p) / q);
}
function total(lanes) {
  const r = Float32Array.from(lanes);
  for (let h = 8; h; h >>= 1) for (let n = 0; n < h; n++) r[n] = r[n] + r[n + h];
  return r[0];
}
function trainer(net, w, steps) {
  const { layers, codes } = net, A = fr(net.amplitude), S = fr(net.slope), share = fr(net.share), most = fr(S * A), over = fr(S / A);
  const slope = (o) => fma(-fr(over * o), o, most), acc = new Float32Array(16);
  const two = fr(fr(2 * fr(net.distance)) / fr(net.divisor)), rubbish = exponential(-net.j);
  const all = layers.map((l) => { const [maps, h, wd] = l.outputs; return { ...l, maps, h, wd, area: h * wd, full: h * wd === 1, biases: l.offset + l.weights,
    v: new Float32Array(maps * h * wd), d: new Float32Array(maps * h * wd), sums: new Float32Array(maps * h * wd) }; });
  for (const l of all) if (l.kind === "convolution" && !l.full) { let k = l.offset; l.at = l.table.map((row) => row.map((m) => { const r = [m, k]; k += 25; return r; })); }
  function forward(l, b) {
    for (let o = 0; o < l.maps; o++) for (let p = 0; p < l.area; p++) {
      let s;
      const n = o * l.area + p, r = Math.floor(p / l.wd), c = p % l.wd;
      if (l.full) {
        acc.fill(0);
        const k = l.offset + o * b.v.length;
        for (let x = 0; x < b.v.length; x++) acc[x & 15] = fma(w[k + x], b.v[x], acc[x & 15]);
        s = fr(total(acc) + w[l.biases + o]);
      } else if (l.at) {
        s = w[l.biases + o];
        for (const [m, k] of l.at[o]) for (let j = 0; j < 5; j++) for (let i = 0; i < 5; i++) s = fma(b.v[m * b.area + (r + i) * b.wd + c + j], w[k + i * 5 + j], s);
      } else {
        const x = o * b.area + 2 * r * b.wd + 2 * c, v = b.v;
        l.sums[n] = fr(share * fr(fr(v[x] + v[x + b.wd]) + fr(v[x + 1] + v[x + 1 + b.wd])));
        s = fma(w[l.offset + o], l.sums[n], w[l.biases + o]);
      }
      l.v[n] = fr(A * tanh(fr(S * s)));
    }
  }
  function criterion(l, label) {
    const pen = codes.map((code) => { acc.fill(0); for (let k = 0; k < l.maps; k++) { const e = fr(l.v[k] - code[k]); acc[k & 15] = fma(e, e, acc[k & 15]); } return fr(fr(net.distance) * total(acc)); });
    let every = rubbish;
    const shares = pen.map((p) => { const e = exponential(-p); every += e; return e; }).map((e, n) => e / every);
    for (let k = 0; k < l.maps; k++) l.d[k] = fma(two, fr(l.v[k] - codes[label][k]), 0);
    codes.forEach((code, n) => { const f = fr(two * fr(shares[n])); if (f >= 2 ** -126) for (let k = 0; k < l.maps; k++) l.d[k] = fma(-f, fr(l.v[k] - code[k]), l.d[k]); });
  }
  function backward(l, b, last) {
    if (l.full) {
      for (let o = 0; o < l.maps; o++) l.d[o] = fr(l.d[o] * slope(l.v[o]));
      b.d.fill(0);
      for (let o = 0; o < l.maps; o++) for (let x = 0, k = l.offset + o * b.v.length; x < b.v.length; x++, k++) {
        const before = w[k];
        w[k] = fma(-steps[k], fr(l.d[o] * b.v[x]), before);
        b.d[x] = fma(before, l.d[o], b.d[x]);
      }
      for (let o = 0; o < l.maps; o++) { const k = l.biases + o; w[k] = fma(-steps[k], l.d[o], w[k]); }
    } else if (l.at) {
      if (!last) for (let m = 0; m < b.maps; m++) {
        const copies = [0, 1, 2, 3, 4].map((j) => { const s = new Float32Array(b.h * l.wd);
          for (let r = 0; r < b.h; r++) for (let c = 0; c < l.wd; c++) { let t = 0;
            l.at.forEach((row, o) => { for (const [src, k] of row) if (src === m) for (let i = 0; i < 5; i++) if (r - i >= 0 && r - i < l.h) t = fma(l.d[o * l.area + (r - i) * l.wd + c], w[k + i * 5 + j], t); });
            s[r * l.wd + c] = t; } return s; });
        for (let r = 0; r < b.h; r++) for (let c = 0; c < b.wd; c++) { let t = 0;
          for (let j = 0; j < 5; j++) if (c - j >= 0 && c - j < l.wd) t = fr(copies[j][r * l.wd + c - j] + t);
          b.d[m * b.area + r * b.wd + c] = t; }
      }
      l.at.forEach((row, o) => {
        for (const [m, k] of row) for (let j = 0; j < 5; j++) for (let i = 0; i < 5; i++) {
          acc.fill(0);
          for (let p = 0; p < l.area; p++) acc[p & 15] = fma(b.v[m * b.area + (Math.floor(p / l.wd) + i) * b.wd + p % l.wd + j], l.d[o * l.area + p], acc[p & 15]);
          const n = k + i * 5 + j; w[n] = fma(-steps[n], total(acc), w[n]);
        }
        acc.fill(0);
        for (let p = 0; p < l.area; p++) acc[p & 15] = acc[p & 15] + l.d[o * l.area + p];
        const n = l.biases + o; w[n] = fr(w[n] - fr(steps[n] * total(acc)));
      });
    } else for (let o = 0; o < l.maps; o++) {
      const k = l.offset + o, n = l.biases + o, coefficient = fr(share * w[k]), bias = new Float32Array(16);
      acc.fill(0);
      for (let p = 0; p < l.area; p++) {
        const at = o * l.area + p, d = fr(l.d[at] * slope(l.v[at]));
        acc[p & 15] = fma(d, l.sums[at], acc[p & 15]); bias[p & 15] = bias[p & 15] + d;
        const given = fr(coefficient * d), x = o * b.area + 2 * Math.floor(p / l.wd) * b.wd + 2 * (p % l.wd);
        for (const y of [x, x + 1, x + b.wd, x + b.wd + 1]) b.d[y] = fr(given * slope(b.v[y]));
      }
      w[k] = fr(w[k] - fr(steps[k] * total(acc))); w[n] = fr(w[n] - fr(steps[n] * total(bias)));
    }
  }
  return (field, label) => {
    const input = { maps: 1, h: 32, wd: 32, area: 1024, v: field, d: new Float32Array(1024) }, below = (n) => n ? all[n - 1] : input;
    all.forEach((l, n) => forward(l, below(n)));
    criterion(all[all.length - 1], label);
    for (let n = all.length - 1; n >= 0; n--) backward(all[n], below(n), n === 0);
  };
}
module.exports = { trainer, fma, fma64, exponential, tanh };
