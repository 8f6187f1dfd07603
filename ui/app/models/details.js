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
import { bytes, count, duration, isNumber, moment, percent } from "../format.js";
import { messageOf } from "../notice.js";
import { checks, curves, pastOf } from "../retrain/progress.js";
import { phrase, phraseOr } from "../texts.js";
import { hasKey } from "../transport.js";
import { download } from "./actions.js";
import { imagesOf, ownOf, promoter, speedOf } from "./list.js";
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
    figures(model, models.models),
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

/** @param {T.ModelDetails} model @param {T.Model[]} models */
function figures(model, models) {
  const { metrics, training } = model;
  return element(
    "dl",
    { class: "facts" },
    fact(phrase("fact.accuracy"), percent(metrics?.test?.accuracy)),
    fact("F1", percent(metrics?.test?.f1)),
    fact(phrase("fact.size"), bytes(model.bytes)),
    fact(phrase("fact.speed"), speedOf(model, models)),
    fact(phrase("fact.learnt"), imagesOf(training)),
    fact(phrase("fact.yours"), ownOf(model)),
    fact(phrase("fact.began"), training?.warm_start ? phrase("version.small", { version: training.warm_start }) : phrase("fact.random")),
    fact(phrase("option.epochs"), isNumber(training?.epochs) ? count(training.epochs) : "–"),
    fact(phrase("fact.took"), duration(training?.seconds)),
    fact(phrase("fact.made"), moment(model.created_at)),
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

/* The whole report of a version in a frame that may do nothing. */

const STYLE = /<style>(.*?)<\/style>/gs;

/**
 * Loaded on demand.
 *
 * @param {string} version @param {string[]} files of the version
 */
export function report(version, files) {
  if (!files.includes("report/report.html")) return null;
  const whole = element("details", { class: "report" }, element("summary", {}, phrase("report.whole")));
  const title = phrase("report.of", { version });
  const load = async () => {
    try {
      whole.append(
        hasKey()
          ? await carried(version, title)
          : element("iframe", { src: api.reportUrl(version, "report.html"), title, sandbox: "" }),
      );
    } catch (error) {
      whole.append(element("p", { class: "hint" }, messageOf(error)));
    }
  };
  whole.addEventListener("toggle", load, { once: true });
  return whole;
}

/**
 * A frame can't send a key, so the report is brought to it. It is held to this page's policy then: no script runs in it,
 * and its style, which that policy would refuse as markup, is handed over as a sheet.
 *
 * @param {string} version @param {string} title
 */
async function carried(version, title) {
  const text = await (await api.reportFile(version, "report.html")).text();
  const styles = [...text.matchAll(STYLE)].map(([, style]) => style);
  const page = new DOMParser().parseFromString(text.replaceAll(STYLE, ""), "text/html");
  for (const image of page.querySelectorAll("img")) {
    const source = image.getAttribute("src") ?? "";
    if (!source.startsWith("data:")) image.src = URL.createObjectURL(await api.reportFile(version, source));
  }
  const sandbox = "allow-same-origin"; // so that this page reaches into it; what is in it can't run
  const frame = element("iframe", { srcdoc: page.documentElement.outerHTML, title, sandbox });
  frame.addEventListener("load", () => {
    const inner = /** @type {Document} */ (frame.contentDocument);
    const sheet = new /** @type {any} */ (inner.defaultView).CSSStyleSheet();
    sheet.replaceSync(styles.join("\n"));
    inner.adoptedStyleSheets = [sheet];
  });
  return frame;
}
