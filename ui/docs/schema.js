// @ts-check
/** What JSON has to be like, in words: a list of fields, each with its type and what it means, and theirs within. */

import { element } from "../app/element.js";

/**
 * @typedef {{ $ref?: string, type?: string, format?: string, pattern?: string, enum?: unknown[], const?: unknown,
 *   anyOf?: Schema[], items?: Schema, properties?: Record<string, Schema>, required?: string[], minimum?: number,
 *   maximum?: number, minItems?: number, description?: string, default?: unknown }} Schema a part of JSON Schema
 * @typedef {{ name: string, schema: Schema, isNeeded: boolean }} Field
 */

/** @param {Record<string, Schema>} schemas @param {Field[]} all @returns {HTMLUListElement} */
export function fields(schemas, all) {
  return element("ul", {}, ...all.map(({ name, schema, isNeeded }) => {
    const { description } = schema;
    const within = inner(schemas, schema);
    return element("li", {},
      name && element("code", {}, name), name && " ",
      element("span", { class: "type" }, type(schemas, schema)),
      !isNeeded && " (may be left out)",
      description && `: ${description}`,
      ...within.map((each) => fields(schemas, each)));
  }));
}

/** @param {Record<string, Schema>} schemas @param {Schema} schema @returns {Schema} what it is, whatever it is called */
function whole(schemas, schema) {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : (schemas[name] ?? {});
}

/** @param {Record<string, Schema>} schemas @param {Schema} schema @returns {Field[][]} of each form that is an object */
function inner(schemas, schema) {
  const { anyOf, items, properties, required } = whole(schemas, schema);
  if (properties !== undefined) {
    return [Object.entries(properties).map(([name, each]) => ({ name, schema: each, isNeeded: required?.includes(name) ?? false }))];
  }
  return [...(anyOf ?? []), ...(items === undefined ? [] : [items])].flatMap((each) => inner(schemas, each));
}

/** @param {Record<string, Schema>} schemas @param {Schema} schema @returns {string} */
function type(schemas, schema) {
  const { anyOf, const: only, default: usual, enum: some, format, items, minimum, maximum, pattern, type: kind, description } =
    whole(schemas, schema);
  const one = () => {
    if (only !== undefined) return JSON.stringify(only);
    if (some !== undefined) return some.map((each) => JSON.stringify(each)).join(" or ");
    if (items !== undefined) return `array of ${type(schemas, items)}`;
    if (kind === undefined && anyOf !== undefined) return [...new Set(anyOf.map((each) => type(schemas, each)))].join(" or ");
    const formats = [format, ...(kind === "string" ? (anyOf ?? []).map((each) => each.format) : [])].filter(Boolean);
    return [kind ?? "anything", ...formats].join(" ");
  };
  const range = minimum !== undefined && maximum !== undefined ? `, ${minimum} to ${maximum}` : "";
  const form = pattern === undefined || description !== undefined ? "" : `, ${pattern}`;
  return `${one()}${range}${form}${usual === undefined ? "" : `, by default ${JSON.stringify(usual)}`}`;
}
