// @ts-check
/**
 * What the server can be asked about drift, as api.js has the rest.
 *
 * @typedef {{of: "label" | "margin" | "score" | "ink", label: string | null, at_most: number | null, reference: number,
 *   now: number, answers: number, distance: number}} Moved
 * @typedef {{id: string, version: string, since: string, moved: Moved[]}} Alarm
 * @typedef {{watching: boolean, reason: string | null, model_version: string | null, false_alarm_requests: number,
 *   distances: number[], threshold: number, alarm: Alarm | null}} Drift
 */

import { json, unkeyed } from "../transport.js";

/** @returns {Promise<Drift>} */
export const drift = async () => (await unkeyed("GET", "/drift")).json();
/** @param {string} id @returns {Promise<string[]>} samples that show what moved */
export const examples = async (id) => (await json("GET", `/drift/alarms/${id}`)).samples;
/** @param {string} id @returns {Promise<{message: string}>} */
export const close = (id) => json("POST", `/drift/alarms/${id}/close`);
