"""Requests that are made to do harm: refused with a word of the family 4xx, cheaply, and the next is answered right."""

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.digits import Digits, encoded, png_of
from tests.live import LiveServer
from tests.system.test_connections import rest_of, statuses
from tests.system.test_express import connect

MB = 2**20
CPU_SECONDS = 0.1
FEW_SECONDS = 0.01  # a few milliseconds
FORM = "multipart/form-data; boundary=b"
Tries = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def sound(server: LiveServer, digits: Digits) -> Iterator[None]:
    """After each test the same process answers as before, and nothing was stored or told of its inside."""
    before, process = server.predict(digits.png(0)).json()["probabilities"], server.pid
    yield
    assert server.get("/livez").status_code == 200
    assert server.predict(digits.png(0)).json()["probabilities"] == before
    assert server.pid == process
    assert server.get("/dataset").json()["count"] == 0
    assert "Traceback" not in "".join(server.log)


def processor_seconds(server: LiveServer) -> float:
    tasks = Path(f"/proc/{server.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def peak_bytes(server: LiveServer) -> int:
    return 1024 * int(Path(f"/proc/{server.pid}/status").read_text().split("VmHWM:")[1].split()[0])


HEAD = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


@pytest.mark.parametrize("path", [b"/predict", b"/predict?", b"/upload", b"/nothing"])
@pytest.mark.parametrize(
    ("length", "expected"), [(b"-1", 400), (b"+5", 400), (b"0x5", 400), (b"5, 6", 400), (b"9" * 30, 400), (b"", 400)]
)
def test_a_length_that_is_none_is_refused(server: LiveServer, path: bytes, length: bytes, expected: int) -> None:
    with connect(server) as connection:
        connection.sendall(HEAD % path + b"Content-Length: %b\r\n\r\n" % length + b"GET /livez HTTP/1.1\r\n\r\n")
        assert statuses(rest_of(connection)) == [expected]


def test_what_comes_beyond_a_length_that_is_too_small_is_no_part_of_the_picture(
    server: LiveServer, digits: Digits
) -> None:
    png = digits.png(0)
    with connect(server) as connection:
        connection.sendall(HEAD % b"/predict" + b"Content-Length: %d\r\n\r\n" % (len(png) - 9) + png)
        assert statuses(rest_of(connection)) == [422, 400]


@pytest.mark.parametrize("path", [b"/predict", b"/upload", b"/predict/batch"])
@pytest.mark.parametrize("announced", [True, False])
def test_no_more_than_the_limit_is_read(server: LiveServer, path: bytes, announced: bool) -> None:
    """Of a body that is announced as too large, and of one in chunks without end."""
    kind = FORM.encode() if path != b"/predict" else b"image/png"
    how = b"Content-Length: 9999999999" if announced else b"Transfer-Encoding: chunked"
    with connect(server) as connection:
        connection.sendall(b"POST %b HTTP/1.1\r\nContent-Type: %b\r\n%b\r\n\r\n" % (path, kind, how))
        sent = 0
        before = peak_bytes(server)
        try:
            while sent < 400 * MB:
                connection.sendall(bytes(MB) if announced else b"100000\r\n" + bytes(MB) + b"\r\n")
                sent += MB
        except OSError:
            pass
        assert sent < 200 * MB  # the body's limit, and what is dropped after the answer
        assert peak_bytes(server) - before < 100 * MB


def part(head: bytes, data: bytes = b"x") -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


FILE = b'Content-Disposition: form-data; name="file"; filename="a.png"'
HOSTILE_FORMS: dict[str, tuple[str, bytes]] = {
    "10,000 parts": (FORM, part(FILE) * 10_000 + b"--b--"),
    "a header of a megabyte": (FORM, part(FILE + b"\r\nX: " + b"a" * MB) + b"--b--"),
    "no boundary": ("multipart/form-data", part(FILE)),
    "a huge preamble": (FORM, b"-" * 30 * MB + part(FILE) + b"--b--"),
    "a preamble of boundaries that are none": (FORM, b"\r\n--a" * (7 * MB) + part(FILE)),
    "nested": (
        FORM,
        part(FILE + b"\r\nContent-Type: multipart/mixed; boundary=c", b"--c\r\n\r\nx\r\n--c--") + b"--b--",
    ),
    "filename*=": (FORM, part(b"Content-Disposition: form-data; name=file; filename*=UTF-8''%00..%2f" * 50) + b"--b--"),
    "a boundary of a kilobyte": (f"multipart/form-data; boundary={'b' * 1000}", part(FILE)),
    "no end": (FORM, part(FILE) * 3),
}


@pytest.mark.parametrize("kind", HOSTILE_FORMS)
@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/upload"])
def test_a_hostile_form_is_refused_for_little(server: LiveServer, path: str, kind: str) -> None:
    content_type, body = HOSTILE_FORMS[kind]
    spent = []
    for _ in range(3):  # the least of three, since beside it the server has work of its own
        before = processor_seconds(server)
        answer = server.post(path, content=body, headers={"Content-Type": content_type})
        spent.append(processor_seconds(server) - before)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["code"]
    assert min(spent) <= CPU_SECONDS + len(body) / (200 * MB)  # to take in so many bytes at all


def test_a_million_fields_are_no_form_of_ours(server: LiveServer) -> None:
    body = b"a=1&" * 1_000_000
    for path in ("/predict", "/predict/batch", "/upload"):
        before = processor_seconds(server)
        answer = server.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code == 415
        assert processor_seconds(server) - before <= CPU_SECONDS


def png(*chunks: tuple[bytes, bytes], side: int = 28) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    every = ((b"IHDR", header), *chunks, (b"IEND", b""))
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in every)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def pixels(side: int = 28) -> tuple[bytes, bytes]:
    return b"IDAT", zlib.compress(bytes(side * (side + 1)), 9)


