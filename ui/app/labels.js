// @ts-check
/** What the page says of labels, whatever they are: digits, letters of any script, or words. */

import { state } from "./state.js";

/** The labels that the model knows; none before the server has said. */
export const labelsNow = () => state.health.value?.labels ?? [];

/** @param {string} label whether it is one character */
export const isSign = (label) => [...label.normalize("NFC")].length === 1;

/** @param {string} label within a sentence */
export const called = (label) => (isSign(label) ? `a ${label}` : `“${label}”`);

/** @param {string[]} labels what one of them is, null where there is no word for it */
export function kindOf(labels) {
  const all = (/** @type {RegExp} */ form) => labels.length > 0 && labels.every((label) => form.test(label));
  if (all(/^\d$/)) return "a digit";
  if (all(/^\p{Lo}$/u)) return "a character"; // of a script without capitals
  return all(/^\p{L}$/u) ? "a letter" : null;
}
