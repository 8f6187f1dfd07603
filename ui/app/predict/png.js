// @ts-check
/**
 * A grey picture as a PNG, written here, since the browser's own encoder always writes colours: a fifth of the bytes, of
 * which the server decodes one channel. It is no quicker than the browser's. The form: https://www.w3.org/TR/png-3/.
 */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1; // CRC-32, reflected
  return value;
});

/** @param {Uint8Array} grey row by row @param {number} width @param {number} height @returns {Promise<Blob>} */
export async function encodeGrey(grey, width, height) {
  const rows = new Uint8Array((width + 1) * height); // each begins with its filter: 0, none
  for (let row = 0; row < height; row++)
    rows.set(grey.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits a pixel; its kind, its packing, its filters and its order of rows are all 0
  const parts = [chunk("IHDR", header), chunk("IDAT", await deflated(rows)), chunk("IEND", new Uint8Array())];
  return new Blob([new Uint8Array(SIGNATURE), ...parts], { type: "image/png" });
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function deflated(bytes) {
  const { readable, writable } = new CompressionStream("deflate");
  const writer = writable.getWriter();
  void writer.write(bytes);
  void writer.close();
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

/** @param {string} name of four letters @param {Uint8Array} content */
function chunk(name, content) {
  const made = new Uint8Array(content.length + 12);
  const view = new DataView(made.buffer);
  view.setUint32(0, content.length);
  for (let index = 0; index < 4; index++) made[4 + index] = name.charCodeAt(index);
  made.set(content, 8);
  view.setUint32(content.length + 8, checksum(made.subarray(4, content.length + 8)));
  return made;
}

/** @param {Uint8Array} bytes */
function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = REMAINDERS[(value ^ byte) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}
