"""A zip that somebody sent is read within bounds, whatever it says of itself."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from server.layouts.errors import DatasetError, DatasetTooLarge
from server.layouts.layout import read_layout
from server.layouts.tree import Bounds, Sent, Zip

BOUNDS = Bounds(files=20, file_bytes=2**20, bytes=2**23)


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def sent(data: bytes) -> Zip:
    return Zip(Path("pets.zip"), (data, BOUNDS))


def encrypted() -> bytes:
    """The flags of both headers say so."""
    data = bytearray(packed({"cat/1.png": b"1" * 50}))
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + place] |= 1
    return bytes(data)


def linked() -> bytes:
    link = zipfile.ZipInfo("cat/1.png")
    link.external_attr = 0o120777 << 16
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return made.getvalue()


def overlapping() -> bytes:
    """One file of a megabyte under sixteen names, as the bombs do that unpack to more than any ratio."""
    once = packed({"cat/00.png": bytes(2**20)})
    at = once.index(b"PK\1\2")
    end = once.index(b"PK\5\6")
    listed = b"".join(once[at:end].replace(b"cat/00", b"cat/%02d" % number) for number in range(16))
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 16, 16, len(listed), at, 0)
    return once[:at] + listed + tail


# What it holds, and what is said of it.
BAD: dict[str, tuple[Callable[[], bytes], type[DatasetError], str]] = {
    "above": (lambda: packed({"../cat/1.png": b""}), DatasetError, r"'\.\./cat/1.png' leads out of the zip; pack it"),
    "absolute": (lambda: packed({"/cat/1.png": b""}), DatasetError, r"leads out of the zip"),
    "drive": (lambda: packed({"C:\\cat\\1.png": b""}), DatasetError, r"leads out of the zip"),
    "encrypted": (encrypted, DatasetError, r"pets.zip: 'cat/1.png' is encrypted; pack it again without a password"),
    "link": (linked, DatasetError, r"'cat/1.png' is a link"),
    "nested": (lambda: packed({"a/1.png": b"1", "in.ZIP": packed({})}), DatasetError, r"'in.ZIP' is a zip within the"),
    "method": (lambda: packed({"a/1.png": b"1"}, zipfile.ZIP_LZMA), DatasetError, r"is packed in an unusual way"),
    "many": (lambda: packed({f"a/{each}": b"" for each in range(21)}), DatasetTooLarge, r"it has over 20 files"),
    "large file": (
        lambda: packed({"a/1.png": bytes(2**20 + 1)}, zipfile.ZIP_STORED),
        DatasetTooLarge,
        r"'a/1.png' has 1,048,577 bytes, the limit is 1,048,576",
    ),
    "large": (
        lambda: packed({f"a/{each}": bytes(2**20) for each in range(9)}, zipfile.ZIP_STORED),
        DatasetTooLarge,
        r"it unpacks to 9,437,184 bytes, the limit is 8,388,608",
    ),
    "ratio": (lambda: packed({f"a/{each}": bytes(2**20) for each in range(8)}), DatasetError, r"and the others unpack"),
    "overlapping": (overlapping, DatasetError, r"unpack from [0-9,]+ to 16,777,216 bytes"),
    "cut": (lambda: packed({"a/1.png": b"1"})[:-30], DatasetError, r"pets.zip: expected a zip; it can't be read"),
    "none": (lambda: b"PK\3\4" + bytes(100), DatasetError, r"expected a zip"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_zip_that_is_not_to_be_trusted_has_a_sentence(name: str) -> None:
    make, kind, sentence = BAD[name]
    with pytest.raises(DatasetError, match=sentence) as caught:
        assert sent(make()).files
    assert type(caught.value) is kind


def test_no_more_is_unpacked_than_a_file_announces() -> None:
    data = bytearray(packed({"a/1.png": bytes(2**20)}))
    for signature, place in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = data.index(signature) + place
        data[at : at + 4] = struct.pack("<L", 100)
    zipped = sent(bytes(data))
    assert zipped.files == ["a/1.png"]
    with pytest.raises(OSError, match="it can't be unpacked"):
        zipped.read("a/1.png")


@pytest.mark.parametrize("place", range(30, 60, 3))
def test_damage_within_a_file_is_damage_of_that_file(place: int) -> None:
    data = bytearray(packed({"a/1.png": bytes(range(256)) * 4, "b/2.png": b"2"}))
    data[data.index(b"a/1.png") + place] ^= 0xFF
    zipped = sent(bytes(data))
    with pytest.raises(OSError, match="it can't be unpacked"):
        zipped.read("a/1.png")
    assert zipped.read("b/2.png") == b"2"


def test_names_are_read_whoever_packed_them() -> None:
    data = bytearray(packed({"Kätzchen/ü.png": b"1"}))
    for signature, place in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        data[data.index(signature) + place] &= ~0x08  # UTF-8 without the flag, as macOS packs
    assert sent(bytes(data)).files == ["Kätzchen/ü.png"]
    assert sent(packed({"cat\\1.png": b"1"}).replace(b"cat/1", b"cat\\1")).files == ["cat/1.png"]


def test_what_lies_beside_a_zip_is_as_if_it_was_in_it() -> None:
    tree = Sent({"metadata.csv": b"file_name,label\ncat/1.png,Tom\n"}, sent(packed({"cat/1.png": b"1"})))
    assert [(entry.file, entry.label) for entry in read_layout(tree).entries] == [("cat/1.png", "Tom")]
    assert tree.read("cat/1.png") == b"1"
