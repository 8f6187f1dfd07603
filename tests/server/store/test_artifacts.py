"""The store gives what was published or says what is broken; the pointer moves once, for one caller."""

import json
import os
import threading
from pathlib import Path

import pytest

from export.publish import publish
from server.models.model import load
from server.store.artifacts import ArtifactStore, BrokenArtifact, CurrentMoved, Manifest
from tests.tiny import publish_tiny, store_in, tiny_candidate


def test_an_empty_store_has_nothing(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.versions() == []
    assert store.current() is None
    assert list(store.fallbacks()) == []


def test_versions_count_up_and_are_never_used_again(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert [publish_tiny(store, seed) for seed in range(11)] == [str(number) for number in range(1, 12)]
    assert store.versions()[-2:] == ["10", "11"]
    store.folder("11").rename(tmp_path / "pruned")
    assert store.next_version() == "12"


def test_a_manifest_survives_its_own_form(tmp_path: Path) -> None:
    manifest = tiny_candidate().manifest("digits", "1")
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"labels": ["1"]},
        {"labels": ["1", "1"]},
        {"preprocessing": {"mode": "magic", "height": 28, "width": 28, "channels": 1}},
        {"preprocessing": {"mode": "digit", "height": 0, "width": 28, "channels": 1}},
        {"outputs": {"probability": {}}},
        {"files": None},
        {"opset": "new"},
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    content = json.loads(tiny_candidate().manifest("digits", "1").to_json())
    with pytest.raises(BrokenArtifact):
        Manifest.from_json(json.dumps(content | change).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"schema": 1}'])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenArtifact):
        Manifest.from_json(data)


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def damage_html(path: Path) -> None:
    path.write_text("<!doctype html><title>404</title>")


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


DAMAGES = [value for name, value in sorted(globals().items()) if name.startswith("damage_")]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", ["model.onnx", "golden.npz"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: "object", file: str) -> None:
    store = store_in(tmp_path)
    version = publish_tiny(store)
    load(store.folder(version), store.manifest(version), 4)
    assert callable(damage)
    damage(store.folder(version) / file)
    with pytest.raises(BrokenArtifact, match=file.split(".")[0]):
        load(store.folder(version), store.manifest(version), 4)


def test_a_version_without_its_manifest_is_not_there(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    publish_tiny(store)
    publish_tiny(store, 1)
    (store.folder("2") / "manifest.json").unlink()
    assert store.versions() == ["1"]
    with pytest.raises(BrokenArtifact):
        store.manifest("2")


def test_another_models_manifest_is_refused(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    publish_tiny(store)
    store.folder("1").rename(store.folder("5"))
    with pytest.raises(BrokenArtifact, match="is of digits/1"):
        store.manifest("5")


def test_the_pointer_moves_for_one_of_many(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for seed in range(8):
        publish_tiny(store, seed)
    moved: list[str] = []
    refused: list[str] = []

    def move(version: str) -> None:
        try:
            ArtifactStore(tmp_path / "artifacts", "digits", tmp_path / "none").promote(version, "t", "promoted", "8")
            moved.append(version)
        except CurrentMoved:
            refused.append(version)

    threads = [threading.Thread(target=move, args=(str(number),)) for number in range(1, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(moved) == 1
    assert len(refused) == 6
    assert store.current() == moved[0]
    assert [store.promotions()[-1].from_version, store.promotions()[-1].to_version] == ["8", moved[0]]


def test_boot_falls_back_along_the_promotions_but_not_to_what_was_rejected(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for seed in range(4):
        publish_tiny(store, seed)
    store.promote("2", "t", "rolled back", "4")
    store.promote("3", "t", "promoted", "2")
    assert list(store.fallbacks()) == ["3", "2", "1"]
    (store.models / "current.json").write_text("{")
    assert list(store.fallbacks()) == ["3", "2", "1"]


def test_a_publication_after_somebody_elses_changes_nothing(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    publish_tiny(store)
    with pytest.raises(CurrentMoved):
        publish(store, tiny_candidate(5), None, "late", lambda _: None)
    assert store.versions() == ["1"]
    assert not list(store.models.glob(".tmp-*"))
