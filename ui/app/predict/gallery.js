// @ts-check
/**
 * One of several pictures, with its answer.
 *
 * @import { Subject } from "../state.js"
 */

import { element } from "../element.js";
import { percent } from "../format.js";
import { isSign } from "../labels.js";
import { select } from "./actions.js";
import { isFamiliar } from "./answer.js";

/** @param {Subject} subject @param {boolean} selected */
export function tile(subject, selected) {
  const { prediction, error, filed, name } = subject;
  const label = filed?.label ?? prediction?.label ?? (error ? "!" : "…");
  const kind = error ? "bad" : prediction && !isFamiliar(prediction) ? "odd" : "";
  return element(
    "li",
    {},
    element(
      "button",
      {
        type: "button",
        class: `tile ${kind}`,
        title: name,
        "aria-pressed": selected ? "true" : "false",
        "data-key": subject.id,
        click: () => select(subject.id),
      },
      element("img", { src: subject.picture ?? "", alt: name, loading: "lazy" }),
      element(
        "span",
        { class: "tile-name" },
        prediction ? percent(prediction.confidence, 0) : error ? "not read" : "reading",
      ),
      element("span", { class: `tile-label ${isSign(label) ? "" : "word"}` }, label),
    ),
  );
}
