"""The base dataset, read from its files: IDX as MNIST has it, or pictures in folders or a zip (layout.py).

Pictures are given one by one, so that a dataset need not fit in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from export.shared import Called
from server.layouts.errors import DatasetError
from server.layouts.layout import Half, Layout, layout_of
from server.layouts.tree import Folder, Tree, Zip
from server.pictures import image
from server.pictures.errors import PictureError
from server.store.vocabulary import Vocabulary
from trainer import idx

HALVES: tuple[Half, ...] = ("train", "test")

LIMITS = image.Limits(pixels=100_000_000, memory_bytes=2**30, whole_pixels=100_000_000)
NAMED = 3  # files that a sentence names
_IDX_PREFIX = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class Example:
    """One picture of the dataset: where it is from, for messages, and how to read it."""

    origin: str
    label: str
    half: Half | None  # None: nobody said
    picture: Image.Image | tuple[Tree, str]

    def read(self, channels: int) -> Image.Image:
        """The picture as image.read gives it; raises DatasetError that names the file."""
        if isinstance(self.picture, Image.Image):
            return self.picture
        tree, file = self.picture
        try:
            return image.read(tree.read(file), channels, LIMITS)
        except (OSError, PictureError) as error:
            raise DatasetError(f"{self.origin}: {error}") from None


@dataclass(frozen=True)
class Dataset:
    """The labels, in their order, and the number of examples."""

    folder: Path
    labels: tuple[str, ...]
    size: int
    notes: tuple[str, ...] = ()  # what its user should know before it is trained on
    laid_out: tuple[Tree, Layout] | None = None  # None: IDX
    decided: Vocabulary | None = None  # what became of its labels, where anything was decided about the classes

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels as they are by now: what is trained."""
        return self.labels if self.decided is None else self.decided.names

    @property
    def called(self) -> Called | None:
        """What a label is called by now; None where nothing was decided."""
        return None if self.decided is None else self.decided.of

    def examples(self) -> Iterator[Example]:
        """Every example, the training half first, always in the same order."""
        if not self.size:
            return
        if self.laid_out is None:
            yield from _idx_examples(self.folder, self.labels)
        else:
            tree, layout = self.laid_out
            for entry in layout.entries:
                yield Example(tree.name(entry.file), entry.label, entry.half, (tree, entry.file))


def nothing(vocabulary: Vocabulary) -> Dataset:
    """What a model that begins from nothing has for a base: uploads alone teach it."""
    return Dataset(Path("uploads"), vocabulary.names, 0, decided=vocabulary)


def find(folder: Path) -> Dataset:
    """The dataset in a folder or a zip; raises DatasetError if it is none, or not one to learn from."""
    if not folder.exists():
        raise DatasetError(f"{folder}: there is no such folder, nor a zip")
    dataset = _find_idx(folder) if _is_idx(folder) else _find_pictures(folder)
    if len(dataset.labels) < 2:
        raise DatasetError(
            f"{folder}: expected two classes or more, found {list(dataset.labels)}; make a folder for each class"
        )
    return dataset


def _find_pictures(path: Path) -> Dataset:
    tree = Folder(path) if path.is_dir() else Zip(path)
    layout = layout_of(tree)
    if not layout.entries:
        raise DatasetError(
            f"{path}: there is no picture; expected IDX files, train/<label>/* and test/<label>/*, <label>/*, or a "
            "metadata.csv with file_name and label"
        )
    notes = []
    if layout.stray:
        notes.append(f"passed over, since they are no pictures of the dataset: {named(layout.stray)}")
    if all(entry.half is None for entry in layout.entries):
        notes.append("no test half is named, so one picture in five is held out as test, by the hash of its pixels")
    labels = tuple(sorted({entry.label for entry in layout.entries}))
    return Dataset(path, labels, len(layout.entries), tuple(notes), (tree, layout))


def named(files: Sequence[str]) -> str:
    """The first of files, in words."""
    others = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + others


def _is_idx(folder: Path) -> bool:
    return folder.is_dir() and idx.find(folder, "train-images-idx3-ubyte") is not None


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
