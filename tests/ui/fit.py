"""What does not fit of the page, as it is shown now: what is outside, cut, or lies over something else."""

from playwright.sync_api import Page

# A dialog is looked at alone, since it stops everything else. What is fixed to the window lies over the page on
# purpose.
CROOKED = """() => {
  const found = [];
  const told = (node) => `${node.tagName.toLowerCase()}.${node.className} '${(node.textContent ?? "").slice(0, 40)}'`;
  const tell = (what, ...nodes) => found.push(`${what}: ${nodes.map(told).join(" and ")}`);
  const ground = document.querySelector("dialog[open]") ?? document.body;
  const shown = [...ground.querySelectorAll("*")].filter(
    (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(".unseen, .skip, svg, option"));

  for (const node of shown) {
    const box = node.getBoundingClientRect();
    const { display, overflowY } = getComputedStyle(node);
    if (node.matches("input[placeholder]")) {
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = getComputedStyle(node).font;
      if (pen.measureText(node.placeholder).width > node.clientWidth - 18) tell(`cut (${node.placeholder})`, node);
    }
    if (!box.width || node.closest(".scroll, canvas, .tile-name, input, select")) continue;
    if (box.right > innerWidth + 1 || box.left < -1) tell("outside", node);
    if (display === "inline" || !node.clientWidth) continue;
    if (node.scrollWidth > node.clientWidth + 1) tell("cut", node);
    if (["hidden", "clip"].includes(overflowY) && node.textContent && node.scrollHeight > node.clientHeight + 1)
      tell("cut below", node);
  }
  for (const list of ground.querySelectorAll(".bars, .lying")) {
    const tracks = [...list.querySelectorAll(".bar-track, .column")].map((each) => each.getBoundingClientRect());
    for (const side of ["left", "right"])
      if (new Set(tracks.map((each) => Math.round(each[side]))).size > 1) tell(side, list);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is too wide");

  const styles = new Map();
  const styleOf = (node) => styles.get(node) ?? styles.set(node, getComputedStyle(node)).get(node);
  const ancestors = function* (node) { for (let each = node; each; each = each.parentElement) yield each; };
  const layerOf = (node) =>
    [...ancestors(node)].find((each) => ["fixed", "sticky"].includes(styleOf(each).position)) ?? null;
  const inSight = (node, { left, top, right, bottom }) => {
    for (const each of ancestors(node)) {
      if (styleOf(each).overflowY === "visible" && styleOf(each).overflowX === "visible") continue;
      const box = each.getBoundingClientRect();
      [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom };
  };
  const parts = [];
  const add = (node, box, isText) => {
    const part = inSight(node, box);
    if (part.right - part.left < 2 || part.bottom - part.top < 2) return;
    const trim = isText ? (part.bottom - part.top) / 4 : 0; // above and below its letters a line is empty
    parts.push({ ...part, top: part.top + trim, bottom: part.bottom - trim, node, isText, layer: layerOf(node) });
  };
  for (const node of shown) {
    if (node.matches("a[href], button, input, select, summary, canvas"))
      for (const box of node.getClientRects()) add(node, box, false);
    if (node.matches("button, select, option, canvas") || node.closest(".tile, .sheet-empty, .readout")) continue;
    for (const text of node.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || !text.textContent.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const box of range.getClientRects()) add(node, box, true);
    }
  }
  parts.sort((one, other) => one.top - other.top);
  parts.forEach((one, place) => {
    for (let next = place + 1; next < parts.length && parts[next].top < one.bottom - 1; next += 1) {
      const other = parts[next];
      if (one.layer !== other.layer || (one.node === other.node && !one.isText)) continue;
      if (one.node !== other.node && (one.node.contains(other.node) || other.node.contains(one.node))) continue;
      if (Math.min(one.right, other.right) - Math.max(one.left, other.left) < 1.5) continue;
      if (Math.min(one.bottom, other.bottom) - other.top < 1.5) continue;
      tell("overlap", one.node, other.node);
    }
  });
  return [...new Set(found)];
}"""


def crooked(page: Page) -> list[str]:
    found: list[str] = page.evaluate(CROOKED)
    return found
