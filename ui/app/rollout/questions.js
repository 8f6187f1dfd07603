// @ts-check
/**
 * What is asked before a version is tried in shadow, and before one is promoted.
 *
 * @import * as T from "../types.js"
 */

import { ask } from "../dialog.js";
import { element } from "../element.js";
import { state } from "../state.js";
import { phrase } from "../texts.js";
import { beginShadow, promote } from "./actions.js";

/** What can be told of a shadow, from the least to the most that the server takes, and what it is unless somebody does. */
const SHADOW = /** @type {const} */ ([
  ["percent", 0.1, 100, 20],
  ["minutes", 0.05, 1440, 10],
  ["least", 1, 1_000_000, 100],
  ["canary_minutes", 0, 1440, 0],
]);

/** @param {string} version */
export async function askShadow(version) {
  const fields = SHADOW.map(([name, min, max, value]) => {
    const step = name === "least" ? 1 : "any";
    return numberField(phrase(`shadow.${name}`), { id: `shadow-${name}`, min, max, value, step });
  });
  const [last] = fields.slice(-1);
  last.field.setAttribute("aria-describedby", "shadow-then");
  last.row.append(element("p", { class: "hint", id: "shadow-then" }, phrase("shadow.then")));
  const content = [element("p", {}, phrase("shadow.text")), ...fields.map(({ row }) => row)];
  if ((await ask(phrase("shadow.title", { version }), content, phrase("shadow.begin"), () => "")) === null) return;
  const [percent, minutes, pictures, canary_minutes] = fields.map(({ field }) => field.valueAsNumber);
  await beginShadow(version, { percent, minutes, pictures, canary_minutes });
}

/** Ask, then make a version the current one. @param {T.Model} model */
export async function askPromotion({ version }) {
  const current = state.models.value?.current ?? null;
  const back = current !== null && Number(version) < Number(current);
  const reason = element("input", { type: "text", id: "reason", maxlength: 200, autocomplete: "off" });
  const { row, field } = numberField(phrase("promote.watch"), { id: "watch", min: 0, max: 1440, value: 0, step: "any" });
  const text = current === null ? phrase("promote.text", { version }) : phrase("promote.instead", { version, current });
  const why = element("div", { class: "field" }, element("label", { for: "reason" }, phrase("promote.why")), reason);
  const content = [element("p", {}, text), why, ...(current === null ? [] : [row])];
  const title = phrase(back ? "promote.back" : "promote.title", { version });
  if ((await ask(title, content, phrase(back ? "roll-back" : "promote"), () => "")) === null) return;
  await promote(version, reason.value.trim(), field.valueAsNumber);
}

/** @param {string} text @param {{id: string, min: number, max: number, value: number, step: number | "any"}} limits */
function numberField(text, limits) {
  const field = element("input", { type: "number", inputmode: "decimal", required: true, ...limits });
  return { field, row: element("div", { class: "field" }, element("label", { for: limits.id }, text), field) };
}
