// @ts-check
/**
 * Several pictures, each with its answer: a click shows one of them at the side, where it can be corrected.
 *
 * @import { Subject } from "../state.js"
 */

import { whenBack } from "../connection.js";
import { labelOfKey } from "../choices.js";
import { button, element, replace } from "../element.js";
import { counted, percent } from "../format.js";
import { keyed } from "../keyed.js";
import { isSign } from "../labels.js";
import { onKeys } from "../shortcuts.js";
import { state, watch } from "../state.js";
import { isCredible } from "./answer.js";
import { correct } from "./filing.js";
import { clearGallery, readPictures, retry, select, step } from "./pictures.js";
import { shownSubject } from "./subjects.js";

export { addPictures } from "./pictures.js";

/** @param {() => void} emptied where the focus goes when the gallery does */
export function gallery(emptied) {
  const title = element("h2", {});
  const list = element("ul", { class: "tiles" });
  const clear = button(
    "Clear all",
    () => {
      clearGallery();
      emptied();
    },
    { class: "quiet" },
  );
  const part = element(
    "section",
    { class: "card gallery", "aria-label": "Pictures", hidden: true },
    element("div", { class: "card-head" }, title, clear),
    list,
  );
  const show = keyed(list, tile);
  watch(
    () => [state.predict.gallery, state.predict.selected],
    (pictures, selected) => {
      part.hidden = !pictures.length;
      replace(title, counted(pictures.length, "picture"));
      show(pictures);
      for (const each of list.querySelectorAll('[aria-pressed="true"]')) each.setAttribute("aria-pressed", "false");
      tileOf(list, selected)?.setAttribute("aria-pressed", "true");
    },
  );
  onKeys("predict", (event) => {
    const subject = shownSubject();
    if (event.ctrlKey || event.metaKey || event.altKey || subject?.edit !== null) return false;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const label = labelOfKey(event.key);
    if (by) {
      step(by);
      tileOf(list, state.predict.selected)?.scrollIntoView({ block: "nearest" });
    } else if (label !== null && subject.prediction && !subject.filed && !subject.dismissed) void correct(subject, label);
    else return false;
    return true;
  });
  whenBack(() => void readPictures());
  return part;
}

/** @param {Subject} subject the picture itself, large, with the way to the others */
export function chosen({ id, name, picture, error }) {
  const { gallery } = state.predict;
  const here = gallery.findIndex((each) => each.id === id);
  const way = (/** @type {string} */ text, /** @type {number} */ by, /** @type {string} */ sign) =>
    button(sign, () => step(by), {
      "aria-label": text,
      "aria-keyshortcuts": by < 0 ? "ArrowLeft" : "ArrowRight",
      disabled: !gallery[here + by],
      "data-key": text,
    });
  return element(
    "div",
    { class: "chosen" },
    element("img", { src: picture ?? "", alt: name }),
    element(
      "div",
      {},
      element("p", { class: "chosen-name" }, name),
      element("p", { class: "hint" }, `${here + 1} of ${gallery.length}`),
      element("div", { class: "actions" }, way("Previous picture", -1, "←"), way("Next picture", 1, "→")),
      error !== null && button("Try again", retry, { "data-key": "retry" }),
    ),
  );
}

/** @param {ParentNode} place @param {string | null} id */
const tileOf = (place, id) => place.querySelector(`[data-key="${id}"]`);

/** @param {Subject} subject */
function tile({ id, name, picture, prediction, error, filed, dismissed }) {
  const label = filed?.label ?? (dismissed ? "none" : (prediction?.label ?? (error ? "!" : "…")));
  const kind = error ? "bad" : prediction && !isCredible(prediction) ? "odd" : "";
  const sure = prediction ? percent(prediction.confidence, 0) : error ? "not read" : "reading";
  return element(
    "li",
    {},
    element(
      "button",
      {
        type: "button",
        class: `tile ${kind} ${filed ? "taught" : ""}`,
        title: name,
        "aria-pressed": "false",
        "data-key": id,
        click: () => select(id),
      },
      element("img", { src: picture ?? "", alt: name, loading: "lazy", decoding: "async" }),
      element("span", { class: "tile-name" }, filed ? "filed" : sure),
      element("span", { class: `tile-label ${isSign(label) ? "" : "word"}` }, label),
    ),
  );
}
