// @ts-check
/**
 * Charts: lines over time or epochs, columns by label. Each is a figure that says in words what it shows.
 *
 * @typedef {{name: string, values: (number | null | undefined)[], kind: string, at?: number[]}} Series `kind` names its
 *   colour; `at` is how far to the right each value stands, from 0 to 1, where they do not stand evenly
 */

import { element, property, svg } from "./element.js";
import { isNumber, shortCount } from "./format.js";
import { isSign } from "./labels.js";
import { phrase } from "./texts.js";

const STANDING = 12; // columns that stand side by side on a phone

/**
 * Lines from left to right; a gap where a value is missing.
 *
 * @param {{title: string, series: Series[], format: (value: number) => string, from?: string, to?: string,
 *   least?: number, most?: number, log?: boolean, length?: number, now?: {text: string, kind: string},
 *   name?: (at: number) => string}} chart
 *   `log`: equal steps are equal factors; `length`: how many values the whole width is for; `now`: the newest, large, and
 *   which line it is of; `name`: what a place is called, from 0 at the left to 1
 */
export function lines({ title, series, format, from = "", to = "", least, most, log = false, length, now, name }) {
  const known = series.flatMap(({ values }) => values.filter(isNumber));
  const low = least ?? Math.min(...known);
  const high = Math.max(most ?? -Infinity, ...known, low + 1e-9);
  const room = most === undefined ? (high - low) * 0.08 : 0;
  const bottom = least ?? (log ? low * 0.8 : low - room);
  const top = high + room;
  const width = Math.max(length ?? 0, ...series.map(({ values }) => values.length));
  const even = (/** @type {number} */ index) => (width > 1 ? index / (width - 1) : 0.5);
  const placed = series.map((each) => ({ ...each, at: each.at ?? each.values.map((_, index) => even(index)) }));
  const plot = svg(
    "svg",
    { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    [25, 50, 75].map((y) => svg("line", { class: "grid", x1: 0, x2: 100, y1: y, y2: y })),
    placed.map((each) => path(each, log ? heightOnLog(bottom, top) : height(bottom, top), series.length === 1)),
  );
  const ground = element(
    "div",
    { class: "plot", "aria-hidden": "true" },
    element("span", { class: "axis-top" }, known.length ? format(top) : ""),
    element("span", { class: "axis-bottom" }, known.length ? format(bottom) : ""),
    plot,
  );
  readOut(ground, plot, placed, format, name ?? (() => ""));
  const summary = known.length
    ? series.map((each) => said(each, format)).join("; ")
    : phrase("chart.empty");
  return element(
    "figure",
    { class: "chart", role: "group", "aria-label": `${title}. ${summary}` },
    element(
      "figcaption",
      {},
      element("span", { class: "chart-title" }, title),
      now && element("strong", { class: "chart-now" }, element("span", { class: `swatch ${now.kind}` }), now.text),
      series.length > 1 && legend(series.map(({ name, kind }) => [name, kind])),
    ),
    ground,
    element("div", { class: "axis-x", "aria-hidden": "true" }, element("span", {}, from), element("span", {}, to)),
  );
}

/**
 * A column for each label, stacked from its parts.
 *
 * @param {{title: string, labels: string[],
 *   parts: {name: string, kind: string, counts: Record<string, number>}[]}} chart
 */
export function columns({ title, labels, parts }) {
  const totals = labels.map((label) => parts.reduce((sum, { counts }) => sum + (counts[label] ?? 0), 0));
  const most = Math.max(1, ...totals);
  return element(
    "figure",
    { class: "chart" },
    element(
      "figcaption",
      {},
      element("span", { class: "chart-title" }, title),
      parts.length > 1 && legend(parts.map(({ name, kind }) => [name, kind])),
    ),
    element(
      "ol",
      { class: labels.length <= STANDING && labels.every(isSign) ? "columns" : "columns lying" },
      labels.map((label, position) =>
        element(
          "li",
          { "aria-label": `${label}: ${parts.map(({ name, counts }) => `${counts[label] ?? 0} ${name}`).join(", ")}` },
          element("span", { class: "column-total", "aria-hidden": "true" }, shortCount(totals[position])),
          element(
            "span",
            { class: "column", "aria-hidden": "true" },
            parts.map(({ kind, counts }) =>
              property(element("span", { class: `part ${kind}` }), "--share", (counts[label] ?? 0) / most),
            ),
          ),
          element("span", { class: "column-label", "aria-hidden": "true" }, label),
        ),
      ),
    ),
  );
}

/** @param {[string, string][]} entries */
function legend(entries) {
  return element(
    "span",
    { class: "legend" },
    entries.map(([name, kind]) =>
      element("span", {}, element("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), name),
    ),
  );
}

/** @param {number} bottom @param {number} top @returns {(value: number) => number} place from the top, of a hundred */
const height = (bottom, top) => (value) => 100 - (100 * (value - bottom)) / (top - bottom || 1);

/** @param {number} bottom @param {number} top @returns {(value: number) => number} */
const heightOnLog = (bottom, top) => (value) => height(Math.log(bottom), Math.log(top))(Math.log(value));

/** @param {import("./charts.js").Line} line @param {(value: number) => number} y @param {boolean} filled */
function path({ values, at, kind }, y, filled) {
  /** @type {[number, number][][]} */
  const runs = [];
  let open = false;
  values.forEach((value, index) => {
    if (isNumber(value)) {
      if (!open) runs.push([]);
      runs[runs.length - 1].push([100 * at[index], y(value)]);
    }
    open = isNumber(value);
  });
  const line = runs.map((run) => {
    const points = run.length > 1 ? run : [run[0], [run[0][0] + 0.8, run[0][1]]]; // a lone value is a dash
    return `M${points.map((point) => point.map((each) => each.toFixed(2)).join(" ")).join("L")}`;
  });
  const areas = runs
    .filter((run) => run.length > 1)
    .map((run) => `M${run[0][0]} 100L${run.map((point) => point.join(" ")).join("L")}L${run[run.length - 1][0]} 100Z`);
  return svg(
    "g",
    { class: kind },
    filled && svg("path", { class: "area", d: areas.join("") }),
    svg("path", { class: "line", d: line.join("") }),
  );
}

/** @param {Series} series @param {(value: number) => string} format */
function said({ name, values }, format) {
  const known = values.filter(isNumber);
  if (!known.length) return phrase("chart.none", { name });
  const [now, least, most] = [known[known.length - 1], Math.min(...known), Math.max(...known)].map(format);
  return phrase("chart.now", { name, now, least, most });
}

/**
 * The values of a chart under the pointer, wherever in it that is: the nearest of each line.
 *
 * @typedef {{name: string, kind: string, at: number[], values: (number | null | undefined)[]}} Line `at` is how far to
 *   the right each value stands, from 0 to 1
 */

/** @type {{x: number, y: number} | null} where the pointer is on a chart, which may be made anew under it */
let pointer = null;

/**
 * @param {HTMLElement} plot with room for it @param {Element} ground what the values are drawn on
 * @param {Line[]} lines @param {(value: number) => string} format @param {(at: number) => string} name of a place
 */
export function readOut(plot, ground, lines, format, name) {
  const mark = element("span", { class: "mark-line", hidden: true });
  const text = element("p", { class: "readout", hidden: true });
  plot.append(mark, text);
  plot.addEventListener("pointermove", ({ clientX, clientY }) => show((pointer = { x: clientX, y: clientY })));
  plot.addEventListener("pointerleave", () => hide((pointer = null)));
  if (pointer) {
    requestAnimationFrame(() => {
      if (pointer && plot.contains(document.elementFromPoint(pointer.x, pointer.y))) show(pointer);
    });
  }

  /** @param {{x: number, y: number}} place */
  function show({ x }) {
    const { left, width } = ground.getBoundingClientRect();
    const wanted = Math.min(1, Math.max(0, (x - left) / (width || 1)));
    const near = lines.map((line) => nearest(line, wanted)).filter((each) => each !== null);
    if (!near.length) return;
    const at = near.reduce((one, other) => (Math.abs(other.at - wanted) < Math.abs(one.at - wanted) ? other : one)).at;
    const there = near.filter((each) => Math.abs(each.at - at) < 1e-6 || lines.length === 1);
    for (const each of [mark, text]) {
      each.hidden = false;
      property(each, "--at", at);
    }
    text.classList.toggle("left", at > 0.5);
    text.replaceChildren(
      element("span", {}, name(at)),
      ...there.map((each) =>
        element(
          "span",
          {},
          element("span", { class: `swatch ${each.kind}` }),
          `${lines.length > 1 ? `${each.name} ` : ""}${format(each.value)}`,
        ),
      ),
    );
  }

  /** @param {null} _ */
  function hide(_) {
    mark.hidden = text.hidden = true;
  }
}

/** @param {Line} line @param {number} wanted */
function nearest({ name, kind, at, values }, wanted) {
  let found = null;
  for (const [index, value] of values.entries()) {
    if (!isNumber(value)) continue;
    if (found === null || Math.abs(at[index] - wanted) < Math.abs(found.at - wanted))
      found = { name, kind, at: at[index], value };
  }
  return found;
}
