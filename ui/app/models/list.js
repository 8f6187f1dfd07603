// @ts-check
/**
 * Versions, newest first, in a table that becomes cards where there is no room for one.
 *
 * @import * as T from "../types.js"
 * @import { Key } from "../texts.js"
 */

import { button, element } from "../element.js";
import { age, bytes, count, duration, isNumber, moment, percent } from "../format.js";
import { state } from "../state.js";
import { phrase } from "../texts.js";
import { asking } from "./actions.js";

/** @type {[Key, (model: T.Model, models: T.Model[]) => string | Node][]} of a version, what the list shows beside its number */
const COLUMNS = [
  ["accuracy", ({ metrics }) => element("strong", {}, percent(metrics?.test?.accuracy))],
  ["fact.size", ({ bytes: size }) => bytes(size)],
  ["fact.speed", speedOf],
  ["fact.learnt", ({ training }) => imagesOf(training)],
  ["fact.took", ({ training }) => duration(training?.seconds)],
  ["fact.age", ({ created_at: time }) => element("span", { title: moment(time) }, age(time))],
];

/** @type {[Key, (model: T.ModelDetails, models: T.Model[]) => string][]} of a version that is looked at, its figures */
export const FACTS = [
  ["fact.accuracy", ({ metrics }) => percent(metrics?.test?.accuracy)],
  ["fact.f1", ({ metrics }) => percent(metrics?.test?.f1)],
  ["fact.size", ({ bytes: size }) => bytes(size)],
  ["fact.speed", speedOf],
  ["fact.learnt", ({ training }) => imagesOf(training)],
  ["fact.yours", ownOf],
  ["fact.began", ({ training }) => (training?.warm_start ? phrase("version.small", { version: training.warm_start }) : phrase("fact.random"))],
  ["option.epochs", ({ training }) => (isNumber(training?.epochs) ? count(training.epochs) : "–")],
  ["fact.took", ({ training }) => duration(training?.seconds)],
  ["fact.made", ({ created_at: time }) => moment(time)],
];

/** @param {T.Models} models @param {string[]} shown */
export function versionTable(models, shown) {
  const heads = [phrase("version"), ...COLUMNS.map(([name]) => phrase(name)), ""];
  return element(
    "table",
    { class: "versions" },
    element("caption", { class: "unseen" }, phrase("versions")),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        heads.map((each) => element(each ? "th" : "td", each ? { scope: "col" } : {}, each)),
      ),
    ),
    element(
      "tbody",
      {},
      models.models.map((each) => row(each, models, shown)),
    ),
  );
}

/** @param {T.Model} model @param {T.Models} models @param {string[]} shown */
function row(model, models, shown) {
  const { version, problem } = model;
  const isShown = shown.includes(version);
  return element(
    "tr",
    { class: isShown ? "shown" : "" },
    element(
      "th",
      { scope: "row" },
      element(
        "a",
        {
          href: addressOf([version]),
          "aria-label": phrase("version.name", { version }),
          "aria-current": isShown ? "true" : null,
          "data-key": `look-${version}`,
        },
        version,
      ),
      " ",
      model.current && element("span", { class: "tag good" }, phrase("serves")),
      problem !== undefined && element("span", { class: "tag bad", title: problem }, phrase("broken")),
    ),
    COLUMNS.map(([name, of]) => element("td", { "data-name": phrase(name) }, of(model, models.models))),
    element(
      "td",
      { class: "row-actions" },
      element(
        "div",
        { class: "actions" },
        !(isShown && shown.length === 1) &&
          element(
            "a",
            {
              class: "beside",
              href: besideAddress(version),
              "aria-label": isShown
                ? phrase("hide.version", { version })
                : phrase("compare.with", { version, others: shown.join(", ") }),
              "data-key": `beside-${version}`,
            },
            isShown ? phrase("hide") : phrase("compare"),
          ),
        shadower(model, models),
        promoter(model, models.current, `promote-${version}`),
      ),
    ),
  );
}

/** @param {T.Models | null} models @returns {T.Rollout | null} what goes on, of which there is one at a time */
export const tried = (models) => models?.shadow ?? models?.canary ?? models?.watch ?? null;

