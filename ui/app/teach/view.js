// @ts-check
/**
 * Many labelled pictures at once: choose, label, send, and see what the model will learn from.
 *
 * @import { Found } from "../files.js"
 */

import { whenBack } from "../connection.js";
import { element, replace } from "../element.js";
import { acceptDrops, chooser, pasted } from "../files.js";
import { heading } from "../frame.js";
import { labelsNow } from "../labels.js";
import { state, watch } from "../state.js";
import { batchList, collection, moreOf } from "./collection.js";
import { loadDataset } from "./dataset.js";
import { desk } from "./desk.js";
import { keepPictures } from "./keep.js";
import { outcomeOf } from "./outcome.js";
import { addPictures, bring } from "./pictures.js";

export function teachView() {
  const outcome = element("div", {});
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
    element("p", { class: "drop-title" }, "Drop pictures or a folder here"),
    hint,
    element(
      "div",
      { class: "actions" },
      chooser("Choose images", take, { class: "primary" }),
      chooser("Choose a folder", take, { folder: true }),
      chooser("Take a photo", take, { camera: true, class: "touch-only" }),
    ),
  );
  const view = element(
    "section",
    { class: "view teach" },
    heading(
      "teach",
      "Teach",
      "Give the model examples with their right labels. One in five is held out, to test it fairly.",
    ),
    element("section", { class: "card", "aria-label": "New examples" }, drop, part, doubts, outcome),
    learnt(),
  );
  acceptDrops(view, take);
  document.addEventListener("paste", (event) => {
    if (state.route.view === "teach") void take(pasted(event));
  });
  watch(
    () => [state.sending.outcome, state.sending.error],
    (result, error) =>
      replace(
        outcome,
        error !== null && element("p", { class: "failure", role: "alert" }, error),
        result && outcomeOf(result),
      ),
  );
  watch(
    () => [labelsNow().join()],
    () => {
      const example = labelsNow().at(-3) ?? labelsNow()[0] ?? "a label";
      hint.textContent =
        `A folder called ${example}, or a file called ${example}_anything.png, labels itself. ` +
        "The rest you label here, by its key or its name.";
    },
  );
  watch(
    () => [state.dataset.value],
    (dataset) => {
      bring(dataset?.suspects ?? []);
      replace(doubts, moreOf("suspects", dataset?.suspects.length ?? 0, dataset?.suspects_count ?? 0, "doubted label"));
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

function learnt() {
  const counts = element("div", {});
  const batches = element("div", {});
  watch(
    () => [state.dataset.value, state.dataset.error],
    (dataset, error) => {
      replace(counts, dataset ? collection(dataset) : element("p", { class: "hint" }, error ?? "Counting …"));
      replace(
        batches,
        dataset?.batches.length
          ? [batchList(dataset.batches), moreOf("batches", dataset.batches.length, dataset.batches_count, "upload")]
          : element("p", { class: "hint" }, "Nothing was uploaded yet. Corrections from Predict appear here, too."),
      );
    },
  );
  return element(
    "div",
    { class: "stack" },
    element("section", { class: "card" }, element("h2", {}, "What it learns from"), counts),
    element("section", { class: "card" }, element("h2", {}, "Uploads"), batches),
  );
}
