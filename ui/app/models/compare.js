// @ts-check
/**
 * Versions side by side, their differences first: what one reads and another missed, and what the gate said of the two.
 *
 * @import * as T from "../types.js"
 */

import { lines } from "../charts.js";
import { element } from "../element.js";
import { decimal, isNumber, percent } from "../format.js";
import { checks } from "../retrain/progress.js";
import { phrase, phrased } from "../texts.js";
import { mistake } from "./details.js";
import { addressOf, FACTS, promoter } from "./list.js";
import { difference } from "./matrix.js";

const KINDS = ["first", "second", "third", "fourth"];
const SHARES = /** @type {Record<string, "accuracy" | "f1">} */ ({ "fact.accuracy": "accuracy", "fact.f1": "f1" });

/** @param {T.ModelDetails[]} versions the first is held against each of the others @param {T.Models} models */
export function comparison(versions, models) {
  const [one, ...others] = versions;
  const names = others.map(({ version }) => version).join(", ");
  return element(
    "article",
    { class: "card version", "aria-label": phrase("compare.title", { version: one.version, others: names }) },
    element(
      "div",
      { class: "card-head" },
      element("h2", { tabindex: -1 }, phrase("compare.title", { version: one.version, others: names })),
      element("div", { class: "actions" }, versions.map((each) => promoter(each, models.current, `promote-${each.version}-shown`))),
    ),
    others.map((other) => pair(one, other, others.length > 1)),
    figures(versions, models.models),
    curves(versions),
  );
}

/** @param {T.ModelDetails} one @param {T.ModelDetails} other @param {boolean} isNamed */
function pair(one, other, isNamed) {
  const [now, before] = [one.metrics?.test, other.metrics?.test];
  const alike = sameTest(one, other);
  return element(
    "section",
    { class: "pair", "aria-label": phrase("compare.against", { version: other.version }) },
    isNamed && element("h3", {}, phrase("compare.against", { version: other.version })),
    judged(one, other) ?? judged(other, one) ?? element("p", { class: "hint" }, phrase("judged.never")),
    alike
      ? readings(one, other)
      : element("p", { class: "hint" }, phrase("differ")),
    alike && now?.confusion && before?.confusion
      ? difference(Object.keys(now.classes ?? {}), now.confusion, before.confusion)
      : null,
  );
}

/** @param {T.ModelDetails} one @param {T.ModelDetails} other whether both were tested on as many pictures of each label */
function sameTest(one, other) {
  const [counts, others] = [one, other].map(({ metrics }) =>
    JSON.stringify(Object.entries(metrics?.test?.classes ?? {}).map(([label, { images }]) => [label, images])),
  );
  return counts === others;
}

/** @param {T.ModelDetails} one @param {T.ModelDetails} other the gate's verdict over one, if it was judged by the other */
function judged({ version, gate }, other) {
  if (!gate?.checks || gate.against !== other.version) return null;
  const change = gate.checks.find(({ name }) => name === "accuracy change");
  const chance = gate.checks.find(({ name }) => name === "accuracy chance");
  const images = change ? Math.round(change.value * change.images) : 0;
  const held = () => {
    const both = { version, other: other.version };
    if (!change) return phrase("judged", both);
    const key = images === 0 ? "judged.same" : images > 0 ? "judged.more" : "judged.fewer";
    const found = { ...both, n: change.images, difference: element("strong", {}, phrase(key, { n: Math.abs(images) })) };
    if (!chance || images >= 0) return phrased("judged.change", found);
    return phrased("judged.chance", { ...found, chance: percent(chance.value, 1) });
  };
  return element(
    "div",
    { class: "judged" },
    element("p", {}, held(), " ", phrase(gate.passed ? "judged.passed" : "judged.failed")),
    element("details", {}, element("summary", {}, phrase("judged.all")), checks(gate)),
  );
}

/**
 * Pictures that one version reads and the other missed. A report has the mistakes that its version was surest about: who
 * made a mistake that is not in the other's report read that picture only if that report has all of them.
 *
 * @param {T.ModelDetails} one @param {T.ModelDetails} other
 */
