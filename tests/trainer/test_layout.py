"""Datasets as people have them: every layout gives the same labels, and a bad one a sentence with file and remedy."""

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.layouts import tree
from server.layouts.errors import DatasetError
from server.pictures.preprocessing import Preprocessing
from server.store.archive import archive
from server.store.dataset import Labelled
from server.store.selection import Selection
from tests.digits import encoded, mnist, png_of
from tests.tiny import memory_in
from trainer import dataset
from trainer.prepare import Prepared, prepare

COLOUR = Preprocessing("resize", 16, 16, 3)
LABELS = ("a cat", "数字", "🐱")
Files = dict[str, bytes]


def picture(number: int) -> bytes:
    return encoded(Image.fromarray(np.random.default_rng(number).integers(0, 256, (9, 9, 3), np.uint8)), "PNG")


def pictures(per_class: int = 60) -> dict[str, list[bytes]]:
    return {label: [picture(1000 * n + each) for each in range(per_class)] for n, label in enumerate(LABELS)}


def halved(train: str = "train", test: str = "test", top: str = "") -> Files:
    return {
        f"{top}{train if position % 4 else test}/{label}/{position}.png": data
        for label, some in pictures().items()
        for position, data in enumerate(some)
    }


def unhalved() -> Files:
    return {f"{label}/{n}.png": data for label, some in pictures().items() for n, data in enumerate(some)}


def listed(kind: str, split: bool) -> Files:
    rows = [
        {"file_name": f"all/{n}-{position}.png", "label": label}
        | ({"split": "valid" if position % 4 == 0 else "training"} if split else {})
        for n, (label, some) in enumerate(pictures().items())
        for position in range(len(some))
    ]
    text = io.StringIO()
    if kind == "csv":
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    else:
        text.write("".join(json.dumps(row) + "\n" for row in rows))
    files = {
        f"all/{n}-{position}.png": data
        for n, some in enumerate(pictures().values())
        for position, data in enumerate(some)
    }
    return files | {f"metadata.{kind}": text.getvalue().encode()}


