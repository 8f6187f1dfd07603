"""What was taught comes out again as a zip that others can read: read here by nothing of ours."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.digits import Digits
from tests.live import LiveServer


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Iterator[LiveServer]:
    """A server that knows 40 pictures of two sources, one of them relabelled, one put aside, one doubted."""
    with LiveServer(tmp_path_factory.mktemp("live"), "--trainer", "none") as server:
        files = [(f"{position}.png", digits.png(position)) for position in range(41)]
        labels = [str(digits.classes[position]) for position in range(41)]
        labels[40] = str((digits.classes[40] + 1) % 10)
        assert server.upload(files[:20], labels[:20], source="scanner").status_code == 201
        assert len(server.upload(files[20:], labels[20:], source="camera").json()["suspects"]) == 1
        yield server


def read_imagefolder(data: bytes) -> dict[str, dict[str, tuple[np.ndarray, dict[str, str]]]]:
    """As documented for `load_dataset("imagefolder")`: split -> file -> pixels, and the row of the metadata beside."""
    found: dict[str, dict[str, tuple[np.ndarray, dict[str, str]]]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for split in ("train", "test"):
            rows = list(csv.DictReader(io.StringIO(archive.read(f"{split}/metadata.csv").decode(), newline="")))
            found[split] = {
                row["file_name"]: (np.asarray(Image.open(archive.open(f"{split}/{row['file_name']}"))), row)
                for row in rows
            }
            pictures = {name for name in archive.namelist() if name.startswith(split) and name.endswith(".png")}
            assert pictures == {f"{split}/{name}" for name in found[split]}
    return found


def test_all_that_is_labelled_is_exported_with_what_is_known_of_it(live: LiveServer, digits: Digits) -> None:
    answer = live.get("/dataset/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    found = read_imagefolder(answer.content)
    label_of = {digits.images[position].tobytes(): str(digits.classes[position]) for position in range(40)}
    seen = [each for split in found.values() for each in split.values()]
    assert {pixels.tobytes(): row["label"] for pixels, row in seen} == label_of
    for split, some in found.items():
        for name, (_, row) in some.items():
            shown = next(
                each
                for each in live.get("/dataset/images?limit=100").json()["images"]
                if each["sha256"] == row["sha256"]
            )
            assert name == f"{row['label']}/{row['sha256']}.png"
            assert row["split"] == split == shown["split"]
            assert (row["source"], row["batch"], row["time"]) == (shown["source"], shown["batch"], shown["created_at"])


def test_a_part_is_exported_by_the_conditions_of_a_list(live: LiveServer) -> None:
    found = read_imagefolder(live.get("/dataset/export?source=camera").content)
    assert {row["source"] for some in found.values() for _, row in some.values()} == {"camera"}
    assert sum(map(len, found.values())) == 20
    assert live.get("/dataset/export?state=none").status_code == 400


def test_what_is_relabelled_or_put_aside_is_exported_so(live: LiveServer) -> None:
    images = [each["sha256"] for each in live.get("/dataset/images?source=scanner").json()["images"]]
    for change in (
        {"action": "relabel", "label": "0", "images": images[:5]},
        {"action": "remove", "images": images[5:7]},
    ):
        assert live.post("/dataset/batches", json=change).status_code == 201
    found = read_imagefolder(live.get("/dataset/export").content)
    rows = {row["sha256"]: row for some in found.values() for _, row in some.values()}
    assert {(rows[each]["label"], rows[each]["source"]) for each in images[:5]} <= {
        ("0", "correction"),
        ("0", "scanner"),
    }
    assert not set(images[5:7]) & rows.keys()
    for batch in ("4", "3"):
        live.client.delete(f"{live.url}/dataset/batches/{batch}")


def test_an_image_whose_file_is_lost_is_named(live: LiveServer) -> None:
    path = next(live.data.rglob("*.png"))
    whole = path.read_bytes()
    path.unlink()
    try:
        with zipfile.ZipFile(io.BytesIO(live.get("/dataset/export").content)) as archive:
            assert path.stem in archive.read("left-out.txt").decode()
            assert not any(path.stem in name for name in archive.namelist())
    finally:
        path.write_bytes(whole)
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(whole).digest()


def test_nothing_is_a_zip_too(server: LiveServer) -> None:
    with zipfile.ZipFile(io.BytesIO(server.get("/dataset/export").content)) as archive:
        assert archive.namelist() == []
