// @ts-check
/**
 * Versions, newest first, in a table that becomes cards where there is no room for one.
 *
 * @import * as T from "../types.js"
 */

import { button, element } from "../element.js";
import { age, bytes, count, duration, isNumber, moment, percent } from "../format.js";
import { promote, show } from "./actions.js";

/** @param {T.Models} models @param {string | null} shown */
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

/** @param {T.Model} model @param {T.Models} models @param {string | null} shown */
function row(model, models, shown) {
  const { version, metrics, training, problem } = model;
  const back = models.current !== null && Number(version) < Number(models.current);
  const cell = (/** @type {string} */ name, /** @type {(string | Node)[]} */ ...content) =>
    element("td", { "data-name": name }, content);
  return element(
    "tr",
    { class: version === shown ? "shown" : "" },
    element(
      "th",
      { scope: "row" },
      `${version} `,
      model.current && element("span", { class: "tag good" }, "serves"),
      problem !== undefined && element("span", { class: "tag bad", title: problem }, "broken"),
    ),
    cell("Accuracy", element("strong", {}, percent(metrics?.test?.accuracy))),
    cell("Size", bytes(model.bytes)),
    cell("Speed", speedOf(model)),
    cell("Learnt from", imagesOf(training)),
    cell("Took", duration(training?.seconds)),
    cell("Age", element("span", { title: moment(model.created_at) }, age(model.created_at))),
    element(
      "td",
      { class: "row-actions" },
      button("Look", () => show(version), {
        class: "quiet",
        "aria-label": `Look at version ${version}`,
        "aria-pressed": version === shown ? "true" : "false",
        "data-key": `look-${version}`,
      }),
      !model.current &&
        problem === undefined &&
        button(back ? "Roll back" : "Promote", () => promote(model), {
          "aria-label": `${back ? "Roll back to" : "Promote"} version ${version}`,
          "data-key": `promote-${version}`,
        }),
    ),
  );
}

/** @param {T.Model} model the model's time for one picture, as measured where it was trained */
export function speedOf({ timing }) {
  const microseconds = timing?.["batch 1"];
  return isNumber(microseconds) ? `${count(Math.round(microseconds))} µs` : "–";
}

/** @param {T.Training | null | undefined} training */
export function imagesOf(training) {
  const images = training?.images;
  if (isNumber(images)) return `${count(images)} pictures`;
  const parts = Object.values(images ?? {}).filter(isNumber);
  return parts.length ? `${count(parts.reduce((sum, each) => sum + each, 0))} pictures` : "–";
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
            element("span", { class: "hint", title: moment(time) }, ` ${kind} ${authorOf(by)}, ${age(time)}`, reason && ": "),
            reason && element("q", {}, reason),
          ),
        ),
      ),
  );
}

/** @param {string} by who moved it: a job, or somebody through the API, which is what this page uses, too */
const authorOf = (by) => (by === "api" ? "by hand" : `by ${by}`);
