// @ts-check
/**
 * What is not sent yet, pictures and words, kept by the browser (IndexedDB), so that a reload or a crash loses none.
 *
 * @import { Picture, Word, Words } from "../state.js"
 */

import { counted } from "../format.js";
import { tell } from "../notice.js";
import { state, watch } from "../state.js";
import { doubtedOf, pictureOf, restore } from "./pictures.js";
import { leaveAllOut } from "./words.js";

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
  const fresh = found.filter(([{ suspect }]) => suspect === null).length;
  if (fresh) tell(`${counted(fresh, "picture")} from before, not sent yet.`, "plain", ["Leave out", leaveAllOut]);
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
  pictures.forEach(({ id, file, name, suspect }, order) => {
    const word = words.get(id);
    if (!word) return;
    now.set(id, word);
    if (before.get(id) !== word) store.put({ id, file, name, suspect, ...word, order });
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
  const request = indexedDB.open("relearn", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return answerOf(request);
}

/** @param {IDBDatabase} database @returns {Promise<[Picture, Word][]>} */
async function all(database) {
  const rows = await answerOf(database.transaction(STORE).objectStore(STORE).getAll());
  rows.sort((one, other) => one.order - other.order);
  return rows.map(({ id, file, name, suspect, label, origin }) => [
    suspect ? doubtedOf(suspect) : pictureOf(file, name, id),
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
