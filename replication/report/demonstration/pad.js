// Where digits are drawn with a pen, a finger or a mouse; a cell for each digit of the field.

const PAD = 280, PEN = 24;
const LARGEST = 1000; // pixels on a side that are enough of an image

class Cell {
  // `drawn` is called with the pattern, or null, whenever it changes.
  constructor(nth, drawn) {
    this.drawn = drawn;
    this.canvas = element("canvas", {
      width: PAD, height: PAD, class: "sheet", role: "img", "aria-label": `Place ${nth + 1}: draw a digit here`,
    });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.fresh = true;
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, () => { this.last = null; });
    }
  }

  at(event) {
    const seen = this.canvas.getBoundingClientRect();
    return [((event.clientX - seen.left) * PAD) / seen.width, ((event.clientY - seen.top) * PAD) / seen.height];
  }

  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    if (this.fresh) this.context.clearRect(0, 0, PAD, PAD);
    this.fresh = false;
    this.last = this.at(event);
    this.stroke([this.last]);
  }

  go(event) {
    if (!this.last) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    this.stroke((passed.length ? passed : [event]).map((one) => this.at(one)));
  }

  stroke(points) {
    Object.assign(this.context, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: tones.pen });
    this.context.beginPath();
    this.context.moveTo(...this.last);
    for (const point of points) this.context.lineTo(...point);
    this.context.stroke();
    this.last = points.at(-1);
    this.changed = true;
    this.drawn();
  }

  // The pattern of what is drawn; the same until something is drawn.
  pattern() {
    if (this.changed) {
      const { data } = this.context.getImageData(0, 0, PAD, PAD);
      const ink = Float32Array.from({ length: PAD * PAD }, (_, at) => data[4 * at + 3] / 255);
      this.made = patternOf({ ink, width: PAD, height: PAD });
      this.changed = false;
    }
    return this.made ?? null;
  }

  // Show a pattern that was not drawn here; the next stroke begins a new one.
  show(pattern) {
    Object.assign(this, { made: pattern, changed: false, fresh: true });
    this.context.clearRect(0, 0, PAD, PAD);
    this.context.fillStyle = tones.pen;
    pattern?.forEach((level, at) => {
      this.context.globalAlpha = level / 255;
      this.context.fillRect(10 * (at % SIDE), 10 * Math.floor(at / SIDE), 10, 10);
    });
    this.context.globalAlpha = 1;
  }

  // The same ink in the page's present colour.
  tint() {
    this.context.globalCompositeOperation = "source-in";
    this.context.fillStyle = tones.pen;
    this.context.fillRect(0, 0, PAD, PAD);
    this.context.globalCompositeOperation = "source-over";
  }
}

// The digits of an image file, outlined on `sheet`; raises an Error that says what is wrong.
async function digitsOfImage(file, sheet) {
  sheet.hidden = true;
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    throw new Error("This cannot be read as an image: try a PNG or a JPEG.");
  }
  const share = Math.min(1, LARGEST / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * share)), height = Math.max(1, Math.round(image.height * share));
  Object.assign(sheet, { width, height, hidden: false });
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  let digits;
  try {
    digits = digitsOf(context.getImageData(0, 0, width, height));
  } catch (error) {
    throw new Error(`This image ${error.message}.`);
  }
  Object.assign(context, { strokeStyle: tones.mark, lineWidth: Math.max(1, Math.max(width, height) / 150) });
  for (const { box: [left, top, right, bottom] } of digits) context.strokeRect(left, top, right - left, bottom - top);
  return digits.map(({ pattern }) => pattern);
}
