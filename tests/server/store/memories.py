"""What the store's tests put into a store: tiny pictures and versions; and threads that start at once."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from PIL import Image

from server.pictures import image
from server.pictures.preprocessing import Preprocessing
from server.store import files, living
from server.store.dataset import Labelled
from server.store.manifest import Manifest
from server.store.memory import Memory
from server.store.versions import Reservation

NAME = "digits"
SIDE = 8
REPORT = {
    "metrics": {"test": {"accuracy": 0.9, "confusion": [[1]]}},
    "training": {"epochs": 1, "history": [1]},
    "gate": {"passed": True},
}
Result = TypeVar("Result")


def picture(number: int) -> Image.Image:
    """A small grey picture, another for each number."""
    return Image.frombytes("L", (SIDE, SIDE), hashlib.sha512(str(number).encode()).digest())


def labelled(number: int, label: str = "1", doubt: tuple[float, str] | None = None) -> Labelled:
    return Labelled(picture(number), label, doubt)


def doubted(number: int, label: str) -> Labelled:
    return labelled(number, label, (0.001, "7"))


def sha_of(number: int) -> str:
    return image.pixels_sha256(image.pixels(picture(number)))


def labels(memory: Memory) -> dict[str, str]:
    """What there is to learn from: image -> label."""
    return {each.sha256: each.label for each in memory.browser.learnable()[2]}


def suspects(memory: Memory) -> dict[str, str | None]:
    """What is doubted: image -> the label that waits."""
    return {each.sha256: each.suspected for each in memory.browser.suspects(10**6)}


def stored(data: Path) -> set[str]:
    """The name of every file below a data folder, without its ending."""
    return {path.name.removesuffix(".png") for path in data.rglob("*") if path.is_file()}


def gone_process() -> str:
    """The name of a process of this machine's that has ended."""
    place, pid, _ = living.own().rsplit(" ", 2)
    return f"{place} {pid} 1"  # so early nothing started that still runs


def process_elsewhere(number: int = 1) -> str:
    """The name of a process of another machine's."""
    return f"elsewhere pid:[1] {number} 1"


def write_version(reservation: Reservation, contents: Mapping[str, bytes] | None = None, name: str = NAME) -> Manifest:
    """Fill a reserved folder with a version's files."""
    contents = contents or {"model.onnx": b"graph", "golden.npz": b"golden"}
    listed = {file: (hashlib.sha256(data).hexdigest(), len(data)) for file, data in contents.items()}
    inputs = Preprocessing("digit", 28, 28, 1)
    created_at = "2026-01-01T00:00:00.000+00:00"
    manifest = Manifest(name, reservation.version, created_at, ("0", "1"), inputs, ("probabilities",), listed, 17)
    files.make_folder(reservation.folder)
    for file, data in {**contents, "manifest.json": manifest.to_json()}.items():
        files.write_atomically(reservation.folder / file, data)
    return manifest


def publish(memory: Memory, by: str = "a test") -> str:
    """Publish one more version; its number."""
    reservation = memory.versions.reserve()
    manifest = write_version(reservation, name=memory.versions.name)
    memory.versions.publish(reservation, manifest, REPORT, memory.pointer.current(), by)
    return reservation.version


def at_once(*calls: Callable[[], Result]) -> list[Result | Exception]:
    """What each call gives or raises, all made at the same moment in threads of their own."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result | Exception:
        gate.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the test looks at what was raised
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def new_job(memory: Memory) -> str:
    """One more job that waits; its number."""
    return memory.jobs.create({}, "a test", {}).job
