// @ts-check
/**
 * Pictures that are not sent yet, kept by the browser (IndexedDB), so that a reload or a crash loses none.
 *
 * @import { Example } from "../state.js"
 */

import { counted } from "../format.js";
import { tell } from "../notice.js";
import { state, update, watch } from "../state.js";
import { exampleOf, leaveAllOut } from "./examples.js";

const STORE = "examples";

/** @type {Map<string, Example>} what is kept, as far as this tab knows */
const kept = new Map();
let saved = true;
let writing = Promise.resolve();

/** Bring back what was there, and keep what is to come. */
export async function keepExamples() {
  addEventListener("beforeunload", (event) => {
    if (!saved || state.teach.sending !== null) event.preventDefault();
  });
  const database = await opened().catch(() => null); // a browser that keeps nothing asks before it leaves
  if (database) restore(await all(database));
  watch(
    () => [state.teach.examples],
    (examples) => {
      saved = examples.length === 0;
      if (database) writing = writing.then(() => save(database, state.teach.examples)).catch(() => {});
    },
  );
}

/** @param {Example[]} found */
function restore(found) {
  if (!found.length) return;
  for (const each of found) kept.set(each.id, each);
  const examples = [...found, ...state.teach.examples];
  update("teach", { examples, cursor: (examples.find(({ label }) => label === null) ?? examples[0]).id });
  tell(`${counted(found.length, "picture")} from before, not sent yet.`, "plain", ["Leave out", leaveAllOut]);
}

/** @param {IDBDatabase} database @param {Example[]} examples */
async function save(database, examples) {
  const ids = new Set(examples.map(({ id }) => id));
  const store = database.transaction(STORE, "readwrite").objectStore(STORE);
  examples.forEach((each, order) => {
    if (kept.get(each.id) === each) return;
    const { id, file, name, label, origin } = each;
    store.put({ id, file, name, label, origin, order });
  });
  for (const id of kept.keys()) if (!ids.has(id)) store.delete(id);
  await new Promise((resolve, reject) => {
    store.transaction.oncomplete = resolve;
    store.transaction.onabort = reject;
  });
  kept.clear();
  for (const each of examples) kept.set(each.id, each);
  if (examples === state.teach.examples) saved = true;
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  const request = indexedDB.open("relearn", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return answerOf(request);
}

/** @param {IDBDatabase} database @returns {Promise<Example[]>} */
async function all(database) {
  const rows = await answerOf(database.transaction(STORE).objectStore(STORE).getAll());
  rows.sort((one, other) => one.order - other.order);
  return rows.map(({ id, file, name, label, origin }) => exampleOf(file, name, label, origin, id));
}

/** @template Answer @param {IDBRequest<Answer>} request @returns {Promise<Answer>} */
function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
