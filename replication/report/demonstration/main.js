// All of it together: one state, and a frame that shows it.

const MOST = 3; // digits side by side

class Demonstration {
  constructor(root) {
    this.root = root;
    this.design = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const { design } = this;
    this.find = (name) => root.querySelector(`[data-lenet="${name}"]`);
    this.networks = new Map(design.networks.map((given) => [given.name, given]));
    for (const given of design.networks) {
      if (given.parameters) given.parameters = new Float32Array(bytesOf(given.parameters).buffer);
    }
    this.digits = new Map();
    for (const digit of [...design.ordinary, ...design.missed]) {
      this.digits.set(digit.index, { index: digit.index, label: digit.label, pattern: bytesOf(digit.pixels) });
    }
    this.unchanged = Object.fromEntries(design.changes.map(({ name, none }) => [name, none]));
    this.changes = { ...this.unchanged };
    this.step = design.layers.reduce((pixels, { kind }) => pixels * (kind === "subsampling" ? 2 : 1), 1);
    readTones(root);
    const point = (unit, pin) => this.point(unit, pin);
    this.wiring = new Wiring(this.find("wiring"), design, point);
    this.find("input").append(this.wiring.planes.input[0].box);
    this.outputs = new Outputs(root, design, point);
    this.find("f6").append(this.wiring.planes.F6[0].box);
    this.inspector = new Inspector(this.find("inspector"));
    this.row = new Row(this.find("row"), design.field, (position) => { this.position = position; this.soon(); });
    this.missed = new Missed(root, design.missed, (digit) => this.take(digit));
    this.buildControls();
    this.restore();
    root.classList.add("ready");
    this.watch();
  }

  buildControls() {
    const { design } = this;
    const items = design.ordinary.map((digit) => {
      const { item, plane } = thumbnail(bytesOf(digit.pixels));
      item.setAttribute("aria-label", `A ${digit.label} of the test set`);
      return { item, plane, pattern: bytesOf(digit.pixels) };
    });
    this.ordinary = items;
    this.find("ordinary").append(...items.map(({ item }) => item));
    roving(items.map(({ item }) => item), (nth) => this.take(design.ordinary[nth]));
    this.sliders = new Map(design.changes.map((change) => [change.name, this.slider(change)]));
    const select = this.find("network");
    for (const distorted of [true, false]) {
      const group = element("optgroup", { label: distorted ? "Trained with distorted digits too" : "Trained with the originals alone" });
      for (const one of design.networks.filter((given) => given.distorted === distorted)) {
        group.append(element("option", { value: one.name }, `Training ${one.replicate}: ${said((100 * one.misses) / one.patterns)} % error`));
      }
      if (group.childElementCount) select.append(group);
    }
    select.addEventListener("change", () => this.choose(select.value));
    this.find("count").addEventListener("change", (event) => this.places(Number(event.target.value)));
    this.find("clear").addEventListener("click", () => this.set(this.active, {}));
    this.find("reset").addEventListener("click", () => this.change(this.unchanged));
    const file = this.find("file");
    this.find("image").addEventListener("click", () => file.click());
    file.addEventListener("change", () => { this.image(file.files[0]); file.value = ""; });
    const weights = this.find("weights");
    this.find("open").addEventListener("click", () => weights.click());
    weights.addEventListener("change", () => { this.weights(weights.files[0]); weights.value = ""; });
  }

  slider({ name, label, low, high, step, none, paper }) {
    const input = element("input", { type: "range", min: low, max: high, step, value: none });
    const output = element("output");
    const share = (amount) => `${(100 * (amount - low)) / (high - low)}%`;
    const line = element("label", { class: "slider" }, element("span", {}, label), output, input);
    line.style.setProperty("--from", share(Math.max(low, paper[0])));
    line.style.setProperty("--to", share(Math.min(high, paper[1])));
    input.addEventListener("input", () => this.change({ [name]: Number(input.value) }));
    this.find("sliders").append(line);
    return { input, output };
  }

