// @ts-check
/**
 * What is not sent yet, pictures and words, kept by the browser (IndexedDB), so that a reload or a crash loses none.
 *
 * @import { Picture, Word } from "../state.js"
 */

import { counted } from "../format.js";
import { tell } from "../notice.js";
import { state, watch } from "../state.js";
import { doubtedOf, pictureOf, restore } from "./pictures.js";
import { leaveAllOut } from "./words.js";

const STORE = "examples";

/** @type {Map<string, Word>} what is kept, as far as this tab knows */
const kept = new Map();
let saved = true;
let writing = Promise.resolve();

/** Bring back what was there, and keep what is to come. */
export async function keepPictures() {
  addEventListener("beforeunload", (event) => {
    if (!saved || state.sending.share !== null) event.preventDefault();
  });
  const database = await opened().catch(() => null); // a browser that keeps nothing asks before it leaves
  if (database) bringBack(await all(database));
  watch(
    () => [state.teach.pictures, state.teach.words],
    (_, words) => {
      saved = words.size === 0;
      if (database) writing = writing.then(() => save(database)).catch(() => {});
    },
  );
}

/** @param {[Picture, Word][]} found */
function bringBack(found) {
  if (!found.length) return;
  for (const [{ id }, word] of found) kept.set(id, word);
  restore(
    found.map(([picture]) => picture),
    new Map(found.map(([{ id }, word]) => [id, word])),
  );
  const fresh = found.filter(([{ suspect }]) => suspect === null).length;
  if (fresh) tell(`${counted(fresh, "picture")} from before, not sent yet.`, "plain", ["Leave out", leaveAllOut]);
}

/** @param {IDBDatabase} database */
async function save(database) {
  const { pictures, words } = state.teach;
  const store = database.transaction(STORE, "readwrite").objectStore(STORE);
  /** @type {Map<string, Word>} */
  const now = new Map();
  pictures.forEach(({ id, file, name, suspect }, order) => {
    const word = words.get(id);
    if (!word) return;
    now.set(id, word);
    if (kept.get(id) !== word) store.put({ id, file, name, suspect, ...word, order });
  });
  for (const id of kept.keys()) if (!now.has(id)) store.delete(id);
  await new Promise((resolve, reject) => {
    store.transaction.oncomplete = resolve;
    store.transaction.onabort = reject;
  });
  kept.clear();
  for (const [id, word] of now) kept.set(id, word);
  if (words === state.teach.words) saved = true;
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
