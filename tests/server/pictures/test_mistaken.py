"""What is sent in place of a picture that is read is called by its name."""

import pytest
from PIL import Image

from server.pictures import image
from server.pictures.errors import UnsupportedType
from server.pictures.mistaken import named
from tests.digits import Digits, encoded

LIMITS = image.Limits(pixels=1_000_000, memory_bytes=2**24, whole_pixels=500_000)
PILLOWS = {"TIFF": "a TIFF", "JPEG2000": "a JPEG 2000", "ICO": "an icon", "ICNS": "an icon", "EPS": "a PostScript file"}
PILLOWS |= {"PPM": "a PNM", "DDS": "a DDS texture", "QOI": "a QOI", "PDF": "a PDF"}


@pytest.mark.parametrize("kind", sorted(PILLOWS))
def test_kinds_of_picture_that_are_not_read_are_named(digits: Digits, kind: str) -> None:
    picture = Image.fromarray(digits.images[0]).resize((128, 128)).convert("RGB")
    with pytest.raises(UnsupportedType, match=f"this is {PILLOWS[kind]}; send the bytes of a file: PNG, JPEG"):
        image.read(encoded(picture, kind), 1, LIMITS)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "a HEIC photo"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "a HEIC photo"),
        (b"\0\0\0 ftypavif\0\0\0\0", "an AVIF"),
        (b"\0\0\0 ftypisom\0\0\x02\0", "a video"),
        (b"\0\0\0 ftypnone", None),
        (b"MM\0+\0\x08\0\0", "a TIFF"),
        (b"\xff\x0a\xfa\x7f", "a JPEG XL"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"P7 332\n", None),
        (b"Pictures", None),
    ],
)
def test_what_pillow_does_not_write_is_named_too(start: bytes, words: str | None) -> None:
    assert named(start + bytes(40)) == words


def test_a_bmp_of_a_kind_that_is_not_read_is_not_called_damaged(digits: Digits) -> None:
    data = bytearray(encoded(Image.fromarray(digits.images[0]).convert("RGB"), "BMP"))
    data[28:30] = (2).to_bytes(2, "little")  # bits a pixel, which Windows CE writes
    with pytest.raises(UnsupportedType, match="this kind of BMP is not read; save the picture as a PNG"):
        image.read(bytes(data), 1, LIMITS)
