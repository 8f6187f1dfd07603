// @ts-check
/**
 * The pulse: /health every few seconds, often while the server is lost, so that the page finds it again by itself and
 * then shows what has happened meanwhile.
 */

import * as api from "./api.js";
import { state, update } from "./state.js";

const PULSE_MS = 5_000;
const LOST_PULSE_MS = 1_000;

/** @type {Set<() => void>} */
const onReturn = new Set();
let timer = 0;

/** @param {() => void} again called when the server, after it had been lost, is there again */
export function whenBack(again) {
  onReturn.add(again);
}

/** Begin; also called to look at once. */
export async function pulse() {
  clearTimeout(timer);
  try {
    update("health", { value: await api.health() });
  } catch {
    // Whether the server was reached is noted below; there is nothing else to tell.
  }
  clearTimeout(timer);
  timer = setTimeout(pulse, state.connection.lost ? LOST_PULSE_MS : PULSE_MS);
}

/** @param {boolean} reached whether a call, any call, got an answer */
export function note(reached) {
  const was = state.connection.lost;
  if (reached === !was) return;
  update("connection", { lost: !reached });
  if (reached) for (const again of onReturn) again();
  else {
    clearTimeout(timer);
    timer = setTimeout(pulse, LOST_PULSE_MS);
  }
}
