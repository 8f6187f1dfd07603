// @ts-check
/**
 * Predictions that are kept to be reviewed: what a person is told of them, and what becomes of what a person said of
 * them. Loaded only where there are any.
 *
 * @import * as T from "../types.js"
 * @import { Ready, Together } from "./sending.js"
 */

import * as api from "../api.js";
import { confirm } from "../dialog.js";
import { button, element } from "../element.js";
import { percent } from "../format.js";
import { attempt } from "../notice.js";
import { state, update } from "../state.js";
import { phrase } from "../texts.js";
import { loadDataset } from "./dataset.js";
import { forget } from "./pictures.js";
import { unlessGone } from "./sending.js";

const NONE = "none of these"; // why a sample has no label, for whoever reads what was kept

/** @param {T.Samples} samples what is kept and why, how often it was right, and how all of it goes */
export function kept({ collecting, count, accuracy }) {
  const { answers, reviewed, accuracy: right, low, high } = accuracy;
  const figures = { n: reviewed, right: percent(right, 1), low: percent(low, 1), high: percent(high, 1) };
  return [
    element("h2", {}, phrase("review")),
    element("p", { class: "hint" }, phrase(collecting ? "review.kept" : "review.off")),
    count > 0 && element("p", {}, phrase("desk.samples", { n: count })),
    answers > 0 && element("p", {}, phrase(reviewed ? "review.right" : "review.right.none", figures)),
    element("p", { class: "actions" }, button(phrase("review.remove"), askRemove, { class: "quiet", "data-key": "remove-samples" })),
  ];
}

async function askRemove() {
  const title = phrase("review.remove");
  const agreed = await confirm({ title, text: phrase("review.remove.text"), action: phrase("remove") });
  if (agreed === null) return;
  if (await attempt(api.removeSamples)) forget(state.teach.pictures.filter(({ sample }) => sample));
  await loadDataset();
}

/** @param {Ready[]} group @param {Together} together */
export async function store(group, together) {
  const words = group.map(({ picture, word: { label } }) => {
    const { sample } = /** @type {T.Sample} */ (picture.sample);
    return label === null ? { sample, skip: NONE } : { sample, label };
  });
  const { batches, results } = await api.feedback(words);
  together.batches.push(...batches);
  results.forEach(({ status, error, code = "" }, index) => {
    const { name: file } = group[index].picture;
    if (error !== undefined) return together.refused.push({ file, error, code });
    together.reviewed.push(words[index].sample);
    if (status === "stored") together.count += 1;
    if (status === "suspect") together.suspects.push({ file });
  });
}

/** @param {T.Uploaded} outcome what was sent, of which the samples wait again */
export function reviewed(outcome) {
  const { reviewed = [] } = outcome;
  const text = element("p", { class: "good" }, phrase("reviewed", { n: reviewed.length }));
  const back = button(phrase("take-back"), () => takeBack(outcome), { class: "quiet" });
  return element("div", { class: "outcome", role: "status" }, text, element("p", { class: "actions" }, back));
}

/** @param {T.Uploaded} outcome */
async function takeBack({ reviewed = [], batches = [] }) {
  const done = await attempt(async () => {
    await api.feedback(reviewed.map((sample) => ({ sample, label: null })));
    for (const batch of batches) await unlessGone(() => api.removeBatch(batch));
  });
  if (done) update("sending", { outcome: null });
  await loadDataset();
}
