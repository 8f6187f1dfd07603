// @ts-check
/**
 * The labelling grid: one stop for the Tab key, arrows to move about, a key for each label. The label buttons above it
 * do the same for a finger.
 *
 * @import { Example } from "../state.js"
 */

import { choices } from "../choices.js";
import { button, element } from "../element.js";
import { counted } from "../format.js";
import { isSign, labelOfKey, labelsNow } from "../labels.js";
import { state, watch } from "../state.js";
import { labelCursor, leaveOut, moveTo } from "./actions.js";

const SHOWN_AT_FIRST = 120;

export function labellingGrid() {
  let limit = SHOWN_AT_FIRST;
  /** @type {Map<string, {example: Example, node: HTMLElement}>} kept, so that no picture is loaded twice */
  const kept = new Map();
  const list = element("ul", { class: "tiles examples", "aria-label": "Pictures to label" });
  const palette = element("div", {});
  const more = button("Show more", () => {
    limit += SHOWN_AT_FIRST;
    show(state.teach.examples, state.teach.cursor);
  });
  const grid = element(
    "div",
    { class: "grid", keydown: onKey },
    palette,
    list,
    more,
  );

  /** @param {readonly Example[]} examples @param {string | null} cursor */
  function show(examples, cursor) {
    const shown = visible(examples, cursor, limit);
    const had = list.contains(document.activeElement);
    const nodes = shown.map((example) => {
      const before = kept.get(example.id);
      if (before?.example === example) return before.node;
      const node = tile(example);
      kept.set(example.id, { example, node });
      return node;
    });
    const wanted = new Set(nodes);
    for (const child of [...list.children]) if (!wanted.has(/** @type {HTMLElement} */ (child))) child.remove();
    nodes.forEach((node, index) => {
      if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
    });
    for (const [id, { node }] of kept) if (!wanted.has(node)) kept.delete(id);
    for (const [id, { node }] of kept) {
      const inner = /** @type {HTMLElement} */ (node.firstElementChild);
      inner.tabIndex = id === cursor ? 0 : -1;
      inner.setAttribute("aria-pressed", id === cursor ? "true" : "false");
      if (id === cursor && had) inner.focus();
    }
    more.hidden = examples.length <= shown.length;
    more.textContent = `Show more of the ${counted(examples.length, "picture")}`;
  }

  watch(() => [state.teach.examples, state.teach.cursor], show);
  watch(
    () => [labelsNow().join()],
    () =>
      palette.replaceChildren(
        choices({
          labels: labelsNow(),
          title: "Label for the selected picture",
          name: (label) => `Label it ${label}`,
          pick: labelCursor,
          keyed: true,
        }),
        button("Leave out", () => leaveOut(state.teach.cursor), { class: "quiet", "aria-keyshortcuts": "Delete" }),
      ),
  );
  return grid;
}

/**
 * What is shown of many: those before the limit, and the one under the cursor wherever it is.
 *
 * @param {readonly Example[]} examples @param {string | null} cursor @param {number} limit
 */
function visible(examples, cursor, limit) {
  const here = examples.findIndex(({ id }) => id === cursor);
  return here < limit ? examples.slice(0, limit) : [...examples.slice(0, limit), examples[here]];
}

/** @param {Example} example */
function tile(example) {
  const origin = { folder: "from its folder", name: "from its name", hand: "by hand" };
  const words = example.label === null ? "no label yet" : `label ${origin[example.origin ?? "hand"]}`;
  return element(
    "li",
    {},
    element(
      "button",
      {
        type: "button",
        class: `tile ${example.label === null ? "open" : ""}`,
        "data-id": example.id,
        title: example.name,
        click: () => moveTo(example.id),
        focus: () => moveTo(example.id),
      },
      element("img", { src: example.picture, alt: "", loading: "lazy" }),
      element("span", { class: "tile-name" }, example.name),
      element("span", { class: `tile-label ${isSign(example.label ?? "?") ? "" : "word"}` }, example.label ?? "?"),
      element("span", { class: "unseen" }, words),
    ),
  );
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const list = /** @type {HTMLElement} */ (event.currentTarget).querySelector("ul");
  if (!list?.contains(document.activeElement)) return;
  const label = isSign(event.key) ? labelOfKey(event.key) : null;
  if (label !== null) labelCursor(label);
  else if (event.key === "Delete" || event.key === "Backspace") leaveOut(state.teach.cursor);
  else if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") move(list, event.key);
  else return;
  event.preventDefault();
}

/** @param {HTMLElement} list @param {string} key */
function move(list, key) {
  const tiles = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
  const here = tiles.findIndex((each) => each === document.activeElement);
  const top = tiles[0]?.offsetTop;
  const wide = Math.max(
    1,
    tiles.findIndex((each) => each.offsetTop !== top),
  );
  const steps = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -wide,
    ArrowDown: wide,
    Home: -here,
    End: tiles.length - 1 - here,
  };
  const next = tiles[here + (steps[/** @type {keyof typeof steps} */ (key)] ?? 0)];
  if (next) next.focus();
}
