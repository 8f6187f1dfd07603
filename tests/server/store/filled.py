"""A store that has seen everything, for those who damage it; and what lies in its folder, byte for byte."""

import hashlib
import sqlite3
from pathlib import Path

from PIL import Image

from export.publish import keep_refused
from server.pictures import image as pictures
from server.pictures.preprocessing import Input
from server.store import living
from server.store.dataset import Labelled
from server.store.days import Answered
from server.store.lease import take
from server.store.memory import Memory
from server.store.outcome import outcome
from server.store.sample import Caps, Seen, Why
from tests.tiny import publish_tiny, tiny_candidate


def picture(number: int) -> Image.Image:
    """A small grey picture, another for each number."""
    return Image.frombytes("L", (8, 8), hashlib.sha512(str(number).encode()).digest())


def sha_of(number: int) -> str:
    return pictures.pixels_sha256(pictures.pixels(picture(number)))


def a_sample(number: int) -> tuple[Seen, Input]:
    """A prediction that may be kept, of such a picture."""
    answered = Seen(Why.UNSURE, 7, 0.1, None, "2026-05-01T07:00:00Z", "id", 0, "1", "8", 0.5, 0.1, None, None)
    return answered, pictures.pixels(picture(number))


def fill(memory: Memory) -> None:
    """Uploads, doubts, an undone batch, a sample, a day, versions (one pruned), a rollback, a refused candidate."""
    memory.dataset.add([Labelled(picture(number), str(number % 3)) for number in range(12)], "upload")
    memory.dataset.add([Labelled(picture(number), "7", (0.001, "1")) for number in (1, 2, 20, 21)], "upload")
    memory.dataset.add([Labelled(picture(30), "5")], "upload")
    memory.dataset.remove_batch("3")
    memory.dataset.accept(sha_of(20))
    memory.dataset.remove(sha_of(3))
    memory.samples.add([a_sample(40)], Caps(an_hour=9, samples=9, bytes=2**20, days=9))
    memory.days.add({(20_000, "7"): Answered(4, 3.5, 4, 1)})
    memory.drift.raise_("1", "2026-01-01T00:00:00.000+00:00", "ink", {"now": 0.25})
    for seed in range(3):
        publish_tiny(memory, seed)
    memory.versions.promote("1", "test", "worse", "3")
    memory.versions.promote("1", "test", "again", "1")
    memory.versions.prune(1)
    job = memory.jobs.create({}, "test", {})
    lease = take(memory.database, job.job, living.own(), living.Heartbeats())
    assert lease is not None
    keep_refused(memory, tiny_candidate(7), lease, outcome("refused", reason="worse"))


def tree(folder: Path) -> dict[str, str]:
    """Every path below a folder with a hash of what is there."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


def database_of(folder: Path) -> Path:
    return folder / "artifacts/relearn.sqlite3"


def execute(folder: Path, *statements: str) -> None:
    """Change the database behind the store's back."""
    connection = sqlite3.connect(database_of(folder), isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
