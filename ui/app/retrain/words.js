// @ts-check
/**
 * Stages, states and checks of a retraining in words that need no knowledge of the field.
 *
 * @import * as T from "../types.js"
 */

import { count, decimal, percent } from "../format.js";

export const STAGES = /** @type {const} */ ([
  ["queued", "Waiting", "for a trainer to take it up"],
  ["starting", "Starting", "the trainer loads its libraries"],
  ["preparing", "Preparing", "pictures are brought into the model's form"],
  ["training", "Learning", "the pictures are gone through, again and again"],
  ["calibrating", "Calibrating", "how sure it says it is, is held against how often it is right"],
  ["exporting", "Exporting", "the model is written in the form that serves"],
  ["verifying", "Verifying", "the written model must answer like the trained one"],
  ["gating", "Comparing", "with the model that serves now, on pictures neither has learnt from"],
  ["publishing", "Taking over", "the better model becomes the current one"],
]);

/** Where in the one bar each stage begins: learning takes longest. */
const BEGINS = /** @type {Record<string, number>} */ ({
  ...{ queued: 0, starting: 0.01, preparing: 0.03, training: 0.08, calibrating: 0.9, exporting: 0.92 },
  ...{ verifying: 0.94, gating: 0.96, publishing: 0.99 },
});

/** @param {string} stage @param {T.JobEvent | undefined} event @returns {number} how far the whole is, from 0 to 1 */
export function shareOf(stage, { epoch, epochs, step, steps } = {}) {
  const begins = BEGINS[stage] ?? 0;
  if (stage !== "training" || !epoch || !epochs) return begins;
  const within = (epoch - 1 + (step && steps ? step / steps : 0)) / epochs;
  return begins + within * (BEGINS.calibrating - begins);
}

const REASON_LIMIT = 240; // characters

const FINAL = ["published", "refused", "failed", "cancelled"];

/** @param {string} state @returns {boolean} */
export const isOpen = (state) => !FINAL.includes(state);

/**
 * @param {T.Job} job @param {T.JobResult} result
 * @returns {{title: string, text: string, kind: "good" | "bad" | "plain"}}
 */
export function verdictOf(job, result) {
  const against = result.gate?.against;
  const old = against == null ? "what served before" : `version ${against}`;
  switch (result.state) {
    case "published":
      return {
        title: `Version ${result.version} has taken over.`,
        text:
          against == null
            ? "It is the first of its kind."
            : `It passed every check against ${old}. You can go back to that at any time, under Models.`,
        kind: "good",
      };
    case "refused":
      return {
        title: `Not good enough: ${old} stays.`,
        text: `The new model failed a check, so it was not let in. Nothing has changed for anyone. ${adviceOn(result.gate)}`,
        kind: "plain",
      };
    case "cancelled":
      return {
        title: "Cancelled. Nothing has changed.",
        text: "The model that served goes on serving.",
        kind: "plain",
      };
    default:
      return {
        title: `Retraining ${job.job} failed. Nothing has changed.`,
        text: `${sentence(result.reason ?? "No reason was given")} The log below says more; mend it and try again.`,
        kind: "bad",
      };
  }
}

/** @param {T.Gate | null | undefined} gate what may help against what was missed, where anything can @returns {string} */
function adviceOn(gate) {
  const missed = (gate?.checks ?? []).filter(({ passed }) => !passed).map(({ name }) => name);
  const any = (/** @type {RegExp} */ form) => missed.some((name) => form.test(name));
  if (any(/^parity$/)) return "That is a fault in the export, and no retraining mends it: whoever runs this server should know.";
  if (any(/^same labels/))
    return "No training mends that: go back to the labels and the preprocessing of the version that serves, or promote a version by hand that has the new ones.";
  if (any(/^(multiply-adds|nodes)$/)) return "Its network is larger than the limits allow: choose a smaller one, or have the limits changed.";
  if (any(/change|chance|^accuracy/)) {
    const labels = [...new Set((gate?.checks ?? []).filter(({ passed }) => !passed).map(labelOf))].filter((each) => each !== null);
    const which = labels.length ? ` of ${labels.join(", ")}` : "";
    return `More pictures${which}, more epochs, or to go on from the version that serves instead of from scratch, may help.`;
  }
  if (any(/calibration/)) return "It is too sure of itself, or not sure enough: more pictures to learn from may help.";
  return "";
}

