// @ts-check
/**
 * What was tried and what served: candidates that the gate refused, and the moves between versions.
 *
 * @import * as T from "../types.js"
 */

import { element } from "../element.js";
import { age, moment, percent } from "../format.js";
import { checkWords } from "../retrain/words.js";
import { phrase, phraseOr } from "../texts.js";

/** @param {T.RefusedCandidate[]} candidates */
export function refusedList(candidates) {
  return element(
    "ul",
    { class: "rows" },
    candidates.map(({ job, metrics, gate }) => {
      const missed = gate?.checks?.filter(({ passed }) => !passed).map((check) => checkWords(check).question) ?? [];
      return element(
        "li",
        {},
        element(
          "span",
          {},
          element("strong", {}, `${phrase("retrain.name", { job: job ?? "?" })} `),
          element(
            "span",
            { class: "hint" },
            percent(metrics?.test?.accuracy),
            missed.length > 0 && `; ${phrase("missed", { checks: missed.join(" ") })}`,
          ),
        ),
        element("a", { href: "#retrain" }, phrase("retrainings.link")),
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
      .map(({ time, from, to, kind, by, reason, canary }) =>
        element(
          "li",
          {},
          element(
            "span",
            {},
            element("strong", {}, canary ? phrase("canary", { version: canary }) : from === null ? `${to}` : `${from} → ${to}`),
            element("span", { class: "hint", title: moment(time) }, ` ${phraseOr(`moved.${kind}`, kind)}${authorOf(kind, by)}, ${age(time)}`, reason && ": "),
            reason && element("q", {}, reason),
          ),
        ),
      ),
  );
}

/** @param {string} kind @param {string} by the name of a key; "api" is anybody's through the API, as this page's */
const authorOf = (kind, by) => (by !== "api" ? ` ${phrase("by", { by })}` : kind === "published" ? "" : ` ${phrase("by.hand")}`);
