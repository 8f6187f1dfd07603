"""What it takes in memory to read a picture, from its header: before any of its pixels are made.

docs/limits.md has what was measured for each kind. Reading reduces a picture in small tiles (reduction.py), so that
beside the pixels as Pillow decodes them nothing grows with the picture.
"""

from PIL import Image, JpegImagePlugin

_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}  # as Pillow keeps them; 4 in any other mode
_WEBP_BYTES = 20  # two canvases and the decoder's own, a copy of one, Pillow's
_RUN_LENGTHS_BYTES = 3  # two copies and Pillow's
_COEFFICIENT_BYTES = 2


def of(image: Image.Image, full: tuple[int, int], scans: int) -> int:
    """Bytes at most for one that is open, but for the file: `full` is its size before a draft reduced it."""
    pixels = image.width * image.height
    if image.format == "WEBP":
        return pixels * _WEBP_BYTES
    if is_run_lengths(image):
        return pixels * _RUN_LENGTHS_BYTES
    cost = pixels * _PIXEL_BYTES.get(image.mode, 4)
    if isinstance(image, JpegImagePlugin.JpegImageFile) and (scans > 1 or image.info.get("progressive")):
        cost += _coefficients(image, full)
    return cost


def is_run_lengths(image: Image.Image) -> bool:
    """Whether it is a bitmap that Pillow unpacks in Python, and copies whole."""
    return any(tile.codec_name == "bmp_rle" for tile in getattr(image, "tile", ()))


def _coefficients(image: JpegImagePlugin.JpegImageFile, full: tuple[int, int]) -> int:
    """Of a JPEG that passes over the picture more than once the decoder keeps all of them, at full size."""
    blocks = [max(1, across) * max(1, down) for _, across, down, _ in image.layer]
    largest = max(across for _, across, _, _ in image.layer) * max(down for _, _, down, _ in image.layer)
    return full[0] * full[1] * sum(blocks) * _COEFFICIENT_BYTES // max(1, largest)
