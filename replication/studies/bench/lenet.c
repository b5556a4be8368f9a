/* LeNet-5 of 1998 as plain loops, to be vectorised by the compiler: a peer of our kernels.

   Trained a pattern at a time by the MAP criterion (equation 9), with a step size of its own for
   each parameter. The layout of parameters and steps is the project's: layer by layer, weights
   (kernel by kernel of the connection table, line by line) before biases. Shapes are constants, so
   that the compiler knows the length of every loop; the table of C3, the codes, the squashing
   function, and the criterion are given. Not thread-safe: working memory is static. */

#include <math.h>
#include <string.h>

enum { K = 5, TAPS = K * K, FIELD = 32, M1 = 6, N1 = 28, A1 = N1 * N1, N2 = 14, A2 = N2 * N2,
       M3 = 16, N3 = 10, A3 = N3 * N3, N4 = 5, A4 = N4 * N4, S4 = M3 * A4, H5 = 120, H6 = 84,
       CLASSES = 10, PAIRS = 60 };

/* No two arrays of one call overlap. */
typedef const float *restrict Given;
typedef float *restrict Changed;

struct rules { float amplitude, slope, share, distance, rubbish, divisor; };

/* Parameters, and in the same form the step sizes. */
struct network {
  float w1[M1 * TAPS], b1[M1], w2[M1], b2[M1], w3[PAIRS * TAPS], b3[M3], w4[M3], b4[M3],
        w5[H5 * S4], b5[H5], w6[H6 * H5], b6[H6];
};

static float c1[M1 * A1], s2[M1 * A2], sum2[M1 * A2], c3[M3 * A3], s4[S4], sum4[S4], f5[H5], f6[H6];
static float d1[M1 * A1], d2[M1 * A2], d3[M3 * A3], d4[S4], d5[H5], d6[H6];

static inline float squash(const struct rules *r, float a) {
  return r->amplitude * tanhf(r->slope * a);
}

static inline float slope(const struct rules *r, float y) {
  return r->slope * (r->amplitude - y * y / r->amplitude);
}

/* One map convolved with one kernel and added to another map, of side `to`, line by line. */
static inline void add_convolved(int to, int from, Changed out, Given in, Given w) {
  for (int y = 0; y < to; y++) {
    float line[N1];
    for (int x = 0; x < to; x++) line[x] = out[y * to + x];
    for (int i = 0; i < K; i++)
      for (int j = 0; j < K; j++)
        for (int x = 0; x < to; x++) line[x] += w[K * i + j] * in[(y + i) * from + x + j];
    for (int x = 0; x < to; x++) out[y * to + x] = line[x];
  }
}

/* The same backwards: what the derivatives of the output say of those of the input. */
static inline void add_backwards(int to, int from, Changed in, Given out, Given w) {
  for (int y = 0; y < to; y++)
    for (int i = 0; i < K; i++)
      for (int j = 0; j < K; j++)
        for (int x = 0; x < to; x++) in[(y + i) * from + x + j] += w[K * i + j] * out[y * to + x];
}

static inline void update_kernel(int to, int from, Given out, Given in, Changed w,
                                 Given step) {
  for (int i = 0; i < K; i++)
    for (int j = 0; j < K; j++) {
      float g = 0;
      for (int y = 0; y < to; y++)
        for (int x = 0; x < to; x++) g += out[y * to + x] * in[(y + i) * from + x + j];
      w[K * i + j] -= step[K * i + j] * g;
    }
}

static inline void update_bias(int units, Given out, Changed b, Given step) {
  float g = 0;
  for (int n = 0; n < units; n++) g += out[n];
  *b -= *step * g;
}

static inline void squash_all(const struct rules *r, int units, Changed out) {
  for (int n = 0; n < units; n++) out[n] = squash(r, out[n]);
}

/* Four inputs added (or averaged, by `share`), a coefficient and a bias a map. */
static inline void subsample(const struct rules *r, int maps, int side, Given in,
                             Changed sums, Changed out, Given w, Given b) {
  for (int m = 0; m < maps; m++)
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++) {
        const float *p = in + m * 4 * side * side + 4 * side * y + 2 * x;
        int n = (m * side + y) * side + x;
        sums[n] = r->share * (p[0] + p[1] + p[2 * side] + p[2 * side + 1]);
        out[n] = squash(r, w[m] * sums[n] + b[m]);
      }
}

/* `out` holds derivatives by the squashed outputs; `in` is given those by the sums below. */
static inline void subsample_backwards(const struct rules *r, int maps, int side, Given below,
                                       Given sums, Given outputs, Given out,
                                       Changed in, Changed w, Changed b, Given step_w,
                                       Given step_b) {
  for (int m = 0; m < maps; m++) {
    float gw = 0, gb = 0;
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++) {
        int n = (m * side + y) * side + x, q = m * 4 * side * side + 4 * side * y + 2 * x;
        float d = out[n] * slope(r, outputs[n]), down = r->share * w[m] * d;
        gw += d * sums[n];
        gb += d;
        in[q] = down * slope(r, below[q]);
        in[q + 1] = down * slope(r, below[q + 1]);
        in[q + 2 * side] = down * slope(r, below[q + 2 * side]);
        in[q + 2 * side + 1] = down * slope(r, below[q + 2 * side + 1]);
      }
    w[m] -= step_w[m] * gw;
    b[m] -= step_b[m] * gb;
  }
}

