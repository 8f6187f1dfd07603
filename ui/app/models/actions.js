// @ts-check
/**
 * Versions: loaded, looked at, promoted.
 *
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { pulse } from "../connection.js";
import { confirm } from "../dialog.js";
import { element } from "../element.js";
import { attempt, messageOf, tell } from "../notice.js";
import { state, update } from "../state.js";

const STEP = 50; // versions that are shown more
const KEPT_MS = 60_000; // for the browser to have written a file

export async function loadModels() {
  try {
    const value = await api.models(state.models.wanted);
    update("models", { value, error: null });
  } catch (error) {
    update("models", { error: messageOf(error) });
  }
}

export async function showMore() {
  update("models", { wanted: state.models.wanted + STEP });
  await loadModels();
  if (state.models.error !== null) tell(state.models.error, "bad");
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

/** @type {Set<string>} versions that are being loaded */
const loading = new Set();

/** @param {string} version which never changes, so that one look is enough */
export async function loadDetails(version) {
  if (state.models.details[version] || loading.has(version)) return;
  loading.add(version);
  await attempt(async () => {
    const details = await api.model(version);
    update("models", { details: { ...state.models.details, [version]: details } });
  });
  loading.delete(version);
}

/** @param {string} name of the file that is kept @param {() => Promise<Blob>} load */
export async function download(name, load) {
  await attempt(async () => {
    const link = element("a", { href: URL.createObjectURL(await load()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
  });
}
