// @ts-check
/** Versions: loaded and looked at. */

import * as api from "../api.js";
import { element } from "../element.js";
import { attempt, messageOf, tell } from "../notice.js";
import { state, update } from "../state.js";
import { phrase, worded } from "../texts.js";
import { Failure, lost } from "../transport.js";

const STEP = 50; // versions that are shown more
const KEPT_MS = 60_000; // for the browser to have written a file

export async function loadModels() {
  try {
    const value = await api.models(state.models.wanted);
    update("models", { value, failed: {}, error: null });
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
 * Ask what has to be known before a version is tried or promoted.
 *
 * @param {(questions: typeof import("../rollout/questions.js")) => Promise<void>} put
 */
export async function asking(put) {
  const questions = await worded(() => import("../rollout/questions.js")).catch(() => null);
  if (questions) await put(questions);
  else tell(lost().message, "bad");
}

/** @type {Set<string>} versions that are being loaded */
const loading = new Set();

/** @param {string} version which never changes, so that one look is enough */
export async function loadDetails(version) {
  const { details, failed } = state.models;
  if (details[version] || failed[version] || loading.has(version)) return;
  loading.add(version);
  try {
    const found = await api.model(version);
    update("models", { details: { ...state.models.details, [version]: found } });
  } catch (error) {
    const isGone = error instanceof Failure && error.status === 404;
    const why = isGone ? phrase("version.missing", { version }) : messageOf(error);
    update("models", { failed: { ...state.models.failed, [version]: why } });
  }
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