  // Begin with what the address says, or else with a digit of the test set.
  restore() {
    const { design } = this;
    const given = readAddress((index) => this.digits.get(index));
    const cells = given?.cells.length ? given.cells : [this.digits.get(design.ordinary[2]?.index) ?? {}];
    this.position = 0;
    this.use(design.networks[0]);
    this.choose(this.networks.has(given?.network) ? given.network : design.networks[0].name);
    this.places(cells.length);
    cells.forEach((one, nth) => this.set(nth, one));
    this.active = 0;
    this.change(given?.changes ?? {});
    this.position = Math.max(0, Math.min(given?.position || 0, this.positions() - 1));
    this.pinned = given ? given.pinned : { name: "C3", map: 15, y: 4, x: 4 };
    this.draw();
  }

  // The unit, or null where a field of this width has none.
  existing(unit, found) {
    const state = unit && unit.name !== "input" ? found[unit.name] : null;
    if (!state) return null;
    const x = ["C5", "F6", "RBF"].includes(unit.name) ? this.position : unit.x;
    const inside = (value, size) => Number.isInteger(value) && value >= 0 && value < size;
    return inside(unit.map, state.maps) && inside(unit.y, state.height) && inside(x, state.width) ? { ...unit, x } : null;
  }

  positions() {
    return 1 + (this.design.pitch * (this.cells.length - 1)) / this.step;
  }

  // A training by name; until its weights are there, the one before it goes on.
  async choose(name) {
    const given = this.networks.get(name);
    this.wanted = given;
    this.find("network").value = name;
    this.find("missing").hidden = true;
    this.tell("");
    if (!given.parameters) {
      const content = await fetched(given.file);
      if (this.wanted !== given) return;
      if (content) this.receive(content, given.file);
      else this.ask(given);
    } else this.use(given);
  }

  ask({ file }) {
    this.find("file-name").textContent = `results/${file}`;
    this.find("missing").hidden = false;
  }

  // The content of a file that should have the weights that are wanted.
  receive(content, name) {
    const given = this.wanted, found = weightsOf(content, given, this.network.parameters.length);
    if (found) {
      given.parameters = found;
      this.choose(given.name);
    } else {
      this.ask(given);
      this.tell(`${name} does not hold the weights of this training.`);
    }
  }

  tell(problem) {
    this.find("trouble").textContent = problem;
  }

  use(given) {
    this.network = new Network(this.design.layers, this.design.codes, given);
    this.wiring.showKernels(this.network);
    const { misses, patterns, rejected, distorted, replicate } = given;
    this.find("quality").textContent = `Training ${replicate}, ${distorted ? "with distorted digits too" : "without distorted digits"}, misses ${misses} of the ${patterns.toLocaleString("en")} test digits. With ${said(rejected, 1)}\u00a0% rejected, ${this.design.target}\u00a0% of the rest are wrong.`;
    clearTimeout(this.counting);
    this.counting = setTimeout(() => this.missed.draw(this.network, this.design), 200);
    this.soon();
  }

  // Show this number of digits side by side.
  places(count) {
    const before = this.cells?.map((cell, nth) => this.contents[nth]) ?? [];
    this.contents = Array.from({ length: count }, (_, nth) => before[nth] ?? {});
    this.cells = this.contents.map((_, nth) => {
      const cell = new Cell(nth, () => { this.contents[nth] = { cell }; this.active = nth; this.soon(); });
      cell.canvas.addEventListener("pointerdown", () => { this.active = nth; });
      return cell;
    });
    this.find("cells").replaceChildren(...this.cells.map((cell) => cell.canvas));
    this.contents.forEach((content, nth) => this.set(nth, content.cell ? { pattern: content.cell.pattern() } : content));
    this.active = Math.min(before.length, count - 1);
    this.position = Math.min(this.position, this.positions() - 1);
    this.root.dataset.count = count;
    for (const input of this.find("count").querySelectorAll("input")) input.checked = Number(input.value) === count;
    this.soon();
  }

  set(nth, content) {
    this.contents[nth] = content;
    this.cells[nth].show(content.pattern ?? null);
    this.soon();
  }

  // A digit of the test set into the place that was used last; then the next place's turn comes.
  take(digit) {
    this.set(this.active, this.digits.get(digit.index));
    this.active = (this.active + 1) % this.cells.length;
  }

  change(amounts) {
    for (const [name, amount] of Object.entries(amounts)) {
      const { input, output } = this.sliders.get(name);
      input.value = amount;
      this.changes[name] = Number(input.value);
      output.textContent = spoken(name, this.changes[name]);
    }
    for (const [name, { output }] of this.sliders) output.textContent = spoken(name, this.changes[name]);
    this.soon();
  }

