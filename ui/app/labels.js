// @ts-check
/** What the page says of labels, whatever they are: digits, letters of any script, or words. */

import { state } from "./state.js";
import { phrase } from "./texts.js";

/** The labels that the model knows; none before the server has said. */
export const labelsNow = () => state.health.value?.labels ?? [];

/** The classes that pictures are taught by: as they were decided, which the model may not know yet. */
export const classesNow = () => state.classes.names ?? labelsNow();

/** @param {string} label whether it is one character */
export const isSign = (label) => [...label.normalize("NFC")].length === 1;

/** @param {string} label within a sentence */
export const called = (label) => phrase(isSign(label) ? "called.sign" : "called.word", { label });

/** @param {string[]} labels @returns {"digit" | "character" | "letter" | null} what one of them is; null where there is no word for it */
export function kindOf(labels) {
  const all = (/** @type {RegExp} */ form) => labels.length > 0 && labels.every((label) => form.test(label));
  if (all(/^\d$/)) return "digit";
  if (all(/^\p{Lo}$/u)) return "character"; // of a script without capitals
  return all(/^\p{L}$/u) ? "letter" : null;
}
