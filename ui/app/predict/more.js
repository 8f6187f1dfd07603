// @ts-check
/**
 * What Predict needs only once there is something to say of a picture, fetched when the first view is there; and six
 * digits of MNIST's test set to begin with, for a model that reads digits, which was not trained on them.
 */

import { classesIfAllowed } from "../api.js";
import { button, element } from "../element.js";
import { kindOf, labelsNow } from "../labels.js";
import { messageOf } from "../notice.js";
import { state, update, watch } from "../state.js";
import { phrase } from "../texts.js";
import { select } from "./gallery.js";

export { correction } from "./correction.js";
export { addPictures, chosen, gallery } from "./gallery.js";

const COUNT = 6;

/** Whenever Predict is looked at: a class may have been added that the model does not know, and pictures are filed under. */
export function keepClasses() {
  watch(
    () => [state.route.view],
    async (view) => {
      if (view !== "predict") return;
      try {
        const { classes } = await classesIfAllowed();
        update("classes", { names: classes.map(({ name }) => name) });
      } catch (error) {
        messageOf(error); // the model's own labels are offered, then
      }
    },
  );
}

/** @param {HTMLElement} place @param {(found: {file: File, path: string}[]) => unknown} add */
export function samples(place, add) {
  const made = Array.from({ length: COUNT }, (_, index) => {
    const picture = element("img", { src: `samples/${index + 1}.png`, alt: "", width: 44, height: 44 });
    const name = phrase("sample", { n: index + 1 });
    return button(picture, () => show(picture, name), { class: "sample", "aria-label": phrase("sample.try", { name }) });
  });
  place.append(element("span", { class: "hint" }, phrase("samples")), ...made);
  watch(
    () => [kindOf(labelsNow())],
    (kind) => (place.hidden = kind !== "digit"),
  );

  /** @param {HTMLImageElement} picture @param {string} name */
  async function show(picture, name) {
    const there = state.predict.gallery.find((each) => each.name === name);
    if (there) return select(there.id);
    const canvas = element("canvas", { width: picture.naturalWidth, height: picture.naturalHeight });
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    await add([{ file: new File([/** @type {any} */ (blob)], name, { type: "image/png" }), path: name }]);
  }
}
