// @ts-check
/**
 * Several pictures, each with its answer: a click shows one of them at the side, where it can be corrected.
 *
 * @import { Subject } from "../state.js"
 */

import * as api from "../api.js";
import { labelOfKey, onKeys } from "../choices.js";
import { whenBack } from "../connection.js";
import { button, element, replace } from "../element.js";
import { percent } from "../format.js";
import { keyed } from "../keyed.js";
import { isSign } from "../labels.js";
import { messageOf, say, tell } from "../notice.js";
import { firstGroup } from "../shrink.js";
import { state, update, watch } from "../state.js";
import { phrase } from "../texts.js";
import { ask, change, changeAll, shownSubject, subjectOf } from "./actions.js";
import { isCredible } from "./answer.js";
import { correct } from "./correction.js";

/** @param {() => void} emptied where the focus goes when the gallery does */
export function gallery(emptied) {
  const title = element("h2", {});
  const list = element("ul", { class: "tiles" });
  const clear = button(
    phrase("clear-all"),
    () => {
      clearGallery();
      emptied();
    },
    { class: "quiet" },
  );
  const part = element(
    "section",
    { class: "card gallery", "aria-label": phrase("gallery"), hidden: true },
    element("div", { class: "card-head" }, title, clear),
    list,
  );
  const show = keyed(list, tile);
  watch(
    () => [state.predict.gallery, state.predict.selected],
    (pictures, selected) => {
      part.hidden = !pictures.length;
      replace(title, phrase("pictures", { n: pictures.length }));
      show(pictures);
      for (const each of list.querySelectorAll('[aria-pressed="true"]')) each.setAttribute("aria-pressed", "false");
      tileOf(list, selected)?.setAttribute("aria-pressed", "true");
    },
  );
  onKeys("predict", (event) => {
    const subject = shownSubject();
    if (event.ctrlKey || event.metaKey || event.altKey || subject?.edit !== null) return false;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const label = labelOfKey(event.key);
    if (by) {
      step(by);
      tileOf(list, state.predict.selected)?.scrollIntoView({ block: "nearest" });
    } else if (label !== null && subject.prediction && !subject.filed && !subject.dismissed) void correct(subject, label);
    else return false;
    return true;
  });
  whenBack(() => void readPictures());
  return part;
}

/** @param {Subject} subject the picture itself, large, with the way to the others */
export function chosen({ id, name, picture, error }) {
  const { gallery } = state.predict;
  const here = gallery.findIndex((each) => each.id === id);
  const way = (/** @type {string} */ text, /** @type {number} */ by, /** @type {string} */ sign) =>
    button(sign, () => step(by), {
      "aria-label": text,
      "aria-keyshortcuts": by < 0 ? "ArrowLeft" : "ArrowRight",
      disabled: !gallery[here + by],
      "data-key": text,
    });
  return element(
    "div",
    { class: "chosen" },
    element("img", { src: picture ?? "", alt: name }),
    element(
      "div",
      {},
      element("p", { class: "chosen-name" }, name),
      element("p", { class: "hint" }, phrase("place", { here: here + 1, all: gallery.length })),
      element("div", { class: "actions" }, way(phrase("previous"), -1, "←"), way(phrase("following"), 1, "→")),
      error !== null && button(phrase("again"), retry, { "data-key": "retry" }),
    ),
  );
}

/** @param {ParentNode} place @param {string | null} id */
const tileOf = (place, id) => place.querySelector(`[data-key="${id}"]`);

/** @param {Subject} subject */
function tile({ id, name, picture, prediction, error, filed, dismissed }) {
  const label = filed?.label ?? (dismissed ? phrase("gallery.none") : (prediction?.label ?? (error ? "!" : "…")));
  const kind = error ? "bad" : prediction && !isCredible(prediction) ? "odd" : "";
  const sure = prediction ? percent(prediction.confidence, 0) : error ? phrase("gallery.unread") : phrase("gallery.reading");
  return element(
    "li",
    {},
    element(
      "button",
      {
        type: "button",
        class: `tile ${kind} ${filed ? "taught" : ""}`,
        title: name,
        "aria-pressed": "false",
        "data-key": id,
        click: () => select(id),
      },
      element("img", { src: picture ?? "", alt: name, loading: "lazy", decoding: "async" }),
      element("span", { class: "tile-name" }, filed ? phrase("gallery.filed") : sure),
      element("span", { class: `tile-label ${isSign(label) ? "" : "word"}` }, label),
    ),
  );
}

