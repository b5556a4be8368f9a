// Input, C1, S2, C3, S4 and C5 as maps. Between S2 (rows) and C3 (columns) stands Table I: a kernel
// where C3 reads a map of S2, and nothing where it does not.

const C5_COLUMNS = 40, F6_COLUMNS = 7;
const ABOUT = {
  C1: "C1: six kernels of 5×5 weights, each moved over the whole input",
  S2: "S2: every map of C1 at half the resolution",
  C3: "C3: sixteen maps, each reads the maps of S2 in its column",
  S4: "S4: every map of C3 at half the resolution",
  C5: "C5: 120 units that read all of S4",
};

class Wiring {
  // `chosen` is called with a unit, {name, map, y, x}, or null, as the pointer or the keys move.
  constructor(holder, design, chosen) {
    Object.assign(this, { design, chosen, planes: {}, kernels: [], cells: [] });
    const layer = (name) => design.layers.find((one) => one.name === name);
    this.planes.input = [new Plane("ink", [-0.1, 1.175], "input")];
    for (const name of ["C1", "S2", "C3", "S4"]) this.addMaps(layer(name));
    this.addFolded(layer("C5"), C5_COLUMNS, SIGNED, "signed");
    this.addFolded(layer("F6"), F6_COLUMNS, PLAIN, "ink");
    this.build(holder, layer("C3").table);
  }

  addMaps(layer) {
    this.planes[layer.name] = layer.table.map((_, map) => {
      const plane = new Plane("signed", SIGNED, layer.name);
      const [, height, width] = layer.outputs;
      plane.box.style.setProperty("--column", map % 4);
      plane.box.setAttribute("aria-label", `${layer.name}, map ${map}, ${width} by ${height} units`);
      return this.live(plane, layer.name, map, ({ x, y }) => ({ name: layer.name, map, y, x }));
    });
  }

  // Single units drawn as the pixels of one picture.
  addFolded(layer, columns, ends, tone) {
    const plane = new Plane(tone, ends, layer.name);
    const units = layer.outputs[0];
    plane.box.setAttribute("aria-label", `${layer.name}, ${units} units`);
    const unit = ({ x, y }) => ({ name: layer.name, map: y * columns + x, y: 0, x: this.position });
    plane.columns = columns;
    this.planes[layer.name] = [this.live(plane, layer.name, 0, unit)];
  }

  live(plane, name, nth, unit) {
    const { box } = plane;
    box.setAttribute("role", "group");
    box.tabIndex = nth ? -1 : 0;
    box.addEventListener("pointermove", (event) => this.chosen(unit(plane.under(event))));
    box.addEventListener("pointerdown", (event) => this.chosen(unit(plane.under(event)), true));
    box.addEventListener("pointerleave", () => this.chosen(null));
    box.addEventListener("focus", () => {
      // By keyboard: a pointer has chosen a unit already.
      if (box.matches(":focus-visible")) this.step(plane, name, nth, unit, 0, 0);
    });
    box.addEventListener("keydown", (event) => {
      const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
      const maps = { PageUp: -1, PageDown: 1 }[event.key] ?? 0;
      if (!right && !down && !maps) return;
      event.preventDefault();
      const planes = this.planes[name], next = planes[nth + maps];
      if (maps && next) {
        next.cursor = plane.cursor;
        planes.forEach((one) => { one.box.tabIndex = one === next ? 0 : -1; });
        next.box.focus({ focusVisible: true });
      } else this.step(plane, name, nth, unit, right, down);
    });
    return plane;
  }

  step(plane, name, nth, unit, right, down) {
    const { width, height } = plane.canvas;
    const from = plane.cursor ?? { x: width >> 1, y: height >> 1 };
    const inside = (value, size) => Math.max(0, Math.min(size - 1, value));
    plane.cursor = { x: inside(from.x + right, width), y: inside(from.y + down, height) };
    this.chosen(unit(plane.cursor), true);
  }

