// @ts-check
/**
 * What the model learns from: loaded, and changed by taking batches back and by judging suspects.
 *
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { called } from "../labels.js";
import { attempt, messageOf, tell } from "../notice.js";
import { state, update } from "../state.js";

const STEP = 100; // uploads, or suspects, that are shown more

export async function loadDataset() {
  try {
    const value = await api.dataset();
    const { wanted } = state.dataset;
    const suspects = await enough(value.suspects, value.suspects_count, wanted.suspects, api.suspects);
    const batches = await enough(value.batches, value.batches_count, wanted.batches, api.batches);
    update("dataset", { value: { ...value, suspects, batches }, error: null });
  } catch (error) {
    update("dataset", { error: messageOf(error) });
  }
}

/** @param {"suspects" | "batches"} list */
export async function showMore(list) {
  const { wanted } = state.dataset;
  update("dataset", { wanted: { ...wanted, [list]: wanted[list] + STEP } });
  await loadDataset();
  if (state.dataset.error !== null) tell(state.dataset.error, "bad");
}

/** @param {string} batch */
export async function undoBatch(batch) {
  if (await attempt(() => api.removeBatch(batch))) tell(`Upload ${batch} is taken back.`, "good");
  await loadDataset();
}

/** @param {string} sha256 @param {string} label */
export async function acceptSuspect(sha256, label) {
  if (await attempt(() => api.acceptImage(sha256))) tell(`Accepted as ${label}.`, "good");
  await loadDataset();
}

/** @param {T.Suspect} suspect its doubted label goes, and the picture with it unless it has another one */
export async function rejectSuspect({ sha256, label, in_force: inForce }) {
  const done = inForce === null ? "Removed." : `It stays ${inForce}.`;
  await attempt(async () => {
    const file = await api.image(sha256);
    await api.rejectImage(sha256);
    tell(done, "good", ["Undo", () => give(file, label, "upload", `Doubted as ${label} again.`)]);
  });
  await loadDataset();
}

/** @param {T.Suspect} suspect @param {string} label what it really is, which ends the doubt */
export async function relabelSuspect({ sha256 }, label) {
  await attempt(async () => give(await api.image(sha256), label, "correction", `It is ${called(label)} now.`));
}

/** @param {Blob} file @param {string} label @param {"upload" | "correction"} source @param {string} done */
async function give(file, label, source, done) {
  if (await attempt(() => api.upload([{ file, name: "picture.png", label }], source))) tell(done, "good");
  await loadDataset();
}

/**
 * As much of a list as is wanted: of what came with the overview, if that is enough.
 *
 * @template Item
 * @param {Item[]} listed @param {number} all @param {number} wanted @param {(wanted: number) => Promise<Item[]>} load
 */
async function enough(listed, all, wanted, load) {
  return listed.length >= Math.min(all, wanted) ? listed.slice(0, wanted) : load(wanted);
}
