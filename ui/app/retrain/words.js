// @ts-check
/**
 * Stages, states and checks of a retraining in words that need no knowledge of the field.
 *
 * @import * as T from "../types.js"
 * @import { Key } from "../texts.js"
 */

import { count, decimal, isNumber, percent, precise } from "../format.js";
import { phrase } from "../texts.js";

export const STAGES = /** @type {const} */ ([
  ...["queued", "starting", "preparing", "training", "calibrating", "exporting", "verifying", "gating", "publishing"],
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
  const old = against == null ? phrase("verdict.before") : phrase("version.small", { version: against });
  switch (result.state) {
    case "published":
      return {
        title: phrase(result.tried ? "verdict.tried" : "verdict.published", { version: result.version ?? "" }),
        text:
          against == null
            ? phrase("verdict.first")
            : phrase(result.tried ? "verdict.tried.text" : "verdict.passed", { old }),
        kind: "good",
      };
    case "refused":
      return {
        title: phrase("verdict.refused", { old }),
        text: `${phrase("verdict.refused.text")} ${adviceOn(result.gate)}`,
        kind: "plain",
      };
    case "cancelled":
      return {
        title: phrase("verdict.cancelled"),
        text: phrase("verdict.cancelled.text"),
        kind: "plain",
      };
    default:
      return {
        title: phrase("verdict.failed", { job: job.job }),
        text: `${sentence(result.reason ?? phrase("verdict.reason"))} ${phrase("verdict.log")}`,
        kind: "bad",
      };
  }
}

/** @param {T.Gate | null | undefined} gate what may help against what was missed, where anything can @returns {string} */
function adviceOn(gate) {
  const missed = (gate?.checks ?? []).filter(({ passed }) => !passed).map(({ name }) => name);
  const any = (/** @type {RegExp} */ form) => missed.some((name) => form.test(name));
  if (any(/^parity$/)) return phrase("advice.parity");
  if (any(/^same labels/))
    return phrase("advice.labels");
  if (any(/^(multiply-adds|nodes)$/)) return phrase("advice.size");
  if (any(/change|chance|^accuracy/)) {
    const labels = [...new Set((gate?.checks ?? []).filter(({ passed }) => !passed).map(labelOf))].filter((each) => each !== null);
    return labels.length ? phrase("advice.of", { labels: labels.join(", ") }) : phrase("advice.more");
  }
  if (any(/calibration/)) return phrase("advice.calibration");
  return "";
}

/** @param {number} value parts of accuracy, as points of a hundred */
const points = (value) => phrase("points", { value: `${value < 0 ? "−" : "+"}${decimal(Math.abs(value * 100), 2)}` });
/** @param {number} limit the least change that is allowed, which is none or a loss */
const loss = (limit) => (limit < 0 ? phrase("loss", { value: decimal(-limit * 100, 2) }) : phrase("loss.none"));
/** @param {number} value */
const operations = (value) => phrase("operations", { n: value });

/** @param {string} value */
const atMost = (value) => phrase("at-most", { value });
/** @param {string} value */
const atLeast = (value) => phrase("at-least", { value });

/**
 * What the gate asks, by the name of the check: the question, and how its value and its limit are written.
 *
 * @type {Record<string, [Key, (value: number) => string, (limit: number) => string]>}
 */
const QUESTIONS = {
  parity: [
    "check.parity",
    (value) => phrase("check.parity.found", { value: precise(value, 2) }),
    (limit) => atMost(precise(limit, 1)),
  ],
  "same labels and preprocessing": [
    "check.labels",
    (value) => phrase(value ? "yes" : "no"),
    () => phrase("yes"),
  ],
  accuracy: [
    "check.accuracy",
    (value) => percent(value),
    (limit) => atLeast(percent(limit)),
  ],
  "accuracy change": ["check.change", points, loss],
  "accuracy chance": [
    "check.chance",
    (value) => phrase("check.chance.found", { value: percent(value, 1) }),
    (limit) => atLeast(percent(limit, 1)),
  ],
  "calibration error": [
    "check.calibration",
    (value) => phrase("check.calibration.found", { value: percent(value) }),
    (limit) => atMost(percent(limit)),
  ],
  "multiply-adds": [
    "check.operations",
    (value) => phrase("check.operations.found", { value: operations(value) }),
    (limit) => atMost(operations(limit)),
  ],
  nodes: ["check.nodes", (value) => phrase("check.nodes.found", { n: value }), (limit) => atMost(count(limit))],
  "held-out uploads change": ["check.uploads", points, loss],
};

/** @param {T.Check} check the label that it is about, if it is about one */
export const labelOf = ({ name }) => /^class (.*) change(?: since version \d+)?$/s.exec(name)?.[1] ?? null;

/** @param {T.Check} check the version that it is held to, where that is not the one that serves */
export const anchorOf = ({ name, since }) => since ?? /^(?:class .*|accuracy) change since version (\d+)$/s.exec(name)?.[1] ?? null;

/** @param {T.Check} check @returns {{question: string, found: string, needed: string}} */
export function checkWords(check) {
  const { name, value, limit, images, detectable } = check;
  const on = (/** @type {string} */ found) => {
    const counted = images > 1 ? phrase("check.on", { found, n: images }) : found;
    return isNumber(detectable) ? phrase("check.shows", { found: counted, value: decimal(detectable * 100, 2) }) : counted;
  };
  const [label, anchor] = [labelOf(check), anchorOf(check)];
  if (label !== null || (anchor !== null && /^accuracy /.test(name))) {
    const old = oldOf(anchor);
    const question = label === null ? phrase("check.change.since", { old }) : phrase("check.label", { label, old });
    return { question, found: on(points(value)), needed: loss(limit) };
  }
  const [asked = "", source] = name.replace(/ since version \d+/, "").split(", source ");
  if (QUESTIONS[asked]) {
    const [question, found, needed] = QUESTIONS[asked];
    const of = [...(anchor === null ? [] : [oldOf(anchor)]), ...(source === undefined ? [] : [source])].join(", ");
    return { question: phrase(question) + (of && ` (${of})`), found: on(found(value)), needed: needed(limit) };
  }
  return { question: capital(name), found: on(precise(value, 4)), needed: phrase("check.limit", { value: precise(limit, 4) }) };
}

/** @param {string | null} version that a model is held to, null for the one that serves */
export const oldOf = (version) => (version === null ? phrase("check.old") : phrase("version.small", { version }));

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");

/** @param {string} text the first lines of what may be a library's whole complaint */
function sentence(text) {
  const short = text.length > REASON_LIMIT ? `${text.slice(0, REASON_LIMIT)} …` : text;
  const begun = short.charAt(0).toUpperCase() + short.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
