"""A picture as it was decoded -> opaque, grey or colour, of bounded size; in tiles, so that it is never copied whole.

Whatever has to be converted first is converted tile by tile: an alpha channel, a palette, 16 bits. That bounds the
memory, and the time for which Pillow, which lets no other thread run meanwhile, holds everybody else up.
"""

import math
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image

TILE = 256  # pixels, a side of one
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


def reduced(image: Image.Image, mode: str, side_limit: int) -> Image.Image:
    """The picture in mode "L" or "RGB", its longer side at most so many pixels, whatever is transparent on white."""
    if max(image.size) <= side_limit:
        return _opaque(image, _is_unset(image, [(0, 0, *image.size)])).convert(mode)
    size = _within(image.width, image.height, side_limit)
    if image.mode == mode and "transparency" not in image.info:
        return image.resize(size, Image.Resampling.BOX, reducing_gap=_GAP)
    # As Image.resize does it: averaged by whole factors, then resampled.
    factors = (int(image.width / size[0] / _GAP) or 1, int(image.height / size[1] / _GAP) or 1)
    averaged = Image.new(mode, (-(-image.width // factors[0]), -(-image.height // factors[1])))
    boxes = list(_tiles(image.size, factors))
    unset = _is_unset(image, boxes)
    for box in boxes:
        tile = _opaque(image.crop(box), unset).convert(mode)
        averaged.paste(tile.reduce(factors), (box[0] // factors[0], box[1] // factors[1]))
    exact = (0, 0, image.width / factors[0], image.height / factors[1])
    return averaged.resize(size, Image.Resampling.BOX, exact)


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


def _opaque(image: Image.Image, unset_alpha: bool) -> Image.Image:
    """The picture 8-bit, with whatever is transparent laid on white."""
    if image.mode.startswith("I"):
        return _eight_bit(image)
    if unset_alpha:
        return image.convert("RGB")
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        over = image if image.mode == "RGBA" else image.convert("RGBA")
        alpha = over.getchannel("A").tobytes()
        if alpha == b"\xff" * len(alpha):  # a canvas that was painted white; comparing bytes is faster than extrema
            return over
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return image


def _eight_bit(image: Image.Image) -> Image.Image:
    """A 16-bit picture scaled, not clipped, to 8 bits; a level named transparent becomes white."""
    levels = np.asarray(image).astype(np.int64)
    scaled = (levels.clip(0, 65535) // 257).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        scaled[levels == transparent] = 255
    return Image.fromarray(scaled)
