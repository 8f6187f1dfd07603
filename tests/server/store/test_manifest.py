"""A manifest says what a version promises, and what does not hold to it is refused."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from server.store.content import Claim
from server.store.errors import BrokenArtifact
from server.store.manifest import FILES_LIMIT, Manifest, read_listed, read_manifest, verify_listed
from server.store.versions import Reservation
from tests.server.store.memories import NAME, write_version
from tests.tiny import tiny_candidate

FOREIGN = ("../x", "/etc/passwd", "report/../../x", "a/b", "", ".", "..", ".hidden", "report/", "a\0b", "a\nb")


def write(folder: Path, version: str = "1") -> Manifest:
    return write_version(Reservation(version, folder / version, Claim("", "artifacts", ())))


def test_a_manifest_survives_its_own_form(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    assert Manifest.from_json(manifest.to_json()) == manifest == read_manifest(tmp_path / "1", NAME, "1")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"labels": ["1"]},
        {"labels": ["1", "1"]},
        {"labels": ["1", "\ud800"]},
        {"created_at": "\udfff"},
        {"preprocessing": {"mode": "magic", "height": 28, "width": 28, "channels": 1}},
        {"preprocessing": {"mode": "digit", "height": 0, "width": 28, "channels": 1}},
        {"preprocessing": {"mode": "digit"}},
        {"preprocessing": {"mode": "digit", "height": 28, "width": 28, "channels": 1, "number": 3}},
        {"preprocessing": {"mode": "resize", "height": 28, "width": 28, "channels": 1, "number": 2}},
        {"preprocessing": {"mode": "digit", "height": 28, "width": 28, "channels": 1, "number": True}},
        {"outputs": {"probability": {}}},
        {"files": None},
        *({"files": {file: {"sha256": "0" * 64, "bytes": 1}}} for file in FOREIGN),
        {"files": {f"report/{number}": {"sha256": "0" * 64, "bytes": 1} for number in range(1000)}},
        {"opset": "new"},
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    content = json.loads(write(tmp_path).to_json())
    with pytest.raises(BrokenArtifact):
        Manifest.from_json(json.dumps(content | change).encode())


def test_a_manifest_from_before_preprocessing_had_a_number_means_the_first(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    written = manifest.to_json()
    assert "number" not in json.loads(written)["preprocessing"]
    assert Manifest.from_json(written).preprocessing.number == 1
    later = replace(manifest, preprocessing=replace(manifest.preprocessing, number=2))
    assert Manifest.from_json(later.to_json()).preprocessing.number == 2


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"schema": 1}', b"\xff"])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenArtifact):
        Manifest.from_json(data)


def test_anothers_manifest_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(BrokenArtifact, match="is of digits/1"):
        read_manifest(tmp_path / "1", NAME, "5")
    with pytest.raises(BrokenArtifact, match="is of digits/1"):
        read_manifest(tmp_path / "1", "letters", "1")


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def damage_longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def damage_symlink(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def damage_hardlink(path: Path) -> None:
    os.link(path, path.with_name("second-name"))


def damage_missing(path: Path) -> None:
    path.unlink()


def damage_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def damage_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES = [value for name, value in sorted(globals().items()) if name.startswith("damage_")]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    manifest = write(tmp_path)
    assert read_listed(tmp_path / "1", manifest, "golden.npz") == b"golden"
    damage(tmp_path / "1" / "golden.npz")
    with pytest.raises(BrokenArtifact, match=r"golden\.npz of version 1"):
        read_listed(tmp_path / "1", manifest, "golden.npz")
    with pytest.raises(BrokenArtifact, match=r"golden\.npz of version 1"):
        verify_listed(tmp_path / "1", manifest, "golden.npz")


def test_a_whole_file_is_verified(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    for file in manifest.files:
        verify_listed(tmp_path / "1", manifest, file)


def test_a_file_that_is_not_listed_is_not_read(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    with pytest.raises(BrokenArtifact, match="lists no manifest"):
        read_listed(tmp_path / "1", manifest, "manifest.json")


def test_a_manifest_of_too_many_files_is_refused() -> None:
    made = tiny_candidate().manifest("digits", "1")
    for number, taken in ((FILES_LIMIT, True), (FILES_LIMIT + 1, False)):
        listed = {f"file-{each}": ("0" * 64, 1) for each in range(number)}
        data = replace(made, files=listed).to_json()
        if taken:
            assert len(Manifest.from_json(data).files) == number
        else:
            with pytest.raises(BrokenArtifact, match="lists over"):
                Manifest.from_json(data)


@pytest.mark.parametrize("version", ["0", "1"])
def test_what_shipped_may_be_linked_from_an_installers_cache_and_nothing_else_may(tmp_path: Path, version: str) -> None:
    manifest = write(tmp_path, version)
    (tmp_path / "cache").mkdir()
    for file in ("manifest.json", "model.onnx"):
        os.link(tmp_path / version / file, tmp_path / "cache" / file)
    read: list[Callable[[], object]] = [
        lambda: read_manifest(tmp_path / version, NAME, version),
        lambda: read_listed(tmp_path / version, manifest, "model.onnx"),
        lambda: verify_listed(tmp_path / version, manifest, "model.onnx"),
    ]
    for each in read:
        if version == "0":
            each()
        else:
            with pytest.raises(BrokenArtifact, match="of its own"):
                each()
