// @ts-check
/**
 * What is done about a version that is tried, in shadow or on a share of the requests, that is promoted, or watched.
 *
 * @import * as T from "../types.js"
 */

import { pulse } from "../connection.js";
import { attempt, tell } from "../notice.js";
import { update } from "../state.js";
import { loadModels } from "../models/actions.js";
import { phrase } from "../texts.js";
import { Failure, json } from "../transport.js";

const PICTURES = 24; // that are shown of what would be answered otherwise

/** @param {T.Rollout} rollout @returns {"shadow" | "canary" | "watch"} */
export const roleOf = ({ progress }) => (progress.shadow ? "shadow" : progress.before ? "watch" : "canary");

/** @param {string} version @param {"shadow" | "canary" | "watch"} role */
const pathOf = (version, role) => `/models/${encodeURIComponent(version)}/${role}`;

/** @param {string} version @param {Record<string, number>} wish as the server has its options */
export async function beginShadow(version, wish) {
  await attempt(async () => {
    try {
      await json("POST", pathOf(version, "shadow"), { body: JSON.stringify(wish), type: "application/json" });
    } catch (error) {
      const status = error instanceof Failure ? error.status : 0;
      if (status === 409) throw new Failure(phrase("shadow.conflict", { version }), "conflict", status);
      throw error;
    }
    tell(phrase("shadow.begun", { version }), "good");
  });
  await loadModels();
}

/** @param {string} version @param {string} reason @param {number} minutes that it is watched, and sent back if it is worse */
export async function promote(version, reason, minutes) {
  const wish = { reason, ...(minutes > 0 && { watch_minutes: minutes }) };
  const sending = { body: JSON.stringify(wish), type: "application/json" };
  await attempt(async () => tell((await json("POST", `/models/${encodeURIComponent(version)}/promote`, sending)).message + ".", "good"));
  await loadModels();
  await pulse();
}

/** @param {T.Rollout} rollout */
export async function end(rollout) {
  await attempt(() => json("DELETE", pathOf(rollout.version, roleOf(rollout))));
  await loadModels();
}

/** Look how one ended that went on before. @param {T.Rollout} rollout */
export async function loadEnd(rollout) {
  await attempt(async () => update("models", { ended: await json("GET", pathOf(rollout.version, roleOf(rollout))) }));
}

/**
 * The newest pictures that a shadow would answer otherwise, where such are kept.
 *
 * @param {T.Rollout} shadow @returns {Promise<{samples: T.Sample[], collecting: boolean}>}
 */
export async function otherwise({ started_at: begun }) {
  const { samples, collecting } = await json("GET", `/samples?why=shadow&state=any&limit=${PICTURES}`);
  return { samples: samples.filter((/** @type {{created_at: string}} */ each) => each.created_at >= begun), collecting };
}
