"""Pictures -> one array file in the run's work folder, prepared by the server's own preprocessing.

Everything after this reads rows of that file, so that the input pipeline is never the bottleneck and a dataset need not
fit in memory. Each image falls into a part for ever (deal.py): `fit` is trained on, `validation`
chooses, `gate` judges a candidate against the current model, `test` is only reported. No model ever trains on gate or
test, nor on a copy of what judges (likeness.py).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from export.shared import Called
from server.layouts.errors import DatasetError
from server.pictures import image
from server.pictures.errors import PictureError
from server.pictures.preprocessing import Input, Preprocessing
from server.store.content import picture_path
from server.store.memory import Memory
from trainer.dataset import Dataset, Example
from trainer.deal import Member, dealt
from trainer.groups import with_leaders
from trainer.looked_at import LookedAt
from trainer.moved import Moved
from trainer.parts import hash_of, kept_apart
from trainer.sent import Sent

PARTS = (
    "fit",
    "validation",
    "gate",
    "test",
    "uploads",
    "held out",
)  # the last two: uploads to train on, and to judge by

Images = NDArray[np.uint8]  # (N, height, width, channels)
Classes = NDArray[np.int32]  # (N,) positions in the labels


@dataclass(frozen=True)
class Prepared:
    """The model's inputs with their classes, and which rows belong to which part."""

    labels: tuple[str, ...]
    images: Images  # a memory map
    classes: Classes
    rows: dict[str, NDArray[np.int64]]  # part -> row numbers
    batches: tuple[str, ...]  # the upload batches it holds
    skipped: int  # uploads left out because they are copies of what judges, or judge what is trained on
    lost: int = 0  # uploads whose files are not there
    decision: int = 0  # that left the uploads as they were used
    fingerprint: str = ""  # of all uploads there were to use
    sources: tuple[str, ...] = ()  # of the held-out uploads
    taught: dict[int, tuple[int, bool]] = field(default_factory=dict)  # upload's row -> the decision that put its label
    # in force, and whether that was a correction
    sha256s: dict[int, str] = field(default_factory=dict)  # upload's row -> the hash of its pixels
    heard: int = 0  # what was taught after this decision is new
    again: "Callable[[Preprocessing], Prepared] | None" = None  # the same pictures, read another way
    notes: tuple[str, ...] = ()  # what reading the base showed of it
    left_out: tuple[str, ...] = ()  # pictures that can't be used, each with its reason
    alone: frozenset[str] = frozenset()  # classes that uploads alone teach, beside others of the base
    called: Called | None = None  # what a label of an earlier version is called now, where the classes were decided
    base_left_out: int = 0  # training images of the base left out because the same picture, or a copy, judges

    def part(self, name: str) -> tuple[Images, Classes]:
        """The images and classes of one part, in memory."""
        return np.asarray(self.images[self.rows[name]]), self.classes[self.rows[name]]

    def read_by(self, preprocessing: Preprocessing) -> "Prepared":
        """The same pictures as another preprocessing reads them; raises DatasetError if they are others by now."""
        assert self.again is not None
        other = self.again(preprocessing)
        if other.fingerprint != self.fingerprint:
            raise DatasetError("uploads came or went while this ran; start it again")
        return other

    def counts(self) -> dict[str, dict[str, int]]:
        """How many images of each label each part has."""
        tallies = {part: Counter(self.classes[rows].tolist()) for part, rows in self.rows.items()}
        return {
            part: {self.labels[number]: tally[number] for number in sorted(tally)} for part, tally in tallies.items()
        }


