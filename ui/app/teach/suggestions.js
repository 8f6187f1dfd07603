// @ts-check
/** What the model takes the pictures without a label for, asked some at a time, while the desk is looked at. */

import * as api from "../api.js";
import { whenBack } from "../connection.js";
import { latest } from "../latest.js";
import { firstGroup } from "../shrink.js";
import { state, update, watch } from "../state.js";
import { Failure } from "../transport.js";
import { arranged, isOpen } from "./order.js";

const AT_ONCE = 32; // pictures of one request, as many as the model sees at once
const UNREADABLE = [413, 415, 422]; // status of an answer that stays the same

export function suggestLabels() {
  watch(
    () => [state.teach.pictures, state.route.view, state.health.value?.model_version],
    () => askOpen(null),
  );
  watch(
    () => [state.health.value?.model_version],
    () => update("teach", { suggestions: new Map() }),
  );
  whenBack(() => askOpen(null));
}

const askOpen = latest(async () => {
  for (let group = open(); group.length && state.route.view === "teach"; group = open()) {
    try {
      const files = await firstGroup(group.map(({ file }) => /** @type {Blob} */ (file)));
      take(group.slice(0, files.length), await api.predictBatch(files));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!UNREADABLE.includes(error.status)) return; // it is asked again later
      take(group, []);
    }
  }
});

const open = () =>
  state.teach.pictures
    .filter((each) => each.file !== null && isOpen(each) && !state.teach.suggestions.has(each.id))
    .slice(0, AT_ONCE);

/** @param {import("../state.js").Picture[]} group @param {Awaited<ReturnType<typeof api.predictBatch>>} answers */
function take(group, answers) {
  const suggestions = new Map(state.teach.suggestions);
  group.forEach(({ id }, index) => {
    const answer = answers[index];
    const read = answer !== undefined && "prediction" in answer;
    suggestions.set(id, read ? { label: answer.label, share: answer.confidence } : null);
  });
  update("teach", { suggestions, pictures: arranged(state.teach.pictures, state.teach.cursor, suggestions) });
}
