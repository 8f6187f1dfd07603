// @ts-check
/**
 * Sending what has its word: in small groups, again where the line fails for a while, until all is stored, a person has
 * enough of it, or it is no use. What is said of a doubted picture is a correction, which is not doubted again; what is
 * said of a sample is feedback (review.js).
 *
 * @import { Picture, Word } from "../state.js"
 * @import * as T from "../types.js"
 *
 * @typedef {{picture: Picture, word: Word, file: Blob | null}} Ready without a file where the word needs none
 * @typedef {Required<T.Uploaded>} Together what became of all groups
 */

import * as api from "../api.js";
import { messageOf, say } from "../notice.js";
import { firstGroup } from "../shrink.js";
import { state, update } from "../state.js";
import { phrase } from "../texts.js";
import { Failure, lost } from "../transport.js";
import { loadDataset } from "./dataset.js";
import { isSaid } from "./order.js";
import { forget } from "./pictures.js";

const FILES_A_REQUEST = 500; // below the server's default limit for one upload
const DOUBTS_A_REQUEST = 100; // whose files are fetched first
const WAITS_MS = [1_000, 2_000, 4_000, 8_000]; // before it is tried again
const PASSING = [0, 429, 500, 502, 503, 504]; // status of what may be over soon; 0: no answer. Twice does no harm

let cancelled = new AbortController();

/** Send what has its word; what has none stays, and so does what could not be sent or was given another one meanwhile. */
export async function send() {
  /** @type {Together} */
  const together = {
    ...{ message: "", count: 0, batch: null, duplicates: [], suspects: [], refused: [], settled: 0 },
    ...{ reviewed: [], batches: [] },
  };
  const { signal } = (cancelled = new AbortController());
  let sent = 0;
  update("sending", { share: 0, again: false, outcome: null, error: null });
  try {
    for (let waiting = said(); waiting.length; waiting = said()) {
      const whole = sent + waiting.length;
      const alike = waiting.filter((each) => kind(each) === kind(waiting[0]));
      const group = await [newOnes, doubted, reviewed][kind(alike[0])](alike, signal);
      const progress = (/** @type {number} */ part) =>
        update("sending", { share: (sent + part * group.length) / whole, again: false });
      await persistently(() => store(group, together, { progress, signal }), signal);
      forget(group.filter(({ picture, word }) => state.teach.words.get(picture.id) === word).map(({ picture }) => picture));
      sent += group.length;
    }
  } catch (error) {
    const left = said().length;
    update("sending", { error: `${messageOf(error)} ${phrase("send.left", { n: left })}` });
  }
  update("sending", { share: null, again: false, outcome: sent ? together : null });
  if (sent) say(phrase("stored", { n: together.count }));
  await loadDataset();
}

export const cancelSending = () => cancelled.abort();

/** @returns {Picture[]} what is to be sent */
const said = () => state.teach.pictures.filter((each) => isSaid(each)).sort((one, other) => kind(one) - kind(other));

/** @param {Picture} picture in which order they are sent: new ones, doubted ones, samples */
const kind = ({ suspect, sample }) => (sample ? 2 : suspect ? 1 : 0);

/** @param {Picture[]} waiting @returns {Promise<Ready[]>} the first, as many as one request may hold */
async function newOnes(waiting) {
  const some = waiting.slice(0, FILES_A_REQUEST).map((each) => ready(each));
  const files = await firstGroup(some.map(({ file }) => /** @type {Blob} */ (file)));
  return files.map((file, index) => ({ ...some[index], file }));
}

/** @param {Picture[]} waiting @param {AbortSignal} signal @returns {Promise<Ready[]>} with the files that the server has of them */
function doubted(waiting, signal) {
  return Promise.all(
    waiting.slice(0, DOUBTS_A_REQUEST).map(async (each) => {
      const goes = ready(each).word.label === null;
      return ready(each, goes ? null : await persistently(() => unlessGone(() => api.picture(api.imagePath(shaOf(each)))), signal));
    }),
  );
}

/** @param {Picture[]} waiting */
const reviewed = async (waiting) => waiting.slice(0, FILES_A_REQUEST).map((each) => ready(each));

/** @param {Picture} picture @param {Blob | null} [file] @returns {Ready} with what is said of it now */
const ready = (picture, file = picture.file) => ({
  picture,
  word: /** @type {Word} */ (state.teach.words.get(picture.id)),
  file,
});

/** @param {Picture} picture */
const shaOf = ({ suspect }) => /** @type {T.Suspect} */ (suspect).sha256;

/**
 * @param {Ready[]} group @param {Together} together
 * @param {{progress: (share: number) => void, signal: AbortSignal}} sending
 */
async function store(group, together, sending) {
  const first = kind(group[0].picture);
  if (first === 2) return (await import("./review.js").catch(() => Promise.reject(lost()))).store(group, together);
  if (first === 0) return merge(together, await uploadOrRefusals(group, "upload", sending));
  const labelled = group.filter(({ file }) => file !== null);
  const { refused } = labelled.length ? await uploadOrRefusals(labelled, "correction", sending) : { refused: [] };
  for (const { picture, word } of group)
    if (word.label === null) await unlessGone(() => api.rejectImage(shaOf(picture)));
  together.refused.push(...refused);
  together.settled += group.length;
}

/** @template Answer @param {() => Promise<Answer>} work @returns {Promise<Answer | null>} null: somebody else was there first */
export async function unlessGone(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 404) throw error;
    return null;
  }
}

/** @template Answer @param {() => Promise<Answer>} work @param {AbortSignal} signal @returns {Promise<Answer>} */
async function persistently(work, signal) {
  for (const wait of WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure) || signal.aborted || !PASSING.includes(error.status)) throw error;
      update("sending", { again: true });
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
 * @param {Ready[]} group @param {"upload" | "correction"} source
 * @param {{progress: (share: number) => void, signal: AbortSignal}} sending @returns {Promise<T.Uploaded>}
 */
async function uploadOrRefusals(group, source, sending) {
  const images = group.map(({ file, picture, word }) => ({
    file: /** @type {Blob} */ (file),
    name: baseName(picture.name),
    label: word.label ?? "",
  }));
  try {
    return await api.upload(images, source, sending);
  } catch (error) {
    if (!(error instanceof Failure) || ![413, 415, 422].includes(error.status)) throw error;
    const refused = images.map(({ name }) => ({ file: name, error: error.message, code: error.code }));
    return { message: "", count: 0, batch: null, duplicates: [], suspects: [], refused };
  }
}

/** @param {Together} together @param {T.Uploaded} answer */
function merge(together, answer) {
  together.count += answer.count;
  together.batch = answer.batch ?? together.batch;
  together.duplicates.push(...answer.duplicates);
  together.suspects.push(...(answer.suspects ?? []));
  together.refused.push(...answer.refused);
}

/** @param {string} path */
const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);
