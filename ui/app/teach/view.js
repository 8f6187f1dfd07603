// @ts-check
/**
 * Many labelled pictures at once: choose, label, send, and see what the model will learn from.
 *
 * @import { Found } from "../files.js"
 * @import * as T from "../types.js"
 */

import { PAGE_MOST } from "../api.js";
import { whenBack } from "../connection.js";
import { element, replace } from "../element.js";
import { acceptDrops, chooser, pasted } from "../files.js";
import { folded } from "../folded.js";
import { heading } from "../frame.js";
import { classesNow } from "../labels.js";
import { state, watch } from "../state.js";
import { phrase, worded } from "../texts.js";
import { batchList, collection, moreOf } from "./collection.js";
import { loadDataset } from "./dataset.js";
import { desk } from "./desk.js";
import { addPictures, bring, keepPictures } from "./pictures.js";

export function teachView() {
  const outcome = element("div", {});
  const kept = element("section", { class: "card", hidden: true });
  const doubts = element("div", {});
  const hint = element("p", { class: "hint" });
  const part = desk();
  /** @param {Found[]} found */
  const take = async (found) => {
    addPictures(found);
    await null; // until the desk shows them
    if (found.length) part.scrollIntoView();
  };
  const drop = element(
    "div",
    { class: "drop" },
    element("p", { class: "drop-title" }, phrase("drop")),
    hint,
    element(
      "div",
      { class: "actions" },
      chooser(phrase("choose"), take, { class: "primary" }),
      chooser(phrase("choose-folder"), take, { folder: true }),
      chooser(phrase("photo"), take, { camera: true, class: "touch-only" }),
    ),
  );
  const below = learnt();
  const examples = element("section", { class: "card", "aria-label": phrase("examples") }, drop, part, doubts, outcome);
  const view = element(
    "section",
    { class: "view teach" },
    heading("teach"),
    examples,
    kept,
    below,
  );
  const named = folded(phrase("classes"), async () => (await import("./classes.js")).classes);
  watch(
    () => [isNothing()],
    (nothing) => {
      named.open = nothing;
      if (nothing) examples.before(named);
      else kept.before(named);
    },
  );
  watch(
    () => [isNothing() && !classesNow().length],
    (none) => (examples.hidden = below.hidden = none),
  );
  acceptDrops(view, take);
  document.addEventListener("paste", (event) => {
    if (state.route.view === "teach") void take(pasted(event));
  });
  watch(
    () => [state.sending.outcome, state.sending.error],
    async (result, error) => {
      const reviewed = result?.reviewed?.length ? (await loadReview())?.reviewed(result) : null;
      replace(
        outcome,
        error !== null && element("p", { class: "failure", role: "alert" }, error),
        result && outcomeOf(result),
        reviewed,
      );
    },
  );
  watch(
    () => [state.dataset.samples],
    async (samples) => {
      if (!samples) return;
      const any = samples.collecting || samples.kept > 0;
      replace(kept, any ? (await loadReview())?.kept(samples) : element("p", { class: "hint" }, phrase("review.off")));
      kept.hidden = false;
    },
  );
  watch(
    () => [classesNow().join()],
    () => {
      const label = classesNow().at(-3) ?? classesNow()[0] ?? phrase("hint.label");
      hint.textContent = phrase("hint", { label });
    },
  );
  watch(
    () => [state.dataset.value, state.dataset.samples],
    (dataset, samples) => {
      bring(dataset?.suspects ?? [], samples?.samples ?? []);
      replace(
        doubts,
        moreOf("suspects", dataset?.suspects.length ?? 0, dataset?.suspects_count ?? 0),
        moreOf("samples", samples?.samples.length ?? 0, Math.min(samples?.count ?? 0, PAGE_MOST)),
      );
    },
  );
  watch(
    () => [state.route.view],
    (shown) => {
      if (shown === "teach") void loadDataset();
    },
  );
  whenBack(() => void loadDataset());
  void keepPictures();
  return view;
}

/** Whether there is no model yet. */
const isNothing = () => state.health.value?.model_version === null;

/** Only where predictions are kept. */
const loadReview = () => worded(() => import("./review.js")).catch(() => null);

function learnt() {
  const counts = element("div", {});
  const batches = element("div", {});
  watch(
    () => [state.dataset.value, state.dataset.error],
    (dataset, error) => {
      replace(counts, dataset ? collection(dataset) : element("p", { class: "hint" }, error ?? phrase("counting")));
      replace(
        batches,
        dataset?.batches.length
          ? [batchList(dataset.batches), moreOf("batches", dataset.batches.length, dataset.batches_count)]
          : element("p", { class: "hint" }, phrase("uploads.none")),
      );
    },
  );
  return element(
    "div",
    { class: "stack" },
    element("section", { class: "card" }, element("h2", {}, phrase("learnt")), counts),
    element("section", { class: "card" }, element("h2", {}, phrase("uploads")), batches),
    folded(phrase("browse"), async () => (await import("../browse/view.js")).browse),
  );
}

/* What became of an upload, file by file. */

const NAMED = 50; // files in one list; the rest is counted

/** @param {T.Uploaded} outcome @returns {HTMLElement} */
function outcomeOf({ count, duplicates, suspects = [], refused, settled = 0, reviewed = [] }) {
  return element(
    "div",
    { class: "outcome", role: "status" },
    element(
      "p",
      { class: count ? "good" : "" },
      count ? phrase("stored", { n: count }) : settled || reviewed.length ? "" : phrase("stored.none"),
    ),
    settled > 0 && element("p", { class: "good" }, phrase("settled", { n: settled })),
    group(
      "known",
      duplicates.map((file) => [file, ""]),
    ),
    group(
      "doubted",
      suspects.map(({ file, predicted }) => [file, predicted === undefined ? "" : phrase("outcome.reads", { label: predicted })]),
    ),
    group(
      "refused",
      refused.map(({ file, error }) => [file, error]),
    ),
  );
}

/** @param {"known" | "doubted" | "refused"} what @param {[string, string][]} files */
function group(what, files) {
  if (!files.length) return null;
  return element(
    "details",
    { open: files.length <= 12 },
    element("summary", {}, phrase(`outcome.${what}`, { n: files.length })),
    element(
      "ul",
      { class: "named" },
      files.slice(0, NAMED).map(([file, why]) => element("li", {}, element("code", {}, file), why && ` ${why}`)),
      files.length > NAMED && element("li", {}, phrase("outcome.more", { n: files.length - NAMED })),
    ),
  );
}
