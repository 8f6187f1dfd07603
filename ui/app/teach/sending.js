// @ts-check
/**
 * Sending what has a label: in small groups, again where the line fails for a while, until all is stored, a person has
 * enough of it, or it is no use.
 *
 * @import { Example } from "../state.js"
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { counted } from "../format.js";
import { messageOf, say } from "../notice.js";
import { firstGroup } from "../shrink.js";
import { state, update } from "../state.js";
import { Failure } from "../transport.js";
import { loadDataset } from "./dataset.js";
import { forget } from "./examples.js";

const FILES_A_REQUEST = 500; // below the server's default limit for one upload
const WAITS_MS = [1_000, 2_000, 4_000, 8_000]; // before it is tried again
const PASSING = [0, 429, 500, 502, 503, 504]; // status of what may be over soon; 0: no answer. Twice does no harm

let cancelled = new AbortController();

/** Send what has a label; what has none stays, and so does what could not be sent. */
export async function send() {
  const labelled = state.teach.examples.filter(({ label }) => label !== null);
  /** @type {T.Uploaded} */
  const together = { message: "", count: 0, batch: null, duplicates: [], suspects: [], refused: [] };
  const { signal } = (cancelled = new AbortController());
  let sent = 0;
  update("teach", { sending: 0, again: false, outcome: null, error: null });
  try {
    for (let group = await nextGroup(labelled); group.length; group = await nextGroup(labelled.slice(sent))) {
      const progress = (/** @type {number} */ part) =>
        update("teach", { sending: (sent + part * group.length) / labelled.length, again: false });
      merge(together, await persistently(() => uploadOrRefusals(group, { progress, signal }), signal));
      forget(labelled.slice(sent, sent + group.length));
      sent += group.length;
    }
  } catch (error) {
    const left = labelled.length - sent;
    update("teach", { error: `${messageOf(error)} ${counted(left, "picture is", "pictures are")} still to be sent.` });
  }
  update("teach", { sending: null, again: false, outcome: sent ? together : null });
  if (sent) say(`${counted(together.count, "new picture")} stored`);
  await loadDataset();
}

export const cancelSending = () => cancelled.abort();

/** @param {Example[]} waiting @returns {Promise<Example[]>} the first of them, as many as one request may hold */
async function nextGroup(waiting) {
  const files = await firstGroup(waiting.slice(0, FILES_A_REQUEST).map(({ file }) => file));
  return files.map((file, index) => ({ ...waiting[index], file }));
}

/** @template Answer @param {() => Promise<Answer>} work @param {AbortSignal} signal @returns {Promise<Answer>} */
async function persistently(work, signal) {
  for (const wait of WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure) || signal.aborted || !PASSING.includes(error.status)) throw error;
      update("teach", { again: true });
      await pause(wait, signal);
    }
  }
  return work();
}

/** @param {number} milliseconds @param {AbortSignal} signal which ends it */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve);
  });
}

/**
 * An upload of which nothing can be used is an error to the server; here its one reason is a refusal like any other.
 *
 * @param {Example[]} group @param {{progress: (share: number) => void, signal: AbortSignal}} sending
 * @returns {Promise<T.Uploaded>}
 */
async function uploadOrRefusals(group, sending) {
  const images = group.map(({ file, name, label }) => ({ file, name: baseName(name), label: label ?? "" }));
  try {
    return await api.upload(images, "upload", sending);
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

/** @param {string} path */
const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);
