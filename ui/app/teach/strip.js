// @ts-check
/**
 * All pictures on the desk in one line, of which only those in sight are made; one stop for the Tab key.
 *
 * @import { Picture } from "../state.js"
 * @import { Kind } from "../state.js"
 */

import * as api from "../api.js";
import { button, element, property, replace } from "../element.js";
import { count } from "../format.js";
import { keyed } from "../keyed.js";
import { state, watch } from "../state.js";
import { phrase } from "../texts.js";
import { filter, isKind, isNew, moveTo, shownPictures, suggestionOf } from "./order.js";

const BEYOND = 10; // pictures that are made on either side of what is in sight

export function strip() {
  const line = element("div", {
    class: "strip-line",
    role: "listbox",
    "aria-multiselectable": "true",
    "aria-label": phrase("strip"),
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
function tile(each) {
  const { id, name } = each;
  return element(
    "div",
    { class: "tile", role: "option", "data-key": id, title: name },
    picture(each, { alt: "", draggable: "false", decoding: "async" }),
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
  const gone = word?.label === null && !isNew(each);
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

/* Which pictures the strip shows: by what is to be done with them, and by label. */

const KINDS = /** @type {Kind[]} */ (["all", "open", "said", "doubted", "samples"]);

const SERVED = ["doubted", "samples"]; // of these there may never be any

export function filters() {
  const buttons = KINDS.map((kind) => ({
    kind,
    node: button("", () => filter({ kind }), { class: "filter", "data-key": `filter-${kind}` }),
    text: phrase(`filter.${kind}`),
  }));
  const labels = element("select", {
    "aria-label": phrase("filter.label"),
    change: () => filter({ label: labels.value || null }),
  });
  watch(
    () => [state.teach],
    ({ pictures, words, filter: now }) => {
      for (const { kind, node, text } of buttons) {
        const found = pictures.filter((each) => isKind(each, kind)).length;
        replace(node, `${text} `, element("span", { class: "filter-count" }, count(found)));
        node.setAttribute("aria-pressed", String(now.kind === kind));
        node.hidden = SERVED.includes(kind) && !found && now.kind !== kind;
      }
      const used = [...new Set([...words.values()].flatMap(({ label }) => label ?? []))].sort();
      if (now.label !== null && !used.includes(now.label)) used.push(now.label);
      labels.hidden = !used.length;
      const options = ["", ...used];
      if ([...labels.options].map(({ value }) => value).join("\n") !== options.join("\n"))
        labels.replaceChildren(...options.map((each) => element("option", { value: each }, each || phrase("filter.any"))));
      labels.value = now.label ?? "";
    },
  );
  return element(
    "div",
    { class: "filters scroll", role: "group", "aria-label": phrase("filter") },
    buttons.map(({ node }) => node),
    labels,
  );
}

/* A picture as an element; what the server has loads itself when it comes into sight. */

/** @type {Map<string, string | Promise<string>>} where each picture is in memory, or will be, by its path; they never change */
const loaded = new Map();

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    void show(/** @type {HTMLImageElement} */ (target));
  }
});

/** @param {Pick<Picture, "picture" | "path">} picture @param {import("../element.js").Attributes} attributes */
export function picture({ picture: src, path }, attributes) {
  const known = path && loaded.get(path);
  const made = element("img", { src: typeof known === "string" ? known : src, "data-path": path, ...attributes });
  if (path) sight.observe(made);
  return made;
}

/** @param {HTMLImageElement} made */
async function show(made) {
  const path = String(made.dataset.path);
  let url = loaded.get(path);
  if (url === undefined) {
    url = api.picture(path).then((blob) => URL.createObjectURL(blob));
    loaded.set(path, url);
  }
  try {
    loaded.set(path, (made.src = await url));
  } catch {
    loaded.delete(path); // its text stands for it
  }
}
