// @ts-check
/**
 * Choosing examples and labelling them; every step can be undone and done again.
 *
 * @import { Example } from "../state.js"
 */

import { counted } from "../format.js";
import { labelsNow } from "../labels.js";
import { say, tell } from "../notice.js";
import { state, update } from "../state.js";
import { guess } from "./labels.js";

const EXAMPLES_LIMIT = 5000; // pictures; the browser keeps each

let examples = 0;

/** @param {{file: File, path: string}[]} found */
export function addExamples(found) {
  if (!found.length) return;
  const room = EXAMPLES_LIMIT - state.teach.examples.length;
  if (found.length > room)
    tell(`At most ${EXAMPLES_LIMIT} pictures at once; send these and take the rest after.`, "bad");
  const added = found.slice(0, room).map(({ file, path }) => {
    const guessed = guess(path, labelsNow());
    return exampleOf(file, path, guessed?.label ?? null, guessed?.origin ?? null);
  });
  const all = [...state.teach.examples, ...added];
  edit(all, (all.find(({ label }) => label === null) ?? all[0])?.id ?? null);
  update("teach", { outcome: null, error: null });
  say(`${counted(added.length, "picture")} added`);
}

/**
 * @param {Blob} file @param {string} name @param {string | null} label @param {Example["origin"]} origin
 * @param {string} [id] @returns {Example}
 */
export function exampleOf(file, name, label, origin, id = `example-${Date.now()}-${++examples}`) {
  return { id, file, name, picture: URL.createObjectURL(file), label, origin };
}

/**
 * Label the picture under the cursor and go on to the next one without a label.
 *
 * @param {string} label
 */
export function labelCursor(label) {
  const { cursor } = state.teach;
  const before = state.teach.examples;
  const here = before.findIndex(({ id }) => id === cursor);
  if (here < 0) return;
  const all = before.map((each) =>
    each.id === cursor ? { ...each, label, origin: /** @type {const} */ ("hand") } : each,
  );
  const next = [...all.slice(here + 1), ...all.slice(0, here)].find((each) => each.label === null);
  edit(all, (next ?? all[here + 1] ?? all[here]).id);
  say(`${label}. ${next ? "" : "All have labels."}`);
}

/** @param {string} id */
export const moveTo = (id) => update("teach", { cursor: id });

/** @param {string | null} id leave a picture out */
export function leaveOut(id) {
  const here = state.teach.examples.findIndex((each) => each.id === id);
  if (here < 0) return;
  const all = state.teach.examples.filter((each) => each.id !== id);
  edit(all, (all[here] ?? all[here - 1])?.id ?? null);
}

export function leaveAllOut() {
  const { length } = state.teach.examples;
  edit([], null);
  update("teach", { error: null });
  tell(`${counted(length, "picture")} left out.`, "plain", ["Undo", undo]);
}

export function undo() {
  const { past, future } = state.teach;
  if (past.length) turn(past[past.length - 1], past.slice(0, -1), [here(), ...future]);
}

export function redo() {
  const { past, future } = state.teach;
  if (future.length) turn(future[0], [...past, here()], future.slice(1));
}

/** @param {Example[]} gone pictures that are stored, so that nothing brings them back */
export function forget(gone) {
  const ids = new Set(gone.map(({ id }) => id));
  for (const { picture } of gone) URL.revokeObjectURL(picture);
  const left = state.teach.examples.filter(({ id }) => !ids.has(id));
  update("teach", { examples: left, cursor: left[0]?.id ?? null, past: [], future: [] });
}

/** @param {Example[]} all @param {string | null} cursor */
function edit(all, cursor) {
  update("teach", { past: [...state.teach.past, here()], future: [], examples: all, cursor });
}

const here = () => ({ examples: state.teach.examples, cursor: state.teach.cursor });

/** @param {import("../state.js").Labelling} to @param {typeof state.teach.past} past @param {typeof state.teach.past} future */
const turn = (to, past, future) => update("teach", { ...to, past, future });
