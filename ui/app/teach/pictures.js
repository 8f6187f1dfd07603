// @ts-check
/**
 * What comes to the desk and leaves it: pictures that a person chose, those whose label is doubted, samples to review.
 *
 * @import * as T from "../types.js"
 * @import { Picture, Word, Words } from "../state.js"
 */

import * as api from "../api.js";
import { classesNow } from "../labels.js";
import { say, tell } from "../notice.js";
import { state, update, watch } from "../state.js";
import { phrase } from "../texts.js";
import { base } from "../transport.js";
import { arranged, current, doubted, isNew, isOpen, isToLabel } from "./order.js";
import { edit, leaveAllOut } from "./words.js";

const PICTURES_LIMIT = 5000; // new ones; the browser keeps each

let added = 0;

/** @param {{file: File, path: string}[]} found @param {string} [label] of all of them */
export function addPictures(found, label) {
  if (!found.length) return;
  const room = PICTURES_LIMIT - state.teach.pictures.filter(isNew).length;
  if (found.length > room) tell(phrase("desk.full", { most: PICTURES_LIMIT }), "bad");
  const words = new Map(state.teach.words);
  const pictures = found.slice(0, room).map(({ file, path }) => {
    const made = pictureOf(file, path);
    const word = label === undefined ? guess(path, classesNow()) : { label, origin: /** @type {const} */ ("hand") };
    words.set(made.id, word ?? { label: null, origin: null });
    return made;
  });
  const here = current();
  edit(words, here && isToLabel(here) ? here.id : null);
  lay(pictures);
  update("sending", { outcome: null, error: null });
  say(phrase("added", { n: pictures.length }));
}

/**
 * @param {Blob} file @param {string} name @param {string} [id] @returns {Picture}
 */
export function pictureOf(file, name, id = `picture-${Date.now()}-${++added}`) {
  return { id, name, file, picture: URL.createObjectURL(file), path: null, suspect: null, sample: null };
}

/** @param {string} id @param {string} name @param {string} path @param {Partial<Picture>} what @returns {Picture} */
const servedOf = (id, name, path, what) => ({ id, name, file: null, picture: null, path, suspect: null, sample: null, ...what });

/** @param {T.Suspect} suspect */
const doubtedOf = (suspect) =>
  servedOf(`suspect-${suspect.sha256}`, phrase("doubted.name", { label: doubted(suspect) }), api.imagePath(suspect.sha256), { suspect });

/** @param {T.Sample} sample */
const sampleOf = (sample) =>
  servedOf(`sample-${sample.sample}`, phrase("review.name", { sample: sample.sample }), api.samplePath(sample.sample), { sample });

/** What the browser kept. @param {Picture[]} pictures @param {Map<string, Word>} words */
export function restore(pictures, words) {
  update("teach", { words: new Map([...words, ...state.teach.words]) });
  lay(pictures.filter(({ id }) => !state.teach.pictures.some((each) => each.id === id)));
}

/**
 * What the server asks about now; one of which something was said stays until that is sent.
 *
 * @param {T.Suspect[]} suspects @param {T.Sample[]} samples
 */