  async image(file) {
    if (!file) return;
    const { active } = this, problem = this.find("problem");
    try {
      const patterns = await digitsOfImage(file, this.find("seen")), seen = patterns.slice(0, MOST);
      if (seen.length > 1) this.places(Math.max(seen.length, this.cells.length));
      seen.forEach((pattern, nth) => this.set(seen.length > 1 ? nth : active, { pattern }));
      problem.textContent = seen.length < patterns.length ? `Of ${patterns.length} digits the first ${MOST} are answered.` : "";
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  async weights(file) {
    if (file) this.receive(await file.arrayBuffer(), file.name);
  }

  // What is dropped: an image, or else the weights that are asked for.
  dropped(file) {
    if (file && !file.type.startsWith("image/") && !this.wanted.parameters) this.weights(file);
    else this.image(file);
  }

  // A unit under the pointer, or pinned until another is; null when the pointer leaves.
  point(unit, pin = false) {
    this.pointed = unit;
    if (pin) this.pinned = unit;
    this.soon();
  }

  soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const began = performance.now();
    const { network, design } = this;
    const patterns = this.contents.map((content) => content.cell?.pattern() ?? content.pattern ?? null);
    this.field = fieldOf(patterns, this.changes, design);
    const found = network.run(this.field.grey, this.field.height, this.field.width);
    const answers = Array.from({ length: found.RBF.width }, (_, place) => network.answer(found, place));
    const answer = answers[this.position];
    const unit = this.existing(this.pointed ?? this.pinned, found);
    this.wiring.draw(found, this.position);
    this.wiring.light(unit, network);
    this.outputs.draw(answer, network.given, patterns.every((pattern) => !pattern));
    this.row.draw(this.field, answers, this.position, this.step);
    this.inspector.show(unit, network, found, this.position);
    this.remember(patterns);
    this.milliseconds = performance.now() - began;
  }

  remember(patterns) {
    clearTimeout(this.writing);
    if (!this.touched) return;
    this.writing = setTimeout(() => writeAddress({
      network: this.wanted.name, changes: this.changes, unchanged: this.unchanged,
      position: this.position, pinned: this.pinned,
      cells: patterns.map((pattern, nth) => ({ pattern, index: this.contents[nth].cell ? undefined : this.contents[nth].index })),
    }), 300);
  }

  // The answers and margins of one of the networks to patterns in base64, for whoever checks them.
  classified(name, patterns) {
    const { design } = this, bytes = bytesOf(patterns);
    const network = new Network(design.layers, design.codes, this.networks.get(name));
    return Array.from({ length: bytes.length / SIDE ** 2 }, (_, nth) => {
      const grey = placed(bytes.subarray(nth * SIDE ** 2, (nth + 1) * SIDE ** 2), design);
      const { digit, margin } = network.answer(network.run(grey, design.field, design.field));
      return [digit, margin];
    });
  }

  watch() {
    const { root } = this;
    // The page's address is left alone until somebody does something here.
    for (const kind of ["pointerdown", "keydown", "input", "drop"]) {
      root.addEventListener(kind, () => { this.touched = true; }, { capture: true });
    }
    root.addEventListener("dragover", (event) => event.preventDefault());
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      this.dropped(event.dataTransfer.files[0]);
    });
    document.addEventListener("paste", (event) => {
      const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
      if (file) { this.touched = true; this.image(file); }
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { this.pinned = null; this.point(null); }
    });
    const recolour = () => {
      readTones(root);
      this.wiring.showKernels(this.network);
      this.missed.draw(this.network, this.design);
      this.ordinary.forEach(({ plane, pattern }) => plane.paint(pattern, SIDE, SIDE));
      this.cells.forEach((cell) => cell.tint());
      this.draw();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    new MutationObserver(recolour).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    addEventListener("hashchange", () => { if (location.hash.startsWith(MARK)) this.restore(); });
  }
}

function spoken(name, amount) {
  if (name === "scale") return `× ${said(amount)}`;
  if (name === "rotation") return `${said(amount, 0)}°`;
  if (name === "noise") return `${said(100 * amount, 0)} % of the pixels`;
  return `${said(amount)} heights ${amount < 0 ? "up" : "down"}`;
}

for (const root of document.querySelectorAll(".lenet")) root.lenet = new Demonstration(root);
