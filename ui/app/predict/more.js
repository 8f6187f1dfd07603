// @ts-check
/** What Predict needs only once there is something to say of a picture, fetched when the first view is there. */

export { correction } from "./correction.js";
export { addPictures, chosen, gallery } from "./gallery.js";
export { samples } from "./samples.js";
