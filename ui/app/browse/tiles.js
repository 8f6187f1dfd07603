// @ts-check
/**
 * Pictures in rows, of which many can be marked: by clicks, with Shift all up to there, or with the keys; one stop for
 * the Tab key.
 *
 * @import { Found } from "./api.js"
 */

import { imagePath } from "../api.js";
import { element } from "../element.js";
import { moment } from "../format.js";
import { keyed } from "../keyed.js";
import { isSign } from "../labels.js";
import { picture } from "../teach/strip.js";
import { phrase } from "../texts.js";

/** @param {(marked: Found[]) => void} changed told what is marked, whenever that or what is shown may be another */
export function tiles(changed) {
  const list = element("div", {
    class: "tiles",
    role: "listbox",
    "aria-multiselectable": "true",
    "aria-label": phrase("browse"),
    keydown: (/** @type {KeyboardEvent} */ event) => onKey(event) && event.preventDefault(),
    click: (/** @type {MouseEvent} */ { target, shiftKey }) => {
      const id = /** @type {Element} */ (target).closest("[data-key]")?.getAttribute("data-key");
      if (id) mark(id, shiftKey);
    },
  });
  const fill = keyed(list, tile);
  /** @type {string[]} */
  let ids = [];
  /** @type {Found[]} */
  let shown = [];
  let marked = new Set();
  let [here, anchor] = ["", ""]; // the cursor, and where a range begins

  const dress = () => {
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-key]"))) {
      const id = node.dataset.key ?? "";
      node.tabIndex = id === here ? 0 : -1;
      node.setAttribute("aria-selected", String(marked.has(id)));
    }
    changed(shown.filter(({ id }) => marked.has(id)));
  };
  /** @param {string} id @param {boolean} range up to it; else it alone, or no more */
  const mark = (id, range) => {
    const [first, last] = [ids.indexOf(anchor), ids.indexOf(id)].sort((one, other) => one - other);
    if (range) marked = new Set([...marked, ...ids.slice(Math.max(first, 0), last + 1)]);
    else if (!marked.delete(id)) marked.add(id);
    if (!range) anchor = id;
    here = id;
    dress();
  };
  /** @param {Iterable<string>} which */
  const markOnly = (which) => {
    marked = new Set(which);
    dress();
  };
  const focus = () => /** @type {HTMLElement | null} */ (list.querySelector('[tabindex="0"]'))?.focus();

  /** @param {KeyboardEvent} event @returns {boolean} whether it meant something */
  function onKey({ key, shiftKey, ctrlKey, metaKey, altKey }) {
    if (altKey) return false;
    if (ctrlKey || metaKey) return key.toLowerCase() === "a" && (markOnly(ids), true);
    if (key === "Escape") return marked.size > 0 && (markOnly([]), true);
    const row = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -Infinity, End: Infinity }[key];
    if (by === undefined) return false;
    const to = ids[Math.min(ids.length - 1, Math.max(0, ids.indexOf(here) + by))];
    if (shiftKey) mark(to, true);
    else {
      [here, anchor] = [to, to];
      dress();
    }
    focus();
    return true;
  }

  /** @param {Found[]} found what is shown from now on; what is marked of it stays so */
  function show(found) {
    const had = list.contains(document.activeElement);
    const before = Math.max(0, ids.indexOf(here));
    [shown, ids] = [found, found.map(({ id }) => id)];
    if (!ids.includes(here)) here = ids[Math.min(before, ids.length - 1)] ?? "";
    if (!ids.includes(anchor)) anchor = here;
    marked = new Set(ids.filter((id) => marked.has(id)));
    list.hidden = !found.length;
    fill(found);
    dress();
    if (had) focus();
  }

  return { list, show, focus, markAll: () => markOnly(ids), unmark: () => markOnly([]) };
}

/** @param {Found} found */
function tile({ id, label, split, suspect, answer, created_at: time }) {
  const doubted = answer ? null : suspect;
  const said = doubted?.label ?? label;
  const read = answer?.label ?? doubted?.predicted;
  const now = doubted?.in_force ?? null;
  const beside = now !== null ? phrase("browse.now", { label: now }) : read !== undefined && phrase("browse.reads", { label: read });
  const told = [
    said === null ? phrase("browse-part.removed") : phrase("doubted.name", { label: said }),
    doubted && phrase("browse-part.doubted"),
    split === "test" && phrase("browse-part.held"),
  ];
  const name = told.filter(Boolean).join(", ");
  const sign = said === null ? "✕" : doubted ? `${said}?` : said;
  return element(
    "button",
    {
      ...{ type: "button", class: `tile ${doubted ? "odd" : ""}`, role: "option", "data-key": id },
      title: `${name}, ${moment(time)}`,
    },
    picture({ picture: null, path: imagePath(id) }, { alt: name, draggable: "false", decoding: "async" }),
    element("span", { class: `tile-label ${isSign(said ?? sign) ? "" : "word"}`, "aria-hidden": "true" }, sign), // as its alt says
    beside && element("span", { class: "tile-name" }, beside),
  );
}
