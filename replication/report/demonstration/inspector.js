// What one unit adds up: each patch it reads, the weights upon it, and the sum.

const SIGN_OF_SUM = "Σ";

class Inspector {
  constructor(holder) {
    this.holder = holder;
  }

  show(unit, network, found, position) {
    if (!unit) {
      this.holder.replaceChildren();
      return;
    }
    const layer = network.layer(unit.name);
    const content = layer.kind === "rbf"
      ? this.penalty(unit, network, found, position)
      : this.unit(unit, layer, network, found);
    this.holder.replaceChildren(...content);
  }

  unit(unit, layer, network, found) {
    const { name, map, y, x } = unit, state = found[name];
    const parts = network.parts(found, layer, map, y, x);
    const at = (map * state.height + y) * state.width + x;
    const sum = state.sums[at], value = state.values[at], bias = network.bias(layer, map);
    const single = name === "C5" || name === "F6";
    const below = network.layers[network.layers.indexOf(layer) - 1]?.name ?? "input";
    const { amplitude, slope } = network.given;
    const blocks = name === "F6" ? [this.block(merged(parts), below, C5_COLUMNS)]
      : parts.map((part) => this.block(part, below, part.side));
    return [
      element("p", { class: "what" },
        element("b", {}, single ? `${name}, unit ${map}` : `${name}, map ${map}, row ${y}, column ${x}`),
        ` ${sentence(unit, layer, parts, below)}`),
      element("div", { class: parts.length > 6 ? "sum many" : "sum" }, ...blocks),
      element("p", { class: "total" },
        `${SIGN_OF_SUM} = ${said(sum)} with the bias ${said(bias)}; squashed: ${said(amplitude, 4)} tanh(${said(slope, 3)} × ${said(sum)}) = `,
        element("b", {}, said(value))),
    ];
  }

  block({ source, inputs, weights }, below, columns) {
    const rows = inputs.length / columns;
    const most = weights.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9);
    const values = new Plane(below === "input" ? "ink" : "signed", below === "input" ? [-0.1, 1.175] : SIGNED);
    const kernel = new Plane("signed", [-most, most]);
    values.paint(inputs, columns, rows);
    kernel.paint(weights, columns, rows);
    const product = inputs.reduce((sum, input, at) => sum + input * weights[at], 0);
    const title = below === "input" || columns > 5 ? below : `${below} ${source}`;
    return element("span", { class: `block ${columns > 5 ? "long" : ""}` },
      element("small", {}, title), values.box, element("small", { class: "times" }, "×"), kernel.box,
      element("small", {}, said(product)));
  }

  penalty(unit, network, found, position) {
    const f6 = found.F6, code = network.codes[unit.map];
    const outputs = Float32Array.from(code, (_, part) => f6.values[part * f6.width + position]);
    const squares = outputs.map((output, part) => (output - code[part]) ** 2);
    const sum = squares.reduce((a, b) => a + b, 0), { distance } = network.given;
    const picture = (title, values, tone, ends) => {
      const plane = new Plane(tone, ends);
      plane.paint(values, F6_COLUMNS, code.length / F6_COLUMNS);
      return element("span", { class: "block tall" }, element("small", {}, title), plane.box);
    };
    const times = distance === 1 ? "" : ` × ${distance}`;
    return [
      element("p", { class: "what" }, element("b", {}, `The penalty of a ${unit.map}.`),
        " How far F6 is from this digit’s code: the squared differences of 84 pairs, added up."),
      element("div", { class: "sum" },
        picture("F6", outputs, "ink", PLAIN), element("small", { class: "times" }, "−"),
        picture("code", code, "ink", PLAIN), element("small", { class: "times" }, "squared"),
        picture("", squares, "ink", [0, 4])),
      element("p", { class: "total" }, `${SIGN_OF_SUM} = ${said(sum)}${times}; penalty `,
        element("b", {}, said(sum * distance))),
    ];
  }
}

// The 120 inputs of a unit of F6 as one picture.
function merged(parts) {
  return {
    source: 0,
    inputs: Float32Array.from(parts, (part) => part.inputs[0]),
    weights: Float32Array.from(parts, (part) => part.weights[0]),
  };
}

function sentence({ name, map }, layer, parts, below) {
  if (name === "F6") return "reads the 120 units of C5. It should be like one pixel of the right digit’s code.";
  if (layer.kind === "subsampling") {
    return `takes four neighbours of map ${map} of ${below}, times one weight that the whole map shares.`;
  }
  if (name === "C1") return "reads 5×5 pixels of the input. The whole map shares these 25 weights.";
  const from = parts.length === 16 ? "all 16 maps" : `maps ${parts.map((part) => part.source).join(", ")}`;
  return `reads 5×5 units in ${from} of ${below}${name === "C3" ? ", as Table I has it" : ""}.`;
}
