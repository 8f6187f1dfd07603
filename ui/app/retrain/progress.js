// @ts-check
/**
 * A job as it goes: one bar and one sentence, its stages, and the curves, which grow from the first steps on.
 *
 * @import * as T from "../types.js"
 * @import { Followed } from "../state.js"
 */

import { bar } from "../bar.js";
import { lines } from "../charts.js";
import { element, property } from "../element.js";
import { decimal, duration, isNumber, percent } from "../format.js";
import { addressOf } from "../models/list.js";
import { phrase, phraseOr } from "../texts.js";
import { anchorOf, checkWords, isOpen, labelOf, oldOf, shareOf, STAGES, verdictOf } from "./words.js";

/** @param {Followed} followed */
export function progressOf({ job, events }) {
  const done = reached(job, events);
  return element(
    "ol",
    { class: "stages", "aria-label": phrase("stages") },
    STAGES.map((stage, index) => {
      const now = isOpen(job.state) && job.state === stage;
      const state = now ? "now" : index <= done && (!isOpen(job.state) || index < done) ? "done" : "";
      return element(
        "li",
        { class: state, "aria-current": now ? "step" : null },
        element("span", { class: "stage-name" }, phrase(`stage.${stage}`)),
        element("span", { class: "hint" }, phrase(`stage.${stage}.hint`)),
        state === "done" && element("span", { class: "unseen" }, phrase("stage.done")),
      );
    }),
  );
}

/** @param {T.Job} job how far it is, in a bar and in a sentence */
export function distance(job) {
  if (!isOpen(job.state)) return null;
  const share = shareOf(job.state, job.progress);
  const { epoch, epochs, seconds_left: left } = job.progress ?? {};
  const isLearning = job.state === "training" && isNumber(epoch) && isNumber(epochs);
  const far = !isLearning
    ? phraseOr(`stage.${job.state}.hint`, "")
    : isNumber(left) && left >= 0.5
      ? phrase("distance.left", { epoch, epochs, time: duration(left) })
      : phrase("distance.epoch", { epoch, epochs });
  return element(
    "div",
    { class: "distance" },
    property(
      element("div", {
        class: "progress",
        role: "progressbar",
        "aria-label": phrase("retraining"),
        "aria-valuenow": Math.round(share * 100),
      }),
      "--share",
      share,
    ),
    element("p", {}, element("strong", {}, phraseOr(`stage.${job.state}`, job.state)), `: ${far}.`),
  );
}

/**
 * The curves of a training.
 *
 * @param {T.JobEvent[]} points in order, each an epoch that is over or a step within one @param {number} length epochs
 */
export function curves(points, length) {
  const last = points.findLast((point) => isNumber(point.validation_loss));
  const isCoarse = points.every(({ step, steps }) => step === steps); // then the first that is known is the first epoch
  const place = (/** @type {T.JobEvent} */ { epoch = 0, step, steps }) =>
    isCoarse ? (length > 1 ? (epoch - 1) / (length - 1) : 0.5) : (epoch - 1 + (step && steps ? step / steps : 1)) / length;
  const epochAt = (/** @type {number} */ at) => (isCoarse ? at * (length - 1) + 1 : at * length);
  const chart = (/** @type {"loss" | "accuracy"} */ name) => {
    const checked = /** @type {const} */ (`validation_${name}`);
    return [
      { name: phrase("curve.learning"), kind: "first", ...seriesOf(points.filter((each) => isNumber(each[name])), name) },
      { name: phrase("curve.checking"), kind: "second", ...seriesOf(points.filter((each) => isNumber(each[checked])), checked) },
    ];
  };
  /** @param {T.JobEvent[]} some @param {"loss" | "accuracy" | "validation_loss" | "validation_accuracy"} name */
  const seriesOf = (some, name) => ({ values: some.map((each) => each[name]), at: some.map(place) });
  const frame = {
    from: isCoarse && length > 1 ? phrase("epoch", { epoch: 1 }) : "",
    to: phrase("epoch", { epoch: length }),
    name: (/** @type {number} */ at) => phrase("epoch", { epoch: decimal(epochAt(at), Math.abs(epochAt(at) % 1) < 0.01 ? 0 : 1) }),
  };
  const now = (/** @type {string | undefined} */ text) => (text === undefined ? undefined : { text, kind: "second" });
  return element(
    "div",
    { class: "split even curves" },
    lines({
      ...frame,
      title: phrase("loss.title"),
      now: now(last && decimal(Number(last.validation_loss), 4)),
      series: chart("loss"),
      format: (value) => decimal(value, 3),
      least: 0,
    }),
    lines({
      ...frame,
      title: phrase("accuracy.title"),
      now: now(last && percent(last.validation_accuracy)),
      series: chart("accuracy"),
      format: (value) => percent(value, 1),
      most: 1,
    }),
  );
}

