// @ts-check
/**
 * One version looked at closely: figures, mistakes, how it learnt, and its whole report.
 *
 * @import * as T from "../types.js"
 */

import { bar } from "../bar.js";
import { columns } from "../charts.js";
import * as api from "../api.js";
import { button, element } from "../element.js";
import { bytes, count, duration, isNumber, moment, percent } from "../format.js";
import { curves, pastOf } from "../retrain/progress.js";
import { checks } from "../retrain/verdict.js";
import { download } from "./actions.js";
import { imagesOf, ownOf, promoter, speedOf } from "./list.js";
import { matrix } from "./matrix.js";
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

const WORST = 24; // mistakes that are shown of a version alone

/** And the colour of each, the same wherever it stands. */
const COLOURS = /** @type {Record<string, string>} */ ({
  fit: "first",
  uploads: "fifth",
  validation: "third",
  gate: "fourth",
  test: "second",
  "held out": "sixth",
});

/** @param {T.ModelDetails} model @param {T.Models} models */
export function detailsOf(model, models) {
  const files = Object.keys(model.manifest?.files ?? {});
  const test = model.metrics?.test;
  const labels = Object.keys(test?.classes ?? {});
  return element(
    "article",
    { class: "card version", "aria-label": `Version ${model.version}` },
    element(
      "div",
      { class: "card-head" },
      element("h2", { tabindex: -1 }, `Version ${model.version} `, model.current && element("span", { class: "tag good" }, "serves")),
      element("div", { class: "actions" }, downloads(model.version, files), promoter(model, models.current, "promote-shown")),
    ),
    model.problem !== undefined && element("p", { class: "failure" }, model.problem),
    figures(model, models.models),
    test?.confusion && element("div", {}, matrix(labels, test.confusion), mixedUp(labels, test.confusion)),
    test?.classes && byLabel(test.classes),
    model.training?.history?.length
      ? [element("h3", {}, "How it learnt"), curves(pastOf(model.training.history), model.training.history.length)]
      : null,
    distribution(model.report?.dataset),
    mistakes(model.report?.mistakes ?? []),
    model.gate?.checks && element("div", { class: "gate" }, element("h3", {}, "What the gate checked"), checks(model.gate)),
    report(model.version, files),
  );
}

/** @param {string} version @param {string[]} files of it */
function downloads(version, files) {
  const save = (/** @type {string} */ name, /** @type {() => Promise<Blob>} */ load) => () => download(name, load);
  return [
    files.includes("model.onnx") &&
      button("Model file", save(`version-${version}.onnx`, () => api.modelFile(version)), {
        class: "quiet",
        "aria-label": `Model file of version ${version}`,
      }),
    files.includes("report/report.html") &&
      button("Report", save(`version-${version}.html`, () => api.reportFile(version, "report.html")), {
        class: "quiet",
        "aria-label": `Report of version ${version}`,
      }),
  ];
}

/** @param {T.ModelDetails} model @param {T.Model[]} models */
function figures(model, models) {
  const { metrics, training } = model;
  return element(
    "dl",
    { class: "facts" },
    fact("Test accuracy", percent(metrics?.test?.accuracy)),
    fact("F1", percent(metrics?.test?.f1)),
    fact("Size", bytes(model.bytes)),
    fact("Speed", speedOf(model, models)),
    fact("Learnt from", imagesOf(training)),
    fact("Of yours in that", ownOf(model)),
    fact("Began as", training?.warm_start ? `version ${training.warm_start}` : "random weights"),
    fact("Epochs", isNumber(training?.epochs) ? count(training.epochs) : "–"),
    fact("Took", duration(training?.seconds)),
    fact("Made", moment(model.created_at)),
  );
}

/** @param {string} name @param {string} value */
const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));

/** @param {string[]} labels @param {number[][]} confusion the pairs it mixes up most, in words */
function mixedUp(labels, confusion) {
  const pairs = confusion.flatMap((row, is) => row.map((times, read) => ({ times, is, read })));
  const worst = pairs
    .filter(({ times, is, read }) => times && is !== read)
    .sort((one, other) => other.times - one.times);
  if (!worst.length) return null;
  const words = worst.slice(0, 3).map(({ times, is, read }) => `${labels[is]} for ${labels[read]} (${times === 1 ? "once" : `${count(times)} times`})`);
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
  return columns({
    title: "Pictures by label",
    labels,
    parts: parts.map(([name, counts]) => ({ name: PARTS[name] ?? name, kind: COLOURS[name] ?? "", counts })),
  });
}

/** @param {T.Mistake[]} worst test pictures that it was surest about and wrong */
function mistakes(worst) {
  const shown = worst.filter(({ picture }) => picture.startsWith("data:image/png;")).slice(0, WORST);
  if (!shown.length) return null;
  return element(
    "figure",
    { class: "worst" },
    element("figcaption", {}, element("span", { class: "chart-title" }, "Its worst mistakes")),
    element(
      "ul",
      {},
      shown.map(mistake),
    ),
  );
}

/** @param {T.Mistake} mistake */
export function mistake({ label, predicted, confidence, picture }) {
  return element(
    "li",
    {},
    element("img", { src: picture, alt: "" }),
    element("span", {}, `${label}, read as ${predicted}`),
    element("span", {}, percent(confidence)),
  );
}
