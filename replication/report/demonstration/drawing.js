// Pictures of numbers: small canvases of one pixel a value, scaled up by the style sheet.

const SIGNED = [-1.7159, 1.7159], PLAIN = [-1, 1];
const tones = {};

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A number for people: two decimals, and a minus as printers have it.
function said(value, decimals = 2) {
  return value.toFixed(decimals).replace("-", "−");
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

// The scales of colour as the style sheet has them at the moment, 256 steps each.
function readTones(root) {
  const probe = root.appendChild(element("i"));
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  };
  tones.signed = steps([colour("below"), colour("zero"), colour("above")]);
  tones.ink = steps([colour("sheet"), colour("ink")]);
  tones.pen = `rgb(${colour("ink").slice(0, 3).join(" ")})`;
  tones.mark = `rgb(${colour("accent").slice(0, 3).join(" ")})`;
  probe.remove();
}

function steps(stops) {
  return Uint32Array.from({ length: 256 }, (_, step) => {
    const place = (step / 255) * (stops.length - 1), from = Math.min(Math.floor(place), stops.length - 2);
    const [red, green, blue] = [0, 1, 2].map((part) =>
      Math.round(stops[from][part] + (place - from) * (stops[from + 1][part] - stops[from][part])));
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}

class Plane {
  // `tone` is a key of `tones`, `ends` the values at the ends of its scale.
  constructor(tone, ends, name = "") {
    Object.assign(this, { tone, ends });
    this.canvas = element("canvas", { width: 1, height: 1 });
    this.mark = element("i", { class: "mark", hidden: "" });
    this.box = element("span", { class: `plane ${name}` }, this.canvas, this.mark);
    this.context = this.canvas.getContext("2d");
  }

  paint(values, width, height) {
    if (this.picture?.width !== width || this.picture.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.picture = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.picture.data.buffer);
    }
    const [low, high] = this.ends, tone = tones[this.tone], factor = 255 / (high - low);
    for (let at = 0; at < this.pixels.length; at++) {
      this.pixels[at] = tone[Math.max(0, Math.min(255, Math.round((values[at] - low) * factor)))];
    }
    this.context.putImageData(this.picture, 0, 0);
  }

  // A rectangle of pixels outlined, or none.
  outline(box) {
    this.mark.hidden = !box;
    if (!box) return;
    const share = (part, of) => `${(100 * part) / of}%`, { width, height } = this.canvas;
    Object.assign(this.mark.style, {
      left: share(box.x, width), width: share(box.width, width),
      top: share(box.y, height), height: share(box.height, height),
    });
  }

  // The pixel under the pointer.
  under(event) {
    const seen = this.canvas.getBoundingClientRect();
    const place = (from, size, count) => Math.max(0, Math.min(count - 1, Math.floor(((from) / size) * count)));
    return {
      x: place(event.clientX - seen.left, seen.width, this.canvas.width),
      y: place(event.clientY - seen.top, seen.height, this.canvas.height),
    };
  }
}

// One stop of the tab key for several things, and arrow keys from one to the next.
function roving(items, chosen) {
  items.forEach((item, nth) => {
    item.tabIndex = nth ? -1 : 0;
    item.addEventListener("click", () => { reach(nth); chosen(nth); });
    item.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = (nth + step + items.length) % items.length;
      reach(next);
      items[next].focus();
    });
  });
  function reach(nth) {
    items.forEach((item, other) => { item.tabIndex = other === nth ? 0 : -1; });
  }
}
