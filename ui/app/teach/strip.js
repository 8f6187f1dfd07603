// @ts-check
/**
 * All pictures on the desk in one line, of which only those in sight are made; one stop for the Tab key.
 *
 * @import { Picture } from "../state.js"
 */

import { element, property } from "../element.js";
import { keyed } from "../keyed.js";
import { picture } from "../picture.js";
import { state, watch } from "../state.js";
import { moveTo } from "./marks.js";
import { shownPictures, suggestionOf } from "./order.js";

const BEYOND = 10; // pictures that are made on either side of what is in sight

export function strip() {
  const line = element("div", {
    class: "strip-line",
    role: "listbox",
    "aria-multiselectable": "true",
    "aria-label": "Pictures to label",
  });
  const made = element("div", { class: "strip scroll", scroll: () => show() }, line);
  const fill = keyed(line, tile);
  /** @type {string | null} */
  let brought = null;

  const show = () => {
    const { cursor, marked } = state.teach;
    const shown = shownPictures();
    const here = shown.findIndex(({ id }) => id === cursor);
    property(line, "--pictures", shown.length);
    const wide = line.offsetWidth / shown.length || 1;
    if (brought !== cursor && made.clientWidth) {
      brought = cursor;
      const from = here * wide - made.clientWidth / 2 + wide / 2;
      made.scrollTo({ left: from }); // the middle, so that what comes is seen as well as what was
    }
    const first = Math.floor(made.scrollLeft / wide) - BEYOND;
    const last = first + Math.ceil(made.clientWidth / wide) + 2 * BEYOND;
    const had = line.contains(document.activeElement);
    fill(shown.filter((_, index) => index === here || (index >= first && index <= last)));
    for (const [index, each] of shown.entries()) {
      const node = index === here || (index >= first && index <= last) ? tileOf(each.id) : null;
      if (node) dress(node, each, index, shown.length, each.id === cursor, marked.size ? marked.has(each.id) : index === here);
    }
    if (had && cursor) tileOf(cursor)?.focus({ preventScroll: true });
  };
  /** @param {string} id @returns {HTMLElement | null} */
  const tileOf = (id) => line.querySelector(`[data-key="${CSS.escape(id)}"]`);

  line.addEventListener("click", (event) => {
    const id = /** @type {Element} */ (event.target).closest("[data-key]")?.getAttribute("data-key");
    if (id) moveTo(id, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey || state.teach.several });
  });
  watch(() => [state.teach], show);
  new ResizeObserver(show).observe(made);
  return made;
}

/** @param {Picture} each what stays of it; the rest is put on by `dress` */
function tile({ id, name, picture: url, suspect }) {
  const attributes = { alt: "", draggable: "false" };
  return element(
    "div",
    { class: "tile", role: "option", "data-key": id, title: name },
    suspect ? picture(suspect.sha256, attributes) : element("img", { src: url, decoding: "async", ...attributes }),
    element("span", { class: "tile-label" }),
    element("span", { class: "unseen" }, name),
  );
}

/**
 * @param {HTMLElement} node @param {Picture} each @param {number} index @param {number} count
 * @param {boolean} here @param {boolean} marked
 */
function dress(node, each, index, count, here, marked) {
  const word = state.teach.words.get(each.id);
  const gone = word?.label === null && each.suspect !== null;
  const label = word?.label ?? null;
  property(node, "--at", index);
  node.tabIndex = here ? 0 : -1;
  node.setAttribute("aria-selected", String(marked));
  node.setAttribute("aria-posinset", String(index + 1));
  node.setAttribute("aria-setsize", String(count));
  node.classList.toggle("here", here);
  node.classList.toggle("ghost", label === null);
  const text = label ?? (gone ? "✕" : `${suggestionOf(each)?.label ?? ""}?`);
  const place = /** @type {Element} */ (node.querySelector(".tile-label"));
  if (place.textContent !== text) place.textContent = text;
}
