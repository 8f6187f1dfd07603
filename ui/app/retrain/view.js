// @ts-check
/**
 * One button, then watch it learn, then the verdict.
 *
 * @import { Followed } from "../state.js"
 */

import { whenBack } from "../connection.js";
import { button, element, replace } from "../element.js";
import { folded } from "../folded.js";
import { age, isNumber, percent } from "../format.js";
import { heading } from "../frame.js";
import { loadModels } from "../models/actions.js";
import { state, watch } from "../state.js";
import { sumOf } from "../teach/collection.js";
import { loadDataset } from "../teach/dataset.js";
import { phrase, phrased, phraseOr } from "../texts.js";
import { cancelJob, followJob, loadJobs, loadLog, lookForNew, showMore } from "./actions.js";
import { optionsForm } from "./options.js";
import { curves, distance, pointsOf, progressOf, verdict } from "./progress.js";
import { isOpen } from "./words.js";

const LOG_MS = 2_000;

export function retrainView() {
  const view = element(
    "section",
    { class: "view retrain" },
    heading("retrain"),
    element(
      "div",
      { class: "split side" },
      element("section", { class: "card", "aria-label": phrase("start") }, fresh(), optionsForm()),
      element("section", { class: "card", "aria-label": phrase("retraining") }, job(), log()),
    ),
    byItself(),
    earlier(),
  );
  watch(
    () => [state.route.view],
    (shown) => {
      if (shown !== "retrain") return;
      void loadJobs();
      void loadDataset();
      if (!state.models.value) void loadModels();
    },
  );
  watch(
    () => [state.health.value], // another one with every pulse
    () => {
      if (state.route.view === "retrain") void lookForNew();
    },
  );
  whenBack(() => void loadJobs());
  return view;
}

/** How much there is to learn from that was uploaded here. */
function fresh() {
  const line = element("p", {});
  watch(
    () => [state.dataset.value?.uploads],
    (uploads) => {
      if (!uploads) return replace(line, phrase("fresh.counting"));
      const [learnt, held] = [sumOf(uploads.train), sumOf(uploads.test)];
      const link = element("a", { href: "#teach" }, phrase("fresh.link"));
      const none = learnt + held === 0;
      replace(line, none ? phrased("fresh.none", { link }) : phrase("fresh", { n: learnt + held, learnt, held }));
    },
  );
  return line;
}

function job() {
  const head = element("div", { class: "card-head" });
  const stages = element("div", {});
  const folded = element("details", {}, element("summary", {}, phrase("stages.its")), stages);
  const waiting = element("p", { class: "hint" });
  const far = element("div", {});
  const plots = element("div", {});
  const end = element("div", { "aria-live": "polite" });
  let running = ""; // the job that was seen to run
  watch(
    () => [state.retrain.followed?.job.job, state.retrain.followed?.job.state, state.retrain.jobs, state.retrain.error],
    (name, now, jobs, error) => {
      const open = now !== undefined && isOpen(now);
      replace(
        head,
        element("h2", {}, name === undefined ? phrase("retrain.nothing") : phrase("retrain.name", { job: name })),
        name !== undefined &&
          open &&
          button(phrase("cancel"), () => cancelJob(/** @type {Followed} */ (state.retrain.followed).job), { class: "quiet danger", "data-key": "cancel" }),
      );
      waiting.hidden = name !== undefined;
      replace(waiting, error ?? (jobs === null ? phrase("looking") : phrase("retrain.live")));
    },
  );
  watch(
    () => [state.retrain.followed?.job, state.retrain.followed?.events],
    () => {
      const { followed } = state.retrain;
      folded.hidden = !followed || !isOpen(followed.job.state);
      if (!followed) return;
      if (!folded.hidden) running = followed.job.job;
      replace(stages, progressOf(followed));
      replace(far, distance(followed.job));
      const points = pointsOf(followed.events);
      const length = Math.max(0, ...points.map((event) => event.epochs ?? 0));
      replace(plots, length ? curves(points, length) : null);
    },
  );
  watch(
    () => [state.retrain.followed?.job.result, state.models.value],
    (result, models) => {
      const { followed } = state.retrain;
      replace(end, followed && result ? verdict(followed.job, result, models, running === followed.job.job) : null);
    },
  );
  return element("div", {}, head, waiting, end, far, plots, folded);
}

/** When retrains begin by themselves: loaded for who wants to see it, or is asked for a word. */
function byItself() {
  const part = folded(phrase("policy"), async () => (await import("./policy.js")).policy);
  watch(
    () => [state.retrain.waiting],
    (waiting) => (part.open ||= waiting !== null),
  );
  return part;
}

function log() {
  const text = element("pre", { tabindex: 0, "aria-label": phrase("log") });
  const part = element("details", { class: "log" }, element("summary", {}, phrase("log")), text);
  let timer = 0;
  part.addEventListener("toggle", () => {
    clearInterval(timer);
    if (!part.open) return;
    void loadLog();
    timer = setInterval(() => {
      const running = state.retrain.followed && isOpen(state.retrain.followed.job.state);
      if (running && state.route.view === "retrain" && !state.connection.lost) void loadLog();
    }, LOG_MS);
  });
  watch(
    () => [state.retrain.followed?.job.job, state.retrain.followed?.log, state.retrain.followed?.job.result],
    (name, content, result) => {
      part.hidden = name === undefined;
      if (part.open && (content === null || result)) void loadLog();
      const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 20;
      text.textContent = content || phrase("log.none");
      if (atEnd) text.scrollTop = text.scrollHeight;
    },
  );
  return part;
}

function earlier() {
  const list = element("ul", { class: "rows" });
  const more = element("p", { class: "more" }, button(phrase("show-more"), showMore));
  const part = element(
    "section",
    { class: "card", "aria-label": phrase("retrainings"), hidden: true },
    element("h2", {}, phrase("retrainings")),
    list,
    more,
  );
  watch(
    () => [state.retrain.jobs, state.retrain.more, state.retrain.followed?.job.job],
    (jobs, older, shown) => {
      part.hidden = !jobs?.length;
      more.hidden = !older;
      replace(
        list,
        (jobs ?? []).map((each) =>
          element(
            "li",
            {},
            element(
              "span",
              {},
              element("strong", {}, `${each.job} `),
              element("span", { class: `tag ${tagOf(each.state)}` }, phraseOr(`job.${each.state}`, each.state)),
              element(
                "span",
                { class: "hint" },
                isNumber(each.result?.accuracy) && ` ${percent(each.result.accuracy)},`,
                ` ${phrase("retrain.row", { age: age(each.created_at), by: each.by })}`,
              ),
            ),
            button(phrase("show"), () => followJob(each), {
              class: "quiet",
              disabled: each.job === shown,
              "aria-label": phrase("retrain.show", { job: each.job }),
              "data-key": `job-${each.job}`,
            }),
          ),
        ),
      );
    },
  );
  return part;
}

/** @param {string} state */
const tagOf = (state) => ({ published: "good", failed: "bad" })[state] ?? "";
