// @ts-check
/**
 * What stands around the views: which one is shown, how the server is, and the line that says that it is lost.
 *
 * @import { View } from "./state.js"
 */

import { note, pulse, whenBack } from "./connection.js";
import { element, replace } from "./element.js";
import { state, VIEWS, watch } from "./state.js";

/**
 * @param {Record<View, () => Promise<() => HTMLElement>>} loaders each loads what makes its view
 */
export function showFrame(loaders) {
  const main = byId("main");
  main.replaceChildren();
  /** @type {Map<View, HTMLElement>} */
  const made = new Map();
  let first = true;

  /** @param {View} view */
  const show = async (view) => {
    if (!made.has(view)) {
      const make = await loaders[view]().catch(() => null);
      if (make === null) return note(false); // its files could not be fetched; when they can, it is shown
      if (!made.has(view)) {
        const section = make();
        made.set(view, section);
        main.append(section);
      }
    }
    if (view !== state.route.view) return;
    for (const [name, section] of made) section.hidden = name !== view;
    // A screen reader starts to read the view where it begins; the first time the browser does that by itself.
    if (!first) made.get(view)?.querySelector("h1")?.focus({ preventScroll: true });
    if (!first) scrollTo(0, 0);
    first = false;
  };

  watch(
    () => [state.route.view],
    (view) => {
      markLinks(view);
      document.title = `${nameOf(view)} – Relearn`;
      void show(view);
    },
  );
  whenBack(() => {
    if (!made.has(state.route.view)) void show(state.route.view);
  });
  showPulse();
  showLost();
}

/** @param {string} view */
function markLinks(view) {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function showPulse() {
  const place = byId("pulse");
  watch(
    () => [state.health.value?.status, state.health.value?.model_version, state.connection.lost],
    (status, version, lost) => {
      const kind = lost ? "bad" : status === "healthy" ? "good" : status === undefined ? "plain" : "warn";
      const words = lost
        ? "server lost"
        : status === undefined
          ? "connecting"
          : version === null
            ? "no model"
            : `version ${version}${status === "healthy" ? "" : `, ${status}`}`;
      place.className = `pulse ${kind}`;
      replace(place, element("span", { class: "dot", "aria-hidden": "true" }), words);
    },
  );
}

function showLost() {
  const place = byId("lost");
  watch(
    () => [state.connection.lost],
    (lost) => {
      place.hidden = !lost;
      replace(
        place,
        lost && "The server can't be reached. Nothing you did is lost; this page goes on as soon as it is back. ",
        lost && element("button", { type: "button", class: "quiet", click: () => void pulse() }, "Try now"),
      );
    },
  );
}

/** @param {string} id @returns {HTMLElement} an element that index.html has */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * The head of a view: its name, what it is for, and where the loop goes on.
 *
 * @param {View} view @param {string} title @param {string} purpose
 */
export function heading(view, title, purpose) {
  const next = VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length];
  const name = nameOf(next);
  return element(
    "div",
    { class: "heading" },
    element("div", {}, element("h1", { tabindex: -1 }, title), element("p", { class: "purpose" }, purpose)),
    element(
      "a",
      { class: "next", href: `#${next}`, "aria-label": `Next: ${name}` },
      element("span", { class: "next-word", "aria-hidden": "true" }, "Next"),
      ` ${name} `,
      element("span", { "aria-hidden": "true" }, "→"),
    ),
  );
}

/** @param {View} view */
const nameOf = (view) => view.charAt(0).toUpperCase() + view.slice(1);
