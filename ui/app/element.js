// @ts-check
/**
 * How views make DOM: elements with text, never markup, so that no text from a file name or a server can become any.
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. An attribute that is a function listens to the event of that name; false, null and undefined leave
 * an attribute, or a child, out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Attributes} [attributes] @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag @param {Attributes} [attributes] @param {...(Child | Child[])} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  return filled(/** @type {any} */ (document.createElementNS(SVG, tag)), attributes, children);
}

/**
 * Put other children into an element; the focus stays with what has the same data-key.
 *
 * @param {Element} parent @param {...(Child | Child[])} children
 */
export function replace(parent, ...children) {
  const focused = document.activeElement;
  const key = focused !== null && parent.contains(focused) ? focused.getAttribute("data-key") : null;
  parent.replaceChildren(...nodes(children));
  if (key === null) return;
  const again = parent.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
  const near = again ?? parent.querySelector("button:not(:disabled)"); // what was there is no more
  if (near instanceof HTMLElement) near.focus({ preventScroll: true });
}

/**
 * A button that tells that it works, and does nothing else meanwhile.
 *
 * @param {Child | Child[]} text @param {() => unknown} work @param {Attributes} [attributes]
 */
export function button(text, work, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", async () => {
    if (made.getAttribute("aria-busy") === "true") return;
    made.setAttribute("aria-busy", "true");
    try {
      await work();
    } finally {
      made.removeAttribute("aria-busy");
    }
  });
  return made;
}

/**
 * A form that is for this page, not to be sent as a whole; it does nothing else while it works.
 *
 * @param {Attributes} attributes @param {() => unknown} work @param {...(Child | Child[])} children
 */
export function form(attributes, work, ...children) {
  let rests = true;
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (!rests) return;
    rests = false;
    try {
      await work();
    } finally {
      rests = true;
    }
  };
  return element("form", { ...attributes, submit }, ...children);
}

/** @template {HTMLElement | SVGElement} Made @param {Made} made @param {string} name @param {string | number} value */
export function property(made, name, value) {
  made.style.setProperty(name, String(value));
  return made;
}

/**
 * @template {Element} Made
 * @param {Made} made @param {Attributes} attributes @param {(Child | Child[])[]} children @returns {Made}
 */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...nodes(children));
  return made;
}

/** @param {(Child | Child[])[]} children @returns {(Node | string)[]} */
function nodes(children) {
  const kept = [];
  for (const child of children.flat()) {
    if (child instanceof Node) kept.push(child);
    else if (child !== null && child !== undefined && child !== false) kept.push(String(child));
  }
  return kept;
}
