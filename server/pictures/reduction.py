"""A picture as it was decoded -> opaque, grey or colour, of bounded size; in tiles, so that it is never copied whole.

Whatever has to be converted first is converted tile by tile: an alpha channel, a palette, 16 bits. That bounds the
memory, and the time for which Pillow, which lets no other thread run meanwhile, holds everybody else up.
"""

import math
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image

TILE = 256  # pixels, a side of one
OPAQUE = 128  # alpha from which a pixel of a transparent drawing counts, and the level from which it is light
DARKEST = 0.005  # of the pixels of a light pen's drawing may be dark
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
_GAP = 2  # as many times larger than the end result a picture may be left by averaging, before it is resampled
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

Box = tuple[int, int, int, int]


def reduced(image: Image.Image, mode: str | None, side_limit: int) -> Image.Image:
    """The picture in mode "L" or "RGB", its longer side at most so many pixels, whatever is transparent on white.

    Without a mode it is grey or coloured as it is, and whatever is transparent is on what shows the ink.
    """
    is_small = max(image.size) <= side_limit
    if is_small and mode != "RGB" and image.mode == "RGBA":
        grey = _grey_of(image)  # of a canvas that was painted white, which needs nothing else done
        if grey is not None:
            return grey
    size = image.size if is_small else _within(image.width, image.height, side_limit)
    # As Image.resize does it: averaged by whole factors, then resampled.
    factors = (int(image.width / size[0] / _GAP) or 1, int(image.height / size[1] / _GAP) or 1)
    boxes = [(0, 0, *image.size)] if is_small else list(_tiles(image.size, factors))
    unset = _is_unset(image, boxes)
    ground = "black" if mode is None and not unset and _is_light_pen(image, boxes) else "white"
    if is_small:
        opaque = _opaque(image, unset, ground)
        return opaque.convert(mode) if mode else _grey_or_colour(opaque)
    kind = mode or ("L" if image.mode in _GREY else "RGB")
    if image.mode == kind and "transparency" not in image.info:
        smaller = image.resize(size, Image.Resampling.BOX, reducing_gap=_GAP)
    else:
        averaged = Image.new(kind, (-(-image.width // factors[0]), -(-image.height // factors[1])))
        for box in boxes:
            tile = _opaque(image.crop(box), unset, ground).convert(kind)
            averaged.paste(tile.reduce(factors), (box[0] // factors[0], box[1] // factors[1]))
        exact = (0, 0, image.width / factors[0], image.height / factors[1])
        smaller = averaged.resize(size, Image.Resampling.BOX, exact)
    return smaller if mode else _grey_or_colour(smaller)


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """What brings the picture upright. Of the EXIF nothing else counts; raises what Pillow does for a broken one."""
    return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))


def _within(width: int, height: int, side: int) -> tuple[int, int]:
    """The size of the same aspect whose longer side is that, rounded as Image.thumbnail does."""
    aspect = width / height
    exact = side * min(aspect, 1 / aspect)
    near = max(1, math.floor(exact)), max(1, math.ceil(exact))
    if aspect <= 1:
        return min(near, key=lambda across: abs(aspect - across / side)), side
    return side, min(near, key=lambda down: abs(aspect - side / down))


def _tiles(size: tuple[int, int], factors: tuple[int, int]) -> Iterator[Box]:
    """Boxes that cover the picture, of whole blocks that are averaged; of a narrow one as large as of any other."""
    down = factors[1] * max(1, TILE**2 // min(size[0], TILE) // factors[1])
    across = factors[0] * max(1, TILE**2 // min(size[1], down) // factors[0])
    for top in range(0, size[1], down):
        for left in range(0, size[0], across):
            yield left, top, min(left + across, size[0]), min(top + down, size[1])


def _is_unset(image: Image.Image, boxes: list[Box]) -> bool:
    """Whether its alpha is that of a clipboard's bitmap, where nobody sets it: zero throughout."""
    return (
        image.format == "BMP"
        and image.mode == "RGBA"
        and all(image.crop(box).getchannel("A").getextrema()[1] == 0 for box in boxes)
    )


def _is_transparent(image: Image.Image) -> bool:
    return "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa")


def _is_light_pen(image: Image.Image, boxes: list[Box]) -> bool:
    """Whether a picture is transparent along most of its border, and hardly anything in it is dark."""
    if not _is_transparent(image) or image.mode.startswith("I") or not _is_border_clear(image):
        return False
    seen, dark = 0, 0
    for box in boxes:
        tile = image.crop(box).convert("RGBA")
        levels = np.asarray(tile.convert("L"))[np.asarray(tile.getchannel("A")) >= OPAQUE]
        seen += levels.size
        dark += int(np.count_nonzero(levels <= OPAQUE))
    return seen > 0 and dark <= DARKEST * seen


def _is_border_clear(image: Image.Image) -> bool:
    width, height = image.size
    edges = ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
    alpha = [np.asarray(image.crop(edge).convert("RGBA").getchannel("A")).ravel() for edge in edges]
    return bool(np.median(np.concatenate(alpha)) < OPAQUE)


def _grey_or_colour(image: Image.Image) -> Image.Image:
    """The picture in mode "L" if it has no colour, else "RGB"."""
    if image.mode in ("L", "1", "LA"):
        return image.convert("L")
    if image.mode == "RGBA":
        grey = _grey_of(image)
        return image.convert("RGB") if grey is None else grey
    image = image if image.mode == "RGB" else image.convert("RGB")
    array = np.asarray(image)
    is_grey = bool((array[..., 0] == array[..., 1]).all() and (array[..., 1] == array[..., 2]).all())
    return image.getchannel("R") if is_grey else image


def _grey_of(image: Image.Image) -> Image.Image | None:
    """The grey levels of an RGBA picture that is opaque and has no colour; None for any other."""
    packed = np.asarray(image).view("<u4")
    differing = packed >> 8  # four channels at once: red by green, green by blue, and alpha as it is
    differing ^= packed
    differing &= 0xFF00FFFF
    return image.getchannel("R") if (differing == 0xFF000000).all() else None


def _opaque(image: Image.Image, unset_alpha: bool, ground: str) -> Image.Image:
    """The picture 8-bit, with whatever is transparent laid on a ground."""
    if image.mode.startswith("I"):
        return _eight_bit(image)
    if unset_alpha:
        return image.convert("RGB")
    if _is_transparent(image):
        over = image if image.mode == "RGBA" else image.convert("RGBA")
        alpha = over.getchannel("A").tobytes()
        if alpha == b"\xff" * len(alpha):  # a canvas that was painted white; comparing bytes is faster than extrema
            return over
        return Image.alpha_composite(Image.new("RGBA", over.size, ground), over)
    return image


def _eight_bit(image: Image.Image) -> Image.Image:
    """A 16-bit picture scaled, not clipped, to 8 bits; a level named transparent becomes white."""
    levels = np.asarray(image).astype(np.int64)
    scaled = (levels.clip(0, 65535) // 257).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        scaled[levels == transparent] = 255
    return Image.fromarray(scaled)
