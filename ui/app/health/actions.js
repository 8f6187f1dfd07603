// @ts-check
import * as api from "../api.js";
import { messageOf } from "../notice.js";
import { update } from "../state.js";

/** Load the last minutes; what was loaded before stays when that fails. */
export async function loadStats() {
  try {
    update("stats", { value: await api.stats(), error: null });
  } catch (error) {
    update("stats", { error: messageOf(error) });
  }
}
