// @ts-check
/**
 * Which pictures the strip shows: by what is to be done with them, and by label.
 *
 * @import { Kind } from "../state.js"
 */

import { button, element, replace } from "../element.js";
import { count } from "../format.js";
import { state, watch } from "../state.js";
import { filter } from "./marks.js";
import { isKind } from "./order.js";

const KINDS = /** @type {[Kind, string][]} */ ([
  ["all", "All"],
  ["open", "To label"],
  ["said", "Labelled"],
  ["doubted", "Doubted"],
]);

export function filters() {
  const buttons = KINDS.map(([kind, text]) => ({
    kind,
    node: button(text, () => filter({ kind }), { class: "filter", "data-key": `filter-${kind}` }),
    text,
  }));
  const labels = element("select", {
    "aria-label": "Only with the label",
    change: () => filter({ label: labels.value || null }),
  });
  watch(
    () => [state.teach],
    ({ pictures, words, filter: now }) => {
      for (const { kind, node, text } of buttons) {
        const found = pictures.filter((each) => isKind(each, kind)).length;
        replace(node, `${text} `, element("span", { class: "filter-count" }, count(found)));
        node.setAttribute("aria-pressed", String(now.kind === kind));
        node.hidden = kind === "doubted" && !found && now.kind !== kind;
      }
      const used = [...new Set([...words.values()].flatMap(({ label }) => label ?? []))].sort();
      if (now.label !== null && !used.includes(now.label)) used.push(now.label);
      labels.hidden = !used.length;
      const options = ["", ...used];
      if ([...labels.options].map(({ value }) => value).join("\n") !== options.join("\n"))
        labels.replaceChildren(...options.map((each) => element("option", { value: each }, each || "any label")));
      labels.value = now.label ?? "";
    },
  );
  return element(
    "div",
    { class: "filters scroll", role: "group", "aria-label": "Which pictures" },
    buttons.map(({ node }) => node),
    labels,
  );
}
