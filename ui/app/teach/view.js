// @ts-check
/** Many labelled pictures at once: choose, label, send, and see what the model will learn from. */

import { whenBack } from "../connection.js";
import { button, element, property, replace } from "../element.js";
import { acceptDrops, chooser, pasted } from "../files.js";
import { counted, percent } from "../format.js";
import { heading } from "../frame.js";
import { labelsNow } from "../labels.js";
import { state, watch } from "../state.js";
import { batchList, collection, moreOf, suspectList } from "./collection.js";
import { loadDataset } from "./dataset.js";
import { addExamples, leaveAllOut, redo, undo } from "./examples.js";
import { labellingGrid } from "./grid.js";
import { keepExamples } from "./keep.js";
import { outcomeOf } from "./outcome.js";
import { cancelSending, send } from "./sending.js";

export function teachView() {
  const outcome = element("div", {});
  const hint = element("p", { class: "hint" });
  const drop = element(
    "div",
    { class: "drop" },
    element("p", { class: "drop-title" }, "Drop pictures or a folder here"),
    hint,
    element(
      "div",
      { class: "actions" },
      chooser("Choose images", addExamples, { class: "primary" }),
      chooser("Choose a folder", addExamples, { folder: true }),
      chooser("Take a photo", addExamples, { camera: true, class: "touch-only" }),
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
    element("section", { class: "card", "aria-label": "New examples" }, drop, labelling(), outcome),
    judged(),
    learnt(),
  );
  acceptDrops(view, addExamples);
  document.addEventListener("paste", (event) => {
    if (state.route.view === "teach") addExamples(pasted(event));
  });
  watch(
    () => [state.teach.outcome, state.teach.error],
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
    () => [state.route.view],
    (shown) => {
      if (shown === "teach") void loadDataset();
    },
  );
  whenBack(() => void loadDataset());
  void keepExamples();
  return view;
}

/** The grid with what is to be done about it. */
function labelling() {
  const line = element("p", { class: "hint" });
  const back = button("Undo", undo, { class: "quiet", "aria-keyshortcuts": "Control+Z" });
  const forth = button("Redo", redo, { class: "quiet", "aria-keyshortcuts": "Control+Shift+Z" });
  const cancel = button("Cancel", cancelSending, { hidden: true });
  const sender = button("Send", send, { class: "primary" });
  const progress = property(
    element("div", { class: "progress", role: "progressbar", "aria-label": "Upload" }),
    "--share",
    0,
  );
  const part = element(
    "div",
    { class: "labelling", hidden: true },
    element(
      "div",
      { class: "card-head" },
      element("h2", {}, "Label them"),
      element("div", { class: "actions" }, back, forth, button("Leave all out", leaveAllOut, { class: "quiet" })),
    ),
    line,
    labellingGrid(),
    progress,
    element("div", { class: "actions" }, sender, cancel),
  );
  watch(
    () => [state.teach.examples, state.teach.sending, state.teach.again],
    (examples, sending, again) => {
      back.disabled = !state.teach.past.length || sending !== null;
      forth.disabled = !state.teach.future.length || sending !== null;
      cancel.hidden = sending === null;
      part.hidden = !examples.length;
      const labelled = examples.filter(({ label }) => label !== null).length;
      const open = examples.length - labelled;
      replace(
        line,
        open
          ? `${counted(open, "picture has", "pictures have")} no label yet. ` +
              "Press its label's key; arrows move, Delete leaves it out, Ctrl+Z undoes."
          : "All have labels. Look them over, then send them.",
      );
      sender.textContent =
        sending === null
          ? `Send ${counted(labelled, "picture")}`
          : `${again ? "No answer; sending again" : "Sending"}, ${percent(sending, 0)}`;
      sender.disabled = !labelled || sending !== null;
      progress.hidden = sending === null;
      property(progress, "--share", sending ?? 0);
      progress.setAttribute("aria-valuenow", String(Math.round((sending ?? 0) * 100)));
    },
  );
  return part;
}

/** Pictures whose label looks like a slip. */
function judged() {
  const part = element("section", { class: "card", "aria-label": "To judge", hidden: true });
  watch(
    () => [state.dataset.value],
    (dataset) => {
      const suspects = dataset?.suspects ?? [];
      part.hidden = !suspects.length;
      replace(
        part,
        element("h2", {}, "Is the label right?"),
        element(
          "p",
          { class: "hint" },
          "The model is sure that these are something else. Until you say, it does not learn from these labels.",
        ),
        suspectList(suspects),
        moreOf("suspects", suspects.length, dataset?.suspects_count ?? 0, "suspect"),
      );
    },
  );
  return part;
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
