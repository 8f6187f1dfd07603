// @ts-check
/** Whether the world has moved: how far the last answers are from those that the version came with, and the alarm. */

import { picture, samplePath } from "../api.js";
import { lines } from "../charts.js";
import { button, element, replace } from "../element.js";
import { count, decimal, moment, percent } from "../format.js";
import { attempt, tell } from "../notice.js";
import { phrase } from "../texts.js";
import { close, drift, examples } from "./api.js";

/** @import * as D from "./api.js" */

const EXAMPLE = 56; // pixels
const state = element("div", { class: "stack" });
const plot = element("div", { class: "plots" });
let shown = "";

/** Look again, and show it there; what was shown stays when that fails. @param {HTMLElement} place */
export async function show(place) {
  if (!state.isConnected) place.append(state, plot);
  const told = await drift().catch(() => null);
  if (!told) return;
  const now = JSON.stringify([told.alarm, told.reason, told.model_version]);
  if (now !== shown) replace(state, ...(told.alarm ? raised(told.alarm, place) : [calm(told)])); // a button stands still
  shown = now;
  replace(plot, told.watching && told.distances.length > 0 && chart(told));
}

/** @param {D.Drift} told */
const calm = ({ watching, reason, false_alarm_requests: requests }) =>
  element("p", { class: "hint" }, watching ? phrase("drift.calm", { requests: count(requests) }) : phrase("drift.off", { reason: reason ?? "" }));

/** @param {D.Alarm} alarm @param {HTMLElement} place */
function raised({ id, version, since, moved }, place) {
  const pictures = element("div", { class: "row" });
  const seen = async () => {
    await attempt(async () => tell((await close(id)).message + ".", "good"));
    await show(place);
  };
  return [
    element("p", {}, element("strong", {}, phrase("drift.alarm", { version, time: moment(since) }))),
    element("ul", { class: "named" }, moved.map((each) => element("li", {}, said(each)))),
    pictures,
    element(
      "div",
      { class: "row" },
      button(phrase("drift.pictures"), () => attempt(() => fill(id, pictures)), { class: "quiet" }),
      button(phrase("drift.seen"), seen),
    ),
  ];
}

/** @param {D.Moved} moved */
const said = ({ of, label, at_most: most, now, reference, answers }) =>
  phrase("drift.moved", {
    what: phrase(`drift.${of}`, { value: label ?? decimal(most ?? 0, 3) }),
    now: percent(now, 1),
    before: percent(reference, 1),
    n: answers,
  });

/** @param {string} id @param {HTMLElement} place */
async function fill(id, place) {
  const blobs = await Promise.all((await examples(id)).map((each) => picture(samplePath(each))));
  const image = (/** @type {Blob} */ blob) =>
    element("img", { src: URL.createObjectURL(blob), alt: phrase("drift.example"), width: EXAMPLE, height: EXAMPLE });
  replace(place, ...(blobs.length ? blobs.map(image) : [phrase("drift.none")]));
}

/** @param {D.Drift} told */
const chart = ({ distances, threshold }) =>
  lines({
    least: 0,
    title: phrase("drift.chart"),
    series: [
      { name: phrase("drift.distance"), kind: "first", values: distances },
      { name: phrase("drift.threshold"), kind: "bad", values: distances.map(() => threshold) },
    ],
    format: (value) => decimal(value, 1),
  });
