// @ts-check
/**
 * Strokes as pixels: on the sheet, and as they are sent, which is as MNIST has them: white on black, and as large beside
 * the pen.
 *
 * @import { Point, Stroke } from "./drawing.js"
 */

import { element } from "../element.js";
import { extentOf, PEN } from "./drawing.js";
import { encodeGrey } from "./png.js";

const SENT_PIXELS = 192; // small enough for the server to decode at once, and far more than the model looks at
const LEAST = 0.6; // of the side; in a smaller drawing the sheet's pen fills what should be open

/** @param {Stroke[]} strokes @returns {Promise<Blob>} the drawing as a PNG */
export function pictureOf(strokes) {
  const canvas = element("canvas", { width: SENT_PIXELS, height: SENT_PIXELS });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  paint(canvas, enlarged(strokes), "#fff", "#000");
  if (!("CompressionStream" in globalThis))
    return new Promise((resolve) => canvas.toBlob((blob) => resolve(/** @type {Blob} */ (blob)), "image/png"));
  const { data } = context.getImageData(0, 0, SENT_PIXELS, SENT_PIXELS);
  const grey = new Uint8Array(SENT_PIXELS ** 2);
  for (let index = 0; index < grey.length; index++) grey[index] = data[4 * index];
  return encodeGrey(grey, SENT_PIXELS, SENT_PIXELS);
}

/** @param {Stroke[]} strokes @returns {Stroke[]} a small drawing as if it had been drawn large, in the middle */
function enlarged(strokes) {
  const { x: middle, y: centre, size } = extentOf(strokes.flat());
  if (size >= LEAST) return strokes;
  const scale = LEAST / size;
  return strokes.map((stroke) => stroke.map(([x, y]) => [0.5 + (x - middle) * scale, 0.5 + (y - centre) * scale]));
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
    context.lineTo(x * side + 0.01, y * side); // a line of no length, which is a dot, would not be painted
    context.stroke();
  }
}

/** @param {HTMLCanvasElement} canvas @param {Point} place the keyboard's pen @param {string} ink @param {boolean} down */
export function mark(canvas, [x, y], ink, down) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const side = canvas.width;
  context.beginPath();
  context.arc(x * side, y * side, (PEN / 2) * side, 0, 7);
  context.lineWidth = 2 * devicePixelRatio;
  context.strokeStyle = context.fillStyle = ink;
  if (down) context.fill();
  else context.stroke();
}
