// @ts-check
/**
 * The version that is tried, in shadow or on a share of the requests, or that is watched: how far it is, how it does, its
 * end by hand, and how it ended while somebody looked.
 *
 * @import * as T from "../types.js"
 */

import { button, element, property, replace } from "../element.js";
import { count, duration, milliseconds, percent as percentOf } from "../format.js";
import { loadModels } from "../models/actions.js";
import { tried } from "../models/list.js";
import { messageOf } from "../notice.js";
import { state, update, watch } from "../state.js";
import { phrase, phraseOr } from "../texts.js";
import { end, loadEnd, otherwise, roleOf } from "./actions.js";
import { found, pictured } from "./found.js";

const LOOK_MS = 2000; // between two looks while it goes on

/** Show it there, whatever it is, from now on. @param {HTMLElement} part */
export function showIn(part) {
  let timer = 0;
  /** @type {T.Rollout | null} */
  let before = null;
  watch(
    () => [state.models.value, state.models.ended, state.route.view, pictures],
    (models, ended, view, _pictures) => {
      clearTimeout(timer);
      const now = tried(models);
      const over = now?.started_at !== before?.started_at ? before : null;
      before = now;
      if (over) void loadEnd(over);
      if (over && !now) return; // it stays until it is known how it ended
      if (now && view === "models") timer = setTimeout(loadModels, LOOK_MS);
      part.hidden = !now && !ended;
      replace(part, now && card(now), ended && card(ended));
      const shadow = [now, ended].find((each) => each?.progress.shadow);
      if (shadow) void loadPictures(shadow);
    },
  );
}

/** @type {HTMLElement | null} of the shadow that is shown; they stand still while its figures change */
let pictures = null;
let known = ""; // which shadow that is, and how much of it was answered otherwise then

/** @param {T.Rollout} shadow */
async function loadPictures(shadow) {
  const now = `${shadow.started_at} ${Object.values(shadow.progress.changed ?? {})}`;
  if (now === known) return;
  known = now;
  try {
    pictures = pictured(await otherwise(shadow));
  } catch (error) {
    messageOf(error); // then there are only the figures
  }
  update("models", {});
}

/** @param {T.Rollout} rollout */
function card(rollout) {
  const { version, state: now, why } = rollout;
  const role = roleOf(rollout);
  const name = phrase(role, { version });
  const isOver = now !== "running";
  return element(
    "section",
    { class: "card", "aria-label": name },
    element(
      "div",
      { class: "card-head" },
      element("h2", {}, name),
      isOver
        ? button(phrase("close"), () => update("models", { ended: null }), { class: "quiet", "data-key": "close-rollout" })
        : button(phrase("canary.end"), () => end(rollout), { class: "quiet", "data-key": "end-canary" }),
    ),
    isOver
      ? element("p", { role: "status" }, element("strong", {}, phraseOr(`rollout.${now}`, now)), now !== "stopped" && why && ` ${why}`)
      : distance(rollout, name),
    role === "shadow" ? found(rollout, pictures) : element("p", { class: "hint" }, arms(rollout)),
  );
}

/** @param {T.Rollout} rollout @param {string} name */
function distance({ percent, minutes, progress }, name) {
  const share = Math.min(1, progress.minutes / minutes);
  return element(
    "div",
    { class: "distance" },
    property(
      element("div", { class: "progress", role: "progressbar", "aria-label": name, "aria-valuenow": Math.round(share * 100) }),
      "--share",
      share,
    ),
    element("p", {}, `${percentOf(percent / 100, 1)}, ${duration(progress.minutes * 60)} / ${duration(minutes * 60)}`),
  );
}

/** @param {T.Rollout} rollout */
const arms = ({ version, against, progress: { current, canary, before } }) =>
  `${said(version, canary ?? current)}; ${said(against, before ?? current)}`;

/** @param {string} version @param {T.Arm} arm how many requests it answered, and how fast 99 of 100 */
const said = (version, { requests = 0, p99_ms: p99 }) =>
  `${phrase("version.name", { version })}: ${count(requests)}, p99 ${milliseconds(p99)}`;
