// @ts-check
/**
 * Files from a drop, a folder, a dialog or the clipboard, each with its path, whose folders may name its label.
 *
 * @typedef {{file: File, path: string}} Found
 */

import { element } from "./element.js";

const TAKEN = "image/png,image/jpeg,image/webp,image/gif,image/bmp"; // what the server reads

/**
 * Let files be dropped on a part of the page.
 *
 * @param {HTMLElement} place @param {(found: Found[]) => void} take
 */
export function acceptDrops(place, take) {
  let depth = 0;
  /** @param {number} change */
  const enter = (change) => {
    depth = Math.max(0, depth + change);
    place.classList.toggle("dropping", depth > 0);
  };
  place.addEventListener("dragenter", () => enter(1));
  place.addEventListener("dragleave", () => enter(-1));
  place.addEventListener("dragover", (event) => event.preventDefault());
  place.addEventListener("drop", async (event) => {
    const taken = event.defaultPrevented; // by a place within this one
    event.preventDefault();
    enter(-depth);
    if (event.dataTransfer && !taken) take(await dropped(event.dataTransfer));
  });
}

/** A file that is dropped beside such a part would be opened, and the page left. */
export function refuseDrops() {
  for (const kind of /** @type {const} */ (["dragover", "drop"]))
    document.addEventListener(kind, (event) => {
      if (event.defaultPrevented) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
    });
}

/**
 * A hidden field that opens the browser's own dialog, and the button for it.
 *
 * @param {string} text @param {(found: Found[]) => void} take
 * @param {{folder?: boolean, camera?: boolean, class?: string}} [options]
 * @returns {[HTMLButtonElement, HTMLInputElement]}
 */
export function chooser(text, take, options = {}) {
  const field = element("input", {
    type: "file",
    hidden: true,
    accept: options.folder ? null : TAKEN,
    multiple: !options.camera,
    webkitdirectory: options.folder,
    capture: options.camera ? "environment" : null,
    "data-for": text,
  });
  field.addEventListener("change", () => {
    const found = [...(field.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
    field.value = ""; // so that choosing the same file again is a change again
    take(found.filter(isShown));
  });
  const opener = element("button", { type: "button", class: options.class, click: () => field.click() }, text);
  return [opener, field];
}

/** @param {ClipboardEvent} event @returns {Found[]} the pictures that were pasted */
export function pasted(event) {
  return [...(event.clipboardData?.files ?? [])].map((file) => ({ file, path: file.name }));
}

/** @param {DataTransfer} transfer @returns {Promise<Found[]>} */
async function dropped(transfer) {
  // Both lists are emptied when the event is over, so they are read before anything is awaited.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const plain = [...transfer.files].map((file) => ({ file, path: file.name }));
  const found = entries.length ? (await Promise.all(entries.map(walk))).flat() : plain;
  return found.filter(isShown);
}

/** @param {FileSystemEntry} entry @returns {Promise<Found[]>} */
async function walk(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => /** @type {any} */ (entry).file(resolve, reject));
    return [{ file, path: entry.fullPath.replace(/^\//, "") }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {FileSystemEntry[]} */
  const children = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // about a hundred a call
    if (!some.length) break;
    children.push(...some);
  }
  return (await Promise.all(children.map(walk))).flat();
}

/** @param {Found} found whether it is a file that a person put there, and no .DS_Store */
function isShown({ file }) {
  return !file.name.startsWith(".") && file.name !== "Thumbs.db";
}
