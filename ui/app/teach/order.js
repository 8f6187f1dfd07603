// @ts-check
/**
 * What lies on the desk, in which order: what is most doubtful first, then samples as the server orders them. What is
 * before the cursor keeps its place, so that nothing moves under a hand when an answer of the model comes in.
 *
 * @import { Suggestion, Kind, Picture, Words } from "../state.js"
 */

import { classesNow } from "../labels.js";
import { state, update } from "../state.js";

/** @param {Picture} picture whether the server does not have it */
export const isNew = ({ file }) => file !== null;

/** @param {Picture} picture @param {Words} [words] whether it is still there */
export const isThere = (picture, words = state.teach.words) => !isNew(picture) || words.has(picture.id);

/** @param {Picture} picture @param {Words} [words] whether it is to be sent as it is */
export const isSaid = (picture, words = state.teach.words) =>
  isNew(picture) ? (words.get(picture.id)?.label ?? null) !== null : words.has(picture.id);

/** @param {Picture} picture whether it waits for a word */
export const isOpen = (picture) => isThere(picture) && !isSaid(picture);

/** @param {Picture} picture whether it is a new one without a label */
export const isToLabel = (picture) => isNew(picture) && isOpen(picture);

/** @param {Picture} picture @returns {Suggestion} what the model takes it for */
export function suggestionOf({ id, suspect, sample }) {
  let found = state.teach.suggestions.get(id) ?? null;
  if (sample) found = { label: sample.label, share: sample.confidence };
  if (suspect) found = suspect.predicted === undefined ? null : { label: suspect.predicted, share: null };
  return found && classesNow().includes(found.label) ? found : null; // the model may know one that is gone
}

/** @param {import("../types.js").Suspect} suspect @returns {string} the label that is doubted */
export const doubted = ({ label, in_force: inForce, doubted_by: by }) => (by === "training" && inForce) || label;

/** @param {Picture} picture @param {Kind} kind */
export function isKind(picture, kind) {
  if (kind === "doubted") return picture.suspect !== null;
  if (kind === "samples") return picture.sample !== null;
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
  const doubt = ({ id, suspect, sample }) => {
    if (sample) return -2 - sample.place; // after all others, in the server's order
    if (suspect !== null) return 1 - (suspect.probability ?? 0);
    const suggestion = suggestions.get(id);
    return suggestion === undefined ? -1 : 1 - (suggestion?.share ?? 0); // what it can't read is in doubt as well
  };
  const rest = pictures.slice(here).sort((one, other) => doubt(other) - doubt(one));
  return [...pictures.slice(0, here), ...rest];
}

/*
 * Where one is on the desk, and what is marked: a range with Shift, one by one with Ctrl or, by thumb, with Several.
 */

/** @returns {Picture[]} what a label is for: all that is marked, or the one under the cursor */
export function targets() {
  const shown = shownPictures();
  const marked = shown.filter(({ id }) => state.teach.marked.has(id));
  const here = current(shown);
  return marked.length ? marked : here ? [here] : [];
}

/** @param {string} id @param {{range?: boolean, toggle?: boolean}} [how] */
export function moveTo(id, { range = false, toggle = false } = {}) {
  const { cursor, marked } = state.teach;
  if (range) return markRange(state.teach.anchor ?? cursor ?? id, id);
  if (!toggle) return update("teach", { cursor: id, marked: new Set(), anchor: null });
  const next = new Set(marked.size || cursor === null ? marked : [cursor]);
  if (!next.delete(id) || id === cursor) next.add(id);
  update("teach", { cursor: id, marked: next, anchor: id });
}

/** @param {number} by how many pictures on; Infinity: to the end @param {boolean} range */
export function step(by, range = false) {
  const shown = shownPictures();
  const here = shown.findIndex(({ id }) => id === state.teach.cursor);
  const to = shown[Math.min(shown.length - 1, Math.max(0, here + by))];
  if (to) moveTo(to.id, { range });
}

export const markAll = () => update("teach", { marked: new Set(shownPictures().map(({ id }) => id)) });
export const unmark = () => update("teach", { marked: new Set(), anchor: null, several: false });
export const markSeveral = () => (state.teach.several || state.teach.marked.size ? unmark() : update("teach", { several: true }));

/** @param {{kind?: Kind, label?: string | null}} change */
export function filter(change) {
  update("teach", { filter: { ...state.teach.filter, ...change }, marked: new Set(), anchor: null });
  const shown = shownPictures();
  if (current(shown) === null && shown.length) update("teach", { cursor: shown[0].id });
}

/** @param {string} from @param {string} to */
function markRange(from, to) {
  const ids = shownPictures().map(({ id }) => id);
  const [first, last] = [ids.indexOf(from), ids.indexOf(to)].sort((one, other) => one - other);
  update("teach", { cursor: to, anchor: from, marked: new Set(ids.slice(Math.max(first, 0), last + 1)) });
}
