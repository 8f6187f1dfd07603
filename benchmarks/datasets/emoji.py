"""Emoji by group: Unicode's list, drawn in the colour font that Debian's package fonts-noto-color-emoji ships.

The groups are those of emoji-test.txt, of Debian's package unicode-data: https://www.unicode.org/reports/tr51/.
All that begin with the same character, as one person's skin colours and professions do, are in one half: a test picture
is no variation of one that was trained on.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
LIST = Path("/usr/share/unicode/emoji/emoji-test.txt")
POINTS, WIDTH, HEIGHT = 109, 136, 128  # of the font's bitmaps, which have one size
TEST_SHARE = 0.25


class Emoji(NamedTuple):
    """One that a keyboard offers."""

    characters: str
    group: str


def every() -> Iterator[Emoji]:
    """All of the list that are fully qualified, in its order."""
    group = ""
    for line in LIST.read_text("utf-8").splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
        elif "; fully-qualified" in line:
            yield Emoji("".join(chr(int(code, 16)) for code in line.partition(";")[0].split()), group)


def write_emoji(folder: Path) -> None:
    """Each as a PNG file <half>/<group>/<code points>.png, on white."""
    font = ImageFont.truetype(str(FONT), POINTS, layout_engine=ImageFont.Layout.RAQM)
    for emoji in every():
        place = folder / half_of(emoji) / emoji.group
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
        ImageDraw.Draw(picture).text((0, 0), emoji.characters, font=font, embedded_color=True)
        picture.save(place / f"{'-'.join(f'{ord(each):x}' for each in emoji.characters)}.png")


def half_of(emoji: Emoji) -> str:
    """By the hash of its first character."""
    drawn = int.from_bytes(sha256(emoji.characters[0].encode()).digest()[:4], "big") / 2**32
    return "test" if drawn < TEST_SHARE else "train"
