// @ts-check
/**
 * A job as it goes: stages, how far, and the curves, which grow by each pass over the pictures.
 *
 * @import * as T from "../types.js"
 * @import { Followed } from "../state.js"
 */

import { lines } from "../charts.js";
import { element, property } from "../element.js";
import { duration, isNumber, percent } from "../format.js";
import { STAGES, isOpen } from "./words.js";

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

/** @param {T.Job} job how far within the stage, in a bar and in words */
export function distance(job) {
  const { epoch, epochs, step, steps, seconds_left: left } = job.progress ?? {};
  if (job.state !== "training" || !isNumber(epoch) || !isNumber(epochs) || !epochs) return null;
  const share = (epoch - 1 + (isNumber(step) && isNumber(steps) && steps ? step / steps : 0)) / epochs;
  return element(
    "div",
    { class: "distance" },
    property(
      element("div", {
        class: "progress",
        role: "progressbar",
        "aria-label": "Learning",
        "aria-valuenow": Math.round(share * 100),
      }),
      "--share",
      share,
    ),
    element(
      "p",
      {},
      `Epoch ${epoch} of ${epochs}`,
      isNumber(left) && left >= 0.5 ? `, about ${duration(left)} left` : "",
    ),
  );
}

/** @param {T.Epoch[]} epochs @param {number} length how many there will be */
export function curves(epochs, length) {
  const column = (/** @type {keyof T.Epoch} */ name) => epochs.map((each) => each[name]);
  const last = epochs[epochs.length - 1];
  const [from, to] = length ? ["epoch 1", `epoch ${length}`] : ["", ""];
  return element(
    "div",
    { class: "split even curves" },
    lines({
      title: "Loss: smaller is better",
      now: isNumber(last?.validation_loss) ? last.validation_loss.toFixed(4) : undefined,
      series: [
        { name: "learning", kind: "first", values: column("loss") },
        { name: "checking", kind: "second", values: column("validation_loss") },
      ],
      format: (value) => value.toFixed(3),
      least: 0,
      length,
      from,
      to,
    }),
    lines({
      title: "Accuracy: larger is better",
      now: isNumber(last?.validation_accuracy) ? percent(last.validation_accuracy) : undefined,
      series: [
        { name: "learning", kind: "first", values: column("accuracy") },
        { name: "checking", kind: "second", values: column("validation_accuracy") },
      ],
      format: (value) => percent(value, 1),
      most: 1,
      length,
      from,
      to,
    }),
  );
}

/** @param {T.JobEvent[]} events @returns {T.Epoch[]} */
export const epochsOf = (events) => events.filter((event) => event.epoch_done);

/** @param {T.Job} job @param {T.JobEvent[]} events the furthest stage that was reached */
function reached(job, events) {
  const names = STAGES.map(([stage]) => stage);
  const places = [job.state, ...events.map(({ stage }) => stage ?? "")].map((stage) =>
    names.findIndex((each) => each === stage),
  );
  return job.state === "published" ? names.length - 1 : Math.max(...places);
}
