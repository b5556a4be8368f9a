// The state of the demonstration in the address, after `#lenet?`: a link shows the same thing again.

const MARK = "#lenet?";

// Bytes as text: a run of zeros is a zero and its length.
function packed(pattern) {
  const bytes = [];
  for (let at = 0; at < pattern.length; at++) {
    bytes.push(pattern[at]);
    if (pattern[at]) continue;
    let run = 1;
    while (run < 255 && pattern[at + 1] === 0) { run++; at++; }
    bytes.push(run);
  }
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function unpacked(text) {
  const bytes = bytesOf(text.replace(/-/g, "+").replace(/_/g, "/")), pattern = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]) pattern.push(bytes[at]);
    else pattern.push(...new Array(bytes[++at]).fill(0));
  }
  if (pattern.length !== SIDE * SIDE) throw new Error("no pattern");
  return Uint8Array.from(pattern);
}

function writeAddress(state) {
  const said = new URLSearchParams({ network: state.network });
  said.set("digits", state.cells.map((one) => (one.index !== undefined ? `t${one.index}` : one.pattern ? `p${packed(one.pattern)}` : "")).join("."));
  for (const [name, amount] of Object.entries(state.changes)) {
    if (amount !== state.unchanged[name]) said.set(name, amount);
  }
  if (state.position) said.set("position", state.position);
  if (state.pinned) said.set("unit", Object.values(state.pinned).join("."));
  history.replaceState(history.state, "", MARK + said);
}

// What can be understood of the address; null for another page's own anchors.
function readAddress(digitOf) {
  if (!location.hash.startsWith(MARK)) return null;
  const said = new URLSearchParams(location.hash.slice(MARK.length));
  const cells = (said.get("digits") ?? "").split(".").slice(0, 3).map((word) => {
    try {
      if (word[0] === "t") return digitOf(Number(word.slice(1))) ?? {};
      return word[0] === "p" ? { pattern: unpacked(word.slice(1)) } : {};
    } catch {
      return {};
    }
  });
  const [name, ...numbers] = (said.get("unit") ?? "").split(".");
  const [map, y, x] = numbers.map(Number);
  return {
    network: said.get("network"),
    cells,
    changes: Object.fromEntries([...said].filter(([key]) => ["scale", "shift", "rotation", "noise"].includes(key)).map(([key, text]) => [key, Number(text)])),
    position: Number(said.get("position") ?? 0),
    pinned: numbers.length === 3 ? { name, map, y, x } : null,
  };
}
