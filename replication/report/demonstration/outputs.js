// The answer: F6 beside the ten codes, ten penalties, accepted or rejected; and the row of outputs of
// a wide field.

class Outputs {
  // `chosen` is called with a unit of the output layer, or null.
  constructor(root, design, chosen) {
    this.find = (name) => root.querySelector(`[data-lenet="${name}"]`);
    this.rows = design.codes.map((code, digit) => {
      const plane = new Plane("ink", PLAIN, "code");
      const bar = element("i"), number = element("span", { class: "number" });
      const row = element("li", { "aria-label": `Penalty of ${digit}` }, element("b", {}, `${digit}`), plane.box, element("span", { class: "length" }, bar), number);
      row.addEventListener("pointerenter", () => chosen({ name: "RBF", map: digit, y: 0, x: 0 }));
      row.addEventListener("pointerleave", () => chosen(null));
      this.find("penalties").append(row);
      return { row, plane, bar, number, code: Float32Array.from(code, (mark) => (mark === "#" ? 1 : -1)) };
    });
    roving(this.rows.map(({ row }) => row), (digit) => chosen({ name: "RBF", map: digit, y: 0, x: 0 }, true));
    this.rows.forEach(({ row }, digit) => row.addEventListener("focus", () => {
      if (row.matches(":focus-visible")) chosen({ name: "RBF", map: digit, y: 0, x: 0 }, true);
    }));
  }

  draw(answer, given, blank) {
    const { penalties, digit, second, margin, accepted } = answer;
    const most = Math.max(...penalties), least = penalties[digit], limit = given.margin;
    const share = (penalty) => `${(100 * penalty) / most}%`;
    this.find("penalties").style.setProperty("--limit", share(Math.min(most, least + Math.max(limit, 0))));
    this.rows.forEach(({ row, plane, bar, number, code }, one) => {
      plane.paint(code, F6_COLUMNS, code.length / F6_COLUMNS);
      bar.style.width = share(penalties[one]);
      number.textContent = said(penalties[one], 1);
      row.classList.toggle("best", one === digit);
      row.classList.toggle("near", one !== digit && penalties[one] - least <= limit);
    });
    const verdict = this.find("answer");
    verdict.dataset.state = blank ? "blank" : accepted ? "accepted" : "rejected";
    this.find("digit").textContent = blank ? "–" : digit;
    this.find("state").textContent = blank ? "Nothing drawn yet" : accepted ? "Accepted" : "Rejected";
    this.find("margin").textContent = blank ? "" :
      `The next best, ${second}, has a penalty greater by ${said(margin, 1)}; this network rejects up to ${said(Math.max(limit, 0), 1)}.`;
  }
}

class Row {
  // The field as drawn, with an answer above every place that an output sees; `chosen` gets a place.
  constructor(holder, field, chosen) {
    Object.assign(this, { holder, field, chosen });
    this.plane = new Plane("ink", [0, 255]);
    this.answers = element("ol", { "aria-label": "The answer at each place, from the left" });
    holder.append(this.answers, this.plane.box);
  }

  draw({ grey, width, height }, answers, position, step) {
    this.holder.hidden = answers.length === 1;
    if (this.holder.hidden) return;
    this.plane.paint(grey, width, height);
    this.plane.outline({ x: step * position, y: 0, width: this.field, height });
    if (this.answers.childElementCount !== answers.length) {
      this.answers.replaceChildren(...answers.map(() => element("li", {}, element("button", { type: "button" }))));
      this.buttons = [...this.answers.querySelectorAll("button")];
      roving(this.buttons, this.chosen);
    }
    answers.forEach(({ digit, accepted, margin, penalties }, nth) => {
      const button = this.buttons[nth];
      button.textContent = digit;
      button.className = accepted ? "sure" : "";
      button.setAttribute("aria-pressed", nth === position);
      button.title = `${digit}, ${accepted ? "accepted" : "rejected"}: penalty ${said(penalties[digit], 1)}, margin ${said(margin, 1)}`;
      button.parentNode.style.left = `${(100 * (step * nth + this.field / 2)) / width}%`;
    });
  }
}

class Missed {
  // The digits of Figure 8, each with the answer of 1998 and this network's; `chosen` gets one.
  constructor(root, digits, chosen) {
    this.digits = digits.map((digit) => ({ ...digit, pattern: bytesOf(digit.pixels) }));
    this.summary = root.querySelector('[data-lenet="summary"]');
    this.items = this.digits.map((digit) => thumbnail(digit.pattern));
    root.querySelector('[data-lenet="missed"]').append(...this.items.map(({ item }) => item));
    this.items.forEach((one) => one.item.append(one.text = element("span", { class: "two" })));
    roving(this.items.map(({ item }) => item), (nth) => chosen(this.digits[nth]));
  }

  draw(network, design) {
    let both = 0, same = 0;
    this.digits.forEach(({ pattern, label, past, index }, nth) => {
      const { digit } = network.answer(network.run(placed(pattern, design), design.field, design.field));
      const { item, plane, text } = this.items[nth];
      both += digit !== label;
      same += digit === past;
      plane.paint(pattern, SIDE, SIDE);
      text.replaceChildren(element("span", { class: "past" }, `${label}→${past}`), element("b", { class: digit === label ? "right" : "wrong" }, `${digit}`));
      item.setAttribute("aria-label", `Test pattern ${index}, a ${label}: 1998 answered ${past}, this network ${digit}`);
      item.title = item.getAttribute("aria-label");
    });
    this.summary.textContent = `Of these ${this.digits.length} this network misses ${both} as well, ${same} of them with the answer of 1998.`;
  }
}

function placed(pattern, design) {
  return fieldOf([pattern], { scale: 1, shift: 0, rotation: 0, noise: 0 }, design).grey;
}

function thumbnail(pattern) {
  const plane = new Plane("ink", [0, 255]);
  plane.paint(pattern, SIDE, SIDE);
  return { plane, item: element("button", { type: "button", class: "thumb" }, plane.box) };
}