function readings(one, other) {
  const missed = [one, other].map(({ report }) => report?.mistakes ?? []);
  if (!missed.some((each) => each.length)) return null;
  const [mine, theirs] = missed.map((each) => new Set(each.map(keyOf)));
  return element(
    "div",
    { class: "readings" },
    only(missed[1].filter((each) => !mine.has(keyOf(each))), one, other),
    only(missed[0].filter((each) => !theirs.has(keyOf(each))), other, one),
    element("p", { class: "hint" }, phrase("both-missed", { n: missed[0].filter((each) => theirs.has(keyOf(each))).length })),
  );
}

/** @param {T.Mistake[]} shown @param {T.ModelDetails} reader @param {T.ModelDetails} misser */
function only(shown, reader, misser) {
  const told = phrase(hasAll(reader) ? "only" : "only.perhaps", {
    ...{ reader: reader.version, misser: misser.version, n: shown.length },
  });
  return element(
    "figure",
    { class: "worst" },
    element("figcaption", {}, element("span", { class: "chart-title" }, told)),
    element("ul", {}, shown.map(mistake)),
  );
}

/** @param {T.Mistake} mistake what tells its picture from others */
const keyOf = ({ label, picture }) => `${label} ${picture}`;

/** @param {T.ModelDetails} model whether its report has every mistake that it made on the test pictures */
function hasAll({ metrics, report }) {
  const test = metrics?.test;
  return isNumber(test?.images) && isNumber(test?.right) && (report?.mistakes ?? []).length >= test.images - test.right;
}

/** @param {T.ModelDetails[]} versions @param {T.Model[]} models */
function figures(versions, models) {
  const [one] = versions;
  const change = (/** @type {string} */ fact, /** @type {T.ModelDetails} */ model) => {
    const name = SHARES[fact];
    return name && model !== one && sameTest(model, one) ? [" ", points(model, one, name)] : [];
  };
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": phrase("figures") },
    element(
      "table",
      { class: "figures" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("td", {}),
          versions.map(({ version }) =>
            element("th", { scope: "col" }, element("a", { href: addressOf([version]) }, phrase("version.name", { version }))),
          ),
        ),
      ),
      element(
        "tbody",
        {},
        FACTS.map(([name, of]) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, phrase(name)),
            versions.map((each) => element("td", {}, of(each, models), change(name, each))),
          ),
        ),
      ),
    ),
  );
}

/** @param {T.Model} model @param {T.Model} one @param {"accuracy" | "f1"} name in points of a hundred */
function points(model, one, name) {
  const [value, other] = [model.metrics?.test?.[name], one.metrics?.test?.[name]];
  if (!isNumber(value) || !isNumber(other)) return null;
  const change = (value - other) * 100;
  const kind = Math.abs(change) < 0.005 ? "" : change > 0 ? "good" : "bad";
  const sign = kind === "" ? "±" : change > 0 ? "+" : "−";
  return element("span", { class: `tag ${kind}` }, sign + decimal(Math.abs(change), 2));
}

/** @param {T.ModelDetails[]} versions how each learnt, on the same axes: a version's whole training is the whole width */
function curves(versions) {
  const histories = versions.map(({ training }) => training?.history ?? []);
  if (histories.filter((each) => each.length).length < 2) return null;
  const longest = Math.max(...histories.map((each) => each.length));
  const chart = (/** @type {"validation_loss" | "validation_accuracy"} */ column) =>
    versions.map(({ version }, index) => ({
      name: phrase("version.small", { version }),
      kind: KINDS[index],
      values: histories[index].map((each) => each[column]),
      at: histories[index].map((_, epoch) => (longest > 1 ? epoch / (longest - 1) : 0.5)),
    }));
  const frame = {
    from: phrase("epoch", { epoch: 1 }),
    to: phrase("epoch", { epoch: longest }),
    name: (/** @type {number} */ at) => phrase("epoch", { epoch: Math.round(at * (longest - 1)) + 1 }),
  };
  return element(
    "div",
    { class: "split even curves" },
    lines({ ...frame, title: phrase("curve.loss"), series: chart("validation_loss"), format: (value) => decimal(value, 3), least: 0 }),
    lines({ ...frame, title: phrase("curve.accuracy"), series: chart("validation_accuracy"), format: (value) => percent(value, 1), most: 1 }),
  );
}