export function bring(suspects, samples) {
  const { pictures, words } = state.teach;
  const now = new Map([...suspects.map(doubtedOf), ...samples.map(sampleOf)].map((each) => [each.id, each]));
  const left = pictures
    .filter((each) => isNew(each) || words.has(each.id) || now.has(each.id))
    .map((each) => {
      const newer = now.get(each.id);
      now.delete(each.id);
      return newer ?? each;
    });
  update("teach", { pictures: left });
  lay([...now.values()]);
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

/* What label a file's own place or name gives it. */

const WORDS = new Set(["label", "class", "digit"]);

/**
 * The label of the nearest folder that is named like one, else of the name's first words, or of those after "label",
 * "class" or "digit". A number at the end of a name is mostly a running number and gives nothing.
 *
 * @param {string} path @param {string[]} labels
 * @returns {{label: string, origin: "folder" | "name"} | null}
 */
export function guess(path, labels) {
  const known = new Map(labels.map((label) => [wordsOf(label).join(" "), label]));
  known.delete(""); // a label of signs only
  const parts = path.split("/");
  const name = /** @type {string} */ (parts.pop());
  for (const folder of parts.reverse()) {
    const label = known.get(wordsOf(folder).join(" "));
    if (label !== undefined) return { label, origin: "folder" };
  }
  const words = wordsOf(name.replace(/\.[^.]*$/, ""));
  const told = words.findIndex((word) => WORDS.has(word)) + 1;
  for (const candidate of told ? [words.slice(told), words] : [words])
    for (let length = candidate.length; length > 0; length--) {
      const label = known.get(candidate.slice(0, length).join(" "));
      if (label !== undefined) return { label, origin: "name" };
    }
  return null;
}

/** @param {string} text its words, however they are joined: a folder can't have every sign that a label may have */
const wordsOf = (text) =>
  text
    .normalize("NFC")
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean);

/*
 * What is not sent yet, pictures and words, kept by the browser (IndexedDB), so that a reload or a crash loses none.
 */

const STORE = "examples";

/** @type {Words | null} what is kept, as far as this tab knows; not known after a write that failed */
let kept = new Map();
let saved = true;

/** Bring back what was there, and keep what is to come. */
export async function keepPictures() {
  addEventListener("beforeunload", (event) => {
    if (!saved || state.sending.share !== null) event.preventDefault();
  });
  const database = await opened().catch(() => null); // a browser that keeps nothing asks before it leaves
  if (database) bringBack(await all(database));
  watch(
    () => [state.teach.pictures, state.teach.words],
    (pictures, words) => {
      saved = words.size === 0;
      try {
        if (database) save(database, pictures, words);
      } catch {
        kept = null; // the browser has closed it: this site's data were cleared
      }
    },
  );
}

/** @param {[Picture, Word][]} found */
function bringBack(found) {
  if (!found.length) return;
  const words = new Map(found.map(([{ id }, word]) => [id, word]));
  kept = words;
  restore(
    found.map(([picture]) => picture),
    words,
  );
  const fresh = found.filter(([each]) => isNew(each)).length;
  if (fresh) tell(phrase("kept", { n: fresh }), "plain", [phrase("leave-out"), leaveAllOut]);
}

/**
 * All at once: what is committed before the page goes is kept, what waits for another write is not.
 *
 * @param {IDBDatabase} database @param {readonly Picture[]} pictures @param {Words} words
 */
function save(database, pictures, words) {
  const transaction = database.transaction(STORE, "readwrite");
  const store = transaction.objectStore(STORE);
  const before = kept ?? new Map();
  /** @type {Map<string, Word>} */
  const now = new Map();
  if (!kept) store.clear();
  pictures.forEach(({ id, file, name, suspect, sample }, order) => {
    const word = words.get(id);
    if (!word) return;
    now.set(id, word);
    if (before.get(id) !== word) store.put({ id, file, name, suspect, sample, ...word, order });
  });
  for (const id of before.keys()) if (!now.has(id)) store.delete(id);
  kept = now;
  transaction.oncomplete = () => {
    if (words === state.teach.words) saved = true;
  };
  transaction.onabort = () => {
    kept = null;
  };
  transaction.commit();
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  const request = indexedDB.open(`relearn${base}`, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return answerOf(request);
}

/** @param {IDBDatabase} database @returns {Promise<[Picture, Word][]>} */
async function all(database) {
  const rows = await answerOf(database.transaction(STORE).objectStore(STORE).getAll());
  rows.sort((one, other) => one.order - other.order);
  return rows.map(({ id, file, name, suspect, sample, label, origin }) => [
    suspect ? doubtedOf(suspect) : sample ? sampleOf(sample) : pictureOf(file, name, id),
    { label, origin },
  ]);
}

/** @template Answer @param {IDBRequest<Answer>} request @returns {Promise<Answer>} */
function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
