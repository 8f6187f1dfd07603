// @ts-check
/** Photographs made smaller before they are sent: the model looks at far fewer pixels, and a line may be slow. */

const BYTES_A_REQUEST = 4e6; // a minute over a slow line
const LARGE_BYTES = 400_000;
const SIDE_PIXELS = 1600; // of the longer side; a digit on a sheet of paper is still a hundred high
const QUALITY = 0.9;

/** @param {Blob} file @returns {Promise<Blob>} the same upright, or as it was where that is smaller or can't be done */
async function shrunk(file) {
  if (file.size <= LARGE_BYTES) return file;
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (bitmap === null) return file;
  const scale = Math.min(1, SIDE_PIXELS / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff"; // what is transparent is laid on white, as the server does
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  /** @type {Blob | null} */
  const small = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return small && small.size < file.size ? small : file;
}

/**
 * The first of some pictures, made smaller, as many as one request may hold: one at least.
 *
 * @param {Blob[]} files @returns {Promise<Blob[]>}
 */
export async function firstGroup(files) {
  const group = [];
  let size = 0;
  for (const each of files) {
    const file = await shrunk(each);
    if (group.length && size + file.size > BYTES_A_REQUEST) break;
    size += file.size;
    group.push(file);
  }
  return group;
}
