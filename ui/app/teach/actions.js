// @ts-check
/**
 * Choosing examples, labelling them and sending them.
 *
 * @import { Example } from "../state.js"
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { counted } from "../format.js";
import { messageOf, say, tell } from "../notice.js";
import { state, update } from "../state.js";
import { Failure } from "../transport.js";
import { loadDataset } from "./dataset.js";
import { guess } from "./labels.js";

const EXAMPLES_LIMIT = 5000; // pictures; the browser keeps each
const FILES_A_REQUEST = 500; // below the server's default limits for one upload, in files and in bytes
const BYTES_A_REQUEST = 24e6;

let examples = 0;

/** @param {{file: File, path: string}[]} found */
export function addExamples(found) {
  if (!found.length) return;
  const labels = state.health.value?.labels ?? [];
  const room = EXAMPLES_LIMIT - state.teach.examples.length;
  if (found.length > room)
    tell(`At most ${EXAMPLES_LIMIT} pictures at once; send these and take the rest after.`, "bad");
  const added = found.slice(0, room).map(({ file, path }) => {
    const guessed = guess(path, labels);
    return /** @type {Example} */ ({
      id: `example-${++examples}`,
      file,
      name: path,
      picture: URL.createObjectURL(file),
      label: guessed?.label ?? null,
      origin: guessed?.origin ?? null,
    });
  });
  const all = [...state.teach.examples, ...added];
  update("teach", {
    examples: all,
    cursor: all.find(({ label }) => label === null)?.id ?? all[0]?.id ?? null,
    outcome: null,
    error: null,
  });
  say(`${counted(added.length, "picture")} added`);
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
  update("teach", { examples: all, cursor: (next ?? all[here + 1] ?? all[here]).id });
  say(`${label}. ${next ? "" : "All have labels."}`);
}

/** @param {string} id */
export const moveTo = (id) => update("teach", { cursor: id });

/** @param {string | null} id leave a picture out */
export function leaveOut(id) {
  const here = state.teach.examples.findIndex((each) => each.id === id);
  if (here < 0) return;
  URL.revokeObjectURL(state.teach.examples[here].picture);
  const all = state.teach.examples.filter((each) => each.id !== id);
  update("teach", { examples: all, cursor: (all[here] ?? all[here - 1])?.id ?? null });
}

export function leaveAllOut() {
  drop(state.teach.examples);
  update("teach", { error: null });
}

/** Send what has a label; what has none stays. */
export async function send() {
  const labelled = state.teach.examples.filter(({ label }) => label !== null);
  /** @type {T.Uploaded} */
  const together = { message: "", count: 0, batch: null, duplicates: [], suspects: [], refused: [] };
  let sent = 0;
  update("teach", { sending: 0, outcome: null, error: null });
  try {
    for (const group of groups(labelled)) {
      const images = group.map(({ file, name, label }) => ({ file, name: baseName(name), label: label ?? "" }));
      const done = sent / labelled.length;
      const share = group.length / labelled.length;
      merge(together, await uploadOrRefusals(images, (part) => update("teach", { sending: done + part * share })));
      sent += group.length;
      drop(group);
    }
  } catch (error) {
    update("teach", { error: messageOf(error) });
  }
  update("teach", { sending: null, outcome: sent ? together : null });
  if (sent) say(`${counted(together.count, "new picture")} stored`);
  await loadDataset();
}

/**
 * An upload of which nothing can be used is an error to the server; here its one reason is a refusal like any other.
 *
 * @param {{file: File, name: string, label: string}[]} images @param {(share: number) => void} progress
 * @returns {Promise<T.Uploaded>}
 */
async function uploadOrRefusals(images, progress) {
  try {
    return await api.upload(images, "upload", { progress });
  } catch (error) {
    if (!(error instanceof Failure) || ![413, 415, 422].includes(error.status)) throw error;
    const refused = images.map(({ name }) => ({ file: name, error: error.message, code: error.code }));
    return { message: "", count: 0, batch: null, duplicates: [], suspects: [], refused };
  }
}

/** @param {T.Uploaded} together @param {T.Uploaded} answer */
function merge(together, answer) {
  together.count += answer.count;
  together.batch = answer.batch ?? together.batch;
  together.duplicates.push(...answer.duplicates);
  together.suspects?.push(...(answer.suspects ?? []));
  together.refused.push(...answer.refused);
}

/** @param {Example[]} all @returns {Example[][]} parts that one request may hold */
function groups(all) {
  /** @type {Example[][]} */
  const made = [];
  let size = 0;
  for (const each of all) {
    const last = made[made.length - 1];
    if (last && last.length < FILES_A_REQUEST && size + each.file.size <= BYTES_A_REQUEST) {
      last.push(each);
      size += each.file.size;
    } else {
      made.push([each]);
      size = each.file.size;
    }
  }
  return made;
}

/** @param {Example[]} gone */
function drop(gone) {
  const ids = new Set(gone.map(({ id }) => id));
  for (const { picture } of gone) URL.revokeObjectURL(picture);
  const left = state.teach.examples.filter(({ id }) => !ids.has(id));
  update("teach", { examples: left, cursor: left[0]?.id ?? null });
}

/** @param {string} path */
const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);
