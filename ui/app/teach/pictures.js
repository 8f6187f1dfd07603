// @ts-check
/**
 * What comes to the desk and leaves it: pictures that a person chose, and those whose label is doubted.
 *
 * @import { Picture, Word } from "../state.js"
 * @import * as T from "../types.js"
 */

import { counted } from "../format.js";
import { labelsNow } from "../labels.js";
import { say, tell } from "../notice.js";
import { state, update } from "../state.js";
import { guess } from "./labels.js";
import { arranged, current, isOpen, isToLabel } from "./order.js";
import { edit } from "./words.js";

const PICTURES_LIMIT = 5000; // new ones; the browser keeps each

let added = 0;

/** @param {{file: File, path: string}[]} found */
export function addPictures(found) {
  if (!found.length) return;
  const room = PICTURES_LIMIT - state.teach.pictures.filter(({ suspect }) => suspect === null).length;
  if (found.length > room) tell(`At most ${PICTURES_LIMIT} pictures at once; send these and take the rest after.`, "bad");
  const words = new Map(state.teach.words);
  const pictures = found.slice(0, room).map(({ file, path }) => {
    const made = pictureOf(file, path);
    words.set(made.id, guess(path, labelsNow()) ?? { label: null, origin: null });
    return made;
  });
  const here = current();
  edit(words, here && isToLabel(here) ? here.id : null);
  lay(pictures);
  update("sending", { outcome: null, error: null });
  say(`${counted(pictures.length, "picture")} added`);
}

/**
 * @param {Blob} file @param {string} name @param {string} [id] @returns {Picture}
 */
export function pictureOf(file, name, id = `picture-${Date.now()}-${++added}`) {
  return { id, name, file, picture: URL.createObjectURL(file), suspect: null };
}

/** @param {T.Suspect} suspect @returns {Picture} */
export const doubtedOf = (suspect) => ({
  ...{ id: `suspect-${suspect.sha256}`, name: `labelled ${suspect.label}`, file: null, picture: null, suspect },
});

/** What the browser kept. @param {Picture[]} pictures @param {Map<string, Word>} words */
export function restore(pictures, words) {
  update("teach", { words: new Map([...words, ...state.teach.words]) });
  lay(pictures.filter(({ id }) => !state.teach.pictures.some((each) => each.id === id)));
}

/** Those whose label is doubted now; one of which something was said stays until that is sent. @param {T.Suspect[]} suspects */
export function bring(suspects) {
  const { pictures, words } = state.teach;
  const now = new Map(suspects.map((each) => [`suspect-${each.sha256}`, each]));
  const left = pictures
    .filter(({ id, suspect }) => suspect === null || words.has(id) || now.has(id))
    .map((each) => {
      const suspect = now.get(each.id);
      now.delete(each.id);
      return suspect ? { ...each, suspect } : each;
    });
  update("teach", { pictures: left });
  lay([...now.values()].map(doubtedOf));
}

/** @param {Picture[]} gone what is stored, so that nothing brings it back */
export function forget(gone) {
  const ids = new Set(gone.map(({ id }) => id));
  for (const { picture } of gone) if (picture) URL.revokeObjectURL(picture);
  const pictures = state.teach.pictures.filter(({ id }) => !ids.has(id));
  const words = new Map([...state.teach.words].filter(([id]) => !ids.has(id)));
  const cursor = ids.has(state.teach.cursor ?? "") ? null : state.teach.cursor;
  update("teach", { pictures, words, cursor, past: [], future: [] });
  if (cursor === null) lay([]);
}

/** Put more on the desk. @param {Picture[]} more */
function lay(more) {
  const { pictures, cursor, suggestions } = state.teach;
  const all = arranged([...pictures, ...more], cursor, suggestions);
  update("teach", { pictures: all, cursor: cursor ?? (all.find(isToLabel) ?? all.find(isOpen) ?? all[0])?.id ?? null });
}
