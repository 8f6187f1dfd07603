// @ts-check
/** Three pens and an eraser, of which one is in the hand. */

import { button, element, property } from "../element.js";
import { TOOLS } from "./drawing.js";

/** @param {ReturnType<typeof import("./canvas.js").createSheet>} sheet */
export function tools(sheet) {
  const buttons = TOOLS.map(([name, tool]) => {
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
    { class: "tools", role: "group", "aria-label": "Draw with" },
    buttons.map(({ made }) => made),
  );
}
