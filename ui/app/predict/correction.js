// @ts-check
/**
 * What a person can say of an answer: it is right, it is another label, it is none of them; and take that back.
 *
 * @import { Subject } from "../state.js"
 * @import * as T from "../types.js"
 */

import { choices } from "../choices.js";
import { button, element } from "../element.js";
import { called, isSign } from "../labels.js";
import { isCredible, SURE } from "./answer.js";
import { correct, dismiss, takeBack } from "./filing.js";

/** @param {Subject} subject @param {T.Prediction} prediction @param {string[]} labels @param {boolean} stale */
export function correction(subject, prediction, labels, stale) {
  if (subject.filed) {
    return element(
      "p",
      { class: "filed" },
      element("span", {}, `Filed as ${subject.filed.label}. The next retraining learns from it. `),
      subject.filed.batch !== null &&
        button("Take back", () => takeBack(subject), { class: "quiet", disabled: stale, "data-key": "take-back" }),
    );
  }
  if (subject.dismissed) {
    return element(
      "p",
      { class: "filed none" },
      element("span", {}, "None of these. There is no label to learn it by, so it was not stored. "),
      button("Take back", () => dismiss(subject, false), { class: "quiet", disabled: stale, "data-key": "take-back" }),
    );
  }
  const unsure = !isCredible(prediction) || prediction.confidence <= SURE;
  return element(
    "div",
    { class: "correction" },
    element(
      "div",
      { class: "actions" },
      button(`Right: it is ${called(prediction.label)}`, () => correct(subject, prediction.label), {
        class: unsure ? "primary" : "",
        disabled: stale,
        "data-key": "right",
      }),
      button("None of these", () => dismiss(subject, true), { class: "quiet", disabled: stale, "data-key": "none" }),
    ),
    element("p", {}, `Wrong? It is ${labels.every(isSign) ? "a " : ""}…`),
    choices({
      labels,
      title: "File it under the right label",
      name: (label) => `It is ${called(label)}`,
      pick: (label) => correct(subject, label),
      disabled: stale,
      keyed: subject.edit === null,
    }),
  );
}
