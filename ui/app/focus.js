// @ts-check
/** Where what had the focus goes, is hidden or at rest, what is nearest to it takes it: a keyboard goes on from there. */

const TAKES_FOCUS = "button, a[href], input, select, canvas, [tabindex='0']";

export function keepFocus() {
  /** @type {Element[]} what had the focus last, and what that stood in, from the inside out */
  let path = [];
  addEventListener("focusin", ({ target }) => {
    path = [];
    for (let each = /** @type {Element | null} */ (target); each; each = each.parentElement) path.push(each);
  });
  addEventListener("focusout", async ({ target }) => {
    await null; // it may be told while it is taken out
    if (target === path[0] && !isGone(path[0])) path = []; // somebody went elsewhere
  });
  new MutationObserver(() => {
    const [last, ...around] = path;
    const focused = document.activeElement;
    if (!last || !isGone(last) || (focused !== last && focused !== document.body)) return;
    const near = around
      .filter((each) => each !== document.body && each !== document.documentElement && !isGone(each))
      .map((each) => [...each.querySelectorAll(TAKES_FOCUS)].find((one) => !isGone(one)))
      .find(Boolean);
    /** @type {HTMLElement} */ (near ?? document.getElementById("main")).focus({ preventScroll: true });
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled", "hidden"] });
}

/** @param {Element} each */
const isGone = (each) => !each.isConnected || each.matches(":disabled") || each.closest("[hidden]") !== null;
