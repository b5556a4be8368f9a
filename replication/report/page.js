// Everything is shown without this; with it, rows can be filtered, the colours chosen, and the
// trainings named that figures draw.
(() => {
  "use strict";
  const root = document.documentElement;

  const toggle = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const remembered = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const show = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    toggle.textContent = `Colours: ${theme}`;
  };
  let theme = themes.includes(remembered()) ? remembered() : "auto";
  show(theme);
  toggle.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("theme", theme); } catch { /* a page without storage */ }
    show(theme);
  });

  // A link to something folded unfolds it.
  const unfold = () => {
    const place = document.getElementById(location.hash.slice(1));
    for (let one = place; one; one = one.parentElement) if (one.matches("details")) one.open = true;
    if (place) place.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  if (location.hash) unfold();

  for (const box of document.querySelectorAll("[data-filters]")) {
    const scope = document.getElementById(box.dataset.filters);
    const rows = [...scope.querySelectorAll("[data-row]")];
    const groups = [...scope.querySelectorAll("[data-group]")];
    const chosen = {};
    const search = box.querySelector("input");
    const count = box.querySelector("output");
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const fits = Object.entries(chosen).every(([key, value]) => row.dataset[key] === value)
          && words.every((word) => texts.get(row).includes(word));
        row.hidden = !fits;
        shown += fits;
      }
      for (const group of groups) {
        group.hidden = !group.querySelector("[data-row]:not([hidden])");
        if (words.length) group.open = true;
      }
      count.textContent = `${shown} of ${rows.length} found`;
    };
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-key]");
      if (!button) return;
      const { key, value } = button.dataset;
      if (value) chosen[key] = value;
      else delete chosen[key];
      for (const one of box.querySelectorAll(`button[data-key="${key}"]`))
        one.setAttribute("aria-pressed", String(one === button));
      apply();
    });
    search.addEventListener("input", apply);
    apply();
  }

  // A training is a curve or a tick; wherever the nearest one to the pointer is drawn, it is marked.
  const errors = JSON.parse(document.getElementById("replicates").textContent);
  const tip = document.getElementById("tip");
  const marks = [];
  for (const group of document.querySelectorAll("[data-marks]")) {
    const [experiment, replicate] = group.dataset.marks.split(" ");
    const chart = group.closest("svg");
    if (replicate !== undefined) {
      const path = group.querySelector("path");
      const points = path.getAttribute("d").match(/-?[\d.]+ -?[\d.]+/g).map((one) => one.split(" ").map(Number));
      marks.push({ key: `${experiment} ${replicate}`, chart, points, path });
    } else {
      group.querySelectorAll("use").forEach((use, number) => marks.push({
        key: `${experiment} ${number}`, chart, points: [[Number(use.getAttribute("x")), Number(use.getAttribute("y"))]],
      }));
    }
  }
  const nearest = (chart, x, y) => {
    let found = null, least = 12;
    for (const mark of marks) {
      if (mark.chart !== chart) continue;
      for (const [index, [px, py]] of mark.points.entries()) {
        const [qx, qy] = mark.points[index + 1] ?? [px, py];
        const share = Math.max(0, Math.min(1, (x - px) / (qx - px || 1)));
        const away = Math.hypot(x - px - share * (qx - px), y - py - share * (qy - py));
        if (away < least) { least = away; found = mark; }
      }
    }
    return found;
  };
  const drawn = (name, attributes) => {
    const made = document.createElementNS(marks[0].chart.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  let named = "";
  const name = (key, event) => {
    if (key !== named) {
      document.querySelectorAll(".lit").forEach((one) => one.remove());
      for (const mark of marks) {
        if (mark.key !== key) continue;
        const [[x, y]] = mark.points;
        mark.chart.append(mark.path
          ? drawn("path", { class: "lit", d: mark.path.getAttribute("d") })
          : drawn("circle", { class: "lit", cx: x, cy: y, r: 6 }));
      }
      named = key;
    }
    tip.hidden = !key;
    if (!key) return;
    const [experiment, replicate] = key.split(" ");
    const error = errors[experiment]?.test[replicate];
    tip.textContent = `${errors[experiment]?.name ?? experiment}, training ${replicate} (results/runs/${experiment}/${replicate})`
      + (error === undefined ? "" : `: ${error.toFixed(2)} % test error in the end`);
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.min(event.clientY + 18, innerHeight - tip.offsetHeight - 8)}px`;
  };
  for (const chart of new Set(marks.map((mark) => mark.chart))) {
    for (const kind of ["pointermove", "pointerdown"]) {
      chart.addEventListener(kind, (event) => {
        const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
        name(nearest(chart, place.x, place.y)?.key ?? "", event);
      });
    }
    chart.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") name("", event);
    });
  }
})();
