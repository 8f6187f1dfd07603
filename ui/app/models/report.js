// @ts-check
/** The whole report of a version in a frame that may do nothing. */

import { reportFile, reportUrl } from "../api.js";
import { element } from "../element.js";
import { messageOf } from "../notice.js";
import { phrase } from "../texts.js";
import { hasKey } from "../transport.js";

const STYLE = /<style>(.*?)<\/style>/gs;

/** @param {string} version @returns {Promise<HTMLElement>} the frame, or why there is none */
export async function framed(version) {
  const title = phrase("report.of", { version });
  try {
    if (hasKey()) return await carried(version, title);
    return element("iframe", { src: reportUrl(version, "report.html"), title, sandbox: "" });
  } catch (error) {
    return element("p", { class: "hint" }, messageOf(error));
  }
}

/**
 * A frame can't send a key, so the report is brought to it. It is held to this page's policy then: no script runs in it,
 * and its style, which that policy would refuse as markup, is handed over as a sheet.
 *
 * @param {string} version @param {string} title
 */
async function carried(version, title) {
  const text = await (await reportFile(version, "report.html")).text();
  const styles = [...text.matchAll(STYLE)].map(([, style]) => style);
  const page = new DOMParser().parseFromString(text.replaceAll(STYLE, ""), "text/html");
  for (const image of page.querySelectorAll("img")) {
    const source = image.getAttribute("src") ?? "";
    if (!source.startsWith("data:")) image.src = URL.createObjectURL(await reportFile(version, source));
  }
  const sandbox = "allow-same-origin"; // so that this page reaches into it; what is in it can't run
  const frame = element("iframe", { srcdoc: page.documentElement.outerHTML, title, sandbox });
  frame.addEventListener("load", () => {
    const inner = /** @type {Document} */ (frame.contentDocument);
    const sheet = new /** @type {any} */ (inner.defaultView).CSSStyleSheet();
    sheet.replaceSync(styles.join("\n"));
    inner.adoptedStyleSheets = [sheet];
  });
  return frame;
}
