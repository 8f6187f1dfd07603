// @ts-check
/**
 * Versions, newest first, in a table that becomes cards where there is no room for one.
 *
 * @import * as T from "../types.js"
 */

import { button, element } from "../element.js";
import { age, bytes, count, counted, duration, isNumber, moment, percent } from "../format.js";
import { promote } from "./actions.js";
import { addressOf, besideAddress } from "./address.js";

/** @param {T.Models} models @param {string[]} shown */
export function versionTable(models, shown) {
  const heads = ["Version", "Accuracy", "Size", "Speed", "Learnt from", "Took", "Age", ""];
  return element(
    "table",
    { class: "versions" },
    element("caption", { class: "unseen" }, "Versions, newest first"),
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
  const { version, metrics, training, problem } = model;
  const isShown = shown.includes(version);
  const cell = (/** @type {string} */ name, /** @type {(string | Node)[]} */ ...content) =>
    element("td", { "data-name": name }, content);
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
          "aria-label": `Version ${version}`,
          "aria-current": isShown ? "true" : null,
          "data-key": `look-${version}`,
        },
        version,
      ),
      " ",
      model.current && element("span", { class: "tag good" }, "serves"),
      problem !== undefined && element("span", { class: "tag bad", title: problem }, "broken"),
    ),
    cell("Accuracy", element("strong", {}, percent(metrics?.test?.accuracy))),
    cell("Size", bytes(model.bytes)),
    cell("Speed", speedOf(model, models.models)),
    cell("Learnt from", imagesOf(training)),
    cell("Took", duration(training?.seconds)),
    cell("Age", element("span", { title: moment(model.created_at) }, age(model.created_at))),
    element(
      "td",
      { class: "row-actions" },
      !(isShown && shown.length === 1) &&
        element(
          "a",
          {
            class: "beside",
            href: besideAddress(version),
            "aria-label": isShown ? `Hide version ${version}` : `Compare version ${version} with ${shown.join(", ")}`,
            "data-key": `beside-${version}`,
          },
          isShown ? "Hide" : "Compare",
        ),
      promoter(model, models.current, `promote-${version}`),
    ),
  );
}

/** @param {T.Model} model @param {string | null} current @param {string} key what makes it serve, if anything can */
export function promoter(model, current, key) {
  if (model.current || model.problem !== undefined) return null;
  const back = current !== null && Number(model.version) < Number(current);
  return button(back ? "Roll back" : "Promote", () => promote(model), {
    "aria-label": `${back ? "Roll back to" : "Promote"} version ${model.version}`,
    "data-key": key,
  });
}

/**
 * The time for one picture. It is measured once, when a version is made, on a machine that may do other things as well,
 * which can only slow it down: of versions with the same network the least that was measured is the truest of all.
 *
 * @param {T.Model} model @param {T.Model[]} models
 */
export function speedOf(model, models) {
  const alike = [model, ...models.filter(({ bytes: size }) => isAlike(size, model.bytes))];
  const measured = alike.map(({ timing }) => timing?.["batch 1"]).filter(isNumber);
  return isNumber(model.timing?.["batch 1"]) ? `${count(Math.round(Math.min(...measured)))} µs` : "–";
}

/** @param {number | undefined} one @param {number | undefined} other bytes: those of one network differ in a name or two */
const isAlike = (one, other) => isNumber(one) && isNumber(other) && Math.abs(one - other) < 0.005 * other;

/** @param {T.Training | null | undefined} training */
export function imagesOf(training) {
  const images = training?.images;
  if (isNumber(images)) return `${count(images)} pictures`;
  const parts = Object.values(images ?? {}).filter(isNumber);
  return parts.length ? `${count(parts.reduce((sum, each) => sum + each, 0))} pictures` : "–";
}

/**
 * What of a person's own pictures a version learnt from: the pictures, and the uploads that they came in.
 *
 * @param {T.ModelDetails} model
 */
export function ownOf({ training, report }) {
  const batches = training?.upload_batches?.length;
  if (batches === undefined) return "–";
  const images = Object.values(report?.dataset?.uploads ?? {}).reduce((sum, each) => sum + each, 0);
  const apart = Object.values(report?.dataset?.["held out"] ?? {}).reduce((sum, each) => sum + each, 0);
  const others = [apart && `${count(apart)} held out`, training?.uploads_left_out && `${count(training.uploads_left_out)} copies left out`];
  const besides = others.filter(Boolean).join(", ");
  return batches ? `${counted(images, "picture")} of ${counted(batches, "upload")}${besides && ` (${besides})`}` : "none";
}

/** @param {T.RefusedCandidate[]} candidates */
export function refusedList(candidates) {
  return element(
    "ul",
    { class: "rows" },
    candidates.map(({ job, metrics, gate }) => {
      const missed = gate?.checks?.filter(({ passed }) => !passed).map(({ name }) => name.replaceAll("_", " ")) ?? [];
      return element(
        "li",
        {},
        element(
          "span",
          {},
          element("strong", {}, `Retraining ${job ?? "?"} `),
          element(
            "span",
            { class: "hint" },
            percent(metrics?.test?.accuracy),
            missed.length > 0 && `; missed: ${missed.join(", ")}`,
          ),
        ),
        element("a", { href: "#retrain" }, "Retrainings"),
      );
    }),
  );
}

/** @param {T.Promotion[]} promotions */
export function history(promotions) {
  return element(
    "ol",
    { class: "rows" },
    [...promotions]
      .reverse()
      .map(({ time, from, to, kind, by, reason }) =>
        element(
          "li",
          {},
          element(
            "span",
            {},
            element("strong", {}, from === null ? `${to}` : `${from} → ${to}`),
            element("span", { class: "hint", title: moment(time) }, ` ${kind}${authorOf(kind, by)}, ${age(time)}`, reason && ": "),
            reason && element("q", {}, reason),
          ),
        ),
      ),
  );
}

/** @param {string} kind @param {string} by the name of a key; "api" is anybody's through the API, as this page's */
const authorOf = (kind, by) => (by !== "api" ? ` by ${by}` : kind === "published" ? "" : " by hand");
