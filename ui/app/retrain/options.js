// @ts-check
/**
 * The one button, and what can be told with it.
 *
 * @import * as T from "../types.js"
 */

import { button, element, replace } from "../element.js";
import { state, watch } from "../state.js";
import { start } from "./actions.js";
import { isOpen } from "./words.js";

/** Fields of numbers: name, text, what to say of it, and what may be typed. */
const NUMBERS = /** @type {const} */ ([
  ["epochs", "Epochs", "How often to go through all pictures", { min: 1, max: 1000, step: 1 }],
  ["learning_rate", "Learning rate", "How large its steps are at most", { min: 0.000001, max: 1, step: "any" }],
  ["batch_size", "Batch size", "Pictures looked at in one step", { min: 8, max: 4096, step: 1 }],
  ["seed", "Seed", "The same seed draws the same random numbers", { min: 0, max: 2147483647, step: 1 }],
]);

export function optionsForm() {
  const fields = NUMBERS.map(([name, text, hint, limits]) => ({ name, ...numberField(name, text, hint, limits) }));
  const scratch = element("input", { type: "checkbox", id: "from_scratch" });
  const starter = element("button", { type: "submit", class: "primary large" }, "Retrain now");
  const problem = element("div", { role: "alert" });

  /** @param {boolean} [force] */
  const begin = async (force = false) => {
    replace(problem);
    starter.setAttribute("aria-busy", "true");
    const refusal = await start({
      ...chosen(fields),
      ...(scratch.checked && { from_scratch: true }),
      ...(force && { force }),
    });
    starter.removeAttribute("aria-busy");
    if (!refusal) return;
    replace(
      problem,
      element("p", { class: refusal.overrulable ? "remark" : "failure" }, refusal.text),
      refusal.overrulable && button("Retrain all the same", () => begin(true)),
    );
  };
  watch(
    () => [state.retrain.jobs?.some((job) => isOpen(job.state)) ?? false],
    (busy) => {
      starter.disabled = busy;
      starter.textContent = busy ? "It is learning …" : "Retrain now";
    },
  );
  const [epochs, ...others] = fields;
  return element(
    "form",
    {
      class: "options",
      submit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        void begin();
      },
    },
    epochs.row,
    element(
      "div",
      { class: "check" },
      scratch,
      element(
        "div",
        {},
        element("label", { for: "from_scratch" }, "Start from scratch"),
        element(
          "p",
          { class: "hint" },
          "Forget all it knows and learn anew. Slower; without it, it goes on from what it knows.",
        ),
      ),
    ),
    element(
      "details",
      {},
      element("summary", {}, "More options"),
      others.map(({ row }) => row),
    ),
    starter,
    problem,
  );
}

/**
 * @param {string} name @param {string} text @param {string} hint
 * @param {{min: number, max: number, step: number | string}} limits
 */
function numberField(name, text, hint, limits) {
  const field = element("input", {
    type: "number",
    id: name,
    inputmode: "decimal",
    placeholder: "automatic",
    "aria-describedby": `${name}-hint`,
    ...limits,
    invalid: () => field.closest("details")?.setAttribute("open", ""), // else nobody sees what is wrong
  });
  const row = element(
    "div",
    { class: "field" },
    element("label", { for: name }, text),
    field,
    element("p", { class: "hint", id: `${name}-hint` }, hint),
  );
  return { field, row };
}

/** @param {{name: (typeof NUMBERS)[number][0], field: HTMLInputElement}[]} fields @returns {T.RetrainOptions} */
function chosen(fields) {
  return Object.fromEntries(
    fields.filter(({ field }) => field.value !== "").map(({ name, field }) => [name, field.valueAsNumber]),
  );
}
