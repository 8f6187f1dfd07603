"""A dataset is read whole, or refused with the name of the file that is wrong."""

import gzip
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from server.layouts.errors import DatasetError
from server.pictures.preprocessing import Preprocessing
from server.store.dataset import Labelled
from tests.digits import FOLDER, Digits, encoded, mnist, write_idx, write_small_mnist
from tests.tiny import memory_in
from trainer import dataset, idx
from trainer.deal import check_enough, part_of
from trainer.prepare import Prepared, prepare

DIGIT = Preprocessing("digit", 28, 28, 1)
COLOUR = Preprocessing("resize", 32, 32, 3)


def test_mnist_is_read_as_it_is() -> None:
    found = dataset.find(FOLDER)
    assert (found.labels, found.size) == (tuple("0123456789"), 70_000)
    train, test = mnist("train"), mnist("t10k")
    for number, example in enumerate(found.examples()):
        if number % 1000 == 0:
            half, position = (train, number) if number < 60_000 else (test, number - 60_000)
            assert example.half == ("train" if half is train else "test")
            assert example.label == str(half.classes[position])
            assert np.array_equal(np.asarray(example.read(1)), half.images[position])


def test_a_wrong_sum_names_file_expected_and_found(tmp_path: Path) -> None:
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    labels = tmp_path / "t10k-labels-idx1-ubyte.gz"
    data = bytearray(gzip.decompress(labels.read_bytes()))
    data[100] ^= 1
    labels.write_bytes(gzip.compress(bytes(data)))
    with pytest.raises(DatasetError, match=r"t10k-labels-idx1-ubyte.gz: expected md5 27ae3e4e.*, found"):
        dataset.find(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 10, 1000])
def test_a_cut_gzip_file_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes((FOLDER / path.name).read_bytes()[:keep])
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte\.gz"):
        idx.read(path)


@pytest.mark.parametrize("data", [b"", b"\0\0\x0d\x01", b"\0\0\x08\x01\0\0\0\x05abc", b"GIF89a"])
def test_what_is_no_idx_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "labels"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="labels: expected"):
        idx.read(path)


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        dataset.find(tmp_path / "none")
    with pytest.raises(DatasetError, match="train"):
        dataset.find(tmp_path)
    write_small_mnist(tmp_path, 50, 50)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DatasetError, match="t10k-labels-idx1-ubyte"):
        dataset.find(tmp_path)