/** @param {T.Model} model @param {T.Models} models what asks it in secret, where there is an answer to compare with */
function shadower({ version, current, problem }, models) {
  if (current || problem !== undefined || models.current === null || tried(models)) return null;
  return button(phrase("shadow.try"), () => asking(({ askShadow }) => askShadow(version)), {
    "aria-label": phrase("shadow.try.version", { version }),
    "data-key": `shadow-${version}`,
  });
}

/** @param {T.Model} model @param {string | null} current @param {string} key what makes it serve, if anything can */
export function promoter(model, current, key) {
  if (model.current || model.problem !== undefined) return null;
  const back = current !== null && Number(model.version) < Number(current);
  return button(back ? phrase("roll-back") : phrase("promote"), () => asking(({ askPromotion }) => askPromotion(model)), {
    "aria-label": phrase(back ? "roll-back.to" : "promote.version", { version: model.version }),
    "data-key": key,
  });
}

/**
 * The time for one picture. It is measured once, when a version is made, on a machine that may do other things as well,
 * which can only slow it down: of versions with the same network the least that was measured is the truest of all.
 *
 * @param {T.Model} model @param {T.Model[]} models
 */
function speedOf(model, models) {
  const alike = [model, ...models.filter(({ bytes: size }) => isAlike(size, model.bytes))];
  const measured = alike.map(({ timing }) => timing?.["batch 1"]).filter(isNumber);
  return isNumber(model.timing?.["batch 1"]) ? `${count(Math.round(Math.min(...measured)))} µs` : "–";
}

/** @param {number | undefined} one @param {number | undefined} other bytes: those of one network differ in a name or two */
const isAlike = (one, other) => isNumber(one) && isNumber(other) && Math.abs(one - other) < 0.005 * other;

/** @param {T.Training | null | undefined} training */
function imagesOf(training) {
  const images = training?.images;
  if (isNumber(images)) return phrase("pictures", { n: images });
  const parts = Object.values(images ?? {}).filter(isNumber);
  return parts.length ? phrase("pictures", { n: parts.reduce((sum, each) => sum + each, 0) }) : "–";
}

/**
 * What of a person's own pictures a version learnt from: the pictures, and the uploads that they came in.
 *
 * @param {T.ModelDetails} model
 */
function ownOf({ training, report }) {
  const batches = training?.upload_batches?.length;
  if (batches === undefined) return "–";
  const images = Object.values(report?.dataset?.uploads ?? {}).reduce((sum, each) => sum + each, 0);
  const apart = Object.values(report?.dataset?.["held out"] ?? {}).reduce((sum, each) => sum + each, 0);
  const others = [apart && phrase("own.held", { n: apart }), training?.uploads_left_out && phrase("own.copies", { n: training.uploads_left_out })];
  const besides = others.filter(Boolean).join(", ");
  if (!batches) return phrase("own.none");
  const own = { images: phrase("pictures", { n: images }), uploads: phrase("own.uploads", { n: batches }) };
  return besides ? phrase("own.besides", { ...own, besides }) : phrase("own", own);
}

/*
 * Which versions are looked at: those that the address names, as in #models/3 or #models/3..1, else the one that
 * serves.
 */

const MOST = 4; // side by side

/** @returns {string[]} those that the address names */
export function addressed() {
  if (state.route.view !== "models") return [];
  const named = state.route.place.split("..").filter((each) => /^\d{1,9}$/.test(each));
  return [...new Set(named)].slice(0, MOST);
}

/** @returns {string[]} */
export function looked() {
  const named = addressed();
  const first = state.models.value?.current ?? state.models.value?.models[0]?.version;
  return named.length || first === undefined ? named : [first];
}

/** @param {string[]} versions */
export const addressOf = (versions) => `#models/${versions.join("..")}`;

/** @param {string} version @returns {string} where it is looked at beside the others, or is not any more */
export function besideAddress(version) {
  const now = looked();
  return addressOf(now.includes(version) ? now.filter((each) => each !== version) : [...now, version].slice(-MOST));
}
