// @ts-check
/**
 * One version looked at closely: figures, mistakes, how it learnt, and its whole report.
 *
 * @import * as T from "../types.js"
 */

import { bar } from "../bar.js";
import { columns, matrix } from "../charts.js";
import { element } from "../element.js";
import { bytes, count, duration, isNumber, moment, percent } from "../format.js";
import { curves } from "../retrain/progress.js";
import { checks } from "../retrain/verdict.js";
import { imagesOf, speedOf } from "./list.js";
import { report } from "./report.js";

/** The parts of a dataset, by what they are for. */
export const PARTS = /** @type {Record<string, string>} */ ({
  fit: "to learn from",
  uploads: "uploads to learn from",
  validation: "to choose by",
  gate: "to compare by",
  test: "to report on",
  "held out": "uploads held out",
});

/** @param {T.ModelDetails} model @param {T.Model | null} other to compare it with */
export function detailsOf(model, other) {
  const test = model.metrics?.test;
  const labels = Object.keys(test?.classes ?? {});
  return element(
    "article",
    { class: "card version", "aria-label": `Version ${model.version}` },
    element(
      "div",
      { class: "card-head" },
      element("h2", {}, `Version ${model.version}`),
      model.current && element("span", { class: "tag good" }, "serves"),
    ),
    model.problem !== undefined && element("p", { class: "failure" }, model.problem),
    figures(model, other),
    test?.confusion && element("div", {}, matrix(labels, test.confusion), mixedUp(labels, test.confusion)),
    test?.classes && byLabel(test.classes),
    model.training?.history?.length
      ? [element("h3", {}, "How it learnt"), curves(model.training.history, model.training.history.length)]
      : null,
    distribution(model.report?.dataset),
    mistakes(model.report?.mistakes ?? []),
    model.gate?.checks && element("div", {}, element("h3", {}, "What the gate checked"), checks(model.gate)),
    report(model.version, Object.keys(model.manifest?.files ?? {})),
  );
}

/** @param {T.Model} model @param {T.Model | null} other */
function figures(model, other) {
  const { metrics, training } = model;
  const before = other?.metrics?.test;
  return element(
    "dl",
    { class: "facts" },
    fact("Test accuracy", percent(metrics?.test?.accuracy), difference(metrics?.test?.accuracy, before?.accuracy)),
    fact("F1", percent(metrics?.test?.f1), difference(metrics?.test?.f1, before?.f1)),
    fact("Size", bytes(model.bytes)),
    fact("Speed", speedOf(model)),
    fact("Learnt from", imagesOf(training)),
    fact("Uploads in it", training?.upload_batches ? count(training.upload_batches.length) : "–"),
    fact("Began as", training?.warm_start ? `version ${training.warm_start}` : "random weights"),
    fact("Epochs", isNumber(training?.epochs) ? count(training.epochs) : "–"),
    fact("Took", duration(training?.seconds)),
    fact("Made", moment(model.created_at)),
  );
}

/** @param {string} name @param {string} value @param {HTMLElement | null} [extra] */
function fact(name, value, extra = null) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value, extra && " ", extra));
}

/** @param {number | undefined} value @param {number | undefined} other in points of a hundred */
function difference(value, other) {
  if (!isNumber(value) || !isNumber(other)) return null;
  const points = (value - other) * 100;
  const kind = Math.abs(points) < 0.005 ? "" : points > 0 ? "good" : "bad";
  return element(
    "span",
    { class: `tag ${kind}` },
    `${points > 0 ? "+" : points < 0 ? "−" : "±"}${Math.abs(points).toFixed(2)}`,
  );
}

/** @param {string[]} labels @param {number[][]} confusion the pairs it mixes up most, in words */
function mixedUp(labels, confusion) {
  const pairs = confusion.flatMap((row, is) => row.map((times, read) => ({ times, is, read })));
  const worst = pairs
    .filter(({ times, is, read }) => times && is !== read)
    .sort((one, other) => other.times - one.times);
  if (!worst.length) return null;
  const words = worst.slice(0, 3).map(({ times, is, read }) => `${labels[is]} for ${labels[read]} (${times} times)`);
  return element("p", { class: "hint" }, `It most often takes ${words.join(", ")}.`);
}

/** @param {NonNullable<T.Metrics["classes"]>} classes */
function byLabel(classes) {
  const floor = Math.max(0, Math.min(0.9, ...Object.values(classes).map(({ recall }) => recall - 0.01)));
  return element(
    "figure",
    { class: "chart" },
    element(
      "figcaption",
      {},
      element(
        "span",
        { class: "chart-title" },
        `How many of each it reads rightly (bars begin at ${percent(floor, 0)})`,
      ),
    ),
    element(
      "ol",
      { class: "bars" },
      Object.entries(classes).map(([label, { recall }]) =>
        bar(label, (recall - floor) / (1 - floor || 1), percent(recall, 1)),
      ),
    ),
  );
}

/** @param {Record<string, T.Counts> | undefined} dataset */
function distribution(dataset) {
  const parts = Object.entries(dataset ?? {}).filter(([, counts]) => Object.keys(counts).length);
  if (!parts.length) return null;
  const labels = [...new Set(parts.flatMap(([, counts]) => Object.keys(counts)))].sort();
  const kinds = ["first", "third", "fourth", "second"];
  return columns({
    title: "Pictures by label",
    labels,
    parts: parts.map(([name, counts], index) => ({
      name: PARTS[name] ?? name,
      kind: kinds[index % kinds.length],
      counts,
    })),
  });
}

/** @param {T.Mistake[]} worst test pictures that it was surest about and wrong */
function mistakes(worst) {
  const shown = worst.filter(({ picture }) => picture.startsWith("data:image/png;"));
  if (!shown.length) return null;
  return element(
    "figure",
    { class: "worst" },
    element("figcaption", {}, element("span", { class: "chart-title" }, "Its worst mistakes")),
    element(
      "ul",
      {},
      shown.map(({ label, predicted, confidence, picture }) =>
        element(
          "li",
          {},
          element("img", { src: picture, alt: "" }),
          element("span", {}, `${label}, read as ${predicted}`),
          element("span", {}, percent(confidence)),
        ),
      ),
    ),
  );
}
