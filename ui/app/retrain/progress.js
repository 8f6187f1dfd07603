// @ts-check
/**
 * A job as it goes: one bar and one sentence, its stages, and the curves, which grow from the first steps on.
 *
 * @import * as T from "../types.js"
 * @import { Followed } from "../state.js"
 */

import { lines } from "../charts.js";
import { element, property } from "../element.js";
import { count, decimal, duration, isNumber, percent } from "../format.js";
import { STAGES, isOpen, shareOf } from "./words.js";

/** @param {Followed} followed */
export function progressOf({ job, events }) {
  const done = reached(job, events);
  return element(
    "ol",
    { class: "stages", "aria-label": "Stages" },
    STAGES.map(([stage, name, hint], index) => {
      const now = isOpen(job.state) && job.state === stage;
      const state = now ? "now" : index <= done && (!isOpen(job.state) || index < done) ? "done" : "";
      return element(
        "li",
        { class: state, "aria-current": now ? "step" : null },
        element("span", { class: "stage-name" }, name),
        element("span", { class: "hint" }, hint),
        state === "done" && element("span", { class: "unseen" }, " – done"),
      );
    }),
  );
}

/** @param {T.Job} job how far it is, in a bar and in a sentence */
export function distance(job) {
  if (!isOpen(job.state)) return null;
  const share = shareOf(job.state, job.progress);
  const [, name, hint] = STAGES.find(([stage]) => stage === job.state) ?? ["", job.state, ""];
  const { epoch, epochs, seconds_left: left } = job.progress ?? {};
  const isLearning = job.state === "training" && isNumber(epoch) && isNumber(epochs);
  const far = isLearning
    ? `: epoch ${count(epoch)} of ${count(epochs)}${isNumber(left) && left >= 0.5 ? `, about ${duration(left)} left` : ""}.`
    : `: ${hint}.`;
  return element(
    "div",
    { class: "distance" },
    property(
      element("div", {
        class: "progress",
        role: "progressbar",
        "aria-label": "The retraining",
        "aria-valuenow": Math.round(share * 100),
      }),
      "--share",
      share,
    ),
    element("p", {}, element("strong", {}, name), far),
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
      { name: "learning", kind: "first", ...seriesOf(points.filter((each) => isNumber(each[name])), name) },
      { name: "checking", kind: "second", ...seriesOf(points.filter((each) => isNumber(each[checked])), checked) },
    ];
  };
  /** @param {T.JobEvent[]} some @param {"loss" | "accuracy" | "validation_loss" | "validation_accuracy"} name */
  const seriesOf = (some, name) => ({ values: some.map((each) => each[name]), at: some.map(place) });
  const frame = {
    from: isCoarse && length > 1 ? "epoch 1" : "",
    to: `epoch ${length}`,
    name: (/** @type {number} */ at) => `epoch ${decimal(epochAt(at), Math.abs(epochAt(at) % 1) < 0.01 ? 0 : 1)}`,
  };
  const now = (/** @type {string | undefined} */ text) => (text === undefined ? undefined : { text, kind: "second" });
  return element(
    "div",
    { class: "split even curves" },
    lines({
      ...frame,
      title: "Loss: smaller is better",
      now: now(last && decimal(Number(last.validation_loss), 4)),
      series: chart("loss"),
      format: (value) => decimal(value, 3),
      least: 0,
    }),
    lines({
      ...frame,
      title: "Accuracy: larger is better",
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
  const names = STAGES.map(([stage]) => stage);
  const places = [job.state, ...events.map(({ stage }) => stage ?? "")].map((stage) =>
    names.findIndex((each) => each === stage),
  );
  return job.state === "published" ? names.length - 1 : Math.max(...places);
}