BOMBS: dict[str, Callable[[], bytes]] = {
    "50,000 x 50,000": lambda: png((b"IDAT", zlib.compress(bytes(10 * MB), 9)), side=50_000),
    "0 x 0": lambda: png(pixels(), side=0),
    "a text of 64 MiB": lambda: png((b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 * MB), 9)), pixels()),
    "an international one": lambda: png((b"iTXt", b"C\0\1\0\0\0" + zlib.compress(bytes(64 * MB), 9)), pixels()),
    "a profile of 64 MiB": lambda: png((b"iCCP", b"profile\0\0" + zlib.compress(bytes(64 * MB), 9)), pixels()),
    "pixels of 64 MiB in a small picture": lambda: png((b"IDAT", zlib.compress(bytes(64 * MB), 9))),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_picture_that_would_inflate_takes_no_memory(server: LiveServer, kind: str) -> None:
    data, before = BOMBS[kind](), peak_bytes(server)
    for answer in (server.predict(data), server.upload([("a.png", data)], ["7"])):
        assert answer.status_code in (413, 422), answer.text
    assert peak_bytes(server) - before < 50 * MB


def polyglot() -> bytes:
    """What a PDF reader and a browser would both take for theirs."""
    return b"%PDF-1.4\n<html><script>alert(1)</script></html>\n" + png(pixels())


