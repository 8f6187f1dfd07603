// @ts-check
/**
 * One version looked at closely: figures, mistakes, how it learnt, and its whole report.
 *
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { bar } from "../bar.js";
import { columns } from "../charts.js";
import { button, element } from "../element.js";
import { percent } from "../format.js";
import { checks, curves, pastOf } from "../retrain/progress.js";
import { phrase, phraseOr } from "../texts.js";
import { lost } from "../transport.js";
import { download } from "./actions.js";
import { FACTS, promoter } from "./list.js";
import { matrix } from "./matrix.js";

const WORST = 24; // mistakes that are shown of a version alone

/** The colour of each part of a dataset, the same wherever it stands. */
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
    { class: "card version", "aria-label": phrase("version.name", { version: model.version }) },
    element(
      "div",
      { class: "card-head" },
      element("h2", { tabindex: -1 }, `${phrase("version.name", { version: model.version })} `, model.current && element("span", { class: "tag good" }, phrase("serves"))),
      element("div", { class: "actions" }, downloads(model.version, files), promoter(model, models.current, "promote-shown")),
    ),
    model.problem !== undefined && element("p", { class: "failure" }, model.problem),
    element(
      "dl",
      { class: "facts" },
      FACTS.map(([name, of]) => element("div", {}, element("dt", {}, phrase(name)), element("dd", {}, of(model, models.models)))),
    ),
    test?.confusion && element("div", {}, matrix(labels, test.confusion), mixedUp(labels, test.confusion)),
    test?.classes && byLabel(test.classes),
    model.training?.history?.length
      ? [element("h3", {}, phrase("how-learnt")), curves(pastOf(model.training.history), model.training.history.length)]
      : null,
    distribution(model.report?.dataset),
    mistakes(model.report?.mistakes ?? []),
    model.gate?.checks && element("div", { class: "gate" }, element("h3", {}, phrase("gate")), checks(model.gate)),
    report(model.version, files),
  );
}

/** @param {string} version @param {string[]} files of it */
function downloads(version, files) {
  const save = (/** @type {string} */ name, /** @type {() => Promise<Blob>} */ load) => () => download(name, load);
  return [
    files.includes("model.onnx") &&
      button(phrase("model-file"), save(`version-${version}.onnx`, () => api.modelFile(version)), {
        class: "quiet",
        "aria-label": phrase("model-file.of", { version }),
      }),
    files.includes("report/report.html") &&
      button(phrase("report"), save(`version-${version}.html`, () => api.reportFile(version, "report.html")), {
        class: "quiet",
        "aria-label": phrase("report.of", { version }),
      }),
  ];
}

/** @param {string[]} labels @param {number[][]} confusion the pairs it mixes up most, in words */
function mixedUp(labels, confusion) {
  const pairs = confusion.flatMap((row, is) => row.map((times, read) => ({ times, is, read })));
  const worst = pairs
    .filter(({ times, is, read }) => times && is !== read)
    .sort((one, other) => other.times - one.times);
  if (!worst.length) return null;
  const pair = (/** @type {(typeof worst)[number]} */ { times, is, read }) =>
    phrase("mixed-up.pair", { n: times, label: labels[is], read: labels[read] });
  return element("p", { class: "hint" }, phrase("mixed-up", { pairs: worst.slice(0, 3).map(pair).join(", ") }));
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
        phrase("by-label", { floor: percent(floor, 0) }),
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
    title: phrase("pictures-by-label"),
    labels,
    parts: parts.map(([name, counts]) => ({ name: phraseOr(`part.${name}`, name), kind: COLOURS[name] ?? "", counts })),
  });
}

/** @param {T.Mistake[]} worst test pictures that it was surest about and wrong */
function mistakes(worst) {
  const shown = worst.filter(({ picture }) => picture.startsWith("data:image/png;")).slice(0, WORST);
  if (!shown.length) return null;
  return element(
    "figure",
    { class: "worst" },
    element("figcaption", {}, element("span", { class: "chart-title" }, phrase("mistakes"))),
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
    element("span", {}, phrase("mistake", { label, predicted })),
    element("span", {}, percent(confidence)),
  );
}

/** @param {string} version @param {string[]} files of it: the whole report, loaded on demand */
function report(version, files) {
  if (!files.includes("report/report.html")) return null;
  const whole = element("details", { class: "report" }, element("summary", {}, phrase("report.whole")));
  const load = async () => {
    const module = await import("./report.js").catch(() => null);
    whole.append(module ? await module.framed(version) : element("p", { class: "hint" }, lost().message));
  };
  whole.addEventListener("toggle", load, { once: true });
  return whole;
}
