// @ts-check
/**
 * The picture under the cursor, large, with what was said of it or what the model suggests.
 *
 * @import { Picture } from "../state.js"
 */

import { button, element, replace } from "../element.js";
import { percent } from "../format.js";
import { isSign } from "../labels.js";
import { state, watch } from "../state.js";
import { phrase, phraseOr } from "../texts.js";
import { current, doubted, isOpen, shownPictures, step, suggestionOf, targets } from "./order.js";
import { picture } from "./strip.js";
import { accept } from "./words.js";

export function stage() {
  const frame = element("div", { class: "stage-picture" });
  const place = element("p", { class: "hint stage-place", "aria-live": "off" });
  const back = button("←", () => step(-1), { "aria-label": phrase("previous"), "aria-keyshortcuts": "ArrowLeft" });
  const on = button("→", () => step(1), { "aria-label": phrase("following"), "aria-keyshortcuts": "ArrowRight" });
  watch(
    () => [current()],
    (here) => frame.replaceChildren(...(here ? [picture(here, { alt: named(here) })] : [])),
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
        length > 1 ? phrase("marked", { n: length }) : here < 0 ? "" : phrase("place", { here: here + 1, all: shown.length });
    },
  );
  return element("figure", { class: "stage" }, frame, element("figcaption", {}, back, place, on));
}

/** @param {Picture} here */
const named = ({ name, suspect }) => (suspect ? phrase("doubted.alt", { label: doubted(suspect) }) : name);

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
      ? phrase("reads", { label })
      : state.teach.suggestions.has(here.id) || here.suspect || !state.health.value?.model_loaded
        ? phrase("suggestion.none")
        : phrase("suggestion.looking")
    : word?.label === null
      ? phrase(here.sample ? "none" : "doubt.goes")
      : phrase("labelled", { label });
  return element(
    "div",
    { class: `verdict ${open ? "ghost" : ""}` },
    element("output", { class: `label ${isSign(label) ? "" : "word"}`, "aria-label": open ? phrase("suggestion") : phrase("label") }, label),
    element(
      "div",
      {},
      element("p", { class: "sure" }, title),
      element(
        "p",
        { class: "hint" },
        open && suggestion && suggestion.share !== null && `${phrase("answer.sure", { share: percent(suggestion.share, 1) })}. `,
        !open && `${phrase(`from.${word?.origin ?? "hand"}`)} `,
        !here.suspect && element("span", { class: "large-name" }, here.name),
      ),
    ),
  );
}

/** @param {Picture} here */
function remark({ suspect, sample }) {
  if (sample) return element("p", { class: "remark" }, phraseOr(`review.${sample.why}`, sample.why));
  if (suspect === null) return null;
  const { label, in_force: inForce, doubted_by: by } = suspect;
  return element(
    "p",
    { class: "remark" },
    `${phrase(by === "training" ? "doubt.training" : "doubt", { label: doubted(suspect), other: label })} `,
    inForce === null ? phrase("doubt.open") : phrase("doubt.counts", { label: inForce }),
  );
}

/** @param {Picture | null} here @param {Picture[]} all what Enter does */
function taking(here, all) {
  const open = all.filter((each) => isOpen(each) && suggestionOf(each));
  if (here === null) return null;
  const [text, what] =
    all.length > 1
      ? [phrase("accept.all", { n: open.length }), ` ${phrase("suggestions", { n: open.length })}`]
      : open.length
        ? [phrase("accept"), ` ${suggestionOf(here)?.label}`]
        : [phrase("go-on"), ""];
  const key = element("kbd", { "aria-hidden": "true" }, "Enter");
  return button([text, element("span", { class: "unseen" }, what), key], accept, {
    ...{ class: "primary accept", "aria-keyshortcuts": "Enter", "data-key": "accept" },
    disabled: all.length > 1 && !open.length,
  });
}