OTHERS: dict[str, Callable[[], bytes]] = {
    "TIFF": lambda: encoded(Image.new("L", (28, 28)), "TIFF"),
    "EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(touched) (w) file\nshowpage\n",
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "PDF": lambda: encoded(Image.new("L", (28, 28)), "PDF"),
    "ZIP": lambda: b"PK\x03\x04" + bytes(100),
    "polyglot": polyglot,
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_of_file_named_as_a_picture_starts_no_program(server: LiveServer, kind: str) -> None:
    for _ in range(20):
        answer = server.predict(OTHERS[kind]())
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")
        assert not Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    refused = 400 if kind == "ZIP" else 415  # a zip may be uploaded, but this one is none
    assert server.upload([("digit.png", OTHERS[kind]())], ["7"]).status_code == refused


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", pytest.param("BMP", marks=pytest.mark.long(seconds=4)), "WEBP"])
def test_a_picture_cut_anywhere_is_refused_or_whole(
    server: LiveServer, digits: Digits, kind: str, record_property: Tries
) -> None:
    image = Image.fromarray(255 - digits.images[0]).resize((40, 40)).convert("RGB")
    whole = encoded(image, kind)
    expected = server.predict(whole).json()["probabilities"]
    record_property("tries", len(whole))
    for length in range(len(whole)):
        answer = server.predict(whole[:length])
        if answer.status_code == 200:
            assert answer.json()["probabilities"] == expected, "a picture that was half decoded"
        else:
            assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize("number", [500, pytest.param(10_000, marks=pytest.mark.soak)])
def test_fuzzed_pictures_are_answered_or_refused(
    server: LiveServer, digits: Digits, number: int, record_property: Tries
) -> None:
    record_property("tries", number)
    chance = random.Random(number)  # noqa: S311
    image = Image.fromarray(255 - digits.images[0]).resize((40, 40)).convert("RGB")
    wholes = [encoded(image, kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP")]
    for each in range(number):
        data = bytearray(chance.choice(wholes))
        for _ in range(1 + each % 8):
            data[chance.randrange(len(data))] = chance.randrange(256)
        answer = server.predict(bytes(data))
        assert answer.status_code in (200, 413, 415, 422), (answer.text, bytes(data).hex())


def ycck(grey: Image.Image) -> bytes:
    """A JPEG of brightness, no colour and no black ink, as printing programs write it: Pillow has no name for that."""
    flat = Image.new("L", grey.size, 127)
    data = encoded(Image.merge("CMYK", (grey, flat, flat, Image.new("L", grey.size, 0))), "JPEG", quality=90)
    at = data.index(b"Adobe") + 11  # where the transformation is said
    assert data[at] == 0
    return data[:at] + b"\2" + data[at + 1 :]


def test_a_digit_is_the_same_in_every_mode(server: LiveServer, digits: Digits) -> None:
    grey = 255 - np.asarray(Image.fromarray(digits.images[0]).resize((140, 140), Image.Resampling.BICUBIC))
    plain = Image.fromarray(grey)
    ink = Image.merge("LA", (Image.new("L", plain.size, 0), Image.fromarray(255 - grey)))
    palette = plain.convert("P")
    forms = {
        "1-bit": encoded(plain.point(lambda level: 255 * (level > 127)).convert("1"), "PNG"),
        "16-bit": encoded(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"),
        "grey and alpha": encoded(ink, "PNG"),
        "RGBA": encoded(ink.convert("RGBA"), "PNG"),
        "palette": encoded(palette, "PNG"),
        "palette with transparency": encoded(palette, "PNG", transparency=255),
        "CMYK JPEG": encoded(plain.convert("CMYK"), "JPEG", quality=90),
        "YCCK JPEG": ycck(plain),
        "animated PNG": encoded(plain, "PNG", save_all=True, append_images=[Image.new("L", plain.size)]),
        "animated WebP": encoded(plain, "WEBP", save_all=True, append_images=[Image.new("L", plain.size)]),
        "animation": encoded(plain, "GIF", save_all=True, append_images=[Image.new("L", plain.size)]),
    }
    whole = server.predict(encoded(plain, "PNG")).json()["probabilities"][digits.classes[0]]
    for form, data in forms.items():
        answer = server.predict(data)
        assert (answer.status_code, answer.json()["prediction"]) == (200, digits.classes[0]), form
        assert answer.json()["probabilities"][digits.classes[0]] == pytest.approx(whole, abs=0.05), form


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_says(server: LiveServer, digits: Digits, orientation: int) -> None:
    undo = (None, None, *(Image.Transpose(each) for each in (0, 3, 1, 5, 2, 6, 4)))[orientation]
    upright = Image.fromarray(255 - digits.images[0]).resize((140, 140))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(undo) if undo is not None else upright
    answer = server.predict(encoded(stored, "JPEG", exif=exif, quality=95))
    assert answer.json()["prediction"] == digits.classes[0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 10_000), (10_000, 1), (28, 28), (300, 300)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_what_has_no_digit_is_never_a_confident_one(server: LiveServer, shape: tuple[int, int], level: int) -> None:
    answer = server.predict(png_of(np.full(shape, level, np.uint8)))
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_image")


NAMES = ["../../x.png", "x" * 4096, "CON", "-rf", "\u202egnp.x", "a\\..\\b", "/etc/passwd", "a\nlevel=error"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_s_name_reaches_neither_disk_nor_log(server: LiveServer, digits: Digits, name: str) -> None:
    sent = server.upload([(name, digits.png(1)), (name, b"none")], [str(digits.classes[1])] * 2)
    assert sent.status_code == 201
    for path in [path for path in server.folder.rglob("*") if path.is_file() and path.suffix == ".png"]:
        assert len(path.stem) == 64, path
        assert path.is_relative_to(server.data)
    assert server.client.delete(f"{server.url}/dataset/batches/{sent.json()['batch']}").status_code == 200
    assert name not in "".join(server.log + server.access)


@pytest.mark.parametrize("name", [b"\0", b"a\0b.png", b"\r", b"\xff\xfe", b"\x1b[2J"])
def test_a_file_s_name_of_raw_bytes_neither(server: LiveServer, digits: Digits, name: bytes) -> None:
    """As no client library sends it."""
    file = b'Content-Disposition: form-data; name="files"; filename="%b"' % name
    label = part(b'Content-Disposition: form-data; name="labels"', b"%d" % digits.classes[1])
    answer = server.post(
        "/upload", content=part(file, digits.png(1)) + label + b"--b--", headers={"Content-Type": FORM}
    )
    if answer.status_code == 201:
        assert server.client.delete(f"{server.url}/dataset/batches/{answer.json()['batch']}").status_code == 200
    else:
        assert answer.status_code == 400, answer.text
    assert not [path for path in server.folder.rglob("*") if name in path.name.encode("utf-8", "surrogateescape")]
    assert name.decode("latin-1") not in "".join(line[:-1] for line in server.log + server.access)


@pytest.mark.parametrize("path", [b"/", b"/app/main.js", b"/models/0/report/confusion.svg"])
@pytest.mark.parametrize(("number", "status"), [(8_000, 200), (10_000, 431)])
def test_ranges_without_number_cost_nothing(server: LiveServer, path: bytes, number: int, status: int) -> None:
    """As many as a header takes, and more."""
    ranges = b"Range: bytes=" + b",".join([b"0-0"] * number)
    spent = []
    for _ in range(5):  # the least of them, since beside it the server has work of its own
        before = processor_seconds(server)
        with connect(server) as wire:
            wire.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\nConnection: close\r\n\r\n" % (path, ranges))
            assert statuses(rest_of(wire)) == [status]
        spent.append(processor_seconds(server) - before)
    assert min(spent) <= FEW_SECONDS
