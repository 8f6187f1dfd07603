// @ts-check
/**
 * The answer to one picture: the label, how sure, what the model saw, how long it took, and a way to say it is wrong.
 *
 * @import { Subject } from "../state.js"
 * @import * as T from "../types.js"
 */

import { bar } from "../bar.js";
import { choices } from "../choices.js";
import { button, element } from "../element.js";
import { isNumber, milliseconds, percent } from "../format.js";
import { called, isSign, kindOf } from "../labels.js";
import { state } from "../state.js";
import { DOTS } from "./actions.js";
import { correct, dismiss, takeBack } from "./filing.js";

const BARS = 10;
const SURE = 0.9;

/**
 * @param {Subject | null} subject @param {string[]} labels @param {boolean} stale nothing of it can be acted on
 * @param {HTMLElement | null} beside what shows the picture itself @returns {HTMLElement[]}
 */
export function answer(subject, labels, stale, beside) {
  if (subject?.error) return given(beside, verdict("?", "No answer", subject.error, "odd"));
  if (!subject?.prediction) {
    const invitation = state.predict.dots ? DOTS : "Draw, and the answer appears here while you do.";
    const waiting = subject ? "The model is looking at it." : invitation;
    return given(
      beside,
      verdict("…", subject ? "Reading" : "Nothing to read yet", waiting, "waiting"),
      bars(labels.slice(0, BARS).map((each) => [each, 0])),
    );
  }
  const { prediction, timing } = subject;
  return given(
    beside,
    headline(prediction, labels),
    correction(subject, prediction, labels, stale),
    bars(ranked(prediction, labels), prediction),
    insight(prediction, timing),
  );
}

/** @param {...(HTMLElement | null)} parts @returns {HTMLElement[]} those that there are */
const given = (...parts) => parts.filter((each) => each !== null);

/** @param {T.Prediction} prediction @param {string[]} labels */
function headline(prediction, labels) {
  const sure = `${percent(prediction.confidence, 1)} sure`;
  if (!isCredible(prediction)) {
    const kind = kindOf(labels);
    return verdict(
      prediction.label,
      prediction.confidence > SURE
        ? `This does not look like ${kind ?? "anything it knows"}`
        : `This is unclear, or ${kind ? `not ${kind}` : "nothing it knows"}`,
      `If it had to choose: ${prediction.label}, ${sure}.`,
      "odd",
    );
  }
  const words =
    prediction.confidence > SURE
      ? "It is confident."
      : prediction.confidence > 0.6
        ? "It hesitates."
        : "It is guessing.";
  return verdict(prediction.label, sure, words, "");
}

/** @param {T.Prediction} prediction as far as the answer says what score it takes to be believed */
export function isCredible({ score, score_threshold: threshold }) {
  return !isNumber(score) || !isNumber(threshold) || score >= threshold;
}

/** @param {string} label @param {string} title @param {string} text @param {string} kind */
function verdict(label, title, text, kind) {
  return element(
    "div",
    { class: `verdict ${kind}` },
    element("output", { class: `label ${isSign(label) ? "" : "word"}`, "aria-label": "Answer" }, label),
    element("div", {}, element("p", { class: "sure" }, title), element("p", { class: "hint" }, text)),
  );
}

/** @param {[string, number][]} values @param {T.Prediction} [prediction] */
function bars(values, prediction) {
  return element(
    "ol",
    { class: `bars ${prediction && !isFamiliar(prediction) ? "odd" : ""}`, "aria-label": "Probability of each label" },
    values.map(([label, share]) =>
      bar(label, share, prediction ? percent(share, 1) : "", label === prediction?.label ? "best" : ""),
    ),
  );
}

/** @param {T.Prediction} prediction @param {string[]} labels @returns {[string, number][]} all, or the likeliest ten */
function ranked({ probabilities }, labels) {
  const all = probabilities.map(
    (share, position) => /** @type {[string, number]} */ ([labels[position] ?? `${position}`, share]),
  );
  return all.length <= BARS ? all : all.sort((one, other) => other[1] - one[1]).slice(0, BARS);
}

/** @param {Subject} subject @param {T.Prediction} prediction @param {string[]} labels @param {boolean} stale */
function correction(subject, prediction, labels, stale) {
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

/** @param {T.Prediction} prediction @param {T.Timing | null} timing */
function insight(prediction, timing) {
  const server = timing ? timing.decode + timing.queue + timing.infer : NaN;
  return element(
    "div",
    { class: "insight" },
    prediction.input?.startsWith("data:image/png;base64,") &&
      element(
        "figure",
        { class: "seen" },
        element("img", { src: prediction.input, alt: "The picture as the model saw it", width: 84, height: 84 }),
        element("figcaption", {}, "what the model saw"),
      ),
    element(
      "dl",
      { class: "timing" },
      fact("Decode", milliseconds(timing?.decode)),
      fact("Queue", milliseconds(timing?.queue)),
      fact("Model", milliseconds(timing?.infer)),
      fact("On the way", milliseconds(timing ? Math.max(0, timing.total - (isNumber(server) ? server : 0)) : null)),
      isNumber(prediction.score) && fact("Score", prediction.score.toFixed(2)),
      fact("Version", prediction.model_version),
    ),
  );
}

/** @param {string} name @param {string} value */
const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
