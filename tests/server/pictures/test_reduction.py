"""Reducing tile by tile gives what reducing the whole picture gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from server.pictures import reduction


def whole(picture: Image.Image, mode: str, side: int) -> Image.Image:
    """What Pillow makes of all of it at once."""
    if picture.mode == "I;16":
        picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.mode in ("LA", "RGBA") or "transparency" in picture.info:
        over = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    picture = picture.convert(mode)
    picture.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
    return picture


def made(mode: str, width: int, height: int) -> Image.Image:
    noise = Image.effect_noise((width, height), 90)
    if mode == "I;16":
        return Image.fromarray(np.asarray(noise).astype(np.uint16) * 257)
    if mode == "P":
        picture = noise.convert("RGB").quantize(16)
        picture.info["transparency"] = 3
        return picture
    if mode in ("LA", "RGBA"):
        picture = noise.convert(mode)
        picture.putalpha(Image.effect_noise((width, height), 90))
        return picture
    return noise.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
@settings(max_examples=8, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([1, 7, 40, 320]), st.sampled_from(["L", "RGB"]))
def test_a_picture_in_tiles_is_the_whole_one(mode: str, width: int, height: int, side: int, wanted: str) -> None:
    picture = made(mode, width, height)
    found, expected = reduction.reduced(picture, wanted, side), whole(picture, wanted, side)
    assert found.size == expected.size
    assert np.array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("size", [(30_000, 2), (2, 30_000), (30_000, 1)])
def test_a_very_narrow_picture_is_reduced(size: tuple[int, int]) -> None:
    picture = made("RGBA", *size)
    assert np.array_equal(np.asarray(reduction.reduced(picture, "L", 320)), np.asarray(whole(picture, "L", 320)))
