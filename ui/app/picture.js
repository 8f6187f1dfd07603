// @ts-check
/** An uploaded picture as an element that loads itself when it comes into sight. */

import * as api from "./api.js";
import { element } from "./element.js";

/** @type {Map<string, Promise<string>>} where each picture is in memory, by its hash; they never change */
const loaded = new Map();

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    void show(/** @type {HTMLImageElement} */ (target));
  }
});

/** @param {string} sha256 @param {import("./element.js").Attributes} attributes */
export function picture(sha256, attributes) {
  const made = element("img", { ...attributes, "data-sha256": sha256 });
  sight.observe(made);
  return made;
}

/** @param {HTMLImageElement} made */
async function show(made) {
  const sha256 = String(made.dataset.sha256);
  let url = loaded.get(sha256);
  if (url === undefined) {
    url = api.image(sha256).then((blob) => URL.createObjectURL(blob));
    loaded.set(sha256, url);
  }
  try {
    made.src = await url;
  } catch {
    loaded.delete(sha256); // its text stands for it
  }
}
