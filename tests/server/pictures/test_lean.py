"""What Pillow is given of a file: all that its pixels need, and nothing that costs without being seen."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from server.pictures import image, lean, png
from server.pictures.errors import ImageTooLarge, PictureError, UnusableImage
from server.pictures.image import Limits
from server.settings import Settings
from tests.digits import encoded

LIMITS = Limits.of(Settings())
PICTURE = Image.effect_noise((60, 40), 60)
BOMB = zlib.compress(bytes(2**20))


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    """The PNG with more chunks behind its header."""
    return data[:33] + b"".join(chunks) + data[33:]


def with_segments(data: bytes, *segments: tuple[int, bytes]) -> bytes:
    """The JPEG with more segments at its start."""
    made = [bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body for marker, body in segments]
    return data[:2] + b"".join(made) + data[2:]


def with_blocks(data: bytes, *extensions: bytes) -> bytes:
    """The GIF with more extensions before its first frame."""
    start = 13 + ((6 << (data[10] & 7)) if data[10] & 0x80 else 0)
    return data[:start] + b"".join(extensions) + data[start:]


def with_riff_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """The WebP, which is an extended one, with one more chunk at its end."""
    data += kind + len(body).to_bytes(4, "little") + body
    return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]


EXTENDED = encoded(PICTURE.convert("RGBA"), "WEBP", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
TALKATIVE = {
    "PNG, compressed words": with_chunks(encoded(PICTURE, "PNG"), *[chunk(b"zTXt", b"Comment\0\0" + BOMB)] * 60),
    "PNG, a profile": with_chunks(encoded(PICTURE, "PNG"), chunk(b"iCCP", b"icc\0\0" + BOMB)),
    "PNG, words in every language": with_chunks(
        encoded(PICTURE, "PNG"), chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB), chunk(b"tEXt", b"Title\0" + bytes(2**20))
    ),
    "JPEG, comments and profiles": with_segments(
        encoded(PICTURE, "JPEG"), *[(0xFE, bytes(60_000)), (0xE2, b"ICC_PROFILE\0\1\1" + bytes(60_000))] * 20
    ),
    "GIF, a comment": with_blocks(encoded(PICTURE, "GIF"), b"!\xfe" + (b"\xff" + bytes(255)) * 9000 + b"\0"),
    "WebP, a profile": with_riff_chunk(EXTENDED, b"ICCP", bytes(2**20)),
}


@pytest.mark.parametrize("kind", TALKATIVE)
def test_words_and_profiles_are_left_out_and_the_pixels_stay(kind: str) -> None:
    file = lean.of(TALKATIVE[kind]).file
    assert len(file.getvalue()) < 20_000
    opened = Image.open(file)
    opened.load()
    assert {"Comment", "Title", "icc_profile", "comment"}.isdisjoint(opened.info)
    name = kind.partition(",")[0].upper()
    picture = PICTURE.convert("RGBA") if name == "WEBP" else PICTURE
    plain = encoded(picture, name, **({"lossless": True} if name == "WEBP" else {}))
    read, expected = image.read(TALKATIVE[kind], 1, LIMITS), image.read(plain, 1, LIMITS)
    assert np.array_equal(np.asarray(read), np.asarray(expected))


@pytest.mark.parametrize(
    "data",
    [
        with_chunks(encoded(PICTURE, "PNG"), *[chunk(b"tEXt", b"")] * 20_000),
        with_chunks(encoded(PICTURE, "PNG"), *[chunk(b"IDAT", b"")] * 20_000),
        with_segments(encoded(PICTURE, "JPEG"), *[(0xFE, b"")] * 20_000),
        encoded(PICTURE, "JPEG")[:2] + b"\xff" * 20_000 + encoded(PICTURE, "JPEG")[2:],
        with_blocks(encoded(PICTURE, "GIF"), b"!\xfe" + b"\1x" * 20_000 + b"\0"),
        with_blocks(encoded(PICTURE, "GIF"), *[b"!\xfe\0"] * 20_000),
        with_blocks(encoded(PICTURE, "GIF"), b"x" * 20_000),
        EXTENDED[:12] + b"none\0\0\0\0" * 20_000 + EXTENDED[12:],
    ],
    ids=["texts", "pixels", "comments", "fill", "blocks", "extensions", "nothing", "chunks"],
)
def test_a_file_of_very_many_parts_is_refused(data: bytes) -> None:
    with pytest.raises(UnusableImage, match="over 10,000"):
        image.read(data, 1, LIMITS)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_how_a_picture_is_turned_is_kept_among_words(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(PICTURE.convert("RGB"), kind, exif=exif, icc_profile=bytes(1000), comment="x" * 1000)
    assert image.read(data, 1, LIMITS).size == (40, 60)


def test_how_a_picture_is_turned_is_kept_in_xmp() -> None:
    xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "x" * 1000)
    words.add_itxt("XML:com.adobe.xmp", xmp)
    assert image.read(encoded(PICTURE, "PNG", pnginfo=words), 1, LIMITS).size == (40, 60)
    assert image.read(encoded(PICTURE, "JPEG", xmp=xmp.encode()), 1, LIMITS).size == (40, 60)


def test_later_frames_are_left_out() -> None:
    frames = [Image.effect_noise((200, 200), 60).convert("RGB") for _ in range(9)]
    for kind in ("WEBP", "PNG"):
        whole = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        alone = encoded(frames[0], kind, lossless=True)
        assert len(lean.of(whole).file.getvalue()) < len(whole) / 5
        read, expected = image.read(whole, 1, LIMITS), image.read(alone, 1, LIMITS)
        assert np.array_equal(np.asarray(read), np.asarray(expected))


def gif_of(screen: tuple[int, int], frame: tuple[int, int, int, int], disposal: int) -> bytes:
    """A GIF whose sizes say what they like."""
    control = b"!\xf9\x04" + bytes([disposal << 2 | 1]) + b"\0\0\0\0"
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6)
    return head + control + b"," + struct.pack("<HHHHB", *frame, 0) + b"\x02\x02\x44\x01\0;"


def webp_of(width: int, height: int) -> bytes:
    body = b"VP8X\x0a\0\0\0\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body += encoded(PICTURE.convert("RGB"), "WEBP")[12:]
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


@pytest.mark.parametrize(
    "data",
    [
        gif_of((65535, 65535), (0, 0, 1, 1), 2),
        gif_of((1, 1), (0, 0, 65535, 65535), 2),
        gif_of((1, 1), (40000, 40000, 1, 1), 3),
        webp_of(16383, 16383),
        webp_of(2**24, 255),
    ],
    ids=["screen", "frame", "offset", "canvas", "wide canvas"],
)
def test_a_size_is_judged_before_pillow_opens_the_file(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("Pillow has opened it, and made room for it")

    monkeypatch.setattr(Image, "open", opened)
    with pytest.raises(ImageTooLarge):
        image.read(data, 1, LIMITS)


def scans_of(number: int) -> bytes:
    """A progressive JPEG whose last scan is there so many times more."""
    data = encoded(PICTURE, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * number + data[-2:]


def test_a_jpeg_that_passes_over_its_pixels_too_often_is_refused() -> None:
    own = lean.of(scans_of(0)).scans
    assert own > 1
    assert lean.of(scans_of(7)).scans == own + 7
    limits = LIMITS._replace(pixels=PICTURE.width * PICTURE.height)
    image.read(scans_of(image.SCANS_LIMIT - own), 1, limits)
    with pytest.raises(ImageTooLarge, match=f"{image.SCANS_LIMIT + 1} times"):
        image.read(scans_of(image.SCANS_LIMIT - own + 1), 1, limits)


@pytest.mark.parametrize("make", [lambda: TALKATIVE["GIF, a comment"], lambda: EXTENDED, lambda: scans_of(1)])
def test_a_file_cut_at_any_byte_is_refused_or_read(make: Callable[[], bytes]) -> None:
    data = make()
    for length in range(0, len(data), max(1, len(data) // 700)):
        try:
            image.read(data[:length], 1, LIMITS)
        except PictureError:
            continue


def test_only_a_png_of_few_plain_chunks_is_read_at_once() -> None:
    plain = encoded(PICTURE, "PNG")
    assert not image.is_large(plain)
    assert not image.is_large(with_chunks(plain, *[chunk(b"tEXt", b"Title\0x")] * 50))
    assert image.is_large(with_chunks(plain, *[chunk(b"tEXt", b"Title\0x")] * png.SIMPLE_CHUNKS))
    assert image.is_large(with_chunks(plain, chunk(b"eXIf", bytes(2000))))
    assert image.is_large(with_chunks(plain, chunk(b"zTXt", b"Raw profile type exif\0\0" + BOMB)))
    for length in range(len(plain)):
        image.is_large(plain[:length])
    assert io.BytesIO(plain).getvalue() == lean.of(plain).file.getvalue()
