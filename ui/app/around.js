// @ts-check
/**
 * What is around the views once the first one is there: a retraining that runs, in the header and the tab's title, and
 * how it ended; the choice of the language and of the model, at the foot; and a focus that is never lost.
 */

import { here, loadCatalogue, pageOf } from "./catalogue/actions.js";
import { element, replace } from "./element.js";
import { percent } from "./format.js";
import { asked, tell } from "./notice.js";
import { isOpen, shareOf } from "./retrain/words.js";
import { state, watch } from "./state.js";
import { language, LANGUAGES, phrase, speak } from "./texts.js";

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
      place.setAttribute("aria-label", phrase("running", { share: text }));
      replace(place, element("span", {}, phrase("running.short")), text);
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
  tell(phrase("running.done", { version }), "good", [phrase("running.look"), () => (location.hash = `models/${version}`)]);
}

/* The choice of the page's language, at its foot. */

export function showLanguages() {
  const field = /** @type {HTMLSelectElement} */ (document.getElementById("language"));
  for (const [tag, name] of Object.entries(LANGUAGES))
    field.append(element("option", { value: tag, lang: tag, selected: tag === language }, name));
  field.addEventListener("change", async () => {
    const chosen = /** @type {typeof language} */ (field.value);
    field.value = language;
    if (await mayLeave()) speak(chosen);
  });
  /** @type {HTMLElement} */ (field.closest("footer")).hidden = false;
}

/* The choice of the model, at its foot, where the service has others. */

export function showModels() {
  const label = element("label", {});
  document.querySelector("footer")?.prepend(label);
  watch(
    () => [state.catalogue.value],
    (models) => {
      label.hidden = !models || models.length < 2;
      const options = models?.map((each) => element("option", { selected: here ? each.name === here : each.default }, each.name));
      const field = element("select", { change: () => (location.href = pageOf(field.value)) }, options);
      replace(label, phrase("view.models"), " ", field);
    },
  );
  void loadCatalogue(true);
}

/** @returns {Promise<boolean>} what Predict shows is not kept over a reload, as what Teach shows is */
async function mayLeave() {
  const { drawing, gallery } = state.predict;
  if (!drawing && !gallery.length) return true;
  const question = () => ({ title: phrase("language.title"), text: phrase("language.text"), action: phrase("language.change") });
  return (await asked(({ confirm }) => confirm(question()))) !== null;
}

/*
 * Where what had the focus goes, is hidden or at rest, what is nearest to it takes it: a keyboard goes on from there.
 */

const TAKES_FOCUS = "button, a[href], input, select, canvas, [tabindex='0']";

export function keepFocus() {
  /** @type {Element[]} what had the focus last, and what that stood in, from the inside out */
  let path = [];
  addEventListener("focusin", ({ target }) => {
    path = [];
    for (let each = /** @type {Element | null} */ (target); each; each = each.parentElement) path.push(each);
  });
  addEventListener("focusout", async ({ target }) => {
    await null; // it may be told while it is taken out
    if (target === path[0] && !isGone(path[0])) path = []; // somebody went elsewhere
  });
  new MutationObserver(() => {
    const [last, ...around] = path;
    const focused = document.activeElement;
    if (!last || !isGone(last) || (focused !== last && focused !== document.body)) return;
    const near = around
      .filter((each) => each !== document.body && each !== document.documentElement && !isGone(each))
      .map((each) => [...each.querySelectorAll(TAKES_FOCUS)].find((one) => !isGone(one)))
      .find(Boolean);
    /** @type {HTMLElement} */ (near ?? document.getElementById("main")).focus({ preventScroll: true });
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled", "hidden"] });
}

/** @param {Element} each */
const isGone = (each) => !each.isConnected || each.matches(":disabled") || each.closest("[hidden]") !== null;