def test_a_class_missing_in_test_is_named(tmp_path: Path) -> None:
    train, test = mnist("train"), mnist("t10k")
    kept = test.classes[:300] != 4
    write_idx(
        tmp_path,
        Digits(train.images[:300], train.classes[:300]),
        Digits(test.images[:300][kept], test.classes[:300][kept]),
    )
    with pytest.raises(DatasetError, match="no test image of 4"):
        dataset.find(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "expected 10 names, .* found 0"),
        (b"a\nb\nc\n", "expected 10 names, .* found 3"),
        (b"a\nb\nc\nd\ne\nf\ng\nh\ni\n\n\n", "expected 10 names, .* found 9"),
        (b"a\nb\nc\nd\ne\nf\ng\nh\ni\na\n", "'a' is none"),
        (b"a\nb\n\nd\ne\nf\ng\nh\ni\nj\n", "'' is none"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_names_that_do_not_fit_the_classes_are_refused(tmp_path: Path, text: bytes, says: str) -> None:
    write_small_mnist(tmp_path, 200, 200)
    (tmp_path / "labels.txt").write_bytes(text)
    with pytest.raises(DatasetError, match=rf"labels\.txt: .*{says}"):
        dataset.find(tmp_path)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nmore\nthan needed\n"])
def test_classes_have_the_names_of_their_lines(tmp_path: Path, end: str) -> None:
    write_small_mnist(tmp_path, 200, 200)
    (tmp_path / "labels.txt").write_text("zéro\none\ntwo\nthree\n4\n5\n6\n7\n8\nnine" + end, "utf-8")
    assert dataset.find(tmp_path).labels == ("zéro", "one", "two", "three", "4", "5", "6", "7", "8", "nine")


def write_folders(folder: Path, labels: tuple[str, ...] = ("cat", "dog"), images: int = 60) -> None:
    """A colour dataset: each class has a tint of its own."""
    random = np.random.default_rng(3)
    for half, count in (("train", images), ("test", images // 3)):
        for number, label in enumerate(labels):
            (folder / half / label).mkdir(parents=True)
            for position in range(count):
                pixels = random.integers(0, 90, (24 + position % 9, 32, 3), np.uint8)
                pixels[..., number % 3] += 120
                data = encoded(Image.fromarray(pixels), "JPEG")
                (folder / half / label / f"{position}.jpg").write_bytes(data)


def test_folders_of_mixed_sizes_are_read(tmp_path: Path) -> None:
    write_folders(tmp_path / "set")
    found = dataset.find(tmp_path / "set")
    assert (found.labels, found.size) == (("cat", "dog"), 160)
    prepared = prepare(found, memory_in(tmp_path), COLOUR, tmp_path)
    assert prepared.images.shape == (160, 32, 32, 3)
    assert prepared.counts()["test"] == {"cat": 20, "dog": 20}
    images, classes = prepared.part("test")
    assert (images[classes == 0][..., 0].mean(axis=(1, 2)) > 100).all()


def test_an_empty_class_one_class_and_unequal_halves_are_named(tmp_path: Path) -> None:
    write_folders(tmp_path / "empty")
    (tmp_path / "empty" / "train" / "bird").mkdir()
    with pytest.raises(DatasetError, match="bird: the class has no image"):
        dataset.find(tmp_path / "empty")
    write_folders(tmp_path / "one", labels=("cat",))
    with pytest.raises(DatasetError, match="two classes"):
        dataset.find(tmp_path / "one")
    write_folders(tmp_path / "unequal")
    (tmp_path / "unequal" / "test" / "dog").rename(tmp_path / "unequal" / "test" / "wolf")
    with pytest.raises(DatasetError, match=r"\['dog', 'wolf'\]"):
        dataset.find(tmp_path / "unequal")


def test_classes_of_one_image_are_too_few(tmp_path: Path) -> None:
    write_folders(tmp_path / "set", images=3)
    for path in (tmp_path / "set" / "train").glob("*/[12].jpg"):
        path.unlink()
    few = prepare(dataset.find(tmp_path / "set"), memory_in(tmp_path), COLOUR, tmp_path)
    with pytest.raises(DatasetError, match=r"set: too few different pictures of '\w+' .* more of"):
        check_enough(few.counts(), few.labels, "set")


def test_the_parts_last_and_have_their_shares() -> None:
    parts = [part_of(hashlib.sha256(bytes([number % 256, number // 256])).hexdigest()) for number in range(20_000)]
    assert parts[:4] == ["fit", "fit", "fit", "validation"]
    shares = {part: parts.count(part) / len(parts) for part in set(parts)}
    assert shares == pytest.approx({"fit": 0.85, "validation": 0.05, "gate": 0.10}, abs=0.01)


def test_uploads_are_prepared_and_what_judges_is_never_trained_on(tmp_path: Path) -> None:
    write_small_mnist(tmp_path / "set", 400, 100)
    memory = memory_in(tmp_path)
    base, held, fresh = mnist("train"), mnist("t10k"), mnist("train")
    pictures = [Labelled(Image.fromarray(held.images[each]), str(held.classes[each])) for each in range(100)]
    pictures += [Labelled(Image.fromarray(base.images[each]), str(base.classes[each])) for each in range(400)]
    memory.dataset.add(pictures, "upload")
    prepared = prepare(dataset.find(tmp_path / "set"), memory, DIGIT, tmp_path)
    assert len(prepared.rows["held out"]) == 0
    assert bytes_of(prepared, "uploads") <= bytes_of(prepared, "fit")
    assert prepared.skipped == 500 - len(prepared.rows["uploads"]) > 200
    memory.dataset.add(
        [Labelled(Image.fromarray(fresh.images[each]), str(fresh.classes[each])) for each in range(1000, 1100)],
        "scanner",
    )
    again = prepare(dataset.find(tmp_path / "set"), memory, DIGIT, tmp_path)
    assert again.sources == ("scanner",) * len(again.rows["held out"])
    assert len(again.rows["held out"]) > 10
    assert {again.taught[row] for row in again.rows["uploads"].tolist()} == {(1, False), (2, False)}
    assert len(again.rows["uploads"]) + len(again.rows["held out"]) > len(prepared.rows["uploads"]) + 95
    judging = bytes_of(again, "validation", "gate", "test", "held out")
    assert not judging & bytes_of(again, "fit", "uploads")


def bytes_of(prepared: Prepared, *parts: str) -> set[bytes]:
    return {prepared.images[row].tobytes() for part in parts for row in prepared.rows[part]}


def test_a_digit_that_is_saved_again_in_the_other_half_is_not_trained_on(tmp_path: Path) -> None:
    digits = mnist("train")
    for position in range(120):
        digit = Image.fromarray(digits.images[position])
        pictures = {f"train/{position}.png": encoded(digit, "PNG")}
        if position < 30:
            pictures[f"test/again{position}.jpg"] = encoded(ImageChops.offset(digit, 1, 1), "JPEG", quality=80)
        for name, data in pictures.items():
            half, file = name.split("/")
            folder = tmp_path / "set" / half / str(digits.classes[position] % 2)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
    prepared = prepare(dataset.find(tmp_path / "set"), memory_in(tmp_path), DIGIT, tmp_path)
    first = {DIGIT.apply(Image.fromarray(digits.images[position])).tobytes() for position in range(30)}
    assert len(first & bytes_of(prepared, "fit")) <= 1
    assert prepared.base_left_out >= 18  # the others are of parts that judge
    assert len(prepared.rows["fit"]) > 50


@pytest.mark.long(seconds=4)
def test_no_copy_of_what_judges_is_trained_on(tmp_path: Path) -> None:
    write_small_mnist(tmp_path / "set", 300, 100)
    memory, held = memory_in(tmp_path), mnist("t10k")
    digits = [Image.fromarray(pixels) for pixels in held.images[:100]]
    saved = [Image.open(io.BytesIO(encoded(digit, "JPEG", quality=75))) for digit in digits]
    inverted = [ImageOps.invert(digit) for digit in digits]
    shifted = [ImageChops.offset(digit, 1, -1) for digit in digits]
    enlarged = [digit.resize((280, 280), Image.Resampling.BICUBIC) for digit in digits]
    labels = [str(number) for number in held.classes[:100]]
    for copied in (saved, inverted, shifted, enlarged):
        memory.dataset.add([Labelled(*each) for each in zip(copied, labels, strict=True)], "upload")
    prepared = prepare(dataset.find(tmp_path / "set"), memory, DIGIT, tmp_path)
    assert len(prepared.rows["uploads"]) + len(prepared.rows["held out"]) <= 4


def test_a_picture_in_both_halves_judges_and_does_not_train(tmp_path: Path) -> None:
    train, test = mnist("train"), mnist("t10k")
    twice = Digits(
        np.concatenate([train.images[:300], test.images[:40]]), np.concatenate([train.classes[:300], test.classes[:40]])
    )
    write_idx(tmp_path / "set", twice, Digits(test.images[:100], test.classes[:100]))
    prepared = prepare(dataset.find(tmp_path / "set"), memory_in(tmp_path), DIGIT, tmp_path)
    assert prepared.base_left_out > 25  # the others of the forty fell into parts that judge
    assert not bytes_of(prepared, "fit") & bytes_of(prepared, "validation", "gate", "test")


def test_an_upload_with_a_label_the_dataset_lacks_is_named(tmp_path: Path) -> None:
    write_small_mnist(tmp_path / "set", 200, 100)
    memory = memory_in(tmp_path)
    memory.dataset.add([Labelled(Image.fromarray(mnist("t10k").images[0]), "seven")], "upload")
    with pytest.raises(DatasetError, match="seven"):
        prepare(dataset.find(tmp_path / "set"), memory, DIGIT, tmp_path)
