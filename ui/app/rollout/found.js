// @ts-check
/**
 * What a version in shadow was found to do: how often both agree, which answers would be which others, with their pictures
 * where these are kept, and how long a picture takes either.
 *
 * @import * as T from "../types.js"
 */

import { samplePath } from "../api.js";
import { bar } from "../bar.js";
import { element } from "../element.js";
import { count, duration, milliseconds, percent } from "../format.js";
import { picture } from "../teach/strip.js";
import { phrase } from "../texts.js";

const SHOWN = 8; // kinds of other answers, the most frequent

/** @param {T.Rollout} shadow @param {HTMLElement | null} pictures as `pictured` makes them */
export function found({ version, against, pictures: least = 0, canary_minutes: next = 0, progress }, pictures) {
  const { shadow, current, changed = {}, dropped = 0, agreement } = progress;
  const asked = shadow?.pictures ?? 0;
  const kinds = Object.entries(changed).slice(0, SHOWN);
  const most = Math.max(1, ...kinds.map(([, times]) => times));
  return [
    element(
      "dl",
      { class: "facts" },
      fact(phrase("shadow.agreement"), percent(agreement, 1)),
      fact(phrase("shadow.asked"), asked < least ? phrase("shadow.asked.of", { n: asked, least }) : phrase("pictures", { n: asked })),
      dropped > 0 && fact(phrase("shadow.dropped"), count(dropped)),
      fact(phrase("shadow.speed", { version }), milliseconds(shadow?.p99_ms)),
      fact(phrase("shadow.speed", { version: against }), milliseconds(current.p99_ms)),
    ),
    kinds.length > 0 &&
      element(
        "figure",
        { class: "chart" },
        element("figcaption", {}, element("span", { class: "chart-title" }, phrase("shadow.changed"))),
        element("ol", { class: "bars" }, kinds.map(([kind, times]) => bar(kind, times / most, count(times)))),
      ),
    kinds.length > 0 && pictures,
    next > 0 && element("p", { class: "hint" }, phrase("shadow.next", { time: duration(next * 60) })),
  ];
}

/** @param {string} name @param {string} value */
const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));

/** @param {{samples: T.Sample[], collecting: boolean}} kept @returns {HTMLElement | null} what it would answer otherwise */
export function pictured({ samples, collecting }) {
  if (!samples.length) return collecting ? null : element("p", { class: "hint" }, phrase("shadow.off"));
  return element(
    "figure",
    { class: "worst" },
    element("figcaption", {}, element("span", { class: "chart-title" }, phrase("shadow.pictures"))),
    element(
      "ul",
      {},
      samples.map(({ sample, label, confidence }) =>
        element(
          "li",
          {},
          picture({ picture: null, path: samplePath(sample) }, { alt: "", width: 56, height: 56 }),
          element("span", {}, phrase("shadow.now", { label })),
          element("span", {}, percent(confidence, 1)),
        ),
      ),
    ),
  );
}
