// @ts-check
/** What the page says of labels, whatever they are: digits, letters of any script, or words; and the key of each. */

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

/**
 * A key for each label, as far as there are any: itself, else one of its letters, its first if that is free.
 *
 * @param {string[]} labels @returns {Map<string, string>}
 */
export function keysOf(labels) {
  /** @type {Map<string, string>} */
  const keys = new Map();
  const taken = new Set();
  /** @param {(label: string) => Iterable<string>} candidates */
  const give = (candidates) => {
    for (const label of labels) {
      if (keys.has(label)) continue;
      for (const key of candidates(label)) {
        if (taken.has(key)) continue;
        keys.set(label, key);
        taken.add(key);
        break;
      }
    }
  };
  give((label) => (isSign(label) ? [label] : []));
  give((label) => lettersOf(label).slice(0, 1));
  give((label) => label.split(/[^\p{L}\p{N}]+/u).flatMap((word) => lettersOf(word).slice(0, 1)));
  give(lettersOf);
  give(() => "1234567890abcdefghijklmnopqrstuvwxyz");
  return keys;
}

/** @param {string} pressed @returns {string | null} */
export function labelOfKey(pressed) {
  const keys = [...keysOf(labelsNow())];
  const found = [pressed, pressed.toLowerCase()].map((key) => keys.find((each) => each[1] === key));
  return (found[0] ?? found[1])?.[0] ?? null;
}

/** @param {string} label */
const lettersOf = (label) => label.toLowerCase().match(/[\p{L}\p{N}]/gu) ?? [];
