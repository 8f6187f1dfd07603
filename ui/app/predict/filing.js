// @ts-check
/**
 * What a person says of an answer: the right label, or that there is none; and taking that back.
 *
 * @import { Subject } from "../state.js"
 */

import * as api from "../api.js";
import { messageOf, say, tell } from "../notice.js";
import { change, isStale } from "./subjects.js";

/** @type {WeakSet<Blob>} pictures on their way to be filed, each under one label */
const filing = new WeakSet();

/**
 * File a picture under its right label; of the sheet only what is on it now.
 *
 * @param {Subject} subject @param {string} label
 */
export async function correct(subject, label) {
  if (isStale(subject) || filing.has(subject.image)) return;
  filing.add(subject.image);
  try {
    const answer = await api.upload([{ file: subject.image, name: subject.name, label }], "correction");
    change(subject, { filed: { label, batch: answer.batch } });
    say(`Filed as ${label}`);
  } catch (error) {
    tell(messageOf(error), "bad");
    return;
  } finally {
    filing.delete(subject.image);
  }
  await learnt();
}

/** @param {Subject} subject */
export async function takeBack(subject) {
  if (!subject.filed?.batch) return;
  try {
    await api.removeBatch(subject.filed.batch);
    change(subject, { filed: null });
    say("Taken back");
  } catch (error) {
    tell(messageOf(error), "bad");
  }
  await learnt();
}

/** @param {Subject} subject @param {boolean} dismissed whether it is none of what the model knows, which no label says */
export function dismiss(subject, dismissed) {
  change(subject, { dismissed });
  say(dismissed ? "None of these; nothing was stored" : "Taken back");
}

/** Teach shows what there is to learn from, and is loaded after this view. */
async function learnt() {
  await (await import("../teach/dataset.js")).loadDataset();
}
