// @ts-check
/**
 * Where one is on the desk, and what is marked: a range with Shift, one by one with Ctrl or, by thumb, with Several.
 *
 * @import { Kind, Picture } from "../state.js"
 */

import { state, update } from "../state.js";
import { current, shownPictures } from "./order.js";

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
