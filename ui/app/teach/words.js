// @ts-check
/**
 * What is said of the pictures on the desk; every step is undone and done again.
 *
 * @import { Labelling, Picture, Word, Words } from "../state.js"
 */

import * as api from "../api.js";
import { whenBack } from "../connection.js";
import { latest } from "../latest.js";
import { say, tell } from "../notice.js";
import { firstGroup } from "../shrink.js";
import { state, update, watch } from "../state.js";
import { phrase } from "../texts.js";
import { Failure } from "../transport.js";
import { arranged, isNew, isOpen, isThere, isToLabel, nextOpen, shownPictures, suggestionOf, targets } from "./order.js";

/** @param {string} label of what is marked, or under the cursor; it goes on to the next one without any */
export function label(label) {
  tellEach(targets(), () => ({ label, origin: "hand" }), label);
}

/** Take what the model suggests, of each its own; of what has its word nothing is left to take. */
export function accept() {
  const open = targets().filter((each) => isOpen(each) && suggestionOf(each));
  if (!open.length) return goOn(state.teach.cursor);
  const labels = new Set(open.map((each) => suggestionOf(each)?.label));
  const said = labels.size === 1 ? `${[...labels][0]}` : phrase("suggestions.n", { n: open.length });
  tellEach(open, (each) => ({ label: suggestionOf(each)?.label ?? null, origin: "model" }), said);
}

/** A new picture is left out; a doubted one loses its doubted label; of a sample none is right. */
export function leaveOut() {
  const gone = targets();
  if (!gone.length) return;
  const after = shownPictures();
  const here = after.indexOf(gone[gone.length - 1]);
  const words = new Map(state.teach.words);
  for (const each of gone) {
    if (isNew(each)) words.delete(each.id);
    else words.set(each.id, { label: null, origin: "hand" });
  }
  const left = after.filter((each) => isThere(each, words) && !gone.includes(each));
  const next = left.find((each) => after.indexOf(each) > here) ?? left[left.length - 1];
  edit(words, (next ?? gone[0]).id);
  say(gone.length === 1 ? phrase("left-out") : phrase("left-out.many", { n: gone.length }));
}

export function leaveAllOut() {
  const words = new Map(state.teach.words);
  const gone = state.teach.pictures.filter((each) => isNew(each) && words.delete(each.id));
  edit(words, state.teach.pictures.find((each) => !isNew(each))?.id ?? null);
  tell(phrase("left-out.all", { n: gone.length }), "plain", [phrase("undo"), undo]);
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
  const several = pictures.length > 1 ? ` ${phrase("pictures", { n: pictures.length })}.` : "";
  say(`${said}.${several} ${state.teach.pictures.some(isOpen) ? "" : phrase("all-labelled")}`);
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

/* What the model takes the pictures without a label for, asked some at a time, while the desk is looked at. */

const AT_ONCE = 32; // pictures of one request, as many as the model sees at once
const UNREADABLE = [413, 415, 422]; // status of an answer that stays the same

export function suggestLabels() {
  watch(
    () => [state.teach.pictures, state.route.view, state.health.value?.model_version],
    () => askOpen(null),
  );
  watch(
    () => [state.health.value?.model_version],
    () => update("teach", { suggestions: new Map() }),
  );
  whenBack(() => askOpen(null));
}

const askOpen = latest(async () => {
  for (let group = open(); group.length && state.route.view === "teach"; group = open()) {
    try {
      const files = await firstGroup(group.map(({ file }) => /** @type {Blob} */ (file)));
      take(group.slice(0, files.length), await api.predictBatch(files));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!UNREADABLE.includes(error.status)) return; // it is asked again later
      take(group, []);
    }
  }
});

const open = () =>
  state.teach.pictures
    .filter((each) => isToLabel(each) && !state.teach.suggestions.has(each.id))
    .slice(0, AT_ONCE);

/** @param {import("../state.js").Picture[]} group @param {Awaited<ReturnType<typeof api.predictBatch>>} answers */
function take(group, answers) {
  const suggestions = new Map(state.teach.suggestions);
  group.forEach(({ id }, index) => {
    const answer = answers[index];
    const read = answer !== undefined && "prediction" in answer;
    suggestions.set(id, read ? { label: answer.label, share: answer.confidence } : null);
  });
  update("teach", { suggestions, pictures: arranged(state.teach.pictures, state.teach.cursor, suggestions) });
}
