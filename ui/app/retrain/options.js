// @ts-check
/**
 * The one button, and what can be told with it.
 *
 * @import * as T from "../types.js"
 */

import { button, element, form, replace } from "../element.js";
import { state, watch } from "../state.js";
import { phrase } from "../texts.js";
import { start } from "./actions.js";
import { isOpen } from "./words.js";

/** Fields of numbers, and what may be typed. */
const NUMBERS = /** @type {const} */ ([
  ["epochs", { min: 1, max: 1000, step: 1 }],
  ["learning_rate", { min: 0.000001, max: 1, step: "any" }],
  ["batch_size", { min: 8, max: 4096, step: 1 }],
  ["seed", { min: 0, max: 2147483647, step: 1 }],
]);

export function optionsForm() {
  const fields = NUMBERS.map(([name, limits]) => ({ name, ...numberField(name, limits) }));
  const scratch = element("input", { type: "checkbox", id: "from_scratch" });
  const starter = element("button", { type: "submit", class: "primary large" }, phrase("retrain.now"));
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
      refusal.overrulable && button(phrase("retrain.force"), () => begin(true)),
    );
  };
  watch(
    () => [state.retrain.jobs?.some((job) => isOpen(job.state)) ?? false],
    (busy) => {
      starter.disabled = busy;
      starter.textContent = busy ? phrase("retrain.busy") : phrase("retrain.now");
    },
  );
  const [epochs, ...others] = fields;
  return form(
    { class: "options" },
    begin,
    epochs.row,
    element(
      "div",
      { class: "check" },
      scratch,
      element(
        "div",
        {},
        element("label", { for: "from_scratch" }, phrase("option.scratch")),
        element(
          "p",
          { class: "hint" },
          phrase("option.scratch.hint"),
        ),
      ),
    ),
    element(
      "details",
      {},
      element("summary", {}, phrase("options")),
      others.map(({ row }) => row),
    ),
    starter,
    problem,
  );
}

/** @param {(typeof NUMBERS)[number][0]} name @param {{min: number, max: number, step: number | string}} limits */
function numberField(name, limits) {
  const field = element("input", {
    type: "number",
    id: name,
    inputmode: "decimal",
    placeholder: phrase("automatic"),
    "aria-describedby": `${name}-hint`,
    ...limits,
    invalid: () => field.closest("details")?.setAttribute("open", ""), // else nobody sees what is wrong
  });
  const row = element(
    "div",
    { class: "field" },
    element("label", { for: name }, phrase(`option.${name}`)),
    field,
    element("p", { class: "hint", id: `${name}-hint` }, phrase(`option.${name}.hint`)),
  );
  return { field, row };
}

/** @param {{name: (typeof NUMBERS)[number][0], field: HTMLInputElement}[]} fields @returns {T.RetrainOptions} */
function chosen(fields) {
  return Object.fromEntries(
    fields.filter(({ field }) => field.value !== "").map(({ name, field }) => [name, field.valueAsNumber]),
  );
}
