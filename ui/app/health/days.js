// @ts-check
/**
 * How the model was day by day, as the server counts days, in UTC: what it said, how sure it was, how familiar what it
 * was shown, and how often people corrected it.
 *
 * @import * as T from "../types.js"
 */

import { lines } from "../charts.js";
import { count, percent, shortCount } from "../format.js";
import { grid } from "../grid.js";
import { isSign } from "../labels.js";
import { locale, phrase } from "../texts.js";

export const DAYS = 14; // that are shown
const DAY_MS = 86_400_000;

/** @param {T.Day[] | null} days @param {string[]} known the labels that it may give @param {T.Batch[] | null} corrections */
export function dayCharts(days, known, corrections) {
  const shown = newest();
  const told = new Map(days?.map((each) => [each.day, each]));
  const found = shown.map((day) => told.get(day));
  const frame = { ...frameOf(shown), least: 0, format: count };
  const share = { ...frame, format: (/** @type {number} */ value) => percent(value, 1) };
  const sure = found.map((each) => each?.confidence ?? null);
  const least = Math.min(0.9, ...sure.map((each) => each ?? 1));
  const strange = found.map((each) => each?.unfamiliar ?? null);
  const answers = found.map((each) => each?.answers ?? 0);
  return [
    days && lines({ ...frame, most: 1, title: phrase("days.answers"), series: [first(phrase("chart.answers.name"), answers)] }),
    days && lines({ ...share, least, most: 1, title: phrase("days.sure"), series: [first(phrase("chart.sure.name"), sure)] }),
    days && lines({ ...share, most: 0.1, title: phrase("days.unfamiliar"), series: [first(phrase("chart.unfamiliar.name"), strange)] }),
    corrections && lines({ ...frame, most: 1, title: phrase("chart.corrections"), series: [corrected(shown, corrections)] }),
    found.some(Boolean) && byLabel(shown, found, known),
  ];
}

/** @param {T.Batch[]} batches @returns {T.Batch[]} the corrections of the days that are shown */
export function recent(batches) {
  const [oldest] = newest();
  return batches.filter(({ source, created_at: time }) => source === "correction" && dayOf(time) >= oldest);
}

/** @param {string[]} shown @param {T.Batch[]} corrections @returns {import("../charts.js").Series} */
function corrected(shown, corrections) {
  const values = shown.map((day) =>
    corrections.reduce((all, each) => all + (dayOf(each.created_at) === day ? each.count : 0), 0),
  );
  return { name: phrase("chart.pictures"), kind: "second", values };
}

/** @param {string[]} shown @param {(T.Day | undefined)[]} found @param {string[]} known */
function byLabel(shown, found, known) {
  const said = found.map((day) => new Map(day?.labels.map(({ label, answers }) => [label, answers])));
  /** @type {(string | null)[]} */
  const labels = [...new Set([...known, ...said.flatMap((each) => [...each.keys()])])];
  const values = labels.map((label) => said.map((each) => each.get(label) ?? 0));
  const share = (/** @type {number} */ value, /** @type {number} */ column) => value / (found[column]?.answers || 1);
  const most = Math.max(...values.flatMap((row) => row.map(share)));
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "numeric", timeZone: "UTC" });
  return grid({
    title: phrase("days.labels"),
    cells: phrase("days.labels.cells"),
    corner: phrase("days.corner"),
    kind: `days ${known.every(isSign) ? "" : "words"}`,
    columns: shown.map((each) => day.format(Date.parse(each))),
    rows: labels.map((each) => each ?? phrase("days.others")),
    values,
    look: (value, _, column) => ({
      text: value ? shortCount(value) : "·",
      kind: value ? "right" : "none",
      share: share(value, column) / most,
    }),
  });
}

/** @param {string[]} shown */
function frameOf(shown) {
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const names = shown.map((each) => day.format(Date.parse(each)));
  return { from: names[0], to: names[DAYS - 1], name: (/** @type {number} */ at) => names[Math.round(at * (DAYS - 1))] };
}

/** @param {string} name @param {(number | null)[]} values @returns {import("../charts.js").Series} */
const first = (name, values) => ({ name, kind: "first", values });

/** @returns {string[]} the days that are shown, as 2026-05-01, today last */
const newest = () => Array.from({ length: DAYS }, (_, place) => dayOf(Date.now() - (DAYS - 1 - place) * DAY_MS));

/** @param {string | number} time */
const dayOf = (time) => new Date(time).toISOString().slice(0, 10);