static inline void full(const struct rules *r, int units, int inputs, Given in, Changed out,
                        Given w, Given b) {
  for (int u = 0; u < units; u++) {
    float a = b[u];
    for (int k = 0; k < inputs; k++) a += w[u * inputs + k] * in[k];
    out[u] = squash(r, a);
  }
}

/* `out` holds derivatives by the weighted sums; `in` is given those by the inputs. */
static inline void full_backwards(int units, int inputs, Given below, Given out,
                                  Changed in, Changed w, Changed b, Given step_w,
                                  Given step_b) {
  memset(in, 0, sizeof(float) * inputs);
  for (int u = 0; u < units; u++) {
    for (int k = 0; k < inputs; k++) {
      in[k] += w[u * inputs + k] * out[u];
      w[u * inputs + k] -= step_w[u * inputs + k] * out[u] * below[k];
    }
    b[u] -= step_b[u] * out[u];
  }
}

static void forward(const struct rules *r, const int *table, const struct network *p,
                    const float *field) {
  for (int o = 0; o < M1; o++) {
    float *out = c1 + o * A1;
    for (int n = 0; n < A1; n++) out[n] = p->b1[o];
    add_convolved(N1, FIELD, out, field, p->w1 + o * TAPS);
  }
  squash_all(r, M1 * A1, c1);
  subsample(r, M1, N2, c1, sum2, s2, p->w2, p->b2);
  for (int o = 0; o < M3; o++)
    for (int n = 0; n < A3; n++) c3[o * A3 + n] = p->b3[o];
  for (int t = 0; t < PAIRS; t++)
    add_convolved(N3, N2, c3 + table[2 * t] * A3, s2 + table[2 * t + 1] * A2, p->w3 + t * TAPS);
  squash_all(r, M3 * A3, c3);
  subsample(r, M3, N4, c3, sum4, s4, p->w4, p->b4);
  full(r, H5, S4, s4, f5, p->w5, p->b5);
  full(r, H6, H5, f5, f6, p->w6, p->b6);
}

/* The loss of equation 9, and its derivatives by the sums of F6. */
static float criterion(const struct rules *r, const float *codes, int label) {
  float penalty[CLASSES], likely[CLASSES], all = r->rubbish;
  for (int c = 0; c < CLASSES; c++) {
    float a = 0;
    for (int k = 0; k < H6; k++) {
      float apart = f6[k] - codes[c * H6 + k];
      a += apart * apart;
    }
    penalty[c] = r->distance * a;
    likely[c] = expf(-penalty[c]);
    all += likely[c];
  }
  for (int k = 0; k < H6; k++) {
    float g = f6[k] - codes[label * H6 + k];
    for (int c = 0; c < CLASSES; c++) g -= likely[c] / all * (f6[k] - codes[c * H6 + k]);
    d6[k] = 2 * r->distance * g * slope(r, f6[k]) / r->divisor;
  }
  return (penalty[label] + logf(all)) / r->divisor;
}

static void backward(const struct rules *r, const int *table, struct network *p,
                     const struct network *s, const float *field) {
  full_backwards(H6, H5, f5, d6, d5, p->w6, p->b6, s->w6, s->b6);
  for (int k = 0; k < H5; k++) d5[k] *= slope(r, f5[k]);
  full_backwards(H5, S4, s4, d5, d4, p->w5, p->b5, s->w5, s->b5);
  subsample_backwards(r, M3, N4, c3, sum4, s4, d4, d3, p->w4, p->b4, s->w4, s->b4);
  memset(d2, 0, sizeof d2);
  for (int t = 0; t < PAIRS; t++) {
    const float *out = d3 + table[2 * t] * A3;
    float *w = p->w3 + t * TAPS;
    int m = table[2 * t + 1];
    add_backwards(N3, N2, d2 + m * A2, out, w);
    update_kernel(N3, N2, out, s2 + m * A2, w, s->w3 + t * TAPS);
  }
  for (int o = 0; o < M3; o++) update_bias(A3, d3 + o * A3, &p->b3[o], &s->b3[o]);
  subsample_backwards(r, M1, N2, c1, sum2, s2, d2, d1, p->w2, p->b2, s->w2, s->b2);
  for (int o = 0; o < M1; o++) {
    update_kernel(N1, FIELD, d1 + o * A1, field, p->w1 + o * TAPS, s->w1 + o * TAPS);
    update_bias(A1, d1 + o * A1, &p->b1[o], &s->b1[o]);
  }
}

/* Present `count` fields (32x32 inputs each) one after the other; the sum of their losses. */
double train(const struct rules *rules, const int *table, const float *codes,
             struct network *parameters, const struct network *steps, const float *fields,
             const unsigned char *labels, long count) {
  double losses = 0;
  for (long n = 0; n < count; n++) {
    const float *field = fields + n * FIELD * FIELD;
    forward(rules, table, parameters, field);
    losses += criterion(rules, codes, labels[n]);
    backward(rules, table, parameters, steps, field);
  }
  return losses;
}
