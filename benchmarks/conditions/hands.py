"""The conditions that are about who writes, in which form it is sent, and whether it is a digit at all."""

import numpy as np
from PIL import Image

from benchmarks.conditions import glyphs, papers
from benchmarks.conditions.glyphs import BARS, FEET, FLAGS, LETTERS, SIGNS, STROKES, Glyph, Mask
from benchmarks.conditions.kinds import CONDITIONS, SIDE, Draw, Sample, condition
from benchmarks.conditions.papers import Random, file_of, placed, written

EXIF_TURNED = {6: 90, 3: 180, 8: 270}  # orientation -> degrees counter-clockwise that the pixels are stored turned by


def _plain(glyph: Glyph, random: Random) -> Sample:
    ink = placed(glyph.ink(random.uniform(100, 210), random.uniform(10, 22)), SIDE, SIDE, random)
    return Sample(file_of(written(ink, 250, float(random.uniform(10, 70)))), glyph.label)


@condition("strokes of our own")
def _(glyph: Glyph, random: Random) -> Sample:
    label = str(glyph.label)
    return _plain(glyphs.own(label, STROKES[label], random), random)


@condition("a 1 with a long flag")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _plain(glyphs.own("1", FLAGS, random), random)


@condition("a 1 with a foot")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _plain(glyphs.own("1", FEET, random), random)


@condition("a 0 with a slash")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _plain(glyphs.slashed(random), random)


@condition("a 7 with a bar")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _plain(glyphs.own("7", BARS, random), random)


@condition("turned by 30 to 45 degrees")
def _(glyph: Glyph, random: Random) -> Sample:
    ink = Image.fromarray((255 * placed(glyph.ink(150), SIDE, SIDE)).astype(np.uint8))
    turned = ink.rotate(random.choice([-1, 1]) * random.uniform(30, 45), Image.Resampling.BICUBIC)
    return Sample(file_of(written(np.asarray(turned, np.float32) / 255, 250, 30)), glyph.label)


@condition("slanted")
def _(glyph: Glyph, random: Random) -> Sample:
    ink = Image.fromarray((255 * placed(glyph.ink(140), SIDE, SIDE)).astype(np.uint8))
    slant = random.choice([-1, 1]) * random.uniform(0.35, 0.6)
    matrix = (1, slant, -slant * SIDE / 2, 0, 1, 0)
    slanted = ink.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return Sample(file_of(written(np.asarray(slanted, np.float32) / 255, 250, 30)), glyph.label)


@condition("printed")
def _(glyph: Glyph, random: Random) -> Sample:
    return _sheet(glyphs.printed(str(glyph.label), glyph.label, random), random)


def _sheet(glyph: Glyph, random: Random) -> Sample:
    mask = glyph.ink(random.uniform(90, 200))
    return Sample(file_of(written(placed(mask, SIDE, SIDE, random), 250, 25)), glyph.label)


@condition("JPEG turned by its EXIF")
def _(glyph: Glyph, random: Random) -> Sample:
    orientation = int(random.choice(list(EXIF_TURNED)))
    picture = Image.fromarray(papers.pixels(written(placed(glyph.ink(150), SIDE, SIDE, random), 240, 30)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return Sample(file_of(picture.rotate(EXIF_TURNED[orientation]), "JPEG", exif=exif), glyph.label)


@condition("16-bit PNG")
def _(glyph: Glyph, random: Random) -> Sample:
    levels = written(placed(glyph.ink(150), SIDE, SIDE, random), 60_000, 9_000)
    return Sample(file_of(Image.fromarray(levels.astype(np.uint16))), glyph.label)


@condition("GIF")
def _(glyph: Glyph, random: Random) -> Sample:
    return _in_form(glyph, random, "GIF")


@condition("WebP")
def _(glyph: Glyph, random: Random) -> Sample:
    return _in_form(glyph, random, "WEBP")


@condition("BMP")
def _(glyph: Glyph, random: Random) -> Sample:
    return _in_form(glyph, random, "BMP")


def _in_form(glyph: Glyph, random: Random, form: str) -> Sample:
    sheet = written(placed(glyph.ink(150), SIDE, SIDE, random), 240, (30.0, 40.0, 120.0))
    return Sample(file_of(sheet, form), glyph.label)


def _row(inks: list[Mask], gap: int) -> Mask:
    """Several inks in a row."""
    height = max(ink.shape[0] for ink in inks)
    width = max(sum(ink.shape[1] for ink in inks) + gap * (len(inks) - 1), 1)
    row, at = np.zeros((height, width), np.float32), 0
    for ink in inks:
        top, stop = (height - ink.shape[0]) // 2, min(at + ink.shape[1], width)
        part = row[top : top + ink.shape[0], at:stop]
        np.maximum(part, ink[:, : stop - at], out=part)
        at += ink.shape[1] + gap
    return row


def _several(number: int, least_gap: int, most_gap: int) -> Draw:
    def draw(glyph: Glyph, random: Random) -> Sample:
        others = [glyphs.own(label, STROKES[label], random) for label in random.choice(list(STROKES), number - 1)]
        inks = [glyph.ink(70 if number > 2 else 110), *(other.ink(70 if number > 2 else 110, 9) for other in others)]
        row = _row(inks, int(random.integers(least_gap, most_gap)))
        return Sample(file_of(written(placed(row, 300, 400, random), 250, 30)), None)

    return draw


CONDITIONS["no digit: two digits"] = _several(2, 12, 40)
CONDITIONS["no digit: two digits that touch"] = _several(2, -14, -2)
CONDITIONS["no digit: four digits"] = _several(4, 8, 20)


@condition("no digit: a word")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _sheet(glyphs.printed("".join(random.choice(list(LETTERS), 6)), None, random), random)


@condition("no digit: a letter")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _sheet(glyphs.printed(str(random.choice(list(LETTERS))), None, random), random)


@condition("no digit: a sign")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _sheet(glyphs.printed(str(random.choice(list(SIGNS))), None, random), random)


@condition("no digit: a scribble")
def _(_glyph: Glyph, random: Random) -> Sample:
    return _plain(glyphs.scribble(random), random)


@condition("no digit: bare paper")
def _(_glyph: Glyph, random: Random) -> Sample:
    grain = papers.slope(SIDE, SIDE, random) + papers.clouds(SIDE, SIDE, random, 8, 30)
    return Sample(file_of(papers.noisy(grain, random, 5), "JPEG", quality=80), None)
