// @ts-check
/**
 * Draw, drop, paste, choose or photograph: the model answers at once.
 *
 * @import { Found } from "../files.js"
 */

import { whenBack } from "../connection.js";
import { button, element, property, replace } from "../element.js";
import { acceptDrops, chooser, pasted } from "../files.js";
import { heading } from "../frame.js";
import { classesNow, isSign, kindOf, labelsNow } from "../labels.js";
import { state, VIEWS, watch } from "../state.js";
import { addStyles } from "../style.js";
import { phrase } from "../texts.js";
import { askAgain, drawn, isStale, shownSubject } from "./actions.js";
import { answer, isCredible } from "./answer.js";
import { createSheet } from "./canvas.js";
import { TOOLS } from "./drawing.js";
import { encoder } from "./ink.js";

export function predictView() {
  const sheet = createSheet(() => {
    undo.disabled = !sheet.canUndo();
    redo.disabled = !sheet.canRedo();
    clear.disabled = sheet.isEmpty();
    if (document.activeElement?.matches("button:disabled")) sheet.canvas.focus({ preventScroll: true });
    empty.hidden = !sheet.isEmpty();
    drawn(sheet);
  });
  const undo = button(phrase("undo"), sheet.undo, { "aria-keyshortcuts": "Control+Z", disabled: true });
  const redo = button(phrase("redo"), sheet.redo, { "aria-keyshortcuts": "Control+Shift+Z", disabled: true });
  const clear = button(phrase("clear"), sheet.clear, { "aria-keyshortcuts": "Delete", disabled: true });
  const live = element("span", { class: "live", "aria-hidden": "true" });
  const empty = element("p", { class: "sheet-empty", "aria-hidden": "true" }, phrase("draw.any"));
  const panel = element("section", { class: "card answer", "aria-label": phrase("answer") });
  const place = element("div", { hidden: true }); // of the pictures, once there are any
  const trial = element("div", { class: "samples", role: "group", "aria-label": phrase("samples.title") });
  /** @type {typeof import("./more.js") | null} */
  let more = null;
  const load = async () => {
    const [module] = await Promise.all([import("./more.js"), addStyles()]);
    if (more === null) {
      more = module;
      more.samples(trial, addPictures);
      more.keepClasses();
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
    heading("predict"),
    element(
      "div",
      { class: "split asking" },
      element(
        "section",
        { class: "card drawing", "aria-label": phrase("drawing") },
        element("div", { class: "paper" }, sheet.canvas, empty),
        element("div", { class: "actions" }, tools(sheet), live, element("div", { class: "actions" }, undo, redo, clear)),
        element(
          "p",
          { id: "sheet-help", class: "hint" },
          phrase("sheet.help"),
        ),
        element(
          "div",
          { class: "actions sources" },
          chooser(phrase("choose"), addPictures),
          chooser(phrase("photo"), addPictures, { camera: true, class: "touch-only" }),
          element("span", { class: "hint" }, phrase("drop-or-paste")),
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
    empty.textContent = phrase(`draw.${kindOf(labelsNow()) ?? "any"}`);
    for (const each of [panel, live]) each.setAttribute("aria-busy", String(stale));
  };
  watch(() => [shownSubject(), isStale(shownSubject()), state.predict.dots, state.health.value?.model_version, classesNow().join()], show);
  watch(
    () => [state.predict.selected],
    (selected) => {
      const { top } = panel.getBoundingClientRect();
      if (selected !== null && (top < 0 || top > innerHeight / 2)) panel.scrollIntoView(); // on a phone it is elsewhere
    },
  );
  return view;
}

/* Three pens and an eraser, of which one is in the hand. */

/** @param {ReturnType<typeof import("./canvas.js").createSheet>} sheet */
export function tools(sheet) {
  const buttons = TOOLS.map(([key, tool]) => {
    const name = phrase(`tool.${key}`);
    const nib = property(element("span", { class: tool.erases ? "nib erases" : "nib" }), "--pen", tool.pen);
    const made = button(nib, () => take(tool), { class: "tool", title: name, "aria-label": name });
    return { made, tool };
  });
  const take = (/** @type {import("./drawing.js").Tool} */ taken) => {
    sheet.take(taken);
    for (const { made, tool } of buttons) made.setAttribute("aria-pressed", String(tool === taken));
  };
  take(sheet.tool());
  return element(
    "div",
    { class: "tools", role: "group", "aria-label": phrase("tools") },
    buttons.map(({ made }) => made),
  );
}

/* The whole loop in five sentences, for someone who sees it for the first time. */

export function loop() {
  return element(
    "section",
    { class: "loop", "aria-labelledby": "loop-title" },
    element("h2", { id: "loop-title" }, phrase("loop")),
    element(
      "ol",
      {},
      VIEWS.map((view) =>
        element(
          "li",
          {},
          element(
            "a",
            { href: `#${view}` },
            element("strong", {}, phrase(`view.${view}`)),
            element("span", {}, phrase(`loop.${view}`)),
          ),
        ),
      ),
    ),
  );
}
