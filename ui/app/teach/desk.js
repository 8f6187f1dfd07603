// @ts-check
/**
 * The desk: pictures that are to be labelled, labels that are doubted and samples to review, one large, all in a strip,
 * with a key for each label; nothing is stored until it is sent.
 */

import { choices, labelOfKey, onKeys } from "../choices.js";
import { button, element, property, replace } from "../element.js";
import { percent } from "../format.js";
import { classesNow } from "../labels.js";
import { state, watch } from "../state.js";
import { phrase } from "../texts.js";
import { current, isNew, isOpen, isSaid, isThere, markAll, markSeveral, step, suggestionOf, unmark } from "./order.js";
import { cancelSending, send } from "./sending.js";
import { stage, standing } from "./stage.js";
import { filters, strip } from "./strip.js";
import { accept, label, leaveAllOut, leaveOut, redo, suggestLabels, undo } from "./words.js";

export function desk() {
  const line = element("p", { class: "hint" });
  const palette = element("div", { class: "desk-choices" });
  const out = button(phrase("leave-out"), leaveOut, { class: "quiet", "aria-keyshortcuts": "Delete" });
  const [film, large] = [strip(), stage()];
  const part = element(
    "div",
    { class: "desk", hidden: true },
    head(),
    filters(),
    film,
    element("div", { class: "desk-work" }, large, element("div", { class: "desk-say" }, standing(), palette, out)),
    line,
    sender(),
  );
  deskKeys(large, film);
  suggestLabels();
  watch(
    () => [classesNow().join()],
    () =>
      palette.replaceChildren(
        choices({
          labels: classesNow(),
          title: phrase("desk.choices"),
          name: (each) => phrase("desk.label", { label: each }),
          pick: label,
          keyed: true,
          enter: accept,
        }),
      ),
  );
  palette.addEventListener("click", ({ detail, target }) => {
    const here = /** @type {HTMLElement | null} */ (part.querySelector('.strip [tabindex="0"]'));
    const pointed = detail > 0 && /** @type {Element} */ (target).closest(".choice");
    if (pointed) here?.focus({ preventScroll: true }); // so that Enter takes the next suggestion, and not this label again
  });
  watch(
    () => [state.teach, classesNow().join()],
    ({ pictures, words }, _labels) => {
      const there = pictures.filter((each) => isThere(each));
      part.hidden = !there.length;
      const here = current();
      const said = (here && words.get(here.id)?.label) ?? null;
      const ghost = here && isOpen(here) ? (suggestionOf(here)?.label ?? null) : null;
      for (const each of palette.querySelectorAll(".choice")) {
        const { key } = /** @type {HTMLElement} */ (each).dataset;
        each.setAttribute("aria-pressed", String(key === `is-${said}`));
        each.classList.toggle("ghost", key === `is-${ghost}`);
      }
      out.textContent = goes(here);
      out.disabled = here === null;
      const waiting = there.filter(isOpen);
      const [open, fresh] = [waiting.length, waiting.filter(isNew).length];
      const samples = waiting.filter(({ sample }) => sample).length;
      const doubts = open - fresh - samples;
      replace(
        line,
        fresh > 0 && `${phrase("desk.open", { n: fresh })} `,
        doubts > 0 && `${phrase("desk.doubted", { n: doubts })} `,
        samples > 0 && `${phrase("desk.samples", { n: samples })} `,
        !open && phrase("desk.done"),
        open > 0 && element("span", { class: "by-key" }, phrase("desk.keys")),
      );
    },
  );
  return part;
}

/** @param {import("../state.js").Picture | null} here what it is to leave it out */
function goes(here) {
  if (here?.sample) return phrase("none");
  if (!here?.suspect) return phrase("leave-out");
  return here.suspect.in_force === null ? phrase("remove") : phrase("desk.stays", { label: here.suspect.in_force });
}

function head() {
  const back = button(phrase("undo"), undo, { class: "quiet", "aria-keyshortcuts": "Control+Z" });
  const forth = button(phrase("redo"), redo, { class: "quiet", "aria-keyshortcuts": "Control+Shift+Z" });
  const several = button(phrase("several"), markSeveral, { class: "quiet", title: phrase("several.hint") });
  watch(
    () => [state.teach],
    ({ past, future, several: on, marked }) => {
      back.disabled = !past.length;
      forth.disabled = !future.length;
      several.setAttribute("aria-pressed", String(on));
      several.textContent = on || marked.size ? phrase("one") : phrase("several");
    },
  );
  const actions = element("div", { class: "actions" }, back, forth, several);
  return element("div", { class: "card-head" }, element("h2", {}, phrase("desk")), actions);
}

/** The way to the server, with how far it has got. */
function sender() {
  const go = button(phrase("send"), send, { class: "primary" });
  const cancel = button(phrase("cancel"), cancelSending, { hidden: true });
  const none = button(phrase("leave-all-out"), leaveAllOut, { class: "quiet" });
  const progress = property(
    element("div", { class: "progress", role: "progressbar", "aria-label": phrase("upload") }),
    "--share",
    0,
  );
  watch(
    () => [state.teach, state.sending],
    ({ pictures }, { share, again }) => {
      const labelled = pictures.filter((each) => isSaid(each)).length;
      go.textContent =
        share === null
          ? phrase("send.count", { n: labelled })
          : phrase(again ? "send.again" : "send.now", { share: percent(share, 0) });
      go.disabled = !labelled || share !== null;
      cancel.hidden = progress.hidden = share === null;
      none.hidden = !pictures.some((each) => isNew(each) && isThere(each));
      property(progress, "--share", share ?? 0);
      progress.setAttribute("aria-valuenow", String(Math.round((share ?? 0) * 100)));
    },
  );
  return element("div", { class: "sender" }, progress, element("div", { class: "actions" }, go, cancel, none));
}

/* The desk by keyboard, wherever the focus is. */

const PRESSED_BY_ENTER = "button, a, summary";
const STEPS = /** @type {Record<string, number>} */ ({
  ...{ ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 },
  ...{ Home: -Infinity, End: Infinity },
});

/** @param {HTMLElement[]} sight what is brought into it by a key that means something */
export function deskKeys(...sight) {
  onKeys("teach", (event) => {
    const meant = onKey(event);
    if (meant) for (const each of sight) each.scrollIntoView({ block: "nearest" });
    return meant;
  });
}

/** @param {KeyboardEvent} event @returns {boolean} whether it meant something */
function onKey(event) {
  const { past, future, marked, several } = state.teach;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && (key === "y" || (key === "z" && event.shiftKey))) return act(future.length > 0, redo);
  if (command && key === "z") return act(past.length > 0, undo);
  if (event.altKey || current() === null) return false;
  if (command) return act(key === "a", markAll);
  if (key === "enter") return act(!/** @type {Element} */ (event.target).closest(PRESSED_BY_ENTER), accept);
  const said = labelOfKey(event.key);
  if (said !== null) return act(true, () => label(said));
  if (key === "delete" || key === "backspace") return act(true, leaveOut);
  if (key === "escape") return act(marked.size > 0 || several, unmark);
  const by = STEPS[event.key];
  return act(by !== undefined, () => step(by, event.shiftKey));
}

/** @param {boolean} can @param {() => void} work @returns {boolean} whether it was done */
function act(can, work) {
  if (can) work();
  return can;
}
