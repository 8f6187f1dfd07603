// @ts-check
/**
 * Which days are shown of the model's health, as the server counts days, in UTC.
 *
 * @import * as T from "../types.js"
 */

export const DAYS = 14; // that are shown
const DAY_MS = 86_400_000;

/** @param {T.Batch[]} batches @returns {T.Batch[]} the corrections of the days that are shown */
export function recent(batches) {
  const [oldest] = newest();
  return batches.filter(({ source, created_at: time }) => source === "correction" && dayOf(time) >= oldest);
}

/** @returns {string[]} the days that are shown, as 2026-05-01, today last */
export const newest = () => Array.from({ length: DAYS }, (_, place) => dayOf(Date.now() - (DAYS - 1 - place) * DAY_MS));

/** @param {string | number} time */
export const dayOf = (time) => new Date(time).toISOString().slice(0, 10);