  build(holder, table) {
    const caption = (name) => element("b", { class: "name", title: ABOUT[name] }, name);
    const grid = element("div", { class: "crossbar" });
    grid.append(element("span", { class: "table" }, "Table I: which map of C3 (column) reads which of S2 (row)"));
    grid.append(element("span"), caption("C1"), caption("S2"));
    table.forEach((_, column) => grid.append(element("span", { class: column % 2 ? "number odd" : "number" }, `${column}`)));
    this.planes.S2.forEach((plane, row) => {
      const kernel = new Plane("signed", PLAIN, "kernel");
      this.kernels.push({ plane: kernel, name: "C1", map: row, nth: 0 });
      grid.append(kernel.box, this.planes.C1[row].box, plane.box);
      this.cells.push(table.map((sources, column) => {
        const cell = element("span", { class: "cell" });
        if (sources.includes(row)) {
          const weights = new Plane("signed", PLAIN, "kernel");
          this.kernels.push({ plane: weights, name: "C3", map: column, nth: sources.indexOf(row) });
          cell.append(weights.box);
        }
        grid.append(cell);
        return cell;
      }));
    });
    for (const name of ["C3", "S4"]) {
      grid.append(element("span", { class: "side" }, caption(name)));
      for (const plane of this.planes[name]) grid.append(plane.box);
    }
    grid.append(element("span", { class: "side" }, caption("C5")), this.planes.C5[0].box);
    holder.append(grid);
  }

  // The kernels of a network, each on a scale of its own layer's greatest weight.
  showKernels(network) {
    for (const name of ["C1", "C3"]) {
      const layer = network.layer(name), weights = network.weights(layer), area = layer.kernel ** 2;
      const most = weights.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      for (const { plane, map, nth } of this.kernels.filter((one) => one.name === name)) {
        const from = network.first(layer, map) + nth * area;
        plane.ends = [-most, most];
        plane.paint(weights.subarray(from, from + area), layer.kernel, layer.kernel);
      }
    }
  }

  draw(found, position) {
    this.position = position;
    for (const [name, planes] of Object.entries(this.planes)) {
      const { values, width, height, maps } = found[name];
      planes.forEach((plane, map) => {
        if (plane.columns) {
          const units = Float32Array.from({ length: maps }, (_, unit) => values[unit * width + position]);
          plane.paint(units, plane.columns, maps / plane.columns);
        } else plane.paint(values.subarray(map * width * height, (map + 1) * width * height), width, height);
      });
    }
  }

  // Outline the unit and what it sees in every layer below, and light its part of Table I.
  light(unit, network) {
    const own = unit && network.layer(unit.name);
    const seen = unit ? network.sees(own, unit.map, unit.y, unit.x) : {};
    for (const [name, planes] of Object.entries(this.planes)) {
      planes.forEach((plane, map) => {
        const folded = plane.columns, here = unit?.name === name;
        if (here && folded) {
          plane.outline({ x: unit.map % folded, y: Math.floor(unit.map / folded), width: 1, height: 1 });
        } else if (here) plane.outline(map === unit.map ? { x: unit.x, y: unit.y, width: 1, height: 1 } : null);
        else if (seen[name] && folded) {
          plane.outline({ x: 0, y: 0, width: plane.canvas.width, height: plane.canvas.height });
        } else plane.outline(seen[name]?.maps.has(map) ? seen[name] : null);
        plane.box.classList.toggle("chosen", here && !folded && map === unit.map);
        plane.box.classList.toggle("dim", Boolean(seen[name]) && !folded && !seen[name].maps.has(map));
      });
    }
    this.lightTable(unit, own);
  }

  lightTable(unit, own) {
    const reads = (row, column) => Boolean(this.cells[row][column].firstChild);
    const column = unit && (unit.name === "C3" || unit.name === "S4") ? unit.map : null;
    const row = unit && (unit.name === "S2" || unit.name === "C1") ? unit.map : null;
    this.cells.forEach((cells, r) => cells.forEach((cell, c) => {
      const on = reads(r, c) && (c === column || r === row);
      const across = column !== null ? c <= column && reads(r, column) : r === row && cells.some((_, to) => to >= c && reads(r, to));
      const down = column !== null ? c === column && this.cells.some((_, from) => from <= r && reads(from, c)) : row !== null && r >= row && reads(row, c);
      cell.classList.toggle("on", on);
      cell.classList.toggle("across", Boolean(across));
      cell.classList.toggle("down", Boolean(down));
      cell.classList.toggle("off", (column !== null || row !== null) && !on);
    }));
  }
}
