// fround(a * b + c) rounded once: a * b is exact in float64; the sum's error is folded in by rounding to odd.
const word = new Float64Array(1), bits = new BigInt64Array(word.buffer), low = new Int32Array(word.buffer);
function fma32(a, b, c) {
  const p = a * b, s = p + c, v = s - p, e = (p - (s - v)) + (c - v);
  if (e === 0) return Math.fround(s);
  word[0] = s;
  if (low[0] & 1) return Math.fround(s);
  bits[0] += (e > 0) === (s > 0) ? 1n : -1n;
  return Math.fround(word[0]);
}
// exact reference: float32 values as BigInt multiples of 2^-298
function big(x) { word[0] = x; if (x === 0) return 0n; const b = BigInt.asUintN(64, bits[0]);
  const e = Number((b >> 52n) & 2047n) - 1075; let m = (b & ((1n << 52n) - 1n)) | (1n << 52n);
  m = e + 400 >= 0 ? m << BigInt(e + 400) : m >> BigInt(-(e + 400)); return x < 0 ? -m : m; }
function exact(a, b, c) { const t = big(a * b) + big(c); if (t === 0n) return 0; const neg = t < 0n; let m = neg ? -t : t;
  const n = m.toString(2).length, d = BigInt(n - 24); let q = m >> d; const r = m - (q << d), h = 1n << (d - 1n);
  if (r > h || (r === h && (q & 1n))) q += 1n; const v = Number(q) * 2 ** (n - 24 - 400); return neg ? -v : v; }
let wrong = 0, naive = 0, N = 300000;
for (let n = 0; n < N; n++) {
  const f = () => Math.fround((Math.random() - .5) * 2 ** Math.floor(Math.random() * 20 - 10));
  let a = f(), b = f(), c = f();
  if (n % 3 === 0) { // near ties: c large with the product just off half a unit
    c = Math.fround(1 + Math.floor(Math.random() * 2 ** 23) * 2 ** -23);
    a = Math.fround(2 ** -12 * (1 + Math.floor(Math.random() * 3) * 2 ** -23)); b = Math.fround(2 ** -12 * (1 + (Math.floor(Math.random() * 5) - 2) * 2 ** -23)); if (Math.random()<.5) b=-b; }
  const w = exact(a, b, c);
  if (fma32(a, b, c) !== w) wrong++;
  if (Math.fround(a * b + c) !== w) naive++;
}
console.log({ N, wrong, naive });
