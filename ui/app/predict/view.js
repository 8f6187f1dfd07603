// @ts-check
/** Draw, drop, paste, choose or photograph: the model answers at once. */

import { whenBack } from "../connection.js";
import { element, button, replace } from "../element.js";
import { acceptDrops, chooser, pasted } from "../files.js";
import { heading } from "../frame.js";
import { counted } from "../format.js";
import { isSign, kindOf, labelsNow } from "../labels.js";
import { state, watch } from "../state.js";
import { addPictures, askAgain, clearGallery, drawn, isStale, shownSubject } from "./actions.js";
import { answer, isFamiliar } from "./answer.js";
import { createSheet } from "./canvas.js";
import { tile } from "./gallery.js";
import { loop } from "./loop.js";

export function predictView() {
  const sheet = createSheet(() => {
    undo.disabled = !sheet.canUndo();
    redo.disabled = !sheet.canRedo();
    clear.disabled = sheet.isEmpty();
    empty.hidden = !sheet.isEmpty();
    drawn(sheet);
  });
  const undo = button("Undo", sheet.undo, { "aria-keyshortcuts": "Control+Z", disabled: true });
  const redo = button("Redo", sheet.redo, { "aria-keyshortcuts": "Control+Shift+Z", disabled: true });
  const clear = button("Clear", sheet.clear, { "aria-keyshortcuts": "Delete", disabled: true });
  const live = element("span", { class: "live", "aria-hidden": "true" });
  const empty = element("p", { class: "sheet-empty", "aria-hidden": "true" }, "Draw here");
  const panel = element("section", { class: "card answer", "aria-label": "Answer" });
  const gallery = element("section", { class: "card gallery", "aria-label": "Pictures", hidden: true });
  const view = element(
    "section",
    { class: "view predict" },
    heading("predict", "Predict", "Show the model something. If it is wrong, tell it: that is how it learns."),
    element(
      "div",
      { class: "split" },
      element(
        "section",
        { class: "card drawing", "aria-label": "Drawing" },
        element("div", { class: "paper" }, sheet.canvas, empty),
        element("div", { class: "actions" }, undo, redo, clear, live),
        element(
          "p",
          { id: "sheet-help", class: "hint" },
          "Mouse, finger or pen. By keyboard: arrows move, Space lowers and lifts the pen, Backspace undoes, Delete clears.",
        ),
        element(
          "div",
          { class: "actions sources" },
          chooser("Choose images", addPictures),
          chooser("Take a photo", addPictures, { camera: true, class: "touch-only" }),
          element("span", { class: "hint" }, "or drop or paste them anywhere here"),
        ),
      ),
      panel,
    ),
    gallery,
    loop(),
  );
  acceptDrops(view, addPictures);
  document.addEventListener("paste", (event) => {
    if (state.route.view === "predict") addPictures(pasted(event));
  });
  whenBack(() => void askAgain(sheet));
  watch(
    () => [shownSubject(), isStale(shownSubject()), state.predict.dots, state.health.value?.labels.join()],
    (subject, stale, _dots, _labels) => {
      replace(panel, ...answer(subject, labelsNow(), stale));
      const label = subject?.prediction?.label ?? "";
      live.textContent = label;
      live.classList.toggle("word", !isSign(label));
      live.classList.toggle("odd", subject?.prediction != null && !isFamiliar(subject.prediction));
      empty.textContent = `Draw ${kindOf(labelsNow()) ?? "here"}`;
      for (const each of [panel, live]) each.setAttribute("aria-busy", String(stale));
    },
  );
  watch(
    () => [state.predict.gallery, state.predict.selected],
    (pictures, selected) => {
      gallery.hidden = !pictures.length;
      replace(
        gallery,
        element(
          "div",
          { class: "card-head" },
          element("h2", {}, counted(pictures.length, "picture")),
          button("Clear all", clearGallery, { class: "quiet" }),
        ),
        element(
          "ul",
          { class: "tiles" },
          pictures.map((each) => tile(each, each.id === selected)),
        ),
      );
    },
  );
  return view;
}
