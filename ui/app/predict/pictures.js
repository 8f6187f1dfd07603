// @ts-check
/**
 * Asking the model about many pictures: some at once, until all are read or nobody wants them any more.
 *
 * @import { Subject } from "../state.js"
 */

import * as api from "../api.js";
import { count } from "../format.js";
import { messageOf, say, tell } from "../notice.js";
import { firstGroup } from "../shrink.js";
import { state, update } from "../state.js";
import { ask, change, changeAll, subjectOf } from "./subjects.js";

const AT_ONCE = 32; // pictures of one request, as many as the model sees at once
const GALLERY_LIMIT = 1000; // pictures; each is kept in memory

let pictures = 0;
let wanted = new AbortController();
let reading = false;

/** @param {{file: File, path: string}[]} found */
export async function addPictures(found) {
  if (!found.length) return;
  const room = GALLERY_LIMIT - state.predict.gallery.length;
  if (found.length > room) tell(`Only ${count(GALLERY_LIMIT)} pictures fit here; clear them to look at more.`, "bad");
  const added = found
    .slice(0, Math.max(room, 0))
    .map(({ file }) => subjectOf(`picture-${++pictures}`, file.name, file, URL.createObjectURL(file)));
  if (!added.length) return;
  update("predict", { gallery: [...state.predict.gallery, ...added] });
  select(added[0].id);
  await readPictures();
}

/** Read what has not been read yet. */
export async function readPictures() {
  if (reading) return;
  reading = true;
  const { signal } = wanted;
  try {
    for (let group = await nextGroup(); group.length && !signal.aborted; group = await nextGroup())
      if (!(await readGroup(group, signal))) return;
    const { gallery } = state.predict;
    const read = gallery.filter(({ prediction }) => prediction !== null).length;
    if (gallery.length) say(`${count(read)} of ${count(gallery.length)} pictures read`);
  } finally {
    reading = false;
    if (signal.aborted) void readPictures(); // what was added since
  }
}

/** Ask again about what had no answer. */
export async function retry() {
  const failed = state.predict.gallery.filter(({ error }) => error !== null);
  changeAll(new Map(failed.map(({ id }) => [id, { error: null }])));
  await readPictures();
}

/** @returns {Promise<Subject[]>} the next pictures without an answer, made as small as they may be */
async function nextGroup() {
  const waiting = state.predict.gallery.filter(({ prediction, error }) => !prediction && !error).slice(0, AT_ONCE);
  const images = await firstGroup(waiting.map(({ image }) => image));
  return images.map((image, index) => ({ ...waiting[index], image }));
}

/** @param {Subject[]} group @param {AbortSignal} signal @returns {Promise<boolean>} whether to go on */
async function readGroup(group, signal) {
  try {
    const answers = await api.predictBatch(
      group.map(({ image }) => image),
      signal,
    );
    changeAll(
      new Map(
        group.map(({ id, image }, index) => {
          const answer = answers[index];
          const told = "prediction" in answer ? { prediction: answer } : { error: answer.error };
          return [id, { image, ...told }];
        }),
      ),
    );
  } catch (error) {
    const text = messageOf(error);
    if (signal.aborted) return false;
    if (!state.connection.lost) changeAll(new Map(group.map(({ id }) => [id, { error: text }])));
    return !state.connection.lost; // else they are read when the server is back
  }
  void explain();
  return true;
}

/** @param {string} id */
export function select(id) {
  update("predict", { selected: id });
  void explain();
}

/** @param {number} by how many pictures on */
export function step(by) {
  const { gallery, selected } = state.predict;
  const here = gallery.findIndex(({ id }) => id === selected);
  const next = gallery[here + by];
  if (here >= 0 && next) select(next.id);
}

/** What the model saw of the selected picture, and how long it took, which many at once are not told. */
async function explain() {
  const { gallery, selected } = state.predict;
  const subject = gallery.find(({ id }) => id === selected);
  if (!subject?.prediction || subject.prediction.input !== undefined) return;
  const answered = await ask(subject);
  if (answered.prediction) change(subject, answered);
}

export function clearGallery() {
  wanted.abort();
  wanted = new AbortController();
  for (const { picture } of state.predict.gallery) if (picture) URL.revokeObjectURL(picture);
  update("predict", { gallery: [], selected: null });
}
