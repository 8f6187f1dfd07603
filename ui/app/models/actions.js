// @ts-check
/**
 * Versions: loaded, looked at, promoted.
 *
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { pulse } from "../connection.js";
import { confirm } from "../dialog.js";
import { attempt, messageOf, tell } from "../notice.js";
import { state, update } from "../state.js";

const STEP = 50; // versions that are shown more

export async function loadModels() {
  try {
    const value = await api.models(state.models.wanted);
    const known = (/** @type {string | null} */ version) =>
      version === value.current || value.models.some((each) => each.version === version);
    const { shown, beside } = state.models;
    const next = known(shown) ? shown : (value.current ?? value.models[0]?.version ?? null);
    update("models", { value, error: null, shown: next, beside: known(beside) ? beside : null });
    if (next !== null) void loadDetails(next);
  } catch (error) {
    update("models", { error: messageOf(error) });
  }
}

export async function showMore() {
  update("models", { wanted: state.models.wanted + STEP });
  await loadModels();
  if (state.models.error !== null) tell(state.models.error, "bad");
}

/** @param {string | null} version */
export function show(version) {
  update("models", { shown: version, beside: state.models.beside === version ? null : state.models.beside });
  if (version !== null) void loadDetails(version);
}

/** @param {string | null} version to show beside the other, null for none */
export function showBeside(version) {
  update("models", { beside: version });
  if (version !== null) void loadDetails(version);
}

/**
 * Ask, then make a version the current one.
 *
 * @param {T.Model} model
 */
export async function promote(model) {
  const current = state.models.value?.current ?? null;
  const back = current !== null && Number(model.version) < Number(current);
  const instead = current === null ? "" : `, instead of version ${current}`;
  const reason = await confirm({
    title: `${back ? "Go back" : "Change"} to version ${model.version}?`,
    text:
      `From then on version ${model.version} answers everybody${instead}. ` +
      "No request is lost, and you can change again at any time.",
    action: back ? "Roll back" : "Promote",
    reason: "Why? (kept with the versions, may be empty)",
  });
  if (reason === null) return;
  await attempt(async () => tell((await api.promote(model.version, reason)).message + ".", "good"));
  await loadModels();
  await pulse();
}

/** @param {string} version a version never changes, so that one look is enough */
async function loadDetails(version) {
  if (state.models.details[version]) return;
  await attempt(async () => {
    const details = await api.model(version);
    update("models", { details: { ...state.models.details, [version]: details } });
  });
}
