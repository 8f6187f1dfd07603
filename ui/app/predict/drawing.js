// @ts-check
/**
 * What is drawn: strokes, which are points in parts of the sheet's side, with what was there before and what was undone.
 *
 * @typedef {[number, number]} Point from 0 to 1, from the left and from the top
 * @typedef {{pen: number, erases: boolean}} Tool `pen`: how wide it is, in parts of the side
 * @typedef {Tool & {points: Point[]}} Stroke
 * @typedef {{strokes: Stroke[], past: Stroke[][], future: Stroke[][]}} Moment
 */

const PEN = 0.075; // of the side; MNIST's pens are about a twelfth of the digit's height

/** What there is to draw with: the middle one is what the model knows best. @type {["thin" | "pen" | "thick" | "eraser", Tool][]} */
export const TOOLS = [
  ["thin", { pen: PEN * 0.6, erases: false }],
  ["pen", { pen: PEN, erases: false }],
  ["thick", { pen: PEN * 1.5, erases: false }],
  ["eraser", { pen: PEN * 1.8, erases: true }],
];

export function createDrawing() {
  /** @type {Moment} */
  let now = { strokes: [], past: [], future: [] };
  let before = now;
  /** @type {Stroke | null} */
  let open = null;

  /** @param {Stroke[]} strokes */
  const change = (strokes) => {
    before = now;
    now = { strokes, past: [...now.past, now.strokes], future: [] };
  };
  return {
    strokes: () => now.strokes,
    isOpen: () => open !== null,
    canUndo: () => now.past.length > 0,
    canRedo: () => now.future.length > 0,
    /** @param {Point} point @param {Tool} tool */
    begin(point, tool) {
      open = { ...tool, points: [point] };
      change([...now.strokes, open]);
    },
    /** @param {Point[]} points */
    extend(...points) {
      open?.points.push(...points);
    },
    end() {
      open = null;
    },
    /** Whether the stroke under way has not left its place. */
    isResting: () => open !== null && isDot(open),
    /** The stroke under way was none. */
    drop() {
      if (open) now = before;
      open = null;
    },
    undo() {
      const { strokes, past, future } = now;
      open = null;
      if (past.length) now = { strokes: past[past.length - 1], past: past.slice(0, -1), future: [strokes, ...future] };
    },
    redo() {
      const { strokes, past, future } = now;
      open = null;
      if (future.length) now = { strokes: future[0], past: [...past, strokes], future: future.slice(1) };
    },
    clear() {
      open = null;
      if (now.strokes.length) change([]);
    },
  };
}

/** @param {Stroke} stroke whether it is no more than where a pen was put down */
export const isDot = (stroke) => extentOf(stroke.points).size <= stroke.pen / 2;

/** @param {Point[]} points */
export function extentOf(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return { x: (left + right) / 2, y: (top + bottom) / 2, size: Math.max(right - left, bottom - top) };
}
