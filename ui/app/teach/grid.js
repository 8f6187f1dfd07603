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
import { keyed } from "../keyed.js";
import { isSign, labelOfKey, labelsNow } from "../labels.js";
import { onKeys } from "../shortcuts.js";
import { state, watch } from "../state.js";
import { labelCursor, leaveOut, moveTo, redo, undo } from "./examples.js";

const SHOWN_AT_FIRST = 120;

export function labellingGrid() {
  let limit = SHOWN_AT_FIRST;
  const list = element("ul", { class: "tiles examples", "aria-label": "Pictures to label" });
  const palette = element("div", {});
  const more = button("Show more", () => {
    limit += SHOWN_AT_FIRST;
    show(state.teach.examples, state.teach.cursor);
  });
  const grid = element("div", { class: "grid" }, palette, list, more);
  const fill = keyed(list, tile);

  /** @param {readonly Example[]} examples @param {string | null} cursor */
  function show(examples, cursor) {
    const shown = visible(examples, cursor, limit);
    const had = list.contains(document.activeElement);
    fill(shown);
    for (const each of list.querySelectorAll("button")) {
      const here = each.dataset.key === cursor;
      each.tabIndex = here ? 0 : -1;
      each.setAttribute("aria-pressed", String(here));
      if (here && had) each.focus();
    }
    more.hidden = examples.length <= shown.length;
    more.textContent = `Show more of the ${counted(examples.length, "picture")}`;
  }

  watch(() => [state.teach.examples, state.teach.cursor], show);
  onKeys("teach", (event) => onKey(list, event));
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
        "data-key": example.id,
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

/** @param {HTMLElement} list @param {KeyboardEvent} event @returns {boolean} whether it meant something */
function onKey(list, event) {
  const { examples, past, future, cursor } = state.teach;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && (key === "y" || (key === "z" && event.shiftKey))) return act(future.length > 0, redo);
  if (command && key === "z") return act(past.length > 0, undo);
  if (command || event.altKey || !examples.length) return false;
  const label = labelOfKey(event.key);
  if (label !== null) return act(true, () => labelCursor(label));
  if (key === "delete" || key === "backspace") return act(true, () => leaveOut(cursor));
  return act(/^(arrow|home|end)/.test(key), () => move(list, event.key));
}

/** @param {boolean} can @param {() => void} work @returns {boolean} whether it was done */
function act(can, work) {
  if (can) work();
  return can;
}

/** @param {HTMLElement} list @param {string} key */
function move(list, key) {
  const tiles = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
  const here = tiles.findIndex(({ dataset }) => dataset.key === state.teach.cursor);
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
