// @ts-check
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
