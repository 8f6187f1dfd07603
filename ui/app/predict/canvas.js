// @ts-check
/**
 * A sheet to draw on with mouse, touch, pen or the arrow keys.
 *
 * @import { Point, Tool } from "./drawing.js"
 */

import { element } from "../element.js";
import { phrase } from "../texts.js";
import { createDrawing, isDot, TOOLS } from "./drawing.js";
import { inkOf, mark, paint, pictureOf } from "./ink.js";

const STEP = 0.035; // of the side, one press of an arrow key

const KEYS = /** @type {Record<string, Point>} */ ({
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
});

/** @param {() => void} changed told of every change, also of those within a stroke, and of a stroke's end */
export function createSheet(changed) {
  const canvas = element("canvas", {
    class: "sheet",
    tabindex: 0,
    role: "application",
    "aria-label": phrase("sheet"),
    "aria-describedby": "sheet-help",
  });
  const drawing = createDrawing();
  let edits = 0;
  let ink = inkOf([]);
  /** @type {Tool} */
  let tool = TOOLS[1][1];
  /** @type {Point | null} where the keyboard's pen is, once it was moved */
  let cursor = null;

  const show = () => {
    const size = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const { color } = getComputedStyle(canvas);
    paint(canvas, drawing.strokes(), color, null);
    if (cursor && document.activeElement === canvas) mark(canvas, cursor, tool, color, drawing.isOpen());
  };
  /** @param {() => void} change */
  const edit = (change) => {
    change();
    edits += 1;
    ink = inkOf(drawing.strokes());
    show();
    changed();
  };
  const sheet = {
    canvas,
    isEmpty: () => ink === null,
    tool: () => tool,
    /** @param {Tool} taken */
    take: (taken) => (tool = taken),
    canUndo: drawing.canUndo,
    canRedo: drawing.canRedo,
    /** The number of the newest edit, by which an answer says what it is about. */
    edit: () => edits,
    /** Whether what was drawn, and is finished, is no more than dots. */
    isDots: () => !sheet.isEmpty() && !drawing.isOpen() && !sheet.isReadable(),
    /** Whether there is more than a dot, of which nothing could be said. */
    isReadable: () => ink !== null && !drawing.strokes().every((each) => each.erases || isDot(each)),
    undo: () => edit(drawing.undo),
    redo: () => edit(drawing.redo),
    clear() {
      cursor = null;
      edit(drawing.clear);
    },
    image: () => pictureOf(drawing.strokes()),
  };
  const end = () => {
    drawing.end();
    changed(); // whether it is only a dot is known now
  };

  /** @param {PointerEvent} event @returns {Point} */
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  followHand(canvas, {
    begin(event) {
      cursor = null;
      edit(() => drawing.begin(place(event), tool));
    },
    extend(event) {
      if (cursor || !drawing.isOpen()) return; // undone while the pen was down, or taken over by the keyboard
      const passed = event.getCoalescedEvents?.() ?? [];
      edit(() => drawing.extend(...passed.map(place), place(event)));
    },
    end() {
      if (cursor === null) end();
    },
    drop: () => edit(drawing.drop),
    isResting: drawing.isResting,
  });
  canvas.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in KEYS) {
      const [from, by] = [cursor ?? /** @type {Point} */ ([0.5, 0.3]), KEYS[key]];
      const to = /** @type {Point} */ ([within(from[0] + by[0]), within(from[1] + by[1])]);
      cursor = to;
      if (drawing.isOpen()) edit(() => drawing.extend(to));
      else show();
    } else if (key === " " || key === "Enter") {
      const at = (cursor ??= [0.5, 0.3]);
      if (drawing.isOpen()) end();
      else edit(() => drawing.begin(at, tool));
      show();
    } else if (command && (key === "y" || (key === "z" && event.shiftKey))) sheet.redo();
    else if ((command && key === "z") || key === "Backspace") sheet.undo();
    else if (key === "Delete") sheet.clear();
    else return;
    event.preventDefault();
  });
  for (const each of ["focus", "blur"]) canvas.addEventListener(each, show);
  new ResizeObserver(show).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  return sheet;
}

/** @param {number} value */
const within = (value) => Math.min(0.97, Math.max(0.03, value));

/**
 * Who draws: one pointer at a time. A palm draws nothing, a pen beats touch, and a finger that moves beats one that rests.
 *
 * @typedef {{begin: (event: PointerEvent) => void, extend: (event: PointerEvent) => void, end: () => void,
 *   drop: () => void, isResting: () => boolean}} Drawer
 */

const PALM_PIXELS = 48; // across; a fingertip is at most half as wide
const PEN_NEAR_MS = 1_000; // after a pen was seen, what else touches is the hand that holds it

/** @param {HTMLElement} place @param {Drawer} drawer */
export function followHand(place, drawer) {
  /** @type {{id: number, type: string} | null} the pointer that draws */
  let drawing = null;
  let penSeen = -Infinity;

  /** @param {PointerEvent} event */
  const isPalm = ({ pointerType, width, height, timeStamp }) =>
    pointerType === "touch" && (Math.max(width, height) > PALM_PIXELS || timeStamp - penSeen < PEN_NEAR_MS);
  /** @param {PointerEvent} event */
  const isDrawing = (event) => drawing?.id === event.pointerId;
  /** @param {PointerEvent} event whether it may draw instead of the one that does */
  const beats = ({ pointerType }) =>
    drawing === null || drawer.isResting() || (pointerType === "pen" && drawing.type === "touch");

  place.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "pen") penSeen = event.timeStamp;
    if (event.button !== 0 || isPalm(event) || !beats(event)) return;
    if (drawing) drawer.drop();
    drawing = { id: event.pointerId, type: event.pointerType };
    place.setPointerCapture(event.pointerId);
    drawer.begin(event);
  });
  place.addEventListener("pointermove", (event) => {
    if (event.pointerType === "pen") penSeen = event.timeStamp;
    if (!isDrawing(event)) return;
    if (!isPalm(event)) return drawer.extend(event);
    drawing = null;
    drawer.drop();
  });
  for (const each of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"]))
    place.addEventListener(each, (event) => {
      if (!isDrawing(event)) return;
      drawing = null;
      if (each === "pointercancel" && event.pointerType === "touch") drawer.drop();
      else drawer.end();
    });
}
