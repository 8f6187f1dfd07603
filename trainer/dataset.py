"""The base dataset, read from its files: IDX as MNIST has it, or folders train/<label>/* and test/<label>/*.

Pictures are given one by one, so that a folder need not fit in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from server.pictures import image
from server.pictures.errors import PictureError
from trainer import idx
from trainer.errors import DatasetError

Half = Literal["train", "test"]
HALVES: tuple[Half, ...] = ("train", "test")

LIMITS = image.Limits(pixels=100_000_000, memory_bytes=2**30, whole_pixels=100_000_000)
_IDX_PREFIX = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class Example:
    """One picture of the dataset: where it is from, for messages, and how to read it."""

    origin: str
    label: str
    half: Half
    picture: Image.Image | Path

    def read(self, channels: int) -> Image.Image:
        """The picture as image.read gives it; raises DatasetError that names the file."""
        if isinstance(self.picture, Image.Image):
            return self.picture
        try:
            return image.read(self.picture.read_bytes(), channels, LIMITS)
        except (OSError, PictureError) as error:
            raise DatasetError(f"{self.origin}: {error}") from None


@dataclass(frozen=True)
class Dataset:
    """The labels, in the order of the model's outputs, and the number of examples."""

    folder: Path
    labels: tuple[str, ...]
    size: int

    def examples(self) -> Iterator[Example]:
        """Every example, the training half first, always in the same order."""
        if _is_idx(self.folder):
            yield from _idx_examples(self.folder, self.labels)
        else:
            yield from _folder_examples(self.folder)


def find(folder: Path) -> Dataset:
    """The dataset in a folder; raises DatasetError if it is none, or not one to learn from."""
    if not folder.is_dir():
        raise DatasetError(f"{folder}: there is no such folder")
    dataset = _find_idx(folder) if _is_idx(folder) else _find_folders(folder)
    if len(dataset.labels) < 2:
        raise DatasetError(f"{folder}: expected two classes or more, found {list(dataset.labels)}")
    return dataset


def _is_idx(folder: Path) -> bool:
    return idx.find(folder, "train-images-idx3-ubyte") is not None


def _idx_file(folder: Path, half: Half, kind: str) -> Path:
    name = f"{_IDX_PREFIX[half]}-{kind}"
    path = idx.find(folder, name)
    if path is None:
        raise DatasetError(f"{folder}: expected {name} or {name}.gz, found neither")
    return path


def _find_idx(folder: Path) -> Dataset:
    labels = {half: idx.read(_idx_file(folder, half, "labels-idx1-ubyte")) for half in HALVES}
    classes = int(max(array.max(initial=0) for array in labels.values())) + 1
    listed = _named(folder / "labels.txt", classes)
    for half, array in labels.items():
        missing = sorted(set(range(classes)) - set(array.tolist()))
        if missing:
            raise DatasetError(f"{folder}: no {half} image of {', '.join(listed[number] for number in missing)}")
    return Dataset(folder, listed, sum(len(array) for array in labels.values()))


def _named(path: Path, classes: int) -> tuple[str, ...]:
    """The names of the classes, a line each, or their numbers where there is no such file."""
    if not path.is_file():
        return tuple(map(str, range(classes)))
    try:
        names = [line.strip() for line in path.read_text("utf-8").rstrip().split("\n")]
    except ValueError:
        raise DatasetError(f"{path}: expected text in UTF-8, a name a line") from None
    if names == [""] or len(names) < classes:
        found = 0 if names == [""] else len(names)
        raise DatasetError(
            f"{path}: expected {classes} names, a line each, since there are so many classes; found {found}"
        )
    names = names[:classes]
    if "" in names or len(set(names)) < classes:
        wrong = next(name for name in names if not name or names.count(name) > 1)
        raise DatasetError(f"{path}: expected a name of its own for each class; {wrong!r} is none")
    return tuple(names)


def _idx_examples(folder: Path, labels: tuple[str, ...]) -> Iterator[Example]:
    for half in HALVES:
        images_path = _idx_file(folder, half, "images-idx3-ubyte")
        images, numbers = idx.read(images_path), idx.read(_idx_file(folder, half, "labels-idx1-ubyte"))
        if images.ndim != 3 or len(images) != len(numbers):
            raise DatasetError(f"{images_path}: expected {len(numbers)} grey images, found shape {images.shape}")
        for position, (pixels, number) in enumerate(zip(images, numbers.tolist(), strict=True)):
            yield Example(f"{images_path}[{position}]", labels[number], half, Image.fromarray(pixels))


def _find_folders(folder: Path) -> Dataset:
    found = {half: _classes(folder / half) for half in HALVES}
    labels = tuple(sorted(found["train"]))
    if labels != tuple(sorted(found["test"])):
        differ = sorted(set(found["train"]) ^ set(found["test"]))
        raise DatasetError(f"{folder}: train and test must have the same classes; only one of them has {differ}")
    return Dataset(folder, labels, sum(sum(classes.values()) for classes in found.values()))


def _classes(half: Path) -> dict[str, int]:
    if not half.is_dir():
        raise DatasetError(
            f"{half}: there is no such folder; expected IDX files, or train/<label>/* and test/<label>/*"
        )
    counts = {path.name: len(_files(path)) for path in half.iterdir() if path.is_dir() and path.name[0] != "."}
    empty = sorted(label for label, count in counts.items() if not count)
    if empty:
        raise DatasetError(f"{half / empty[0]}: the class has no image; add some or remove the folder")
    return counts


def _folder_examples(folder: Path) -> Iterator[Example]:
    for half in HALVES:
        for label in sorted(_classes(folder / half)):
            for path in _files(folder / half / label):
                yield Example(str(path), label, half, path)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
