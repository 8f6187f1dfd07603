// @ts-check
/** What the model learns from, and what waits for a look: loaded, and changed by taking back or removing. */

import * as api from "../api.js";
import { attempt, messageOf, tell } from "../notice.js";
import { state, update } from "../state.js";
import { phrase } from "../texts.js";

const STEP = 100; // uploads, or suspects, that are shown more

export async function loadDataset() {
  try {
    const value = await api.dataset();
    const { wanted } = state.dataset;
    const suspects = await enough(value.suspects, value.suspects_count, wanted.suspects, api.suspects);
    const batches = await enough(value.batches, value.batches_count, wanted.batches, api.batches);
    const samples = await api.samples(wanted.samples);
    update("dataset", { value: { ...value, suspects, batches }, samples, error: null });
    update("classes", { names: value.labels });
  } catch (error) {
    update("dataset", { error: messageOf(error) });
  }
}

/** @param {"suspects" | "batches" | "samples"} list */
export async function showMore(list) {
  const { wanted } = state.dataset;
  update("dataset", { wanted: { ...wanted, [list]: wanted[list] + STEP } });
  await loadDataset();
  if (state.dataset.error !== null) tell(state.dataset.error, "bad");
}

/** @param {string} batch */
export async function undoBatch(batch) {
  if (await attempt(() => api.removeBatch(batch))) tell(phrase("undo.done", { batch }), "good");
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
