// @ts-check
/**
 * What lies on the desk, in which order: what is most doubtful first. What is before the cursor keeps its place, so that
 * nothing moves under a hand when an answer of the model comes in.
 *
 * @import { Suggestion, Kind, Picture, Words } from "../state.js"
 */

import { state } from "../state.js";

/** @param {Picture} picture @param {Words} [words] whether it is still there */
export const isThere = ({ id, suspect }, words = state.teach.words) => suspect !== null || words.has(id);

/** @param {Picture} picture @param {Words} [words] whether it is to be sent as it is */
export const isSaid = ({ id, suspect }, words = state.teach.words) =>
  suspect === null ? (words.get(id)?.label ?? null) !== null : words.has(id);

/** @param {Picture} picture whether it waits for a word */
export const isOpen = (picture) => isThere(picture) && !isSaid(picture);

/** @param {Picture} picture whether it is a new one without a label */
export const isToLabel = (picture) => picture.suspect === null && isOpen(picture);

/** @param {Picture} picture @returns {Suggestion} what the model takes it for */
export function suggestionOf({ id, suspect }) {
  if (suspect === null) return state.teach.suggestions.get(id) ?? null;
  return suspect.predicted === undefined ? null : { label: suspect.predicted, share: null };
}

/** @param {Picture} picture @param {Kind} kind */
export function isKind(picture, kind) {
  if (kind === "doubted") return picture.suspect !== null;
  return kind === "all" ? isThere(picture) : kind === "open" ? isToLabel(picture) : isThere(picture) && isSaid(picture);
}

/** @returns {Picture[]} what the filters let through */
export function shownPictures() {
  const { pictures, filter, words } = state.teach;
  return pictures.filter(
    (each) => isKind(each, filter.kind) && (filter.label === null || words.get(each.id)?.label === filter.label),
  );
}

/** @param {Picture[]} [shown] @returns {Picture | null} what is under the cursor */
export const current = (shown = shownPictures()) => shown.find(({ id }) => id === state.teach.cursor) ?? null;

/** @param {string | null} after @returns {Picture | null} the next one without a word, from there on and then from the start */
export function nextOpen(after) {
  const { pictures } = state.teach;
  const here = pictures.findIndex(({ id }) => id === after);
  return [...pictures.slice(here + 1), ...pictures.slice(0, Math.max(here, 0))].find(isOpen) ?? null;
}

/** @param {Picture[]} pictures @param {string | null} cursor @param {typeof state.teach.suggestions} suggestions */
export function arranged(pictures, cursor, suggestions) {
  const here = pictures.findIndex(({ id }) => id === cursor) + 1;
  /** @param {Picture} picture */
  const doubt = ({ id, suspect }) => {
    if (suspect !== null) return 1 - (suspect.probability ?? 0);
    const suggestion = suggestions.get(id);
    return suggestion === undefined ? -1 : 1 - (suggestion?.share ?? 0); // what it can't read is in doubt as well
  };
  const rest = pictures.slice(here).sort((one, other) => doubt(other) - doubt(one));
  return [...pictures.slice(0, here), ...rest];
}
