// @ts-check
/**
 * The last minutes as numbers and small charts.
 *
 * @import * as T from "../types.js"
 */

import { lines } from "../charts.js";
import { element } from "../element.js";
import { bytes, count, counted, decimal, duration, isNumber, milliseconds } from "../format.js";

const SHOWN = 150; // buckets, all that the server keeps

/** @param {T.Stats} stats */
export function tiles(stats) {
  const { last_minute: minute, reloads } = stats;
  const errors = minute.client_errors + minute.server_errors;
  return [
    tile("Requests", `${short(minute.requests_per_second)} /s`, "over the last minute"),
    tile("Half are faster than", milliseconds(minute.p50_ms), "p50 of predictions"),
    tile("95 of 100", milliseconds(minute.p95_ms), "p95"),
    tile("99 of 100", milliseconds(minute.p99_ms), "p99"),
    tile("In one batch", isNumber(minute.batch_mean) ? decimal(minute.batch_mean, 1) : "–", "pictures, on average"),
    tile("Queue", count(stats.queue), "pictures wait now"),
    tile(
      "Errors",
      count(errors),
      errors ? `${count(minute.server_errors)} of them the server's` : "in the last minute",
      minute.server_errors ? "bad" : "",
    ),
    tile("Memory", bytes(stats.resident_bytes_now), "resident"),
    tile("Up for", duration(stats.uptime_seconds), `version ${stats.model_version ?? "none"}`),
    tile(
      "Model reloads",
      count(reloads.success),
      reloads.failure ? `${counted(reloads.failure, "one", "ones")} refused` : "none refused",
      reloads.failure ? "bad" : "",
    ),
  ];
}

/** @param {T.Stats} stats */
export function charts(stats) {
  const frame = frameOf(stats);
  const rate = 1 / stats.bucket_seconds;
  return [
    lines({
      ...frame,
      title: "Requests a second",
      series: [one("requests", padded(stats.requests_per_second))],
      format: short,
    }),
    lines({
      ...frame,
      least: undefined, // the lines are factors apart: on a plain scale the worst would press the others flat
      log: true,
      title: "Latency of predictions",
      series: [
        { name: "p50", kind: "first", values: padded(stats.p50_ms) },
        { name: "p95", kind: "second", values: padded(stats.p95_ms) },
        { name: "p99", kind: "third", values: padded(stats.p99_ms) },
      ],
      format: milliseconds,
    }),
    lines({
      ...frame,
      title: "Batch size",
      series: [
        { name: "mean", kind: "first", values: padded(stats.batch_mean) },
        { name: "largest", kind: "second", values: padded(stats.batch_max.map((each) => each || null)) },
      ],
      format: short,
    }),
    lines({ ...frame, most: 1, title: "Queue", series: [one("pictures", padded(stats.queue_max))], format: short }),
    lines({
      ...frame,
      most: 1,
      title: "Errors a second",
      series: [
        { name: "by the request", kind: "second", values: padded(stats.client_errors.map((each) => each * rate)) },
        { name: "by the server", kind: "bad", values: padded(stats.server_errors.map((each) => each * rate)) },
      ],
      format: short,
    }),
    lines({
      ...frame,
      title: "Memory",
      series: [one("resident", padded(stats.resident_bytes.map((each) => each || null)))],
      format: bytes,
    }),
  ];
}

/** @param {T.Stats} stats what all charts over the last minutes have in common */
export function frameOf({ bucket_seconds: seconds }) {
  const ago = (/** @type {number} */ at) => Math.round((1 - at) * (SHOWN - 1)) * seconds;
  const name = (/** @type {number} */ at) => (ago(at) ? `${duration(ago(at))} ago` : "now");
  return { length: SHOWN, from: `${Math.round((SHOWN * seconds) / 60)} min ago`, to: "now", least: 0, name };
}

/** @param {string} name @param {(number | null)[]} values @returns {import("../charts.js").Series} */
export const one = (name, values) => ({ name, kind: "first", values });

/** @param {(number | null)[]} values with nothing where there was no server yet, so that now is at the right */
export const padded = (values) => [...Array(Math.max(0, SHOWN - values.length)).fill(null), ...values];

/** @param {number} value */
const short = (value) =>
  value >= 10 || value === 0 ? count(value) : decimal(value, 1);

/** @param {string} name @param {string} value @param {string} hint @param {string} [kind] */
export function tile(name, value, hint, kind = "") {
  return element(
    "div",
    { class: `number ${kind}` },
    element("dt", {}, name),
    element("dd", {}, element("strong", {}, value), element("span", { class: "hint" }, hint)),
  );
}
