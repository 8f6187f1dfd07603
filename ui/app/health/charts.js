// @ts-check
/**
 * The last minutes as numbers and small charts.
 *
 * @import * as T from "../types.js"
 */

import { bar } from "../bar.js";
import { columns, lines } from "../charts.js";
import { element } from "../element.js";
import { bytes, count, decimal, duration, isNumber, milliseconds, percent } from "../format.js";
import { phrase } from "../texts.js";
import { DAYS } from "./days.js";

const SHOWN = 150; // buckets, all that the server keeps

/** @param {T.Stats} stats */
export function tiles(stats) {
  const { last_minute: minute, reloads } = stats;
  const errors = minute.client_errors + minute.server_errors;
  return [
    tile(phrase("tile.requests"), `${short(minute.requests_per_second)} /s`, phrase("tile.minute")),
    tile(phrase("tile.p50"), milliseconds(minute.p50_ms), phrase("tile.p50.hint")),
    tile(phrase("tile.p95"), milliseconds(minute.p95_ms), "p95"),
    tile(phrase("tile.p99"), milliseconds(minute.p99_ms), "p99"),
    tile(phrase("tile.batch"), isNumber(minute.batch_mean) ? decimal(minute.batch_mean, 1) : "–", phrase("tile.batch.hint")),
    tile(phrase("queue"), count(stats.queue), phrase("tile.queue.hint")),
    tile(
      phrase("tile.errors"),
      count(errors),
      errors ? phrase("tile.errors.server", { n: minute.server_errors }) : phrase("tile.errors.hint"),
      minute.server_errors ? "bad" : "",
    ),
    tile(phrase("memory"), bytes(stats.resident_bytes_now), phrase("resident")),
    tile(phrase("tile.up"), duration(stats.uptime_seconds), stats.model_version ? phrase("version.small", { version: stats.model_version }) : phrase("version.none")),
    tile(
      phrase("tile.reloads"),
      count(reloads.success),
      reloads.failure ? phrase("tile.refused", { n: reloads.failure }) : phrase("tile.reloads.none"),
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
      title: phrase("chart.requests"),
      series: [one(phrase("chart.requests.name"), padded(stats.requests_per_second))],
      format: short,
    }),
    lines({
      ...frame,
      least: undefined, // the lines are factors apart: on a plain scale the worst would press the others flat
      log: true,
      title: phrase("chart.latency"),
      series: [
        { name: "p50", kind: "first", values: padded(stats.p50_ms) },
        { name: "p95", kind: "second", values: padded(stats.p95_ms) },
        { name: "p99", kind: "third", values: padded(stats.p99_ms) },
      ],
      format: milliseconds,
    }),
    lines({
      ...frame,
      title: phrase("option.batch_size"),
      series: [
        { name: phrase("mean"), kind: "first", values: padded(stats.batch_mean) },
        { name: phrase("largest"), kind: "second", values: padded(stats.batch_max.map((each) => each || null)) },
      ],
      format: short,
    }),
    lines({ ...frame, most: 1, title: phrase("queue"), series: [one(phrase("chart.pictures"), padded(stats.queue_max))], format: short }),
    lines({
      ...frame,
      most: 1,
      title: phrase("chart.errors"),
      series: [
        { name: phrase("chart.errors.client"), kind: "second", values: padded(stats.client_errors.map((each) => each * rate)) },
        { name: phrase("chart.errors.server"), kind: "bad", values: padded(stats.server_errors.map((each) => each * rate)) },
      ],
      format: short,
    }),
    lines({
      ...frame,
      title: phrase("memory"),
      series: [one(phrase("resident"), padded(stats.resident_bytes.map((each) => each || null)))],
      format: bytes,
    }),
  ];
}

/** @param {T.Stats} stats what all charts over the last minutes have in common */
export function frameOf({ bucket_seconds: seconds }) {
  const ago = (/** @type {number} */ at) => Math.round((1 - at) * (SHOWN - 1)) * seconds;
  const name = (/** @type {number} */ at) => (ago(at) ? phrase("ago", { time: duration(ago(at)) }) : phrase("now"));
  return { length: SHOWN, from: phrase("ago", { time: `${Math.round((SHOWN * seconds) / 60)} min` }), to: phrase("now"), least: 0, name };
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

/*
 * How the model is: what it says, how sure it is, how familiar what it is shown; and how often people corrected it.
 */

/** @param {T.Stats} stats @param {T.Batch[] | null} corrections */
export function modelTiles(stats, corrections) {
  const { labels, confidence_at_most: steps, unfamiliar } = stats.answers;
  const all = sum(Object.values(labels));
  const unsure = steps["0.9"] ?? 0;
  return [
    tile(phrase("tile.answers"), count(all), phrase("tile.answers.hint")),
    tile(phrase("tile.sure"), all ? percent(1 - unsure / all, 1) : "–", phrase("tile.sure.hint")),
    tile(phrase("tile.unfamiliar"), all ? percent(unfamiliar / all, 1) : "–", phrase("tile.unfamiliar.hint")),
    tile(phrase("tile.corrections"), corrections ? count(sum(corrections.map((each) => each.count))) : "–", phrase("in-days", { n: DAYS })),
  ];
}

/** @param {T.Stats} stats @param {string[]} known the labels that it may give */
export function modelCharts(stats, known) {
  const { labels } = stats.answers;
  const named = [...new Set([...known, ...Object.keys(labels)])];
  const frame = frameOf(stats);
  return [
    columns({ title: phrase("chart.answers"), labels: named, parts: [{ name: phrase("chart.answers.name"), kind: "first", counts: labels }] }),
    sureness(stats.answers.confidence_at_most),
    lines({
      ...frame,
      least: Math.min(0.9, ...stats.confidence.filter(isNumber)),
      most: 1,
      title: phrase("chart.sure"),
      series: [one(phrase("chart.sure.name"), padded(stats.confidence))],
      format: (value) => percent(value, 1),
    }),
    lines({
      ...frame,
      most: 0.1,
      title: phrase("chart.unfamiliar"),
      series: [one(phrase("chart.unfamiliar.name"), padded(stats.unfamiliar))],
      format: (value) => percent(value, 1),
    }),
  ];
}

/** @param {Record<string, number>} steps how many answers were at most so sure, counted up */
function sureness(steps) {
  const bounds = Object.keys(steps).filter((each) => each !== "+Inf").sort((one, other) => Number(one) - Number(other));
  const all = Math.max(1, ...Object.values(steps));
  const share = (/** @type {string} */ bound) => percent(Number(bound), 0);
  const named = (/** @type {string} */ bound, /** @type {number} */ place) =>
    place === 0 ? phrase("up-to", { share: share(bound) }) : phrase("between", { from: share(bounds[place - 1]), share: share(bound) });
  return element(
    "figure",
    { class: "chart" },
    element("figcaption", {}, element("span", { class: "chart-title" }, phrase("chart.sureness"))),
    element(
      "ol",
      { class: "bars" },
      bounds.map((bound, place) => {
        const part = (steps[bound] - (place ? steps[bounds[place - 1]] : 0)) / all;
        return bar(named(bound, place), part, percent(part, 1));
      }),
    ),
  );
}

/** @param {number[]} values */
const sum = (values) => values.filter(isNumber).reduce((all, each) => all + each, 0);
