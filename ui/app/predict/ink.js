// @ts-check
/**
 * Strokes as pixels: on the sheet, and as they are sent, which is as MNIST has them: white on black, and as large beside
 * the pen.
 *
 * @import { Point, Stroke, Tool } from "./drawing.js"
 */

import { element } from "../element.js";
import { extentOf } from "./drawing.js";

const SENT_PIXELS = 192; // small enough for the server to decode at once, and far more than the model looks at
const LEAST = 0.6; // of the side; in a smaller drawing the sheet's pen fills what should be open
const LOOKED_PIXELS = 96; // to see what an eraser left

/**
 * Where the ink is, by the middle of the pen; null where there is none, or an eraser left none.
 *
 * @param {Stroke[]} strokes @returns {{x: number, y: number, size: number} | null}
 */
export function inkOf(strokes) {
  const inked = strokes.filter(({ erases }) => !erases);
  if (!inked.length) return null;
  if (inked.length === strokes.length) return extentOf(strokes.flatMap(({ points }) => points));
  const grey = greyOf(canvasOf(strokes, LOOKED_PIXELS));
  /** @type {Point[]} */
  const seen = [];
  grey.forEach((each, at) => each > 127 && seen.push([at % LOOKED_PIXELS, Math.floor(at / LOOKED_PIXELS)]));
  if (!seen.length) return null;
  const { x, y, size } = extentOf(seen);
  const pen = Math.min(...inked.map((each) => each.pen));
  return { x: (x + 0.5) / LOOKED_PIXELS, y: (y + 0.5) / LOOKED_PIXELS, size: Math.max(0, (size + 1) / LOOKED_PIXELS - pen) };
}

/** What writes them, fetched once the first view is there. */
export const encoder = () => import("./png.js").catch(() => null);

/** @param {Stroke[]} strokes @returns {Promise<Blob>} the drawing, as it is when this is called, as a PNG */
export async function pictureOf(strokes) {
  const canvas = canvasOf(enlarged(strokes), SENT_PIXELS);
  const png = "CompressionStream" in globalThis ? await encoder() : null;
  if (png !== null) return png.encodeGrey(greyOf(canvas), SENT_PIXELS, SENT_PIXELS);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(/** @type {Blob} */ (blob)), "image/png"));
}

/** @param {Stroke[]} strokes @param {number} side @returns {HTMLCanvasElement} white on black */
function canvasOf(strokes, side) {
  const canvas = element("canvas", { width: side, height: side });
  canvas.getContext("2d", { willReadFrequently: true });
  paint(canvas, strokes, "#fff", "#000");
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @returns {Uint8Array} row by row */
function greyOf(canvas) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return Uint8Array.from({ length: data.length / 4 }, (_, index) => data[4 * index]);
}

/** @param {Stroke[]} strokes @returns {Stroke[]} a small drawing as if it had been drawn large, in the middle, by the same pen */
function enlarged(strokes) {
  const ink = inkOf(strokes);
  if (ink === null || ink.size === 0 || ink.size >= LEAST) return strokes;
  const scale = LEAST / ink.size;
  /** @param {Point} point @returns {Point} */
  const moved = ([x, y]) => [0.5 + (x - ink.x) * scale, 0.5 + (y - ink.y) * scale];
  return strokes.map(({ points, pen, erases }) => ({
    points: points.map(moved),
    pen: erases ? pen * scale : pen,
    erases,
  }));
}

/**
 * @param {HTMLCanvasElement} canvas @param {Stroke[]} strokes @param {string} ink
 * @param {string | null} ground
 */
export function paint(canvas, strokes, ink, ground) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const side = canvas.width;
  context.clearRect(0, 0, side, side);
  if (ground) {
    context.fillStyle = ground;
    context.fillRect(0, 0, side, side);
  }
  context.lineCap = context.lineJoin = "round";
  for (const { points: stroke, pen, erases } of strokes) {
    context.globalCompositeOperation = erases && !ground ? "destination-out" : "source-over";
    context.strokeStyle = erases && ground ? ground : ink;
    context.lineWidth = pen * side;
    context.beginPath();
    context.moveTo(stroke[0][0] * side, stroke[0][1] * side);
    // Through the middles of the points with the points as handles: a hand's curve instead of a polygon.
    for (let index = 1; index < stroke.length - 1; index++) {
      const [x, y] = stroke[index];
      const [nextX, nextY] = stroke[index + 1];
      context.quadraticCurveTo(x * side, y * side, ((x + nextX) / 2) * side, ((y + nextY) / 2) * side);
    }
    const [x, y] = stroke[stroke.length - 1];
    context.lineTo(x * side + 0.01, y * side); // a line of no length, which is a dot, would not be painted
    context.stroke();
  }
  context.globalCompositeOperation = "source-over";
}

/**
 * @param {HTMLCanvasElement} canvas @param {Point} place the keyboard's pen @param {Tool} tool @param {string} ink
 * @param {boolean} down
 */
export function mark(canvas, [x, y], { pen }, ink, down) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const side = canvas.width;
  context.beginPath();
  context.arc(x * side, y * side, (pen / 2) * side, 0, 7);
  context.lineWidth = 2 * devicePixelRatio;
  context.strokeStyle = context.fillStyle = ink;
  if (down) context.fill();
  else context.stroke();
}
