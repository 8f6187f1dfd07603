// @ts-check
/**
 * How the model is: what it says, how sure it is, how familiar what it is shown; and how often people corrected it.
 *
 * @import * as T from "../types.js"
 */

import { bar } from "../bar.js";
import { columns, lines } from "../charts.js";
import { element } from "../element.js";
import { count, isNumber, percent } from "../format.js";
import { frameOf, one, padded, tile } from "./charts.js";

const DAYS = 14; // of corrections
const DAY_MS = 86_400_000;

/** @param {T.Stats} stats @param {T.Batch[] | null} corrections */
export function modelTiles(stats, corrections) {
  const { labels, confidence_at_most: steps, unfamiliar } = stats.answers;
  const all = sum(Object.values(labels));
  const unsure = steps["0.9"] ?? 0;
  return [
    tile("Answers", count(all), "since the server's start"),
    tile("Sure", all ? percent(1 - unsure / all, 1) : "–", "of them with over 90 %"),
    tile("Unfamiliar", all ? percent(unfamiliar / all, 1) : "–", "pictures unlike those it learnt from"),
    tile("Corrections", corrections ? count(sum(corrections.map((each) => each.count))) : "–", `in ${DAYS} days`),
  ];
}

/** @param {T.Stats} stats @param {string[]} known the labels that it may give @param {T.Batch[] | null} corrections */
export function modelCharts(stats, known, corrections) {
  const { labels } = stats.answers;
  const named = [...new Set([...known, ...Object.keys(labels)])];
  const frame = frameOf(stats);
  return [
    columns({ title: "Answers by label", labels: named, parts: [{ name: "answers", kind: "first", counts: labels }] }),
    sureness(stats.answers.confidence_at_most),
    lines({
      ...frame,
      least: Math.min(0.9, ...stats.confidence.filter(isNumber)),
      most: 1,
      title: "How sure it is, on average",
      series: [one("confidence", padded(stats.confidence))],
      format: (value) => percent(value, 1),
    }),
    lines({
      ...frame,
      most: 0.1,
      title: "Unfamiliar pictures",
      series: [one("unfamiliar", padded(stats.unfamiliar))],
      format: (value) => percent(value, 1),
    }),
    corrections && byDay(corrections),
  ];
}

/** @param {Record<string, number>} steps how many answers were at most so sure, counted up */
function sureness(steps) {
  const bounds = Object.keys(steps).filter((each) => each !== "+Inf").sort((one, other) => Number(one) - Number(other));
  const all = Math.max(1, ...Object.values(steps));
  const named = (/** @type {string} */ bound, /** @type {number} */ place) =>
    place === 0 ? `up to ${percent(Number(bound), 0)}` : `${percent(Number(bounds[place - 1]), 0)} to ${percent(Number(bound), 0)}`;
  return element(
    "figure",
    { class: "chart" },
    element("figcaption", {}, element("span", { class: "chart-title" }, "Answers by how sure it was")),
    element(
      "ol",
      { class: "bars" },
      bounds.map((bound, place) => {
        const share = (steps[bound] - (place ? steps[bounds[place - 1]] : 0)) / all;
        return bar(named(bound, place), share, percent(share, 1));
      }),
    ),
  );
}

/** @param {T.Batch[]} corrections */
function byDay(corrections) {
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
  const noon = midnight() + DAY_MS / 2; // from which a day earlier is a day earlier, also where a clock is put forward
  const days = Array.from({ length: DAYS }, (_, place) => day.format(noon - (DAYS - 1 - place) * DAY_MS));
  /** @type {number[]} */
  const values = days.map(() => 0);
  for (const each of corrections) values[days.indexOf(day.format(Date.parse(each.created_at)))] += each.count;
  return lines({
    title: "Corrections by day",
    series: [{ name: "pictures", kind: "second", values }],
    format: count,
    least: 0,
    most: 1,
    from: days[0],
    to: days[DAYS - 1],
    name: (at) => days[Math.round(at * (DAYS - 1))],
  });
}

/** @param {T.Batch[]} batches @returns {T.Batch[]} the corrections of the days that are shown */
export const recent = (batches) =>
  batches.filter(({ source, created_at: time }) => source === "correction" && Date.parse(time) > midnight() - (DAYS - 1) * DAY_MS);

const midnight = () => new Date().setHours(0, 0, 0, 0);

/** @param {number[]} values */
const sum = (values) => values.filter(isNumber).reduce((all, each) => all + each, 0);
