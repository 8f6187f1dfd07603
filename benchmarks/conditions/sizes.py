"""The conditions that are about how large a picture and the ink in it are, and about MNIST's own form."""

import numpy as np
from PIL import Image

from benchmarks.conditions import papers
from benchmarks.conditions.glyphs import Glyph
from benchmarks.conditions.kinds import DARK, Sample, condition
from benchmarks.conditions.papers import Random, file_of, noisy, placed, written


def _pen(random: Random) -> float:
    return float(random.uniform(*DARK))


@condition("28x28, a pen of one pixel")
def _(glyph: Glyph, random: Random) -> Sample:
    ink = placed(glyph.ink(random.uniform(13, 22), 1), 28, 28, random, 1) > 0.4
    return Sample(file_of(np.where(ink, 0.0, 255.0)), glyph.label)


@condition("28x28, a soft thin pen")
def _(glyph: Glyph, random: Random) -> Sample:
    ink = placed(glyph.ink(random.uniform(14, 23), random.uniform(1, 1.8)), 28, 28, random, 1)
    return Sample(file_of(written(ink, 255, _pen(random))), glyph.label)


@condition("ink 10 to 20 pixels high")
def _(glyph: Glyph, random: Random) -> Sample:
    ink = placed(glyph.ink(random.uniform(11, 20), random.uniform(1, 2)), 100, 100, random)
    return Sample(file_of(written(ink, 245, _pen(random))), glyph.label)


@condition("70 pixels in 1000x1000")
def _(glyph: Glyph, random: Random) -> Sample:
    ink = placed(glyph.ink(random.uniform(65, 80), random.uniform(6, 10)), 1000, 1000, random, 40)
    return Sample(file_of(written(ink, 250, _pen(random))), glyph.label)


@condition("90 pixels in a photo of 1600x1200")
def _(glyph: Glyph, random: Random) -> Sample:
    ink = placed(glyph.ink(random.uniform(80, 100), random.uniform(6, 10)), 1200, 1600, random, 40)
    sheet = written(ink, 205 + papers.clouds(1200, 1600, random, 12), _pen(random))
    return Sample(file_of(noisy(sheet, random, 3), "JPEG", quality=88), glyph.label)


@condition("28x28, dark on light")
def _(glyph: Glyph, random: Random) -> Sample:
    assert glyph.picture is not None
    return Sample(file_of(255 - glyph.picture.astype(np.float32) * random.uniform(0.6, 1)), glyph.label)


@condition("28x28, dark grey ground")
def _(glyph: Glyph, random: Random) -> Sample:
    assert glyph.picture is not None
    return Sample(file_of(written(glyph.picture / np.float32(255), float(random.uniform(25, 62)), 250)), glyph.label)


@condition("28x28, dim ink")
def _(glyph: Glyph, random: Random) -> Sample:
    assert glyph.picture is not None
    return Sample(file_of(glyph.picture.astype(np.float32) * random.uniform(0.12, 0.35)), glyph.label)


@condition("28x28, 4 pixels off")
def _(glyph: Glyph, random: Random) -> Sample:
    assert glyph.picture is not None
    down, right = random.choice([-4, 4], 2)
    field = np.pad(glyph.picture, 4)[4 - down : 32 - down, 4 - right : 32 - right]
    return Sample(file_of(field.astype(np.float32)), glyph.label)


@condition("cropped to its ink")
def _(glyph: Glyph, random: Random) -> Sample:
    return Sample(file_of(written(glyph.ink(random.uniform(40, 220)), 240, _pen(random))), glyph.label)


@condition("28x28, noise on a black ground")
def _(glyph: Glyph, random: Random) -> Sample:
    assert glyph.picture is not None
    ground = random.uniform(0, 35, (28, 28)).astype(np.float32)
    return Sample(file_of(np.maximum(glyph.picture.astype(np.float32), ground)), glyph.label)


@condition("56x56, light on black")
def _(glyph: Glyph, random: Random) -> Sample:
    assert glyph.picture is not None
    large = np.asarray(Image.fromarray(glyph.picture).resize((56, 56), Image.Resampling.BICUBIC), np.float32)
    return Sample(file_of(large * random.uniform(0.8, 1)), glyph.label)
