// @ts-check
/** The calls of the service by what they are about, each to be unfolded; shown are those that have the words in them. */

import { element, replace } from "../app/element.js";
import { fields } from "./schema.js";

/**
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {Record<string, { schema?: Schema, example?: unknown }>} Content by media type
 * @typedef {{ name: string, in: string, required?: boolean, description?: string, schema: Schema }} Parameter
 * @typedef {{ description: string, content?: Content }} Answer
 * @typedef {{ summary: string, parameters: Parameter[], requestBody?: { required: boolean, content: Content },
 *   responses: Record<string, Answer> }} Operation
 */

const shown = /** @type {HTMLElement} */ (document.getElementById("calls"));
const words = /** @type {HTMLInputElement} */ (document.getElementById("words"));

/** @param {Record<string, Schema>} schemas @param {string} method @param {string} path @param {Operation} operation */
function call(schemas, method, path, operation) {
  const id = `${method}${path.replace(/[^\w]+/g, "-")}`;
  const made = element("details", { id, "data-words": `${method} ${path} ${operation.summary}`.toLowerCase() },
    element("summary", {},
      element("code", { class: "method" }, method.toUpperCase()), " ", element("code", {}, path), " ", operation.summary));
  made.addEventListener("toggle", () => {
    if (made.childElementCount === 1) made.append(...parts(schemas, operation));
  });
  return made;
}

/** @param {Record<string, Schema>} schemas @param {Operation} operation @returns {Node[]} */
function parts(schemas, operation) {
  const made = [];
  if (operation.parameters.length > 0) {
    const named = operation.parameters.map(({ name, in: where, required, description, schema }) => {
      const told = { ...schema, description: [`in the ${where}`, description ?? schema.description].filter(Boolean).join("; ") };
      return { name, schema: told, isNeeded: required === true };
    });
    made.push(element("h3", {}, "Parameters"), fields(schemas, named));
  }
  if (operation.requestBody !== undefined) {
    made.push(element("h3", {}, operation.requestBody.required ? "Body" : "Body, which may be left out"));
    made.push(...bodies(schemas, operation.requestBody.content));
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    made.push(element("h3", {}, status === "default" ? "Any other answer" : `${status} ${answer.description}`));
    made.push(...bodies(schemas, answer.content ?? {}));
  }
  return made;
}

/** @param {Record<string, Schema>} schemas @param {Content} content @returns {Node[]} */
function bodies(schemas, content) {
  return Object.entries(content).flatMap(([kind, { schema, example }]) => [
    element("p", {}, element("code", {}, kind)),
    ...(schema === undefined ? [] : [fields(schemas, [{ name: "", schema, isNeeded: true }])]),
    ...(example === undefined ? [] : [element("pre", { tabindex: "0" }, JSON.stringify(example, null, 2))]),
  ]);
}

/** Show those calls whose method, path or summary has all words. */
function find() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of shown.querySelectorAll("section")) {
    const calls = [...section.querySelectorAll("details")];
    for (const each of calls) each.hidden = !wanted.every((word) => (each.dataset.words ?? "").includes(word));
    section.hidden = calls.every((each) => each.hidden);
  }
}

/** Unfold the call that the address names. */
function unfold() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.open = true;
  named.scrollIntoView();
}

async function load() {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`openapi.json was answered with ${answer.status}`);
  const found = await answer.json();
  /** @type {Map<string, Node[]>} */
  const about = new Map();
  for (const [path, methods] of Object.entries(found.paths)) {
    const topic = path.split("/")[1] ?? "";
    const calls = Object.entries(methods).map(([method, each]) => call(found.components.schemas, method, path, each));
    about.set(topic, [...(about.get(topic) ?? []), ...calls]);
  }
  replace(shown, [...about].map(([topic, calls]) => element("section", {}, element("h2", {}, topic), ...calls)));
  words.addEventListener("input", find);
  window.addEventListener("hashchange", unfold);
  unfold();
}

load().catch((error) => {
  replace(shown, element("p", { role: "alert" }, `The calls could not be loaded: ${error.message}. Load the page again.`));
});
