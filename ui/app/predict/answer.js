// @ts-check
/**
 * The answer to one picture: the label, how sure, what the model saw, how long it took, and a way to say it is wrong.
 *
 * @import { Subject } from "../state.js"
 * @import * as T from "../types.js"
 */

import { bar } from "../bar.js";
import { element } from "../element.js";
import { decimal, isNumber, milliseconds, percent } from "../format.js";
import { classesNow, isSign, kindOf } from "../labels.js";
import { state } from "../state.js";
import { phrase } from "../texts.js";
import { DOTS } from "./actions.js";

const BARS = 10;
export const SURE = 0.9;

/**
 * @param {Subject | null} subject @param {string[]} labels @param {boolean} stale nothing of it can be acted on
 * @param {{chosen: (subject: Subject) => HTMLElement, correction: typeof import("./correction.js").correction} | null} more
 *   what shows a chosen picture itself and how it is corrected, once that is there @returns {HTMLElement[]}
 */
export function answer(subject, labels, stale, more) {
  const beside = (subject?.edit === null && more?.chosen(subject)) || null;
  if (subject?.error) return given(beside, verdict("?", phrase("answer.none"), subject.error, "odd"));
  if (!subject?.prediction) {
    const none = state.health.value?.model_version === null;
    const invitation = state.predict.dots ? DOTS : phrase(none ? "answer.begin" : "answer.invite");
    const waiting = subject ? phrase("answer.looking") : invitation;
    const title = phrase(subject ? "answer.reading" : none ? "status.none" : "answer.nothing");
    return given(
      beside,
      verdict("…", title, waiting, "waiting"),
      bars(labels.slice(0, BARS).map((each) => [each, 0])),
    );
  }
  const { prediction, timing } = subject;
  return given(
    beside,
    headline(prediction, labels),
    more && more.correction(subject, prediction, classesNow(), stale),
    bars(ranked(prediction, labels), prediction),
    insight(prediction, timing),
  );
}

/** @param {...(HTMLElement | null)} parts @returns {HTMLElement[]} those that there are */
const given = (...parts) => parts.filter((each) => each !== null);

/** @param {T.Prediction} prediction @param {string[]} labels */
function headline(prediction, labels) {
  const share = percent(prediction.confidence, 1);
  if (!isCredible(prediction)) {
    const kind = kindOf(labels) ?? "any";
    return verdict(
      prediction.label,
      phrase(prediction.confidence > SURE ? `odd.${kind}` : `unclear.${kind}`),
      phrase("answer.forced", { label: prediction.label, share }),
      "odd",
    );
  }
  const words =
    prediction.confidence > SURE
      ? phrase("answer.confident")
      : prediction.confidence > 0.6
        ? phrase("answer.hesitates")
        : phrase("answer.guessing");
  return verdict(prediction.label, phrase("answer.sure", { share }), words, "");
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
    element("output", { class: `label ${isSign(label) ? "" : "word"}`, "aria-label": phrase("answer") }, label),
    element("div", {}, element("p", { class: "sure" }, title), element("p", { class: "hint" }, text)),
  );
}

/** @param {[string, number][]} values @param {T.Prediction} [prediction] */
function bars(values, prediction) {
  return element(
    "ol",
    { class: `bars ${prediction && !isCredible(prediction) ? "odd" : ""}`, "aria-label": phrase("answer.bars") },
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

/** @param {T.Prediction} prediction @param {T.Timing | null} timing */
function insight(prediction, timing) {
  return element(
    "div",
    { class: "insight" },
    prediction.input?.startsWith("data:image/png;base64,") &&
      element(
        "figure",
        { class: "seen" },
        element("img", { src: prediction.input, alt: phrase("answer.seen-alt"), width: 84, height: 84 }),
        element("figcaption", {}, phrase("answer.seen")),
      ),
    element(
      "details",
      { open: unfolded, toggle: (/** @type {any} */ { target }) => (unfolded = target.open) },
      element("summary", { "data-key": "timing" }, timing ? phrase("answer.time", { time: Math.round(timing.total) }) : phrase("answer.how")),
      element("dl", { class: "timing" }, timing && parts(timing), facts(prediction)),
    ),
  );
}

let unfolded = false; // whether somebody wants to see the parts of the time; of the next answer as well

/** @param {T.Timing} timing */
function parts({ decode, queue, infer, total }) {
  const server = decode + queue + infer;
  return [
    fact(phrase("answer.decode"), milliseconds(decode)),
    fact(phrase("queue"), milliseconds(queue)),
    fact(phrase("answer.model"), milliseconds(infer)),
    fact(phrase("answer.way"), milliseconds(Math.max(0, total - (isNumber(server) ? server : 0)))),
  ];
}

/** @param {T.Prediction} prediction */
function facts({ score, model_version: version }) {
  return [isNumber(score) && fact(phrase("answer.familiarity"), decimal(score, 2)), fact(phrase("version"), version)];
}

/** @param {string} name @param {string} value */
const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
