// @ts-check
/**
 * How a job ended: in one sentence, then each check, then old against new.
 *
 * @import * as T from "../types.js"
 */

import { bar } from "../bar.js";
import { element } from "../element.js";
import { isNumber, percent } from "../format.js";
import { addressOf } from "../models/address.js";
import { anchorOf, checkWords, labelOf, verdictOf } from "./words.js";

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
        element("a", { href: addressOf([result.version, result.gate?.against ?? null].filter((each) => each !== null)) }, "What it reads now, and what it missed before"),
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
    { class: "checks", "aria-label": "Checks" },
    others.map((check) => {
      const { question, found, needed } = checkWords(check);
      return line(check.passed, question, `${found}; needed: ${needed}`);
    }),
    versions.map((version) =>
      line(
        true,
        `Does it read each label as well as ${version === null ? "the old one" : `version ${version}`}?`,
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
      element("p", { class: "hint" }, `${passed ? "Passed" : "Missed"}: ${found}`),
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
      "Accuracy on the test pictures, as found when each was made; it is only reported and decides nothing. ",
      `Bars begin at ${percent(floor, 1)}.`,
    ),
    element(
      "ol",
      { class: "bars wide" },
      bar(
        result.version ? `new: version ${result.version}` : "new",
        share(result.accuracy),
        percent(result.accuracy),
        "best",
      ),
      bar(`old: version ${against}`, share(old.accuracy), percent(old.accuracy)),
    ),
  );
}
