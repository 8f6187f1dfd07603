// @ts-check
/**
 * What a person can say of an answer: it is right, it is another label, it is none of them; and take that back.
 *
 * @import { Subject } from "../state.js"
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { choices } from "../choices.js";
import { button, element } from "../element.js";
import { called, isSign } from "../labels.js";
import { messageOf, say, tell } from "../notice.js";
import { phrase } from "../texts.js";
import { change, isStale } from "./actions.js";
import { isCredible, SURE } from "./answer.js";

/** @param {Subject} subject @param {T.Prediction} prediction @param {string[]} labels @param {boolean} stale */
export function correction(subject, prediction, labels, stale) {
  if (subject.filed) {
    return element(
      "p",
      { class: "filed" },
      element("span", {}, `${phrase("filed", { label: subject.filed.label })} `),
      subject.filed.batch !== null &&
        button(phrase("take-back"), () => takeBack(subject), { class: "quiet", disabled: stale, "data-key": "take-back" }),
    );
  }
  if (subject.dismissed) {
    return element(
      "p",
      { class: "filed none" },
      element("span", {}, `${phrase("none.told")} `),
      button(phrase("take-back"), () => dismiss(subject, false), { class: "quiet", disabled: stale, "data-key": "take-back" }),
    );
  }
  const unsure = !isCredible(prediction) || prediction.confidence <= SURE;
  return element(
    "div",
    { class: "correction" },
    element(
      "div",
      { class: "actions" },
      button(phrase("right", { label: called(prediction.label) }), () => correct(subject, prediction.label), {
        class: unsure ? "primary" : "",
        disabled: stale,
        "data-key": "right",
      }),
      button(phrase("none"), () => dismiss(subject, true), { class: "quiet", disabled: stale, "data-key": "none" }),
    ),
    element("p", {}, phrase(labels.every(isSign) ? "wrong.sign" : "wrong.word")),
    choices({
      labels,
      title: phrase("file.title"),
      name: (label) => phrase("file", { label: called(label) }),
      pick: (label) => correct(subject, label),
      disabled: stale,
      keyed: subject.edit === null,
    }),
  );
}

/* What a person says of an answer: the right label, or that there is none; and taking that back. */

/** @type {WeakSet<Blob>} pictures on their way to be filed, each under one label */
const filing = new WeakSet();

/**
 * File a picture under its right label; of the sheet only what is on it now.
 *
 * @param {Subject} subject @param {string} label
 */
export async function correct(subject, label) {
  if (isStale(subject) || filing.has(subject.image)) return;
  filing.add(subject.image);
  try {
    const answer = await api.upload([{ file: subject.image, name: subject.name, label }], "correction");
    change(subject, { filed: { label, batch: answer.batch } });
    say(phrase("filed.said", { label }));
  } catch (error) {
    tell(messageOf(error), "bad");
    return;
  } finally {
    filing.delete(subject.image);
  }
  await learnt();
}

/** @param {Subject} subject */
export async function takeBack(subject) {
  if (!subject.filed?.batch) return;
  try {
    await api.removeBatch(subject.filed.batch);
    change(subject, { filed: null });
    say(phrase("taken-back"));
  } catch (error) {
    tell(messageOf(error), "bad");
  }
  await learnt();
}

/** @param {Subject} subject @param {boolean} dismissed whether it is none of what the model knows, which no label says */
export function dismiss(subject, dismissed) {
  change(subject, { dismissed });
  say(phrase(dismissed ? "none.said" : "taken-back"));
}

/** Teach shows what there is to learn from, and is loaded after this view. */
async function learnt() {
  await (await import("../teach/dataset.js")).loadDataset();
}
