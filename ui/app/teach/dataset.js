// @ts-check
/** What the model learns from: loaded, and changed by taking batches back and by judging suspects. */

import * as api from "../api.js";
import { attempt, messageOf, tell } from "../notice.js";
import { update } from "../state.js";

export async function loadDataset() {
  try {
    update("dataset", { value: await api.dataset(), error: null });
  } catch (error) {
    update("dataset", { error: messageOf(error) });
  }
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

/** @param {string} sha256 */
export async function removeSuspect(sha256) {
  if (await attempt(() => api.removeImage(sha256))) tell("Removed.", "good");
  await loadDataset();
}
