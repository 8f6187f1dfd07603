// @ts-check
/**
 * Draw, drop, paste, choose or photograph: the model answers at once.
 *
 * @import { Found } from "../files.js"
 */

import { whenBack } from "../connection.js";
import { element, button, replace } from "../element.js";
import { acceptDrops, chooser, pasted } from "../files.js";
import { heading } from "../frame.js";
import { isSign, kindOf, labelsNow } from "../labels.js";
import { state, watch } from "../state.js";
import { addStyle } from "../style.js";
import { askAgain, drawn } from "./actions.js";
import { answer, isCredible } from "./answer.js";
import { createSheet } from "./canvas.js";
import { encoder } from "./ink.js";
import { loop } from "./loop.js";
import { isStale, shownSubject } from "./subjects.js";
import { tools } from "./tools.js";

export function predictView() {
  const sheet = createSheet(() => {
    undo.disabled = !sheet.canUndo();
    redo.disabled = !sheet.canRedo();
    clear.disabled = sheet.isEmpty();
    if (document.activeElement?.matches("button:disabled")) sheet.canvas.focus({ preventScroll: true });
    empty.hidden = !sheet.isEmpty();
    drawn(sheet);
  });
  const undo = button("Undo", sheet.undo, { "aria-keyshortcuts": "Control+Z", disabled: true });
  const redo = button("Redo", sheet.redo, { "aria-keyshortcuts": "Control+Shift+Z", disabled: true });
  const clear = button("Clear", sheet.clear, { "aria-keyshortcuts": "Delete", disabled: true });
  const live = element("span", { class: "live", "aria-hidden": "true" });
  const empty = element("p", { class: "sheet-empty", "aria-hidden": "true" }, "Draw here");
  const panel = element("section", { class: "card answer", "aria-label": "Answer" });
  const place = element("div", { hidden: true }); // of the pictures, once there are any
  const trial = element("div", { class: "samples", role: "group", "aria-label": "Samples" });
  /** @type {typeof import("./more.js") | null} */
  let more = null;
  const load = async () => {
    const [module] = await Promise.all([import("./more.js"), addStyle("gallery")]);
    if (more === null) {
      more = module;
      more.samples(trial, addPictures);
      show();
    }
    return module;
  };
  /** @param {Found[]} found */
  const addPictures = async (found) => {
    if (!found.length) return;
    const module = await load();
    if (place.isConnected) place.replaceWith(module.gallery(() => sheet.canvas.focus({ preventScroll: true })));
    await module.addPictures(found);
  };
  const view = element(
    "section",
    { class: "view predict" },
    heading("predict", "Predict", "Show the model something. If it is wrong, tell it: that is how it learns."),
    element(
      "div",
      { class: "split asking" },
      element(
        "section",
        { class: "card drawing", "aria-label": "Drawing" },
        element("div", { class: "paper" }, sheet.canvas, empty),
        element("div", { class: "actions" }, tools(sheet), live, undo, redo, clear),
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
          trial,
        ),
      ),
      panel,
      place,
    ),
    loop(),
  );
  acceptDrops(view, addPictures);
  document.addEventListener("paste", (event) => {
    if (state.route.view === "predict") addPictures(pasted(event));
  });
  whenBack(() => askAgain(sheet));
  setTimeout(() => {
    // So that it is there even if the server is lost.
    void encoder();
    load().catch(() => {});
  });
  const show = () => {
    const subject = shownSubject();
    const stale = isStale(subject);
    replace(panel, ...answer(subject, labelsNow(), stale, more));
    const label = subject?.prediction?.label ?? "";
    live.textContent = label;
    live.classList.toggle("word", !isSign(label));
    live.classList.toggle("odd", subject?.prediction != null && !isCredible(subject.prediction));
    empty.textContent = `Draw ${kindOf(labelsNow()) ?? "here"}`;
    for (const each of [panel, live]) each.setAttribute("aria-busy", String(stale));
  };
  watch(() => [shownSubject(), isStale(shownSubject()), state.predict.dots, state.health.value?.labels.join()], show);
  watch(
    () => [state.predict.selected],
    (selected) => {
      const { top } = panel.getBoundingClientRect();
      if (selected !== null && (top < 0 || top > innerHeight / 2)) panel.scrollIntoView(); // on a phone it is elsewhere
    },
  );
  return view;
}
