// @ts-check
/**
 * The desk: pictures that are to be labelled and labels that are doubted, one large, all in a strip, with a key for each
 * label; nothing is stored until it is sent.
 */

import { choices } from "../choices.js";
import { button, element, property, replace } from "../element.js";
import { counted, percent } from "../format.js";
import { labelsNow } from "../labels.js";
import { state, watch } from "../state.js";
import { filters } from "./filters.js";
import { deskKeys } from "./keys.js";
import { markSeveral } from "./marks.js";
import { current, isOpen, isSaid, isThere, isToLabel, suggestionOf } from "./order.js";
import { cancelSending, send } from "./sending.js";
import { stage, standing } from "./stage.js";
import { strip } from "./strip.js";
import { suggestLabels } from "./suggestions.js";
import { accept, label, leaveAllOut, leaveOut, redo, undo } from "./words.js";

const KEYS =
  "Enter takes the suggestion, a label's key another; arrows move, Shift and Ctrl mark several, Delete leaves out, " +
  "Ctrl+Z undoes.";

export function desk() {
  const line = element("p", { class: "hint" });
  const palette = element("div", { class: "desk-choices" });
  const out = button("Leave out", leaveOut, { class: "quiet", "aria-keyshortcuts": "Delete" });
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
    () => [labelsNow().join()],
    () =>
      palette.replaceChildren(
        choices({
          labels: labelsNow(),
          title: "Label for the selected picture",
          name: (each) => `Label it ${each}`,
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
    () => [state.teach, labelsNow().join()],
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
      const open = there.filter(isOpen).length;
      const fresh = there.filter(isToLabel).length;
      replace(
        line,
        fresh > 0 && `${counted(fresh, "picture has", "pictures have")} no label yet. `,
        open > fresh && `${counted(open - fresh, "label is", "labels are")} doubted and not learnt from until you say. `,
        !open && "All have labels. Look them over, then send them.",
        open > 0 && element("span", { class: "by-key" }, KEYS),
      );
    },
  );
  return part;
}

/** @param {import("../state.js").Picture | null} here what it is to leave it out */
function goes(here) {
  if (!here?.suspect) return "Leave out";
  return here.suspect.in_force === null ? "Remove" : `It stays ${here.suspect.in_force}`;
}

function head() {
  const back = button("Undo", undo, { class: "quiet", "aria-keyshortcuts": "Control+Z" });
  const forth = button("Redo", redo, { class: "quiet", "aria-keyshortcuts": "Control+Shift+Z" });
  const several = button("Several", markSeveral, { class: "quiet", title: "A tap marks one more" });
  watch(
    () => [state.teach],
    ({ past, future, several: on, marked }) => {
      back.disabled = !past.length;
      forth.disabled = !future.length;
      several.setAttribute("aria-pressed", String(on));
      several.textContent = on || marked.size ? "One at a time" : "Several";
    },
  );
  const actions = element("div", { class: "actions" }, back, forth, several);
  return element("div", { class: "card-head" }, element("h2", {}, "Label them"), actions);
}

/** The way to the server, with how far it has got. */
function sender() {
  const go = button("Send", send, { class: "primary" });
  const cancel = button("Cancel", cancelSending, { hidden: true });
  const none = button("Leave all out", leaveAllOut, { class: "quiet" });
  const progress = property(
    element("div", { class: "progress", role: "progressbar", "aria-label": "Upload" }),
    "--share",
    0,
  );
  watch(
    () => [state.teach, state.sending],
    ({ pictures }, { share, again }) => {
      const labelled = pictures.filter((each) => isSaid(each)).length;
      go.textContent =
        share === null
          ? `Send ${counted(labelled, "picture")}`
          : `${again ? "No answer; sending again" : "Sending"}, ${percent(share, 0)}`;
      go.disabled = !labelled || share !== null;
      cancel.hidden = progress.hidden = share === null;
      none.hidden = !pictures.some((each) => each.suspect === null && isThere(each));
      property(progress, "--share", share ?? 0);
      progress.setAttribute("aria-valuenow", String(Math.round((share ?? 0) * 100)));
    },
  );
  return element("div", { class: "sender" }, progress, element("div", { class: "actions" }, go, cancel, none));
}