/** @param {T.JobEvent[]} events @returns {T.JobEvent[]} those that are points of the curves */
export const pointsOf = (events) => events.filter((event) => isNumber(event.epoch) && isNumber(event.loss));

/** @param {T.Epoch[]} history @returns {T.JobEvent[]} the same of a training that is over */
export const pastOf = (history) => history.map((each, index) => ({ ...each, epoch: index + 1 }));

/** @param {T.Job} job @param {T.JobEvent[]} events the furthest stage that was reached */
function reached(job, events) {
  const reached = [job.state, ...events.map(({ stage }) => stage ?? "")];
  const places = reached.map((stage) => STAGES.findIndex((each) => each === stage));
  return job.state === "published" ? STAGES.length - 1 : Math.max(...places);
}

/* How a job ended: in one sentence, then each check, then old against new. */

/** @param {T.Job} job @param {T.JobResult} result @param {T.Models | null} models @param {boolean} isNew seen to end */
export function verdict(job, result, models, isNew) {
  const { title, text, kind } = verdictOf(job, result);
  return element(
    "div",
    { class: `outcome-card ${kind} ${isNew ? "celebrated" : ""}` },
    element("h3", { class: "verdict-title" }, title),
    element("p", {}, text),
    result.gate && checks(result.gate),
    comparison(result, models),
    result.version != null &&
      element(
        "p",
        {},
        element("a", { href: addressOf([result.version, result.gate?.against ?? null].filter((each) => each !== null)) }, phrase("verdict.compare")),
      ),
  );
}

/** @param {T.Gate} gate what was missed stands first; that each label is read as well as by a version is one line */
export function checks(gate) {
  const all = gate.checks ?? [];
  const each = all.filter((check) => check.passed && labelOf(check) !== null);
  const versions = [...new Set(each.map(anchorOf))];
  const others = all
    .filter((check) => !each.includes(check))
    .sort((one, other) => Number(one.passed) - Number(other.passed));
  return element(
    "ul",
    { class: "checks", "aria-label": phrase("checks") },
    others.map((check) => {
      const { question, found, needed } = checkWords(check);
      return line(check.passed, question, phrase("check.line", { found, needed }));
    }),
    versions.map((version) =>
      line(
        true,
        phrase("check.each", { old: oldOf(version) }),
        each.filter((check) => anchorOf(check) === version).map(labelOf).join(", "),
      ),
    ),
  );
}

/** @param {boolean} passed @param {string} question @param {string} found */
function line(passed, question, found) {
  return element(
    "li",
    { class: passed ? "passed" : "missed" },
    element("span", { class: "mark", "aria-hidden": "true" }, passed ? "✓" : "✗"),
    element(
      "div",
      {},
      element("p", {}, question),
      element("p", { class: "hint" }, phrase(passed ? "check.passed" : "check.missed", { found })),
    ),
  );
}

/** @param {T.JobResult} result @param {T.Models | null} models */
function comparison(result, models) {
  const against = result.gate?.against;
  const old = models?.models.find(({ version }) => version === against)?.metrics?.test;
  if (!isNumber(result.accuracy) || !old) return null;
  // Both are mostly above 90 %: what is worth a look is what is left to 100.
  const floor = Math.max(
    0,
    Math.min(result.accuracy, old.accuracy) - Math.max(0.01, 2 * (1 - Math.max(result.accuracy, old.accuracy))),
  );
  const share = (/** @type {number} */ value) => (value - floor) / (1 - floor || 1);
  return element(
    "div",
    { class: "against" },
    element(
      "p",
      { class: "hint" },
      phrase("against", { floor: percent(floor, 1) }),
    ),
    element(
      "ol",
      { class: "bars wide" },
      bar(
        result.version ? phrase("against.version", { version: result.version }) : phrase("against.new"),
        share(result.accuracy),
        percent(result.accuracy),
        "best",
      ),
      bar(phrase("against.old", { version: against ?? "" }), share(old.accuracy), percent(old.accuracy)),
    ),
  );
}
