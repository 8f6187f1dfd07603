// @ts-check
/**
 * Stages, states and checks of a retraining in words that need no knowledge of the field.
 *
 * @import * as T from "../types.js"
 */

import { count, percent } from "../format.js";

export const STAGES = /** @type {const} */ ([
  ["queued", "Waiting", "for a trainer to take it up"],
  ["starting", "Starting", "the trainer loads its libraries"],
  ["preparing", "Preparing", "pictures are brought into the model's form"],
  ["training", "Learning", "the pictures are gone through, again and again"],
  ["exporting", "Exporting", "the model is written in the form that serves"],
  ["verifying", "Verifying", "the written model must answer like the trained one"],
  ["gating", "Comparing", "with the model that serves now, on pictures neither has learnt from"],
  ["publishing", "Taking over", "the better model becomes the current one"],
]);

const REASON_LIMIT = 240; // characters

export const FINAL = ["published", "refused", "failed", "cancelled"];

/** @param {string} state @returns {boolean} */
export const isOpen = (state) => !FINAL.includes(state);

/** @param {T.Job} job @param {T.JobResult} result @returns {{title: string, text: string, kind: "good" | "bad" | "plain"}} */
export function verdictOf(job, result) {
  const against = result.gate?.against;
  const old = against == null ? "what served before" : `version ${against}`;
  switch (result.state) {
    case "published":
      return {
        title: `Version ${result.version} has taken over.`,
        text: against == null ? "It is the first of its kind." : `It passed every check against ${old}. You can go back to that at any time, under Models.`,
        kind: "good",
      };
    case "refused":
      return {
        title: `Not good enough: ${old} stays.`,
        text: "The new model failed at least one check, so it was not let in. Nothing has changed for anyone. More examples of what it gets wrong, or more epochs, may help.",
        kind: "plain",
      };
    case "cancelled":
      return { title: "Cancelled. Nothing has changed.", text: "The model that served goes on serving.", kind: "plain" };
    default:
      return {
        title: `Retraining ${job.job} failed. Nothing has changed.`,
        text: `${sentence(result.reason ?? "No reason was given")} The log below says more; mend it and try again.`,
        kind: "bad",
      };
  }
}

/** @param {T.Check} check @returns {{question: string, found: string, needed: string}} */
export function checkWords({ name, value, limit, images, passed }) {
  const on = images ? ` on ${count(images)} pictures` : "";
  if (name === "parity") {
    return {
      question: "Does the exported model answer like the trained one?",
      found: `largest difference ${value.toPrecision(2)}${on}`,
      needed: `at most ${limit.toPrecision(1)}`,
    };
  }
  if (name.startsWith("same ")) {
    const what = name === "same labels and preprocessing" ? "know the same labels and read pictures the same way" : `have the ${name}`;
    return { question: `Do both models ${what}?`, found: value ? "yes" : "no", needed: "yes" };
  }
  const share = value >= 0 && value <= 1 && limit >= 0 && limit <= 1 && !Number.isInteger(limit);
  const written = (/** @type {number} */ each) => (share ? percent(each) : String(Number(each.toPrecision(4))));
  // The limit's direction isn't said; that the check passed, or did not, tells it.
  const least = value === limit ? share : value > limit === passed;
  return {
    question: name === "accuracy" ? "How many pictures that it never learnt from does it read rightly?" : capital(name),
    found: `${written(value)}${on}`,
    needed: `${least ? "at least" : "at most"} ${written(limit)}`,
  };
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");

/** @param {string} text the first lines of what may be a library's whole complaint */
function sentence(text) {
  const short = text.length > REASON_LIMIT ? `${text.slice(0, REASON_LIMIT)} …` : text;
  const begun = short.charAt(0).toUpperCase() + short.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
