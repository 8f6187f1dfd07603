// @ts-check
/** The whole report of a version in a frame that may do nothing. */

import * as api from "../api.js";
import { element } from "../element.js";
import { messageOf } from "../notice.js";
import { hasKey } from "../transport.js";

const STYLE = /<style>(.*?)<\/style>/gs;

/**
 * Loaded on demand.
 *
 * @param {string} version @param {string[]} files of the version
 */
export function report(version, files) {
  if (!files.includes("report/report.html")) return null;
  const whole = element("details", { class: "report" }, element("summary", {}, "The whole report"));
  const title = `Report of version ${version}`;
  const load = async () => {
    try {
      whole.append(
        hasKey()
          ? await carried(version, title)
          : element("iframe", { src: api.reportUrl(version, "report.html"), title, sandbox: "" }),
      );
    } catch (error) {
      whole.append(element("p", { class: "hint" }, messageOf(error)));
    }
  };
  whole.addEventListener("toggle", load, { once: true });
  return whole;
}

/**
 * A frame can't send a key, so the report is brought to it. It is held to this page's policy then: no script runs in it,
 * and its style, which that policy would refuse as markup, is handed over as a sheet.
 *
 * @param {string} version @param {string} title
 */
async function carried(version, title) {
  const text = await (await api.reportFile(version, "report.html")).text();
  const styles = [...text.matchAll(STYLE)].map(([, style]) => style);
  const page = new DOMParser().parseFromString(text.replaceAll(STYLE, ""), "text/html");
  for (const image of page.querySelectorAll("img")) {
    const source = image.getAttribute("src") ?? "";
    if (!source.startsWith("data:")) image.src = URL.createObjectURL(await api.reportFile(version, source));
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
