"""A store that holds what years of use leave, made in seconds: its rows in one transaction, its files cheaply.

What is never opened is not worth its bytes: the pictures are hard links of a few, and of the versions only the current
one, which serves, has a model that is one.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select, update

from benchmarks import shipped
from benchmarks.service import images, rows
from export.publish import Candidate
from server.store import tables
from server.store.content import candidate_path, picture_path, version_path
from server.store.lease import Lease, take
from server.store.living import Heartbeats, own
from server.store.manifest import Manifest
from server.store.memory import Memory, open_memory

NAME = "digits"
LABELS = "0123456789"
PICTURES = 10  # files that all images are links of: ext4 gives one at most 65,000 names
EVENTS = 20  # of a job that is over
PAGE = 50  # of the newest images none is a suspect, so that the first page is alike however many there are


@dataclass(frozen=True)
class Amount:
    """How much there is."""

    images: int
    batches: int
    suspects: int  # among the images
    jobs: int  # all over; each second one published a version, and the others were refused

    @property
    def versions(self) -> int:
        return self.jobs // 2


def fill(folder: Path, amount: Amount) -> Memory:
    """Make a store in a folder."""
    memory = open_memory(folder / "artifacts", folder / "data", NAME, shipped.FOLDER)
    pictures = images.files()[:PICTURES]
    uploads = list(_uploads(amount, [len(each) for each in pictures]))
    whole = shipped.candidate()
    useless = replace(whole, contents={"model.onnx": b"no model"})
    versions: dict[int, Candidate] = dict.fromkeys(range(1, amount.versions), useless) | {amount.versions: whole}
    contracts = {number: each.manifest(NAME, str(number)) for number, each in versions.items()}
    with memory.database.write() as connection:
        model_id = int(connection.execute(select(tables.model.c.id)).scalar_one())
        rows.insert_uploads(connection, model_id, uploads)
        rows.insert_decisions(connection, model_id, uploads)
        rows.insert_versions(connection, model_id, contracts, whole.report)
        rows.insert_jobs(connection, model_id, amount.jobs, EVENTS, whole.report)
    for number, candidate in versions.items():
        _write(memory.content.path("artifacts", version_path(NAME, number)), candidate, contracts[number])
    for job in range(1, amount.jobs + 1, 2):
        folder_of_it = memory.content.path("artifacts", candidate_path(job))
        _write(folder_of_it, useless, useless.manifest(NAME, f"candidate-{job}"))
    _link(folder / "data", folder, pictures, uploads)
    os.sync()  # else the disk would still be at it while something is measured
    return memory


def begin_job(memory: Memory, events: int) -> Lease:
    """A job that this process runs, and that has told so many events already."""
    job = memory.jobs.create({}, "benchmark", {}).job
    lease = take(memory.database, job, own(), Heartbeats())
    assert lease is not None, "another job runs"
    with memory.database.write() as connection:
        rows.insert_events(connection, [int(job)], events)
        running = update(tables.job).where(tables.job.c.id == int(job)).values(state="training", events=events)
        connection.execute(running)
    return lease


def _uploads(amount: Amount, sizes: Sequence[int]) -> Iterator[rows.Upload]:
    every = (amount.images - PAGE) // amount.suspects
    for number in range(1, amount.images + 1):
        sha256 = hashlib.sha256(b"image %d" % number).hexdigest()
        yield rows.Upload(
            number=number,
            batch=(number - 1) * amount.batches // amount.images + 1,
            sha256=sha256,
            bytes=sizes[number % len(sizes)],
            label=LABELS[int(sha256[:8], 16) % len(LABELS)],
            doubted=number % every == 0 and number <= amount.images - PAGE,
        )


def _write(folder: Path, candidate: Candidate, contract: Manifest) -> None:
    """What export/publish.py writes, without a sync for each file."""
    for name, data in candidate.contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "manifest.json").write_bytes(contract.to_json())


def _link(data: Path, folder: Path, pictures: Sequence[bytes], uploads: Sequence[rows.Upload]) -> None:
    """Give each image's file its place, and every folder that an upload may need."""
    for split in ("train", "test"):
        for first in range(256):
            (data / split / f"{first:02x}").mkdir(parents=True)
    files = [folder / f"{number}.png" for number in range(len(pictures))]
    for file, picture in zip(files, pictures, strict=True):
        file.write_bytes(picture)
    for each in uploads:
        os.link(files[each.number % len(files)], f"{data}/{picture_path(each.sha256)}")
