// @ts-check
/**
 * The version that a share of the requests is tried on, or that is watched: how far it is, how it does, its end by hand.
 *
 * @import * as T from "../types.js"
 */

import { endRollout } from "../api.js";
import { button, element, property } from "../element.js";
import { count, duration, milliseconds, percent as percentOf } from "../format.js";
import { attempt, tell } from "../notice.js";
import { phrase } from "../texts.js";
import { loadModels } from "./actions.js";

/** @param {T.Canary} canary */
export function canaryCard({ version, against, percent, minutes, progress }) {
  const { current, canary, before } = progress;
  const role = before ? "watch" : "canary";
  const name = phrase(role, { version });
  const share = Math.min(1, progress.minutes / minutes);
  return element(
    "section",
    { class: "card", "aria-label": name },
    element(
      "div",
      { class: "card-head" },
      element("h2", {}, name),
      button(phrase("canary.end"), () => end(version, role), { class: "quiet", "data-key": "end-canary" }),
    ),
    element(
      "div",
      { class: "distance" },
      property(
        element("div", { class: "progress", role: "progressbar", "aria-label": name, "aria-valuenow": Math.round(share * 100) }),
        "--share",
        share,
      ),
      element("p", {}, `${percentOf(percent / 100, 1)}, ${duration(progress.minutes * 60)} / ${duration(minutes * 60)}`),
    ),
    element("p", { class: "hint" }, said(version, canary ?? current), "; ", said(against, before ?? current)),
  );
}

/** @param {string} version @param {T.Arm} arm how many requests it answered, and how fast 99 of 100 */
const said = (version, { requests, p99_ms: p99 }) =>
  `${phrase("version.name", { version })}: ${count(requests)}, p99 ${milliseconds(p99)}`;

/** @param {string} version @param {"canary" | "watch"} role */
async function end(version, role) {
  await attempt(async () => tell((await endRollout(version, role)).message + ".", "good"));
  await loadModels();
}
