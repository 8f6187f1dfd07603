// @ts-check
/**
 * A sheet to draw on with mouse, touch, pen or the arrow keys. What is drawn is kept as strokes in parts of the side,
 * so that it looks the same in any size, and is handed over as MNIST has it: white on black.
 *
 * @typedef {[number, number]} Point from 0 to 1, from the left and from the top
 */

import { element } from "../element.js";
import { encodeGrey } from "./png.js";

const SENT_PIXELS = 192; // small enough for the server to decode at once, and far more than the model looks at
const PEN = 0.075; // of the side; MNIST's pens are about a twelfth of the digit's height
const STEP = 0.035; // of the side, one press of an arrow key

const KEYS = /** @type {Record<string, Point>} */ ({
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
});

/** @param {() => void} changed told of every change, also of those within a stroke */
export function createSheet(changed) {
  const canvas = element("canvas", {
    class: "sheet",
    tabindex: 0,
    role: "application",
    "aria-label": "Drawing sheet",
    "aria-describedby": "sheet-help",
  });
  /** @type {Point[][]} */
  let strokes = [];
  /** @type {Point[] | null} */
  let open = null;
  let edits = 0;
  /** @type {Point | null} where the keyboard's pen is, once it was moved */
  let cursor = null;

  const show = () => {
    const size = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const ink = getComputedStyle(canvas).color;
    paint(canvas, strokes, ink, null);
    if (cursor && document.activeElement === canvas) mark(canvas, cursor, ink, open !== null);
  };
  const edit = () => {
    edits += 1;
    show();
    changed();
  };
  const sheet = {
    canvas,
    isEmpty: () => strokes.length === 0,
    /** The number of the newest edit, by which an answer says what it is about. */
    edit: () => edits,
    /** Whether there is more than a dot, of which nothing could be said. */
    isReadable: () => strokes.some((stroke) => lengthOf(stroke) > PEN / 2),
    undo() {
      strokes = strokes.slice(0, -1);
      open = null;
      edit();
    },
    clear() {
      strokes = [];
      open = cursor = null;
      edit();
    },
    /** @returns {Promise<Blob>} the drawing, as it is when this is called, as a PNG */
    image: () => pictureOf(strokes),
  };

  /** @param {PointerEvent} event @returns {Point} */
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    open = [place(event)];
    strokes = [...strokes, open];
    edit();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!open || cursor || !canvas.hasPointerCapture(event.pointerId)) return;
    for (const each of event.getCoalescedEvents?.() ?? []) open.push(place(each));
    open.push(place(event));
    edit();
  });
  const lift = () => {
    if (cursor === null) open = null;
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("keydown", (event) => {
    if (event.key in KEYS) {
      const [from, by] = [cursor ?? /** @type {Point} */ ([0.5, 0.3]), KEYS[event.key]];
      cursor = [within(from[0] + by[0]), within(from[1] + by[1])];
      if (open) {
        open.push(cursor);
        edit();
      } else show();
    } else if (event.key === " " || event.key === "Enter") {
      cursor ??= [0.5, 0.3];
      open = open ? null : [cursor];
      if (open) strokes = [...strokes, open];
      edit();
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) sheet.undo();
    else if (event.key === "Backspace") sheet.undo();
    else if (event.key === "Delete") sheet.clear();
    else return;
    event.preventDefault();
  });
  for (const each of ["focus", "blur"]) canvas.addEventListener(each, show);
  new ResizeObserver(show).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  return sheet;
}

/** @param {Point[][]} strokes @returns {Promise<Blob>} */
function pictureOf(strokes) {
  const canvas = element("canvas", { width: SENT_PIXELS, height: SENT_PIXELS });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  paint(canvas, strokes, "#fff", "#000");
  if (!("CompressionStream" in globalThis))
    return new Promise((resolve) => canvas.toBlob((blob) => resolve(/** @type {Blob} */ (blob)), "image/png"));
  const { data } = context.getImageData(0, 0, SENT_PIXELS, SENT_PIXELS);
  const grey = new Uint8Array(SENT_PIXELS ** 2);
  for (let index = 0; index < grey.length; index++) grey[index] = data[4 * index];
  return encodeGrey(grey, SENT_PIXELS, SENT_PIXELS);
}

/**
 * @param {HTMLCanvasElement} canvas @param {Point[][]} strokes @param {string} ink
 * @param {string | null} ground
 */
function paint(canvas, strokes, ink, ground) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const side = canvas.width;
  context.clearRect(0, 0, side, side);
  if (ground) {
    context.fillStyle = ground;
    context.fillRect(0, 0, side, side);
  }
  context.strokeStyle = ink;
  context.lineWidth = PEN * side;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(stroke[0][0] * side, stroke[0][1] * side);
    // Through the middles of the points with the points as handles: a hand's curve instead of a polygon.
    for (let index = 1; index < stroke.length - 1; index++) {
      const [x, y] = stroke[index];
      const [nextX, nextY] = stroke[index + 1];
      context.quadraticCurveTo(x * side, y * side, ((x + nextX) / 2) * side, ((y + nextY) / 2) * side);
    }
    const [x, y] = stroke[stroke.length - 1];
    context.lineTo(x * side, y * side);
    context.stroke();
  }
}

/** @param {HTMLCanvasElement} canvas @param {Point} cursor @param {string} ink @param {boolean} down */
function mark(canvas, [x, y], ink, down) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const side = canvas.width;
  context.beginPath();
  context.arc(x * side, y * side, (PEN / 2) * side, 0, 7);
  context.lineWidth = 2 * devicePixelRatio;
  context.strokeStyle = context.fillStyle = ink;
  if (down) context.fill();
  else context.stroke();
}

/** @param {Point[]} stroke */
function lengthOf(stroke) {
  return stroke
    .slice(1)
    .reduce((sum, [x, y], index) => sum + Math.hypot(x - stroke[index][0], y - stroke[index][1]), 0);
}

/** @param {number} value */
const within = (value) => Math.min(0.97, Math.max(0.03, value));
