// @ts-check
/** The whole loop in five sentences, for someone who sees it for the first time. */

import { element } from "../element.js";

const STEPS = [
  ["predict", "Predict", "The model reads a picture and says how sure it is."],
  ["teach", "Teach", "You correct it, or upload labelled pictures of your own."],
  ["retrain", "Retrain", "It learns from all of them, old and new, while it goes on answering."],
  ["models", "Models", "A version takes over if it reads pictures kept for comparing as well as the old one. You can always go back."],
  ["health", "Health", "You see how fast it answers and whether anything is amiss."],
];

export function loop() {
  return element(
    "section",
    { class: "loop", "aria-labelledby": "loop-title" },
    element("h2", { id: "loop-title" }, "A model that keeps learning"),
    element(
      "ol",
      {},
      STEPS.map(([view, title, text]) =>
        element("li", {}, element("a", { href: `#${view}` }, element("strong", {}, title), element("span", {}, text))),
      ),
    ),
  );
}
