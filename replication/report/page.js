// Everything is shown without this; with it, rows can be filtered and the colours chosen.
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

  for (const box of document.querySelectorAll("[data-filters]")) {
    const scope = document.getElementById(box.dataset.filters);
    const rows = [...scope.querySelectorAll("[data-row]")];
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
      for (const group of scope.querySelectorAll("[data-group]"))
        group.hidden = !group.querySelector("[data-row]:not([hidden])");
      count.textContent = `${shown} of ${rows.length} shown`;
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
})();