def write(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pack(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def prepared(path: Path, work: Path, preprocessing: Preprocessing = COLOUR) -> Prepared:
    return prepare(dataset.find(path), memory_in(work), preprocessing, work)


LAYOUTS: dict[str, Callable[[], Files]] = {
    "train and test": halved,
    "Training and eval": lambda: halved("Training", "eval"),
    "train and valid": lambda: halved("train", "valid"),
    "one folder more": lambda: halved(top="my data/"),
    "labels alone": unhalved,
    "metadata.csv": lambda: listed("csv", False),
    "metadata.csv with split": lambda: listed("csv", True),
    "metadata.jsonl": lambda: listed("jsonl", True),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_same_labels(tmp_path: Path, name: str, zipped: bool) -> None:
    files = LAYOUTS[name]()
    path = pack(tmp_path / "set.zip", files) if zipped else write(tmp_path / "set", files)
    found = dataset.find(path)
    assert (found.labels, found.size) == (LABELS, 180)
    assert {example.label: set() for example in found.examples()}.keys() == set(LABELS)
    expected = {data: label for label, some in pictures().items() for data in some}
    for example in found.examples():
        assert isinstance(example.picture, tuple)
        assert expected[example.picture[0].read(example.picture[1])] == example.label
    made = prepared(path, tmp_path)
    counts = {part: sum(some.values()) for part, some in made.counts().items()}
    if name in ("labels alone", "metadata.csv"):
        assert 15 < counts["test"] < 60
        assert "one picture in five" in " ".join(found.notes)
    else:
        assert counts["test"] == 45
    assert sum(counts.values()) == 180


def test_validation_pictures_judge_where_there_is_a_test_half_too(tmp_path: Path) -> None:
    files = halved()
    moved = {name.replace("train", "dev") if name.endswith(("1.png", "2.png")) else name: files[name] for name in files}
    found = dataset.find(write(tmp_path / "set", moved))
    assert Counter(example.half for example in found.examples())["validation"] > 20
    made = prepared(tmp_path / "set", tmp_path)
    assert len(made.rows["validation"]) > 20


def test_stray_files_are_passed_over_and_named(tmp_path: Path) -> None:
    stray = {
        "train/a cat/.DS_Store": b"1",
        "train/a cat/Thumbs.db": b"1",
        "README.md": b"#",
        "train/🐱/notes.txt": b"x",
    }
    files = halved() | stray | {"__MACOSX/train/a cat/._1.png": b"1", ".git/config": b""}
    found = dataset.find(write(tmp_path / "set", files))
    assert (found.labels, found.size) == (LABELS, 180)
    assert found.notes[0].startswith("passed over, since they are no pictures of the dataset: ")
    assert found.notes[0].endswith(" and 3 more")


def test_a_broken_picture_is_left_out_and_named_and_many_are_refused(tmp_path: Path) -> None:
    files = halved() | {"train/a cat/7.png": b"\x89PNG broken"}
    made = prepared(write(tmp_path / "set", files), tmp_path)
    assert sum(sum(some.values()) for some in made.counts().values()) == 179
    assert len(made.notes) == 1
    assert "train/a cat/7.png" in made.notes[0]
    assert "remove" in made.notes[0]
    files |= dict.fromkeys(list(files)[:9], b"")  # 5 %
    with pytest.raises(DatasetError, match=r"of 180 pictures can't be read, more than 2%: .*png.*; mend or remove"):
        prepared(write(tmp_path / "set", files), tmp_path)


def test_a_picture_that_preprocessing_can_not_use_is_left_out_and_named(tmp_path: Path) -> None:
    digits = mnist("train")
    files = {
        f"{half}/{number}/{each}.png": digits.png(each)
        for half, start in (("train", 0), ("test", 100))
        for number in (3, 5)
        for each in digits.of_class(number, 150)[start : start + 50 + (100 - start) // 2]
    }
    files["train/3/blank.png"] = png_of(np.full((28, 28), 255, np.uint8))
    made = prepared(write(tmp_path / "set", files), tmp_path, Preprocessing("digit", 28, 28, 1))
    assert sum(sum(some.values()) for some in made.counts().values()) == len(files) - 1
    assert "train/3/blank.png" in made.notes[0]


def test_what_is_in_two_halves_or_of_two_classes_is_named(tmp_path: Path) -> None:
    files = halved()
    files["train/a cat/copy.png"] = files["test/a cat/0.png"]
    files["train/🐱/copy.png"] = files["train/a cat/1.png"]
    notes = " ".join(prepared(write(tmp_path / "set", files), tmp_path).notes)
    assert "in two halves, so that they judge" in notes
    assert "test/a cat/0.png and " in notes
    assert "in two classes: " in notes
    assert "train/🐱/copy.png and " in notes


BAD: dict[str, tuple[Callable[[], Files], str]] = {
    "one class": (lambda: {f"cat/{n}.png": picture(n) for n in range(9)}, r"or more, found \['cat'\]; make"),
    "one picture": (lambda: {"cat/1.png": picture(1)}, "two classes or more"),
    "pictures without a class": (lambda: {f"{n}.png": picture(n) for n in range(9)}, "there is no picture; expected"),
    "nothing": (lambda: {"README.md": b""}, "there is no picture; expected"),
    "a class of strays": (lambda: unhalved() | {"dog/.DS_Store": b""}, "dog: the class has no image; add some"),
    "a class without test": (lambda: halved() | {"train/dog/1.png": picture(1)}, r"only one of them has \['dog'\]"),
    "a class that only judges": (
        lambda: {k.replace("test", "dev"): v for k, v in halved().items()} | {"dev/dog/1.png": picture(1)},
        r"\['dog'\]",
    ),
    "a label that is a path": (
        lambda: {"1.png": picture(1), "metadata.csv": b"file_name,label\n1.png,../../etc\n"},
        r"metadata.csv, line 2: the label '../../etc' is a path",
    ),
    "a file outside": (
        lambda: {"metadata.csv": b"file_name,label\n../../etc/passwd,a\n"},
        "line 2: '../../etc/passwd' leads out of the dataset",
    ),
    "a file that is not there": (lambda: {"metadata.csv": b"file_name,label\nx.png,a\n"}, "no file 'x.png'; add it"),
    "another split": (
        lambda: {"1.png": picture(1), "metadata.csv": b"file_name,label,split\n1.png,a,some\n"},
        "line 2: the split 'some' is none of train",
    ),
    "no label": (lambda: {"metadata.csv": b"file_name,class\n1.png,a\n"}, "line 2: expected a file_name and a label"),
    "no JSON": (lambda: {"metadata.jsonl": b'{"file_name": "a", \n'}, "line 1: it is no JSON"),
    "no text": (lambda: {"metadata.csv": b"\xff\xfe\0"}, r"metadata.csv: expected text in UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_dataset_has_a_sentence(tmp_path: Path, name: str, zipped: bool) -> None:
    make, says = BAD[name]
    path = pack(tmp_path / "set.zip", make()) if zipped else write(tmp_path / "set", make())
    with pytest.raises(DatasetError, match=says):
        dataset.find(path)


def test_a_class_of_which_nothing_can_be_used_is_named(tmp_path: Path) -> None:
    files = unhalved() | {"dog/1.png": b"broken"}
    with pytest.raises(DatasetError, match=r"no picture of 'dog' can be used \(.*dog/1.png\); add some"):
        prepared(write(tmp_path / "set", files), tmp_path)


@pytest.mark.parametrize("name", ["../a/1.png", "/a/1.png", "a/../../1.png", "..\\a\\1.png", "C:/a/1.png"])
def test_a_zip_that_leads_out_of_itself_is_refused(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / "set.zip", unhalved() | {name: picture(1)})
    with pytest.raises(DatasetError, match=r"set.zip: '.*1.png' leads out of the zip; pack it again"):
        dataset.find(path)


def test_a_zip_that_is_a_bomb_a_link_or_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "FILE_LIMIT_BYTES", 2**20)
    with pytest.raises(DatasetError, match=r"'a/bomb.png' has 1,048,577 bytes; the limit"):
        dataset.find(pack(tmp_path / "large.zip", unhalved() | {"a/bomb.png": b"\0" * (2**20 + 1)}))
    monkeypatch.setattr(tree, "ZIP_FREE_BYTES", 2**20)
    many = {f"a/{n}.png": b"\0" * 2**20 for n in range(8)}
    with pytest.raises(DatasetError, match=r"'a/0.png' and the others unpack from [0-9,]+ to 8,388,608 bytes"):
        dataset.find(pack(tmp_path / "many.zip", many))
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as made:
        link = zipfile.ZipInfo("a/1.png")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match=r"'a/1.png' is a link"):
        dataset.find(tmp_path / "link.zip")
    (tmp_path / "none.zip").write_bytes(b"PK\3\4 cut")
    with pytest.raises(DatasetError, match=r"none.zip: expected a folder or a zip"):
        dataset.find(tmp_path / "none.zip")


def test_what_the_service_exports_is_a_dataset(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    some = [(Image.open(io.BytesIO(data)), label) for label, of in pictures(20).items() for data in of]
    memory.dataset.add([Labelled(image, label) for image, label in some], "upload")
    path = tmp_path / "out.zip"
    path.write_bytes(b"".join(archive(memory.browser, memory.content, Selection())))
    found = dataset.find(path)
    exported = {Path(example.origin).stem: (example.label, example.half) for example in found.examples()}
    assert exported == {each.sha256: (each.label, each.split) for each in memory.browser.learnable()[2]}
