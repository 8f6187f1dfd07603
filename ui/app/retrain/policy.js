// @ts-check
/**
 * When retrains begin by themselves: what is set, what is proposed, and what was decided and why.
 *
 * @import * as T from "../types.js"
 */

import { button, element, form, replace } from "../element.js";
import { age } from "../format.js";
import { attempt, messageOf, tell } from "../notice.js";
import { state, update, watch } from "../state.js";
import { locale, phrase, phraseOr } from "../texts.js";
import { checked, json } from "../transport.js";
import { loadJobs } from "./actions.js";

const PATH = "/retrain/policy";
const SHOWN = 20; // decisions
const MODES = /** @type {const} */ (["off", "ask", "auto"]);
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/** Fields of numbers, and what may be typed: whole ones, if nothing else is said. */
const NUMBERS = /** @type {const} */ ([
  ["labels", 1, 1_000_000],
  ["quiet_minutes", 0, 1440],
  ["cooldown_minutes", 0, 10_080],
  ["runs_a_day", 1, 100],
  ["refusals", 1, 100],
  ["shadow_minutes", 0, 1440, "any"],
  ["canary_minutes", 0, 1440, "any"],
  ["watch_minutes", 0, 1440, "any"],
]);

export function policy() {
  watch(
    () => [state.health.value, state.route.view], // another one with every pulse
    (_, shown) => {
      if (shown === "retrain") void load();
    },
  );
  const waiting = element("div", { "aria-live": "polite" });
  const list = element("ul", { class: "rows" });
  watch(
    () => [state.retrain.policy],
    (set) => {
      replace(waiting, set?.proposal && proposal(set.proposal), set?.stopped && stop());
      if (set) void loadDecisions(list);
    },
  );
  return element(
    "div",
    { class: "options" },
    element("p", { class: "hint" }, phrase("policy.hint")),
    waiting,
    bounds(),
    element("h2", {}, phrase("policy.decisions")),
    list,
  );
}

/** @param {T.PolicyDecision} proposal */
function proposal({ decision, reasons }) {
  const answer = (/** @type {string} */ word) => () => said(`proposals/${decision}/${word}`);
  return element(
    "div",
    { class: "outcome-card" },
    element("p", {}, element("strong", {}, phrase("policy.proposal")), ` ${reasons.map(why).join("; ")}`),
    element(
      "div",
      { class: "actions" },
      button(phrase("policy.accept"), answer("accept"), { class: "primary", "data-key": "accept" }),
      button(phrase("policy.dismiss"), answer("dismiss"), { class: "quiet", "data-key": "dismiss" }),
    ),
  );
}

function stop() {
  return element(
    "div",
    { class: "outcome-card bad" },
    element("p", {}, phrase("policy.stopped")),
    element("div", { class: "actions" }, button(phrase("policy.resume"), () => said("resume"), { "data-key": "resume" })),
  );
}

/** Tell the server a person's word. @param {string} word */
async function said(word) {
  await attempt(() => json("POST", `${PATH}/${word}`));
  await Promise.all([load(), loadJobs()]);
}

function bounds() {
  const mode = choice("mode", MODES.map((each) => [each, phrase(`policy-mode.${each}`)]));
  const day = new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" });
  const weekday = choice("weekday", [
    ["", phrase("policy.any-day")],
    .../** @type {[string, string][]} */ (DAYS.map((name, at) => [name, day.format(Date.UTC(2024, 0, 1 + at))])), // a Monday
  ]);
  const time = element("input", { type: "time", id: "policy-time_of_day" });
  const alarm = element("input", { type: "checkbox", id: "policy-on_alarm" });
  const numbers = NUMBERS.map(([name, min, max, step = "1"]) => ({
    name,
    field: element("input", { type: "number", id: `policy-${name}`, min, max, step, required: name !== "labels" }),
  }));
  const [labels, ...others] = numbers.map(({ name, field }) => row(name, field));
  const problem = element("div", { role: "alert" });
  let seen = ""; // the tag of what the fields were filled with

  /** @param {T.PolicySet} set */
  const fill = ({ policy, tag }) => {
    seen = tag;
    mode.value = policy.mode;
    weekday.value = policy.weekday ?? "";
    time.value = policy.time_of_day ?? "";
    alarm.checked = policy.on_alarm;
    for (const { name, field } of numbers) field.value = String(policy[name] ?? "");
  };
  const save = async () => {
    const figures = Object.fromEntries(numbers.map(({ name, field }) => [name, field.value ? field.valueAsNumber : null]));
    const policy = /** @type {T.Policy} */ ({
      ...{ mode: mode.value, on_alarm: alarm.checked, time_of_day: time.value || null },
      ...{ weekday: (time.value && weekday.value) || null, ...figures },
    });
    try {
      replace(problem);
      await json("PUT", PATH, { body: JSON.stringify(policy), type: "application/json", match: seen });
      tell(phrase("policy.saved"), "good");
    } catch (error) {
      replace(problem, element("p", { class: "failure" }, messageOf(error)));
    }
    await load();
  };
  watch(
    () => [state.retrain.policy?.tag],
    () => {
      const set = state.retrain.policy;
      if (set && set.tag !== seen) fill(set);
    },
  );
  return form(
    { class: "options" },
    save,
    row("mode", mode),
    labels,
    element("div", { class: "check" }, alarm, element("label", { for: alarm.id }, phrase("policy.on_alarm"))),
    row("time_of_day", time),
    row("weekday", weekday),
    others,
    element("button", { type: "submit", class: "primary" }, phrase("policy.save")),
    problem,
  );
}

/** @param {string} name @param {[string, string][]} options values, and what they are called */
function choice(name, options) {
  const made = options.map(([value, text]) => element("option", { value }, text));
  return element("select", { id: `policy-${name}` }, made);
}

/** @param {"mode" | "time_of_day" | "weekday" | (typeof NUMBERS)[number][0]} name @param {HTMLElement} field */
const row = (name, field) =>
  element("div", { class: "field" }, element("label", { for: field.id }, phrase(`policy.${name}`)), field);

/** What is set and what waits; what was loaded before stays where that fails. */
async function load() {
  try {
    const response = await checked("GET", PATH);
    update("retrain", { policy: { ...(await response.json()), tag: response.headers.get("ETag") } });
  } catch (error) {
    messageOf(error); // the list of retrainings says so
  }
}

/** @param {HTMLElement} list */
async function loadDecisions(list) {
  try {
    replace(list, (await json("GET", `${PATH}/decisions?limit=${SHOWN}`)).decisions.map(line));
  } catch (error) {
    replace(list, element("li", {}, messageOf(error)));
  }
}

/** @param {T.PolicyDecision} decision */
function line({ outcome, reasons, times, last_time: time, by }) {
  const told = [...reasons.map(why), phrase("policy.row", { n: times, age: age(time) }), by ?? ""].filter(Boolean);
  return element(
    "li",
    {},
    element(
      "span",
      {},
      element("strong", {}, phraseOr(`policy-did.${outcome}`, outcome)),
      element("span", { class: "hint" }, ` ${told.join("; ")}`),
    ),
  );
}

/** @param {T.PolicyDecision["reasons"][number]} reason as it is worded here, or by a newer server */
function why({ code, text, figures }) {
  const key = /** @type {import("../texts.js").Key} */ (`policy-why.${code}`);
  return phraseOr(key, "") ? phrase(key, figures) : text;
}
