// @ts-check
/**
 * What is said of the pictures on the desk; every step is undone and done again.
 *
 * @import { Labelling, Picture, Word, Words } from "../state.js"
 */

import { counted } from "../format.js";
import { say, tell } from "../notice.js";
import { state, update } from "../state.js";
import { targets } from "./marks.js";
import { suggestionOf, isOpen, isThere, nextOpen, shownPictures } from "./order.js";

/** @param {string} label of what is marked, or under the cursor; it goes on to the next one without any */
export function label(label) {
  tellEach(targets(), () => ({ label, origin: "hand" }), label);
}

/** Take what the model suggests, of each its own; of what has its word nothing is left to take. */
export function accept() {
  const open = targets().filter((each) => isOpen(each) && suggestionOf(each));
  if (!open.length) return goOn(state.teach.cursor);
  const labels = new Set(open.map((each) => suggestionOf(each)?.label));
  const said = labels.size === 1 ? `${[...labels][0]}` : counted(open.length, "suggestion");
  tellEach(open, (each) => ({ label: suggestionOf(each)?.label ?? null, origin: "model" }), said);
}

/** A new picture is left out; a doubted one loses its doubted label. */
export function leaveOut() {
  const gone = targets();
  if (!gone.length) return;
  const after = shownPictures();
  const here = after.indexOf(gone[gone.length - 1]);
  const words = new Map(state.teach.words);
  for (const { id, suspect } of gone) {
    if (suspect === null) words.delete(id);
    else words.set(id, { label: null, origin: "hand" });
  }
  const left = after.filter((each) => isThere(each, words) && !gone.includes(each));
  const next = left.find((each) => after.indexOf(each) > here) ?? left[left.length - 1];
  edit(words, (next ?? gone[0]).id);
  say(gone.length === 1 ? "Left out" : `${counted(gone.length, "picture")} left out`);
}

export function leaveAllOut() {
  const words = new Map(state.teach.words);
  const gone = state.teach.pictures.filter(({ id, suspect }) => suspect === null && words.delete(id));
  edit(words, state.teach.pictures.find(({ suspect }) => suspect !== null)?.id ?? null);
  tell(`${counted(gone.length, "picture")} left out.`, "plain", ["Undo", undo]);
}

export function undo() {
  const { past, future } = state.teach;
  if (past.length) turn(past[past.length - 1], past.slice(0, -1), [here(), ...future]);
}

export function redo() {
  const { past, future } = state.teach;
  if (future.length) turn(future[0], [...past, here()], future.slice(1));
}

/** @param {Words} words @param {string | null} cursor */
export function edit(words, cursor) {
  const past = [...state.teach.past, here()];
  update("teach", { past, future: [], words, cursor, marked: new Set(), anchor: null });
}

/** @param {Picture[]} pictures @param {(picture: Picture) => Word} word @param {string} said */
function tellEach(pictures, word, said) {
  if (!pictures.length) return;
  const words = new Map(state.teach.words);
  for (const each of pictures) words.set(each.id, word(each));
  const last = pictures[pictures.length - 1].id;
  edit(words, last);
  goOn(last);
  const several = pictures.length > 1 ? ` ${counted(pictures.length, "picture")}.` : "";
  say(`${said}.${several} ${state.teach.pictures.some(isOpen) ? "" : "All have labels."}`);
}

/** @param {string | null} from */
function goOn(from) {
  const shown = shownPictures();
  const next = nextOpen(from) ?? shown[shown.findIndex(({ id }) => id === from) + 1];
  if (next) update("teach", { cursor: next.id });
}

const here = () => ({ words: state.teach.words, cursor: state.teach.cursor });

/** @param {Labelling} to @param {Labelling[]} past @param {Labelling[]} future */
const turn = (to, past, future) => update("teach", { ...to, past, future, marked: new Set(), anchor: null });
