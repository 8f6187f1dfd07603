// @ts-check
/** A retraining that runs, wherever in the page somebody is: in the header, in the tab's title, and how it ended. */

import { element, replace } from "./element.js";
import { percent } from "./format.js";
import { tell } from "./notice.js";
import { isOpen, shareOf } from "./retrain/words.js";
import { state, watch } from "./state.js";

export function showRunning() {
  const place = element("a", { class: "running", href: "#retrain", hidden: true });
  document.getElementById("pulse")?.after(place);
  /** @type {string | null | undefined} */
  let served; // when the retraining that runs was first seen
  watch(
    () => [share(), state.health.value?.retraining?.job, state.health.value?.model_version, state.route.view],
    (far, job, version, _view) => {
      place.hidden = far === null;
      const text = far === null ? "" : percent(far, 0);
      place.setAttribute("aria-label", `learning, ${text}`);
      replace(place, element("span", {}, "learning, "), text);
      document.title = (far === null ? "" : `(${percent(far, 0)}) `) + document.title.replace(/^\(.*?\) /, "");
      if (job !== undefined) {
        served ??= version;
        return;
      }
      if (served !== undefined && version && version !== served) celebrate(version);
      if (far === null) served = undefined;
    },
  );
}

/** @returns {number | null} how far the open retraining is: as its followers are told, else as the pulse says */
function share() {
  const { followed } = state.retrain;
  const open = state.health.value?.retraining;
  if (followed && isOpen(followed.job.state)) return shareOf(followed.job.state, followed.job.progress);
  if (!open || followed?.job.job === open.job) return null;
  return shareOf(open.state, open);
}

/** @param {string} version */
function celebrate(version) {
  if (state.route.view === "retrain") return; // where it can be seen
  tell(`Version ${version} has learnt what you taught, and has taken over.`, "good", ["Look at it", () => (location.hash = `models/${version}`)]);
}
