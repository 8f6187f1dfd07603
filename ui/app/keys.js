// @ts-check
/** The keys of the page, in a dialog: those of the view that is shown, as it says them itself, and those of all. */

import { element } from "./element.js";
import { state } from "./state.js";
import { phrase, phraseOr } from "./texts.js";

/** What no element of a view says, by view. */
const OTHERS = /** @type {Record<string, [string, string][]>} */ ({
  predict: [
    ["ArrowUp ArrowDown ArrowLeft ArrowRight", phrase("keys.move")],
    ["Space", phrase("keys.lower")],
  ],
});

export function showKeys() {
  if (document.querySelector("dialog[open]")) return;
  const view = document.querySelector(`.view.${state.route.view}`);
  const title = view?.querySelector("h1")?.textContent ?? "";
  const own = [...(OTHERS[state.route.view] ?? []), ...said(view)];
  const dialog = element(
    "dialog",
    { "aria-labelledby": "keys-title", class: "keys" },
    element("h2", { id: "keys-title" }, phrase("keys")),
    own.length ? list(title, own) : element("p", { class: "hint" }, phrase("keys.none", { view: title })),
    list(phrase("keys.all"), [
      ["?", phrase("keys.these")],
      ["Tab", phrase("keys.tab")],
      ["Escape", phrase("keys.escape")],
    ]),
    element(
      "form",
      { method: "dialog", class: "actions" },
      element("button", { class: "primary", autofocus: true }, phrase("close")),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {Element | null | undefined} view @returns {[string, string][]} what its elements say of their keys */
function said(view) {
  const found = [...(view?.querySelectorAll("[aria-keyshortcuts]") ?? [])].filter((each) => each.getClientRects().length);
  const told = found.map(
    (each) =>
      /** @type {[string, string]} */ ([
        each.getAttribute("aria-keyshortcuts") ?? "",
        each.getAttribute("aria-label") ?? each.textContent ?? "",
      ]),
  );
  return [...new Map(told.map((each) => [each.join("\n"), each])).values()];
}

/** @param {string} title @param {[string, string][]} keys */
function list(title, keys) {
  return element(
    "section",
    {},
    element("h3", {}, title),
    element(
      "dl",
      {},
      keys.map(([key, what]) =>
        element(
          "div",
          {},
          element(
            "dt",
            {},
            key.split(" ").map((each) => element("kbd", {}, each.split("+").map((part) => phraseOr(`sign.${part}`, part)).join(" + "))),
          ),
          element("dd", {}, what),
        ),
      ),
    ),
  );
}