def prepare(
    dataset: Dataset, memory: Memory, preprocessing: Preprocessing, work: Path, before: Prepared | None = None
) -> Prepared:
    """Read every picture of the dataset and the uploads once; raises DatasetError that names a file it can't use.

    The uploads are those of one decision, whatever is changed meanwhile: the files of removed ones stay until the job
    is over. Nothing that judges is trained on: a training image or an upload that is a copy of one that judges is left
    out, and a held-out upload that is a copy of what is trained on. So is an upload whose file is lost, which is no
    reason to learn from none. `before`: the same pictures as another
    preprocessing read them, whose parts these have, so that models of both are compared on the same.
    """
    decision, fingerprint, stored, batches = memory.browser.learnable()
    foreign = sorted({upload.label for upload in stored} - set(dataset.classes))
    if foreign:
        raise DatasetError(f"uploads have labels that the dataset does not know: {foreign}")
    shape = (dataset.size + len(stored), preprocessing.height, preprocessing.width, preprocessing.channels)
    images = np.lib.format.open_memmap(work / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
    classes = np.zeros(shape[0], np.int32)
    rows: dict[str, list[int]] = {part: [] for part in PARTS}
    number_of = {label: number for number, label in enumerate(dataset.classes)}

    def place(row: int, label: str, part: str, prepared: Input) -> None:
        images[row], classes[row] = prepared, number_of[label]
        rows[part].append(row)

    def path_of(sha256: str) -> Path:
        return memory.content.path("data", picture_path(sha256))

    looked_at = LookedAt(dataset.size)
    with_base, without_class = set[str](), Counter[str]()
    members = []
    for row, (example, read) in enumerate(_read_base(dataset, preprocessing, looked_at)):
        label = dataset.called(example.label) if dataset.called is not None else example.label
        if label is None:
            without_class[example.label] += 1
            continue
        with_base.add(label)
        if read is not None:
            images[row], classes[row] = read[1], number_of[label]
            members.append(Member(row, label, example.half, read[0], hash_of(images, row)))
        else:  # a blank, if another preprocessing could read it: no answer is wrong
            classes[row] = number_of[label]
    if before is None:
        looked_at.check(dataset.labels if dataset.decided is None else (), str(dataset.folder))
    lost = 0
    for row, upload in enumerate(stored, dataset.size):
        path = path_of(upload.sha256)
        if not path.is_file():
            lost += 1
            print(f"left out, since its file is lost: {path}", flush=True)
        else:
            part = "uploads" if upload.split == "train" else "held out"
            taken = _read_upload(path, preprocessing, looked_at.left_out)
            if taken is None and part == "held out":  # versions are compared on the same pictures: no answer is wrong
                taken = np.zeros(preprocessing.shape, np.uint8)
            if taken is not None and upload.label in with_base:
                place(row, upload.label, part, taken)
            elif taken is not None:  # all that there is of its class are uploads: they are parted as a base is
                images[row], classes[row] = taken, number_of[upload.label]
                members.append(Member(row, upload.label, None, upload.sha256, hash_of(images, row)))
    uploads = [member for member in members if member.row >= dataset.size]
    for row, part in dealt([*members[: len(members) - len(uploads)], *with_leaders(uploads, images)]):
        rows[part].append(row)
    images.flush()
    arrays = {part: np.array(sorted(numbers), np.int64) for part, numbers in rows.items()}
    if before is None:
        sent = Sent(lambda row: Image.open(path_of(stored[row - dataset.size].sha256)), preprocessing)
        apart = kept_apart(images, classes, arrays, Moved(images, preprocessing).of, sent.of)
    else:
        apart = before.rows
    left_out = {part: len(arrays[part]) - len(apart[part]) for part in PARTS}
    made = Prepared(
        labels=dataset.classes,
        images=images,
        classes=classes,
        rows=apart,
        batches=tuple(batches),
        skipped=left_out["uploads"] + left_out["held out"],
        lost=lost,
        decision=decision,
        fingerprint=fingerprint,
        sources=tuple(stored[row - dataset.size].source for row in apart["held out"].tolist()),
        taught={row: (upload.since, upload.corrected) for row, upload in enumerate(stored, dataset.size)},
        sha256s={row: upload.sha256 for row, upload in enumerate(stored, dataset.size)},
        notes=(
            *looked_at.notes,
            *(f"left out, since {label!r} is no class: {n}" for label, n in without_class.items()),
        ),
        alone=frozenset(dataset.classes) - with_base if with_base else frozenset(),
        called=dataset.called,
        left_out=tuple(looked_at.left_out),
        base_left_out=left_out["fit"],
    )

    def again(other: Preprocessing) -> Prepared:
        folder = work / f"number-{other.number}"
        folder.mkdir(exist_ok=True)
        return prepare(dataset, memory, other, folder, made)

    return replace(made, again=again)


def _read_upload(path: Path, preprocessing: Preprocessing, left_out: list[str]) -> Input | None:
    """An upload's input; None for one that an earlier preprocessing could read and this one refuses, or that is broken.

    The first is named in `left_out`, and so is the other.
    """
    try:
        with Image.open(path) as picture:
            return preprocessing.apply(picture)
    except (PictureError, OSError, SyntaxError, ValueError) as error:  # the last two of a PNG that is damaged
        left_out.append(f"{path}: {error}")
        print(f"left out, since it can't be used: {left_out[-1]}", flush=True)
        return None


def _read_base(
    dataset: Dataset, preprocessing: Preprocessing, looked_at: LookedAt
) -> Iterator[tuple[Example, tuple[str, Input] | None]]:
    """Each example with the hash of its pixels and its prepared input, or None; decoding lets go of the GIL."""

    def read(example: Example) -> tuple[str, Input] | DatasetError | PictureError:
        try:
            picture = example.read(preprocessing.channels)
            return image.pixels_sha256(image.pixels(picture)), preprocessing.apply(picture)
        except (DatasetError, PictureError) as error:
            return error

    examples = dataset.examples()
    with ThreadPoolExecutor(2) as pool:
        while chunk := list(islice(examples, 1024)):
            for example, found in zip(chunk, pool.map(read, chunk), strict=True):
                if isinstance(found, Exception):
                    looked_at.leave_out(example, found)
                    print(f"left out: {looked_at.left_out[-1]}", flush=True)
                    yield example, None
                else:
                    looked_at.take(example, found[0])
                    yield example, found
