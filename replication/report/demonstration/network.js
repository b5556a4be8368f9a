// LeNet-5 in plain arithmetic, from its table of layers: Section II-B, pp. 7-8. The weights, and
// what a layer hands on, are float32; the sums in between are float64. A field wider than 32 pixels
// gives a row of outputs, since C5 is a convolution.

class Network {
  // `given` is an entry of networks in the page's data, `layers` and `codes` are the page's own.
  constructor(layers, codes, given) {
    Object.assign(this, { layers, given });
    this.codes = codes.map((code) => Float32Array.from(code, (mark) => (mark === "#" ? 1 : -1)));
    this.parameters = given.parameters;
    this.levels = Float32Array.from({ length: 256 }, (_, grey) =>
      given.background * (1 - grey / 255) + given.foreground * (grey / 255));
  }

  layer(name) {
    return this.layers.find((one) => one.name === name);
  }

  weights(layer) {
    return this.parameters.subarray(layer.offset, layer.offset + layer.weights);
  }

  bias(layer, map) {
    return this.parameters[layer.offset + layer.weights + map];
  }

  // Where in the weights of `layer` the kernels of an output map begin.
  first(layer, map) {
    let pairs = 0;
    for (let before = 0; before < map; before++) pairs += layer.table[before].length;
    return pairs * layer.kernel ** 2;
  }

  // Grey levels (height x width) to every layer's outputs, by name; RBF has the ten penalties.
  run(grey, height, width) {
    const values = new Float32Array(grey.length);
    for (let at = 0; at < values.length; at++) values[at] = this.levels[grey[at]];
    const found = { input: { maps: 1, height, width, values } };
    let below = found.input;
    for (const layer of this.layers) {
      if (layer.kind === "rbf") below = this.penalties(layer, below);
      else if (layer.kind === "subsampling") below = this.subsampled(layer, below);
      else below = this.convolved(layer, below);
      found[layer.name] = below;
    }
    return found;
  }

  // A full layer is a convolution with kernels of a single value.
  convolved(layer, below) {
    const side = layer.kernel, weights = this.weights(layer), inputs = below.values, stride = below.width;
    const height = below.height - side + 1, width = below.width - side + 1;
    const maps = layer.table.length, area = height * width;
    const sums = new Float64Array(maps * area);
    for (let map = 0, weight = 0; map < maps; map++) {
      const sources = layer.table[map], bias = this.bias(layer, map);
      for (let y = 0, to = map * area; y < height; y++) {
        for (let x = 0; x < width; x++, to++) {
          let sum = bias, w = weight;
          for (let nth = 0; nth < sources.length; nth++) {
            let from = (sources[nth] * below.height + y) * stride + x;
            for (let ky = 0; ky < side; ky++, from += stride) {
              for (let kx = 0; kx < side; kx++) sum += weights[w++] * inputs[from + kx];
            }
          }
          sums[to] = sum;
        }
      }
      weight += sources.length * side ** 2;
    }
    return this.squashed({ maps, height, width, sums });
  }

  subsampled(layer, below) {
    const height = below.height >> 1, width = below.width >> 1, maps = below.maps;
    const sums = new Float64Array(maps * height * width), weights = this.weights(layer);
    for (let map = 0, to = 0; map < maps; map++) {
      const bias = this.bias(layer, map);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, to++) {
          sums[to] = bias + weights[map] * this.ofFour(below, map, y, x);
        }
      }
    }
    return this.squashed({ maps, height, width, sums });
  }

  // The four inputs of a sub-sampling unit, added or averaged.
  ofFour(below, map, y, x) {
    const at = (map * below.height + 2 * y) * below.width + 2 * x, v = below.values;
    return this.given.share * (v[at] + v[at + 1] + v[at + below.width] + v[at + below.width + 1]);
  }

  squashed(layer) {
    const { amplitude, slope } = this.given;
    const values = new Float32Array(layer.sums.length);
    for (let at = 0; at < values.length; at++) values[at] = amplitude * Math.tanh(slope * layer.sums[at]);
    return { ...layer, values };
  }

  penalties(layer, below) {
    const { height, width } = below, area = height * width;
    const values = new Float32Array(this.codes.length * area);
    this.codes.forEach((code, digit) => {
      for (let at = 0; at < area; at++) {
        let sum = 0;
        for (let part = 0; part < code.length; part++) {
          sum += (below.values[part * area + at] - code[part]) ** 2;
        }
        values[digit * area + at] = this.given.distance * sum;
      }
    });
    return { maps: this.codes.length, height, width, values };
  }

  // The answer at one position of the row of outputs: the digit with the least penalty.
  answer(found, position = 0) {
    const outputs = found.RBF;
    const penalties = Array.from({ length: outputs.maps }, (_, digit) =>
      outputs.values[digit * outputs.width + position]);
    const order = penalties.map((_, digit) => digit).sort((a, b) => penalties[a] - penalties[b] || a - b);
    const margin = Math.fround(penalties[order[1]] - penalties[order[0]]);
    return { penalties, digit: order[0], second: order[1], margin, accepted: margin > this.given.margin };
  }

  // What the unit at (map, y, x) of a layer adds up: an entry for each map it reads.
  parts(found, layer, map, y, x) {
    const number = this.layers.indexOf(layer);
    const below = number ? found[this.layers[number - 1].name] : found.input;
    const side = layer.kernel, weights = this.weights(layer), place = this.first(layer, map);
    if (layer.kind === "subsampling") {
      const inputs = patch(below, map, 2 * y, 2 * x, 2);
      return [{ source: map, side: 2, inputs, weights: new Float32Array(4).fill(weights[map] * this.given.share) }];
    }
    return layer.table[map].map((source, nth) => ({
      source,
      side,
      inputs: patch(below, source, y, x, side),
      weights: weights.subarray(place + nth * side ** 2, place + (nth + 1) * side ** 2),
    }));
  }

  // The receptive field of a unit in every layer below: the maps it sees and a rectangle in them.
  sees(layer, map, y, x) {
    const found = {};
    let maps = new Set([map]), box = { x, y, width: 1, height: 1 };
    for (let number = this.layers.indexOf(layer); number >= 0; number--) {
      const { kind, kernel, table } = this.layers[number];
      maps = new Set([...maps].flatMap((one) => table[one]));
      const two = kind === "subsampling", more = two ? 1 : kernel - 1;
      box = {
        x: two ? 2 * box.x : box.x,
        y: two ? 2 * box.y : box.y,
        width: two ? 2 * box.width : box.width + more,
        height: two ? 2 * box.height : box.height + more,
      };
      found[number ? this.layers[number - 1].name : "input"] = { maps, ...box };
    }
    return found;
  }
}

function patch(layer, map, y, x, side) {
  const found = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    const at = (map * layer.height + y + row) * layer.width + x;
    found.set(layer.values.subarray(at, at + side), row * side);
  }
  return found;
}
