// @ts-check
/** Which versions are looked at: those that the address names, as in #models/3 or #models/3..1, else the one that serves. */

import { state } from "../state.js";

const MOST = 4; // side by side

/** @returns {string[]} those that the address names */
export function addressed() {
  if (state.route.view !== "models") return [];
  const named = state.route.place.split("..").filter((each) => /^\d{1,9}$/.test(each));
  return [...new Set(named)].slice(0, MOST);
}

/** @returns {string[]} */
export function looked() {
  const named = addressed();
  const first = state.models.value?.current ?? state.models.value?.models[0]?.version;
  return named.length || first === undefined ? named : [first];
}

/** @param {string[]} versions */
export const addressOf = (versions) => `#models/${versions.join("..")}`;

/** @param {string} version @returns {string} where it is looked at beside the others, or is not any more */
export function besideAddress(version) {
  const now = looked();
  return addressOf(now.includes(version) ? now.filter((each) => each !== version) : [...now, version].slice(-MOST));
}
