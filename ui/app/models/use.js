// @ts-check
/** How a program of one's own asks the version that serves: to be copied and run as it stands. */

import { button, element } from "../element.js";
import { say, tell } from "../notice.js";
import { phrase } from "../texts.js";
import { base } from "../transport.js";

/** @returns {[string, string][]} */
function examples() {
  const url = new URL(`${base}/predict`, document.baseURI).href;
  return [
    ["curl", `curl -F file=@picture.png ${url}`],
    [
      "Python",
      `import requests  # pip install requests\n\nwith open("picture.png", "rb") as file:\n` +
        `    answer = requests.post("${url}", files={"file": file}, timeout=10)\n` +
        `answer.raise_for_status()\nprint(answer.json()["label"], answer.json()["confidence"])`,
    ],
    [
      "JavaScript",
      `const form = new FormData();\nform.append("file", file); // of an <input type="file">, or any Blob\n` +
        `const answer = await fetch("${url}", { method: "POST", body: form });\n` +
        `if (!answer.ok) throw new Error((await answer.json()).error);\n` +
        `const { label, confidence } = await answer.json();`,
    ],
  ];
}

export function useIt() {
  return element(
    "div",
    { class: "stack" },
    element("p", { class: "hint" }, phrase("use.hint")),
    examples().map(([name, text]) => {
      const code = element("pre", { tabindex: 0, "aria-label": phrase("use.example", { name }) }, element("code", {}, text));
      return element(
        "div",
        { class: "example" },
        element(
          "div",
          { class: "card-head" },
          element("h3", {}, name),
          button(phrase("copy"), () => copy(code, text, name), { class: "quiet", "aria-label": phrase("copy.of", { name }) }),
        ),
        code,
      );
    }),
  );
}

/** @param {HTMLElement} code @param {string} text @param {string} name */
async function copy(code, text, name) {
  try {
    await navigator.clipboard.writeText(text);
    tell(phrase("copied", { name }), "good");
  } catch {
    getSelection()?.selectAllChildren(code); // a page that came without TLS may not reach the clipboard
    say(phrase("selected", { name }));
  }
}
