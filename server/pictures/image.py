"""A file's bytes -> one picture: upright, opaque, 8-bit, of bounded size.

Predictions, uploads and training all read pictures here, so that the model meets in production what it met in training.
What a picture becomes for the model is in preprocessing.py.
"""

import hashlib
import io
import struct
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin, _imaging

from server.pictures import cost, lean, mistaken, png, reduction
from server.pictures.errors import ImageTooLarge, UnsupportedType, UnusableImage
from server.settings import Settings

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
SIDE_LIMIT = 320  # pixels; a larger picture is reduced: no model here looks at more
PIXELS_AT_ONCE = SIDE_LIMIT**2  # a picture above this takes over two milliseconds to read: off the event loop
ANY_CHUNKS_BYTES = 1024  # a PNG below this is read at once whatever it is made of
SCANS_LIMIT = 32  # times all the pixels that are taken: what a JPEG may pass over, some 0.07 s each

# Pillow imports all of its forty plugins the first time it meets a format that none of the usual ones reads.
assert WebPImagePlugin.SUPPORTED

# The check on pixels stands in `_open`, before anything is decoded, and has a limit of its own.
Image.MAX_IMAGE_PIXELS = None

# Of broken files it warns: a line of the log for each, and Python remembers every one.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Pillow keeps so many of the blocks, of up to 16 MiB, that pictures had, so that they need not all be freed in one go,
# for 8 ms at 128 MiB, in which no other thread runs: `_let_go` frees them one by one.
_BLOCKS = 32
_imaging.set_blocks_max(_BLOCKS)

_MAGIC = (png.SIGNATURE, b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")
# What Pillow raises for files that are damaged, cut or hostile.
_PILLOW_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
)


class Limits(NamedTuple):
    """What a picture may cost."""

    pixels: int
    memory_bytes: int  # while it is read, beside its file
    whole_pixels: int  # of the kinds that Pillow hands over in one piece: WebP, and BMP with run lengths

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(settings.image_limit_pixels, settings.image_limit_bytes, settings.webp_limit_pixels)


def read(data: bytes, channels: int, limits: Limits) -> Image.Image:
    """The picture in a PNG, JPEG, WebP, GIF (its first frame) or BMP file: mode "L" for one channel, else "RGB".

    EXIF orientation is applied, transparency laid on white, 16 bits scaled to 8, and the longer side brought to at most
    SIDE_LIMIT pixels. Raises UnsupportedType, ImageTooLarge (judged by the header, before decoding) or UnusableImage.
    """
    return _read(data, "L" if channels == 1 else "RGB", limits)


def read_drawing(data: bytes, limits: Limits) -> Image.Image:
    """As `read`, but "L" for what is grey and "RGB" for what is coloured, and what a light pen drew on black."""
    return _read(data, None, limits)


def _read(data: bytes, mode: str | None, limits: Limits) -> Image.Image:
    """The picture in that mode; without one, grey or coloured as it is, transparency laid on what shows the ink."""
    try:
        image = _open(data, mode or "RGB", limits)
        image.load()
        is_large = image.width * image.height > PIXELS_AT_ONCE
        upright, turn = reduction.reduced(image, mode, SIDE_LIMIT), _turn_of(image)
        del image
    except _PILLOW_ERRORS:
        raise _damaged() from None
    if is_large:
        _let_go()
    return upright if turn is None else upright.transpose(turn)


def is_large(data: bytes) -> bool:
    """Whether to read this file off the event loop: any but a PNG that its header says is small."""
    if data[:8] != png.SIGNATURE or len(data) < 24:
        return True
    if int.from_bytes(data[16:20]) * int.from_bytes(data[20:24]) > PIXELS_AT_ONCE or len(data) > PIXELS_AT_ONCE:
        return True
    return len(data) > ANY_CHUNKS_BYTES and not png.is_simple(data)


def as_grey_if_grey(picture: Image.Image) -> Image.Image:
    """A colour picture without colour as the grey one it is, so that it has one name whatever file it came in."""
    if picture.mode == "RGB":
        red, green, blue = picture.split()
        if red.tobytes() == green.tobytes() == blue.tobytes():
            return red
    return picture


def pixels(image: Image.Image) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """The picture's pixels, uint8 (height, width, channels)."""
    array = np.asarray(image, dtype=np.uint8)
    return array.reshape(array.shape[0], array.shape[1], -1)


def as_png(array: NDArray[np.uint8]) -> bytes:
    """A PNG file of such pixels."""
    file = io.BytesIO()
    Image.fromarray(array.squeeze(axis=2) if array.shape[2] == 1 else array).save(file, "PNG")
    return file.getvalue()


def pixels_sha256(array: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> str:
    """The name of a picture: a hash of its shape and pixels, so that no file format or metadata enters it."""
    height, width, channels = array.shape
    return hashlib.sha256(f"{height}x{width}x{channels}:".encode() + array.tobytes()).hexdigest()


def _open(data: bytes, mode: str, limits: Limits) -> Image.Image:
    """The picture, not yet decoded, which a look at its header says can be read within the limits."""
    if not data:
        raise UnusableImage("the file is empty; choose a picture")
    if data[:8] == png.SIGNATURE:
        size = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        _check_size(size, limits.pixels)
        if 4 * size[0] * size[1] <= limits.memory_bytes:
            plain = png.read_plain(data)
            if plain is not None:
                return plain
    file, told, scans = lean.of(data)
    if told is not None:
        _check_size(told, limits.whole_pixels if data[:4] == b"RIFF" else limits.pixels)
    try:
        image = Image.open(file, formats=FORMATS)
    except _PILLOW_ERRORS as error:
        if data.startswith(b"BM") and str(error).startswith("Unsupported"):
            raise UnsupportedType("this kind of BMP is not read; save the picture as a PNG") from None
        if data.startswith(_MAGIC) or data[8:12] == b"WEBP":
            raise _damaged() from None
        what = mistaken.named(data)
        found = f"this is {what}" if what else "not a picture this service reads"
        raise UnsupportedType(f"{found}; send the bytes of a file: {', '.join(FORMATS)}") from None
    full = image.size
    _check_size(full, limits.whole_pixels if cost.is_run_lengths(image) else limits.pixels)
    if full[0] * full[1] * scans > SCANS_LIMIT * limits.pixels:
        raise ImageTooLarge(f"the JPEG passes over its {full[0]}x{full[1]} pixels {scans} times; save it again")
    factor = max(1.0, max(full) / SIDE_LIMIT)
    image.draft(mode, (max(1, int(full[0] / factor)), max(1, int(full[1] / factor))))  # JPEG: decode it smaller
    needed = cost.of(image, full, scans)
    if needed > limits.memory_bytes:
        raise ImageTooLarge(
            f"the picture is {full[0]}x{full[1]} in mode {image.mode}, which takes {needed:,} bytes to read; "
            f"at most {limits.memory_bytes:,} are given: shrink it, or save it as a plain JPEG"
        )
    return image


def _let_go() -> None:
    for left in reversed(range(_BLOCKS)):
        _imaging.clear_cache(left)


def _damaged() -> UnusableImage:
    return UnusableImage("the picture is damaged or cut; save it again")  # Pillow's words are for programmers


def _check_size(size: tuple[int, int], limit_pixels: int) -> None:
    if size[0] * size[1] > limit_pixels:
        raise ImageTooLarge(
            f"the picture is {size[0]}x{size[1]}; of its kind at most {limit_pixels:,} pixels are taken: shrink it"
        )


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    """What brings it upright; a broken EXIF costs no picture."""
    try:
        return reduction.turn_of(image)
    except _PILLOW_ERRORS:
        return None
