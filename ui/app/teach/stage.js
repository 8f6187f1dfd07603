// @ts-check
/**
 * The picture under the cursor, large, with what was said of it or what the model suggests.
 *
 * @import { Picture } from "../state.js"
 */

import { button, element, replace } from "../element.js";
import { count, counted, percent } from "../format.js";
import { isSign } from "../labels.js";
import { picture } from "../picture.js";
import { state, watch } from "../state.js";
import { step, targets } from "./marks.js";
import { current, isOpen, shownPictures, suggestionOf } from "./order.js";
import { accept } from "./words.js";

const FROM = { folder: "From its folder.", name: "From its name.", hand: "By hand.", model: "As the model suggested." };

export function stage() {
  const frame = element("div", { class: "stage-picture" });
  const place = element("p", { class: "hint stage-place", "aria-live": "off" });
  const back = button("←", () => step(-1), { "aria-label": "Previous picture", "aria-keyshortcuts": "ArrowLeft" });
  const on = button("→", () => step(1), { "aria-label": "Next picture", "aria-keyshortcuts": "ArrowRight" });
  watch(
    () => [current()],
    (here) => frame.replaceChildren(...(here ? [large(here)] : [])),
  );
  watch(
    () => [state.teach],
    () => {
      const shown = shownPictures();
      const here = shown.findIndex(({ id }) => id === state.teach.cursor);
      back.disabled = here <= 0;
      on.disabled = here < 0 || here === shown.length - 1;
      const { length } = targets();
      place.textContent =
        length > 1 ? `${counted(length, "picture")} marked` : here < 0 ? "" : `${here + 1} of ${shown.length}`;
    },
  );
  return element("figure", { class: "stage" }, frame, element("figcaption", {}, back, place, on));
}

/** @param {Picture} here */
function large({ name, picture: url, suspect }) {
  const alt = suspect ? `A picture labelled ${suspect.label}` : name;
  return suspect ? picture(suspect.sha256, { alt }) : element("img", { src: url, alt });
}

/** What the label is, or would be: the model's suggestion stands there like a ghost until it is taken. */
export function standing() {
  const place = element("div", { class: "standing" });
  watch(
    () => [state.teach],
    () => {
      const here = current();
      const all = targets();
      replace(place, here && verdict(here), here && remark(here), taking(here, all));
    },
  );
  return place;
}

/** @param {Picture} here */
function verdict(here) {
  const word = state.teach.words.get(here.id);
  const suggestion = suggestionOf(here);
  const open = isOpen(here);
  const label = open ? (suggestion?.label ?? "?") : (word?.label ?? "✕");
  const title = open
    ? suggestion
      ? `It reads ${label}`
      : state.teach.suggestions.has(here.id) || here.suspect
        ? "No suggestion"
        : "The model is looking at it"
    : word?.label === null
      ? "Its doubted label goes"
      : `Labelled ${label}`;
  return element(
    "div",
    { class: `verdict ${open ? "ghost" : ""}` },
    element("output", { class: `label ${isSign(label) ? "" : "word"}`, "aria-label": open ? "Suggestion" : "Label" }, label),
    element(
      "div",
      {},
      element("p", { class: "sure" }, title),
      element(
        "p",
        { class: "hint" },
        open && suggestion && suggestion.share !== null && `${percent(suggestion.share, 1)} sure. `,
        !open && `${FROM[word?.origin ?? "hand"]} `,
        !here.suspect && element("span", { class: "large-name" }, here.name),
      ),
    ),
  );
}

/** @param {Picture} here */
function remark({ suspect }) {
  if (suspect === null) return null;
  const { label, in_force: inForce } = suspect;
  return element(
    "p",
    { class: "remark" },
    `Somebody labelled it ${label}, which the model finds nearly impossible. `,
    inForce === null ? "Until you say, nothing learns from it." : `Until you say, it counts as ${inForce}.`,
  );
}

/** @param {Picture | null} here @param {Picture[]} all what Enter does */
function taking(here, all) {
  const open = all.filter((each) => isOpen(each) && suggestionOf(each));
  if (here === null) return null;
  const [text, what] =
    all.length > 1
      ? [`Accept ${count(open.length)}`, ` suggestion${open.length === 1 ? "" : "s"}`]
      : open.length
        ? ["Accept", ` ${suggestionOf(here)?.label}`]
        : ["Go on", ""];
  const key = element("kbd", { "aria-hidden": "true" }, "Enter");
  return button([text, element("span", { class: "unseen" }, what), key], accept, {
    ...{ class: "primary accept", "aria-keyshortcuts": "Enter", "data-key": "accept" },
    disabled: all.length > 1 && !open.length,
  });
}
