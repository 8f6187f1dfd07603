// @ts-check
/** The figures of the last minutes and days, and what was corrected: loaded while somebody looks. */

import * as api from "../api.js";
import { messageOf } from "../notice.js";
import { update } from "../state.js";
import { DAYS, recent } from "./days.js";

/** Load the newest uploads, which say what was corrected; where that needs a key, it is not asked for. */
export async function loadCorrections() {
  try {
    update("stats", { corrections: recent(await api.batchesIfAllowed()) });
  } catch (error) {
    messageOf(error); // not shown, then
  }
}

/** Load how often it was right, as far as that is known. */
export async function loadAccuracy() {
  try {
    update("stats", { accuracy: await api.accuracyIfAllowed() });
  } catch (error) {
    messageOf(error); // nor this
  }
}

/** Load what was answered day by day; where that is not known, nothing is shown of it. */
export async function loadDays() {
  try {
    update("stats", { days: await api.days(DAYS) });
  } catch (error) {
    messageOf(error); // nor why
  }
}

/** Load the last minutes; what was loaded before stays when that fails. */
export async function loadStats() {
  try {
    update("stats", { value: await api.stats(), error: null });
  } catch (error) {
    update("stats", { error: messageOf(error) });
  }
}