/* Asking the model about many pictures: some at once, until all are read or nobody wants them any more. */

const AT_ONCE = 32; // pictures of one request, as many as the model sees at once
const GALLERY_LIMIT = 1000; // pictures; each is kept in memory

let pictures = 0;
let wanted = new AbortController();
let reading = false;

/** @param {{file: File, path: string}[]} found */
export async function addPictures(found) {
  if (!found.length) return;
  const room = GALLERY_LIMIT - state.predict.gallery.length;
  if (found.length > room) tell(phrase("gallery.full", { most: GALLERY_LIMIT }), "bad");
  const added = found
    .slice(0, Math.max(room, 0))
    .map(({ file }) => subjectOf(`picture-${++pictures}`, file.name, file, URL.createObjectURL(file)));
  if (!added.length) return;
  update("predict", { gallery: [...state.predict.gallery, ...added] });
  select(added[0].id);
  await readPictures();
}

/** Read what has not been read yet. */
export async function readPictures() {
  if (reading) return;
  reading = true;
  const { signal } = wanted;
  try {
    for (let group = await nextGroup(); group.length && !signal.aborted; group = await nextGroup())
      if (!(await readGroup(group, signal))) return;
    const { gallery } = state.predict;
    const read = gallery.filter(({ prediction }) => prediction !== null).length;
    if (gallery.length) say(phrase("gallery.read", { read, all: gallery.length }));
  } finally {
    reading = false;
    if (signal.aborted) void readPictures(); // what was added since
  }
}

/** Ask again about what had no answer. */
export async function retry() {
  const failed = state.predict.gallery.filter(({ error }) => error !== null);
  changeAll(new Map(failed.map(({ id }) => [id, { error: null }])));
  await readPictures();
}

/** @returns {Promise<Subject[]>} the next pictures without an answer, made as small as they may be */
async function nextGroup() {
  const waiting = state.predict.gallery.filter(({ prediction, error }) => !prediction && !error).slice(0, AT_ONCE);
  const images = await firstGroup(waiting.map(({ image }) => image));
  return images.map((image, index) => ({ ...waiting[index], image }));
}

/** @param {Subject[]} group @param {AbortSignal} signal @returns {Promise<boolean>} whether to go on */
async function readGroup(group, signal) {
  try {
    const answers = await api.predictBatch(
      group.map(({ image }) => image),
      signal,
    );
    changeAll(
      new Map(
        group.map(({ id, image }, index) => {
          const answer = answers[index];
          const told = "prediction" in answer ? { prediction: answer } : { error: answer.error };
          return [id, { image, ...told }];
        }),
      ),
    );
  } catch (error) {
    const text = messageOf(error);
    if (signal.aborted) return false;
    if (!state.connection.lost) changeAll(new Map(group.map(({ id }) => [id, { error: text }])));
    return !state.connection.lost; // else they are read when the server is back
  }
  void explain();
  return true;
}

/** @param {string} id */
export function select(id) {
  update("predict", { selected: id });
  void explain();
}

/** @param {number} by how many pictures on */
export function step(by) {
  const { gallery, selected } = state.predict;
  const here = gallery.findIndex(({ id }) => id === selected);
  const next = gallery[here + by];
  if (here >= 0 && next) select(next.id);
}

/** What the model saw of the selected picture, and how long it took, which many at once are not told. */
async function explain() {
  const { gallery, selected } = state.predict;
  const subject = gallery.find(({ id }) => id === selected);
  if (!subject?.prediction || subject.prediction.input !== undefined) return;
  const answered = await ask(subject);
  if (answered.prediction) change(subject, answered);
}

/** @type {Pick<typeof state.predict, "gallery" | "selected">} what was cleared last */
let cleared = { gallery: [], selected: null };

export function clearGallery() {
  wanted.abort();
  wanted = new AbortController();
  for (const { picture } of cleared.gallery) if (picture) URL.revokeObjectURL(picture);
  const { gallery, selected } = state.predict;
  cleared = { gallery, selected };
  update("predict", { gallery: [], selected: null });
  tell(phrase("gallery.cleared", { n: gallery.length }), "plain", [phrase("undo"), bringBack]);
}

function bringBack() {
  const { gallery, selected } = cleared;
  cleared = { gallery: [], selected: null };
  update("predict", { gallery: [...gallery, ...state.predict.gallery], selected });
  void readPictures();
}
