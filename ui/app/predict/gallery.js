// @ts-check
/**
 * One of several pictures, with its answer.
 *
 * @import { Subject } from "../state.js"
 */

import { element } from "../element.js";
import { percent } from "../format.js";
import { select } from "./actions.js";
import { isFamiliar } from "./answer.js";

/** @param {Subject} subject @param {boolean} selected */
export function tile(subject, selected) {
  const { prediction, error, filed, name } = subject;
  const words = prediction
    ? `reads ${prediction.label}, ${percent(prediction.confidence, 0)} sure`
    : (error ?? "being read");
  return element(
    "li",
    {},
    element(
      "button",
      {
        type: "button",
        class: `tile ${error ? "bad" : prediction && !isFamiliar(prediction) ? "odd" : ""}`,
        "aria-pressed": selected ? "true" : "false",
        "aria-label": `${name}: ${words}`,
        "data-key": subject.id,
        click: () => select(subject.id),
      },
      element("img", { src: subject.picture ?? "", alt: "", loading: "lazy" }),
      element("span", { class: "tile-label" }, filed?.label ?? prediction?.label ?? (error ? "!" : "…")),
      element("span", { class: "tile-name" }, prediction ? percent(prediction.confidence, 0) : name),
    ),
  );
}
