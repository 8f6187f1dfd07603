"""A dataset as people have it is uploaded in one call: a zip of folders, or a metadata.csv beside the pictures."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.digits import Digits
from tests.live import LiveServer
from tests.server.layouts.test_tree import packed


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("live"), "--trainer", "none", "--zip-limit-files", "60") as server:
        yield server


@pytest.fixture
def live(one: LiveServer) -> Iterator[LiveServer]:
    """Empty before and after."""
    yield one
    for each in one.get("/dataset/batches?limit=1000").json()["batches"]:
        assert one.client.delete(f"{one.url}/dataset/batches/{each['batch']}").status_code == 200


def send(server: LiveServer, *files: tuple[str, bytes], **fields: str) -> httpx.Response:
    return server.post("/upload", files=[("files", each) for each in files], data=fields)


def labels_of(server: LiveServer) -> dict[str, tuple[str, str]]:
    images = server.get("/dataset/images?limit=1000&state=labelled").json()["images"]
    return {each["sha256"]: (each["label"], each["split"]) for each in images}


def folders(digits: Digits, positions: range, prefix: str = "") -> dict[str, bytes]:
    return {f"{prefix}{digits.classes[each]}/{each}.png": digits.png(each) for each in positions}


def listed(digits: Digits, positions: range, kind: str = "csv") -> dict[str, bytes]:
    rows = [(f"{each}.png", str(digits.classes[each])) for each in positions]
    files = {name: digits.png(each) for (name, _), each in zip(rows, positions, strict=True)}
    if kind == "csv":
        return files | {"metadata.csv": "\n".join(["file_name,label", *map(",".join, rows)]).encode()}
    lines = [json.dumps({"file_name": name, "label": label}) for name, label in rows]
    return files | {"metadata.jsonl": "\n".join(lines).encode()}


def test_each_layout_is_taken_and_says_the_same(live: LiveServer, digits: Digits) -> None:
    some = range(20)
    found = []
    for files in (
        folders(digits, some),
        folders(digits, range(15), "pets/train/") | folders(digits, range(15, 20), "pets/test/"),
        listed(digits, some),
        listed(digits, some, "jsonl"),
    ):
        for sent in ([("set.zip", packed(files))], list(files.items())):
            answer = send(live, *sent)
            assert answer.status_code == 201, answer.text
            assert (answer.json()["count"], answer.json()["refused"]) == (20, [])
            found.append(labels_of(live))
            assert live.client.delete(f"{live.url}/dataset/batches/{answer.json()['batch']}").status_code == 200
    assert all(each == found[0] for each in found)
    assert sorted(label for label, _ in found[0].values()) == sorted(str(digits.classes[each]) for each in some)


def test_what_is_passed_over_or_broken_is_named(live: LiveServer, digits: Digits) -> None:
    files = folders(digits, range(20)) | {
        "7/.DS_Store": b"\0",
        "Thumbs.db": b"\0",
        "README.md": b"# Digits",
        "alone.png": digits.png(30),
        "1/cut.png": digits.png(31)[:60],
        "cat/1.png": digits.png(32),
    }
    answer = send(live, ("set.zip", packed(files))).json()
    assert answer["count"] == 20
    assert {each["file"]: each["reason"] for each in answer["passed_over"]} == {
        "7/.DS_Store": "it is no picture of the dataset",
        "Thumbs.db": "it is no picture of the dataset",
        "README.md": "it is no picture of the dataset",
        "alone.png": "it is in no folder that is named by a label",
    }
    assert [(each["file"], each["code"]) for each in answer["refused"]] == [
        ("1/cut.png", "unusable_image"),
        ("cat/1.png", "unusable_label"),
    ]


def test_what_a_list_does_not_name_is_passed_over(live: LiveServer, digits: Digits) -> None:
    answer = send(live, *listed(digits, range(4)).items(), ("other.png", digits.png(5))).json()
    assert (answer["count"], answer["passed_over"]) == (
        4,
        [{"file": "other.png", "reason": "no metadata names it"}],
    )


def test_many_broken_pictures_are_a_broken_dataset(live: LiveServer, digits: Digits) -> None:
    broken = {f"1/cut{each}.png": digits.png(each)[:60] for each in range(4)}
    answer = send(live, ("set.zip", packed(folders(digits, range(20)) | broken)))
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_image")
    assert answer.json()["error"].startswith("4 of 24 pictures can't be used, more than 10%, so nothing was stored")
    assert "'1/cut0.png'" in answer.json()["error"]
    assert labels_of(live) == {}


@pytest.mark.parametrize(
    ("files", "fields", "status", "sentence"),
    [
        ({"1/a.zip": b"PK\3\4"}, {}, 422, "'1/a.zip' is a zip within the zip"),
        ({"../1/a.png": b"1"}, {}, 422, "leads out of the zip"),
        ({}, {}, 422, "there is no picture with a label"),
        ({"README.md": b"1"}, {}, 422, "there is no picture with a label in the form. 'README.md'"),
        ({"metadata.csv": b"file_name,label\n1.png,1\n"}, {}, 422, "metadata.csv, line 2: there is no file '1.png'"),
        ({"metadata.csv": b"file_name,label\n../1.png,1\n"}, {}, 422, "'../1.png' leads out of the dataset"),
        ({"metadata.csv": b"name,kind\n1.png,1\n"}, {}, 422, "line 2: expected a file_name and a label"),
        ({"metadata.csv": b"file_name,label\n1.png,a/b\n", "1.png": b""}, {}, 422, "the label 'a/b' is a path"),
        ({f"1/{each}.png": b"" for each in range(61)}, {}, 413, "it has over 60 files; send some"),
        ({"1/a.png": b"1"}, {"labels": "1"}, 400, "send no field 'labels' beside it"),
    ],
)
def test_a_dataset_that_cant_be_taken_has_a_sentence(
    live: LiveServer, files: dict[str, bytes], fields: dict[str, str], status: int, sentence: str
) -> None:
    answer = send(live, ("set.zip", packed(files)), **fields)
    assert (answer.status_code, sentence in answer.json()["error"]) == (status, True), answer.text


def test_what_is_exported_is_imported_with_equal_labels(live: LiveServer, tmp_path: Path, digits: Digits) -> None:
    assert send(live, ("set.zip", packed(folders(digits, range(40))))).status_code == 201
    some = list(labels_of(live))[:5]
    change = {"action": "relabel", "label": "0", "images": some}
    assert live.post("/dataset/batches", json=change).status_code == 201
    exported = live.get("/dataset/export").content
    with LiveServer(tmp_path) as empty:
        answer = send(empty, ("digits.zip", exported))
        assert (answer.status_code, answer.json()["count"]) == (201, 40), answer.text
        assert answer.json()["suspects"] == answer.json()["refused"] == answer.json()["passed_over"] == []
        assert labels_of(empty) == labels_of(live)
        assert send(empty, ("digits.zip", exported)).json()["count"] == 0


def test_suspects_and_quota_are_as_for_every_upload(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> None:
    with LiveServer(tmp_path_factory.mktemp("quota"), "--trainer", "none", "--upload-quota-images", "12") as live:
        wrong = {f"{(digits.classes[each] + 1) % 10}/{each}.png": digits.png(each) for each in range(3)}
        answer = send(live, ("set.zip", packed(wrong)))
        assert {each["file"] for each in answer.json()["suspects"]} == wrong.keys()
        refused = send(live, ("set.zip", packed(folders(digits, range(20)))))
        assert (refused.status_code, refused.json()["code"]) == (507, "quota_reached")
        assert labels_of(live) == {}


def test_a_zip_in_a_browsers_words_is_one_by_its_bytes(server: LiveServer, digits: Digits) -> None:
    made = io.BytesIO(packed(folders(digits, range(50, 52))))
    assert zipfile.is_zipfile(made)
    form = {"files": ("set.bin", made.getvalue(), "application/octet-stream")}
    assert server.post("/upload", files=form).json()["count"] == 2
