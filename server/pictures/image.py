"""A file's bytes -> one picture: upright, opaque, 8-bit, of bounded size.

Predictions, uploads and training all read pictures here, so that the model meets in production what it met in training.
What a picture becomes for the model is in preprocessing.py.
"""

import hashlib
import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, WebPImagePlugin

from server.pictures import mistaken, png
from server.pictures.errors import ImageTooLarge, UnsupportedType, UnusableImage

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
SIDE_LIMIT = 320  # pixels; a larger picture is reduced: no model here looks at more
OPAQUE = 128  # alpha from which a pixel of a transparent drawing counts, and the level from which it is light
DARKEST = 0.005  # of the pixels of a light pen's drawing may be dark
PIXELS_AT_ONCE = SIDE_LIMIT**2  # a picture above this takes over two milliseconds to read: off the event loop

# Pillow imports all of its forty plugins the first time it meets a format that none of the usual ones reads.
assert WebPImagePlugin.SUPPORTED

# The check on pixels stands in `_open`, before anything is decoded, and has a limit of its own.
Image.MAX_IMAGE_PIXELS = None

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
# What brings a picture upright, by the orientation in its EXIF.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read(data: bytes, channels: int, limit_pixels: int) -> Image.Image:
    """The picture in a PNG, JPEG, WebP, GIF (its first frame) or BMP file: mode "L" for one channel, else "RGB".

    EXIF orientation is applied, transparency laid on white, 16 bits scaled to 8, and the longer side brought to at most
    SIDE_LIMIT pixels. Raises UnsupportedType, ImageTooLarge (judged by the header, before decoding) or UnusableImage.
    """
    return _read(data, "L" if channels == 1 else "RGB", limit_pixels)


def read_drawing(data: bytes, limit_pixels: int) -> Image.Image:
    """As `read`, but "L" for what is grey and "RGB" for what is coloured, and what a light pen drew on black."""
    return _read(data, None, limit_pixels)


def _read(data: bytes, mode: str | None, limit_pixels: int) -> Image.Image:
    """The picture in that mode; without one, grey or coloured as it is, transparency laid on what shows the ink."""
    image = _open(data, limit_pixels)
    try:
        reduction = max(1.0, max(image.size) / SIDE_LIMIT)
        least = (max(1, int(image.width / reduction)), max(1, int(image.height / reduction)))
        image.draft(mode or "RGB", least)  # JPEG only: decode it smaller
        image.load()
        image = _opaque(_upright(image), shows_ink=mode is None)
        image = image.convert(mode) if mode else _grey_or_colour(image)
        if max(image.size) > SIDE_LIMIT:
            image.thumbnail((SIDE_LIMIT, SIDE_LIMIT), Image.Resampling.BOX, reducing_gap=2.0)
    except _PILLOW_ERRORS:
        raise _damaged() from None
    return image


def _grey_or_colour(image: Image.Image) -> Image.Image:
    """The picture in mode "L" if it has no colour, else "RGB"."""
    if image.mode in ("L", "1", "LA"):
        return image.convert("L")
    array = np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"))
    if image.mode == "RGBA":  # four channels at once: red by green, and green by blue
        packed = array.view("<u4")
        is_grey = not ((packed ^ packed >> 8) & 0xFFFF).any()
    else:
        is_grey = bool((array[..., 0] == array[..., 1]).all() and (array[..., 1] == array[..., 2]).all())
    return Image.fromarray(array[..., 0]) if is_grey else image.convert("RGB")


def is_large(data: bytes) -> bool:
    """Whether to read this file off the event loop: any but a PNG that its header says is small."""
    if data[:8] != png.SIGNATURE or len(data) < 24:
        return True
    return int.from_bytes(data[16:20]) * int.from_bytes(data[20:24]) > PIXELS_AT_ONCE or len(data) > PIXELS_AT_ONCE


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


def _open(data: bytes, limit_pixels: int) -> Image.Image:
    if not data:
        raise UnusableImage("the file is empty; choose a picture")
    if data[:8] == png.SIGNATURE:
        _check_size(int.from_bytes(data[16:20]), int.from_bytes(data[20:24]), limit_pixels)
        try:
            plain = png.read_plain(data)
        except _PILLOW_ERRORS:
            raise _damaged() from None
        if plain is not None:
            return plain
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except _PILLOW_ERRORS:
        if data.startswith(_MAGIC) or data[8:12] == b"WEBP":
            raise _damaged() from None
        what = mistaken.named(data)
        found = f"this is {what}, not a picture" if what else "not a picture this service reads"
        raise UnsupportedType(f"{found}; send the bytes of a file: {', '.join(FORMATS)}") from None
    _check_size(image.width, image.height, limit_pixels)
    return image


def _damaged() -> UnusableImage:
    return UnusableImage("the picture is damaged or cut; save it again")  # Pillow's words are for programmers


def _check_size(width: int, height: int, limit_pixels: int) -> None:
    if width * height > limit_pixels:
        raise ImageTooLarge(f"the picture is {width}x{height}; at most {limit_pixels:,} pixels are taken: shrink it")


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says. Of the EXIF nothing else counts, so that a broken one costs no picture."""
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except _PILLOW_ERRORS:
        return image
    return image if turn is None else image.transpose(turn)


def _opaque(image: Image.Image, shows_ink: bool) -> Image.Image:
    """The picture 8-bit, with whatever is transparent laid on white; or on black, if that is what shows the ink."""
    if image.mode.startswith("I"):
        return _eight_bit(image)
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        over = image if image.mode == "RGBA" else image.convert("RGBA")
        alpha = over.getchannel("A").tobytes()
        if alpha == b"\xff" * len(alpha):  # a canvas that was painted white; comparing bytes is faster than extrema
            return over
        if image.format == "BMP" and alpha == bytes(len(alpha)):  # a clipboard's: nobody set its fourth byte
            return image.convert("RGB")
        ground = "black" if shows_ink and _is_light_pen(over) else "white"
        return Image.alpha_composite(Image.new("RGBA", over.size, ground), over)
    return image


def _is_light_pen(over: Image.Image) -> bool:
    """Whether a picture is transparent along its border, and hardly anything in it is dark."""
    alpha = np.asarray(over.getchannel("A"))
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    levels = np.asarray(over.convert("L"))[alpha >= OPAQUE]
    return bool(np.median(border) < OPAQUE and levels.size and np.quantile(levels, DARKEST) > OPAQUE)


def _eight_bit(image: Image.Image) -> Image.Image:
    """A 16-bit picture scaled, not clipped, to 8 bits; a level named transparent becomes white."""
    levels = np.asarray(image).astype(np.int64)
    scaled = (levels.clip(0, 65535) // 257).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        scaled[levels == transparent] = 255
    return Image.fromarray(scaled)