/** @param {number} value parts of accuracy, as points of a hundred */
const points = (value) => `${value < 0 ? "−" : "+"}${decimal(Math.abs(value * 100), 2)} points`;
/** @param {number} limit the least change that is allowed, which is none or a loss */
const loss = (limit) => (limit < 0 ? `a loss of at most ${decimal(-limit * 100, 2)} points` : "no loss");
/** @param {number} value */
const operations = (value) => `${count(value)} operations`;

/**
 * What the gate asks, by the name of the check: the question, and how its value and its limit are written.
 *
 * @type {Record<string, [string, (value: number) => string, (limit: number) => string]>}
 */
const QUESTIONS = {
  parity: [
    "Does the exported model answer like the trained one?",
    (value) => `largest difference ${value.toPrecision(2)}`,
    (limit) => `at most ${limit.toPrecision(1)}`,
  ],
  "same labels and preprocessing": [
    "Do both models know the same labels and read pictures the same way?",
    (value) => (value ? "yes" : "no"),
    () => "yes",
  ],
  accuracy: [
    "How many pictures that it never learnt from does it read rightly?",
    (value) => percent(value),
    (limit) => `at least ${percent(limit)}`,
  ],
  "accuracy change": ["Does it read as many pictures rightly as the old one?", points, loss],
  "accuracy chance": [
    "If it reads fewer: could that be mere chance?",
    (value) => `with a probability of ${percent(value, 1)}`,
    (limit) => `at least ${percent(limit, 1)}`,
  ],
  "calibration error": [
    "Is it right as often as it says it is sure?",
    (value) => `off by ${percent(value)}`,
    (limit) => `at most ${percent(limit)}`,
  ],
  "multiply-adds": [
    "Is it about as quick?",
    (value) => `${operations(value)} for an answer`,
    (limit) => `at most ${operations(limit)}`,
  ],
  nodes: ["Is its network about as simple?", (value) => `${count(value)} steps`, (limit) => `at most ${count(limit)}`],
  "held-out uploads change": ["Does it read your own held-out pictures as well as the old one?", points, loss],
};

/** @param {T.Check} check the label that it is about, if it is about one */
export const labelOf = ({ name }) => /^class (.*) change(?: since version \d+)?$/s.exec(name)?.[1] ?? null;

/** @param {T.Check} check the version that it is held to, where that is not the one that serves */
export const anchorOf = ({ name }) => /^(?:class .*|accuracy) change since version (\d+)$/s.exec(name)?.[1] ?? null;

/** @param {T.Check} check @returns {{question: string, found: string, needed: string}} */
export function checkWords(check) {
  const { name, value, limit, images } = check;
  const on = images > 1 ? ` on ${count(images)} pictures` : "";
  const label = labelOf(check);
  const old = anchorOf(check) === null ? "the old one" : `version ${anchorOf(check)}`;
  const known =
    label === null && anchorOf(check) === null
      ? QUESTIONS[name]
      : [`Does it read ${label ?? "as many pictures rightly"} as ${label === null ? "" : "well as "}${old}?`, points, loss];
  if (known) {
    const [question, found, needed] = /** @type {(typeof QUESTIONS)[string]} */ (known);
    return { question, found: `${found(value)}${on}`, needed: needed(limit) };
  }
  const written = (/** @type {number} */ each) => String(Number(each.toPrecision(4)));
  return { question: capital(name), found: `${written(value)}${on}`, needed: `the limit is ${written(limit)}` };
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");

/** @param {string} text the first lines of what may be a library's whole complaint */
function sentence(text) {
  const short = text.length > REASON_LIMIT ? `${text.slice(0, REASON_LIMIT)} …` : text;
  const begun = short.charAt(0).toUpperCase() + short.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
