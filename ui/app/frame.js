// @ts-check
/**
 * What stands around the views: which one is shown, how the server is, and the line that says that it is lost.
 *
 * @import { View } from "./state.js"
 */

import { note, pulse, whenBack } from "./connection.js";
import { element, replace } from "./element.js";
import { state, update, VIEWS, watch } from "./state.js";
import { phrase, phraseOr } from "./texts.js";

/**
 * @param {Record<View, () => Promise<() => HTMLElement>>} loaders each loads what makes its view
 * @param {() => unknown} next what is done once the first one is there
 */
export function showFrame(loaders, next) {
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
    if (first) {
      first = false;
      // The other views are fetched once it can be used, so that they are there even if the server is lost.
      setTimeout(() => {
        for (const load of Object.values(loaders)) void load().catch(() => {});
        void next();
      });
      return;
    }
    // A screen reader starts to read the view where it begins; the first time the browser does that by itself.
    made.get(view)?.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  };

  watch(
    () => [state.route.view],
    (view) => {
      markLinks(view);
      document.title = `${phrase(`view.${view}`)} – Relearn`;
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
        ? phrase("pulse.lost")
        : status === undefined
          ? phrase("pulse.connecting")
          : version == null
            ? phrase("pulse.none")
            : status === "healthy"
              ? phrase("version.small", { version })
              : phrase("pulse.version", { version, status: phraseOr(`status.${status}`, status) });
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
        lost && `${phrase("lost")} `,
        lost && element("button", { type: "button", class: "quiet", click: () => void pulse() }, phrase("lost.try")),
      );
    },
  );
}

/** @param {string} id @returns {HTMLElement} an element that index.html has */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {View} view whose head this is: its name, what it is for, and where the loop goes on */
export function heading(view) {
  const next = VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length];
  const name = phrase(`view.${next}`);
  return element(
    "div",
    { class: "heading" },
    element(
      "div",
      {},
      element("h1", { tabindex: -1 }, phrase(`view.${view}`)),
      element("p", { class: "purpose" }, phrase(`purpose.${view}`)),
    ),
    element(
      "a",
      { class: "next", href: `#${next}`, "aria-label": phrase("next.view", { view: name }) },
      element("span", { class: "next-word", "aria-hidden": "true" }, phrase("next")),
      ` ${name} `,
      element("span", { "aria-hidden": "true" }, "→"),
    ),
  );
}

/*
 * Which of the views is shown, and which place in it: the part of the address after #, so that the browser's own
 * history works. #models/3..1 is the place 3..1 of the models.
 */

export function startRouter() {
  addEventListener("hashchange", read);
  read();
}

function read() {
  if (location.hash === "#main") return; // the way past the header
  const [name, place = ""] = location.hash.slice(1).split("/");
  const view = VIEWS.find((each) => each === name) ?? "predict";
  if (view !== state.route.view || place !== state.route.place) update("route", { view, place });
}
