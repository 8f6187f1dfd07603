// @ts-check
/** How the service is, now and over the last minutes. */

import { whenBack } from "../connection.js";
import { element, replace } from "../element.js";
import { heading } from "../frame.js";
import { labelsNow } from "../labels.js";
import { state, update, watch } from "../state.js";
import { phrase, worded } from "../texts.js";
import { loadAccuracy, loadCorrections, loadDays, loadStats } from "./actions.js";
import { charts, modelCharts, modelTiles, tiles } from "./charts.js";

const EVERY_MS = 2_000;
const DAYS_ROUNDS = 30; // of these between two looks at the days, which the server adds to once a minute

export function healthView() {
  const problems = element("section", { class: "card status", "aria-label": phrase("state") });
  const service = part(phrase("service"));
  const model = part(phrase("model"));
  const days = element("div", { class: "plots" });
  const right = element("p", {});
  model.section.append(right, element("p", { class: "hint" }, phrase("days.footing")), days);
  const footing = element("p", { class: "hint" });
  const drift = element("details", { class: "stack", toggle: () => void showDrift(drift) }, element("summary", {}, phrase("drift")));
  const view = element(
    "section",
    { class: "view health" },
    heading("health"),
    problems,
    service.section,
    footing,
    model.section,
    drift,
  );
  watch(
    () => [state.health.value, state.connection.lost],
    (health, lost) => replace(problems, ...status(health, lost)),
  );
  watch(
    () => [state.stats.value, state.stats.error, state.stats.corrections, state.health.value?.labels.join()],
    (stats, error, corrections, _labels) => {
      if (isSelected(view)) return; // what somebody has selected, to copy it, stands still
      service.show(stats && tiles(stats), stats ? charts(stats) : element("p", { class: "hint" }, error ?? phrase("looking")));
      model.show(stats && modelTiles(stats, corrections), stats && modelCharts(stats, labelsNow()));
      replace(
        footing,
        stats &&
          workersOf(stats) + phrase("footing"),
      );
    },
  );
  watch(
    () => [state.stats.days, state.stats.corrections, state.health.value?.labels.join(), daily],
    (told, corrections, _labels, daily) => {
      if (!daily && (told?.length || corrections?.length)) void loadDaily();
      if (daily && !isSelected(view)) replace(days, ...daily.dayCharts(told, labelsNow(), corrections));
    },
  );
  watch(
    () => [state.route.view],
    (shown) => {
      if (shown !== "health") return;
      void keepLoading(drift);
      void loadCorrections();
      void loadAccuracy();
    },
  );
  watch(
    () => [state.stats.accuracy],
    async (found) => {
      const module = found?.answers ? await worded(() => import("./accuracy.js")).catch(() => null) : null;
      replace(right, module && found && module.accuracy(found));
    },
  );
  whenBack(() => void loadStats());
  return view;
}

/** @param {string} title a part of the view: figures, then charts */
function part(title) {
  const numbers = element("dl", { class: "numbers" });
  const plots = element("div", { class: "plots" });
  const section = element("section", { class: "stack", "aria-label": title }, element("h2", {}, title), numbers, plots);
  /** @param {HTMLElement[] | null} figures @param {HTMLElement | (HTMLElement | null)[] | null} drawn */
  const show = (figures, drawn) => {
    replace(numbers, figures);
    replace(plots, drawn);
  };
  return { section, show };
}

/** @param {HTMLElement} place whether text of it is selected */
function isSelected(place) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(place, true);
}

/** @type {typeof import("./daily.js") | null} only for who has days to look at */
let daily = null;

async function loadDaily() {
  daily = await worded(() => import("./daily.js")).catch(() => null); // it is tried again when the server is back
  if (daily) update("stats", {});
}

/** @param {HTMLElement} drift what is loaded once somebody opens it, as an alarm does */
async function showDrift(drift) {
  const alarm = state.health.value?.drift?.alarm;
  if (alarm && drift.dataset.alarm !== alarm.id) drift.toggleAttribute("open", true);
  drift.dataset.alarm = alarm?.id ?? "";
  if (drift.hasAttribute("open") && !isSelected(drift)) await (await worded(() => import("../drift/view.js")).catch(() => null))?.show(drift);
}

let timer = 0;

/** Every two seconds while somebody looks. @param {HTMLElement} drift @param {number} [round] */
async function keepLoading(drift, round = 0) {
  clearTimeout(timer);
  if (state.route.view !== "health") return;
  if (!document.hidden && !state.connection.lost) {
    if (!state.stats.days || round % DAYS_ROUNDS === 0) void loadDays();
    void showDrift(drift);
    await loadStats();
  }
  clearTimeout(timer);
  timer = setTimeout(keepLoading, EVERY_MS, drift, round + 1);
}

/** @param {import("../types.js").Stats} stats whose figures these are */
function workersOf({ workers, workers_counted: counted }) {
  if (workers === 1) return "";
  return counted > 1
    ? `${phrase("workers.all", { n: workers })} `
    : `${phrase("workers.one", { n: workers })} `;
}

/** @param {import("../types.js").Health | null} health @param {boolean} lost */
function status(health, lost) {
  if (lost)
    return [
      line(
        "bad",
        phrase("status.lost"),
        phrase("status.lost.text"),
      ),
    ];
  if (!health) return [line("", phrase("looking"), "")];
  const words = /** @type {Record<string, [string, string, string]>} */ ({
    healthy: ["good", phrase("status.well"), phrase("status.well.text", { version: health.model_version ?? "" })],
    degraded: ["warn", phrase("status.amiss"), ""],
    unhealthy: ["bad", phrase("status.none"), phrase("status.none.text")],
  });
  const [kind, title, text] = words[health.status] ?? ["warn", health.status, ""];
  return [
    line(kind, title, text),
    health.problems.length > 0 &&
      element(
        "ul",
        { class: "named" },
        health.problems.map((each) => element("li", {}, each)),
      ),
  ];
}

/** @param {string} kind @param {string} title @param {string} text */
function line(kind, title, text) {
  return element(
    "p",
    { class: `status-line ${kind}` },
    element("span", { class: "dot", "aria-hidden": "true" }),
    element("span", {}, element("strong", {}, title), " ", text),
  );
}
