// @ts-check
/**
 * Deciding about the classes, and what then has to be looked at again.
 *
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { pulse } from "../connection.js";
import { attempt, messageOf } from "../notice.js";
import { update } from "../state.js";
import { loadDataset, undoBatch } from "./dataset.js";

export async function loadClasses() {
  try {
    update("classes", { value: await api.classes(), error: null });
  } catch (error) {
    update("classes", { error: messageOf(error) });
  }
}

/** @param {T.ClassChange} change @returns {Promise<boolean>} whether it was made; if not, it was told why */
export async function decide(change) {
  const made = await attempt(() => api.decideClass(change));
  if (made) await look();
  return made;
}

/** @param {string} batch a change's */
export async function takeBack(batch) {
  await undoBatch(batch);
  await look();
}

async function look() {
  await Promise.all([pulse(), loadDataset()]);
  await loadClasses();
}
