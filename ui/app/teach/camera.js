// @ts-check
/**
 * Pictures of one class from a camera, many in a row.
 *
 * @import { Found } from "../files.js"
 */

import { ask } from "../dialog.js";
import { button, element, replace } from "../element.js";
import { say } from "../notice.js";
import { phrase } from "../texts.js";

const SIDE_PIXELS = 320; // of the square in the middle, as large as any model looks at
const BURST = 12; // pictures, the least that a class needs
const APART_MS = 250; // so that what is held before the camera can be turned meanwhile
const QUALITY = 0.92;

/** @typedef {{file: File, url: string}} Shot */

/** @param {string} label @returns {Promise<Found[]>} what was taken and kept */
export async function photograph(label) {
  const video = element("video", { autoplay: true, muted: true, playsinline: true, "aria-label": phrase("camera.sees") });
  video.muted = true; // the attribute counts only in a page's source
  const problem = element("p", { class: "failure", role: "alert", hidden: true });
  const taken = element("div", { class: "samples", role: "group", "aria-label": phrase("camera.taken") });
  const count = element("p", { class: "hint", role: "status" });
  /** @type {Shot[]} */
  let shots = [];
  let open = true;
  const show = () => {
    count.textContent = phrase("pictures", { n: shots.length });
    replace(
      taken,
      shots.map((shot, index) =>
        button(element("img", { src: shot.url, alt: "", width: 44, height: 44 }), () => leaveOut(shot), {
          class: "sample",
          "aria-label": phrase("camera.without", { n: index + 1 }),
          "data-key": shot.url,
        }),
      ),
    );
  };
  const leaveOut = (/** @type {Shot} */ shot) => {
    shots = shots.filter((each) => each !== shot);
    show();
  };
  const shoot = async (/** @type {number} */ pictures) => {
    for (let number = 0; open && number < pictures; number++) {
      if (number) await new Promise((resolve) => setTimeout(resolve, APART_MS));
      const blob = await frameOf(video);
      if (!open || !blob) return;
      const file = new File([blob], `${label} ${Date.now()}.jpg`, { type: blob.type });
      shots = [...shots, { file, url: URL.createObjectURL(file) }];
      show();
    }
    say(phrase("pictures", { n: shots.length }));
  };
  const burst = button(phrase("camera.burst", { n: BURST }), () => shoot(BURST), { class: "primary", disabled: true });
  const one = button(phrase("camera.one"), () => shoot(1), { disabled: true });
  show();
  const stream = navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, facingMode: "environment" } });
  stream.then(
    (found) => {
      video.srcObject = found;
      if (!open) stop(found);
    },
    (error) => {
      problem.textContent = phrase(error.name === "NotAllowedError" ? "camera.denied" : "camera.none");
      problem.hidden = false;
      video.hidden = true;
    },
  );
  video.addEventListener("playing", () => (burst.disabled = one.disabled = false));
  const content = [video, problem, element("div", { class: "shooting actions" }, burst, one), count, taken];
  const kept = await ask(
    phrase("camera.of", { label }),
    content,
    phrase("camera.use"),
    () => "",
    () => (shots.length ? null : phrase("camera.first")),
  );
  open = false;
  stream.then(stop, () => {});
  for (const { url } of shots) URL.revokeObjectURL(url);
  return kept === null ? [] : shots.map(({ file }) => ({ file, path: file.name }));
}

/** @param {MediaStream} stream so that the camera's light goes out */
function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @param {HTMLVideoElement} video @returns {Promise<Blob | null>} the square in its middle, as it is now */
function frameOf(video) {
  const { videoWidth: width, videoHeight: height } = video;
  const side = Math.min(width, height);
  const canvas = element("canvas", { width: SIDE_PIXELS, height: SIDE_PIXELS });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE_PIXELS, SIDE_PIXELS);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}
