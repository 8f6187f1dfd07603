"""A server that has something to decide: an alarm, labels enough for a proposal, and a version beside the current."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.digits import mnist
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny

MOVED = {
    "of": "label",
    "label": "7",
    "at_most": None,
    "reference": 0.1,
    "now": 0.4,
    "answers": 400,
    "distance": 30.5,
}
LABELS = 3


@contextmanager
def deciding(folder: Path, *flags: str) -> Iterator[LiveServer]:
    """The baseline serves, with an alarm about it; version 1 serves no more. A trainer never comes."""
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory, 1)
    memory.drift.raise_("0", "2026-11-28T02:00:00.000+00:00", "label", {"moved": [MOVED]})
    memory.close()
    with LiveServer(folder, "--trainer", "none", *flags) as server:
        server.post("/models/0/promote").raise_for_status()
        yield server


def teach(server: LiveServer, first: int) -> None:
    """As many labels as the tests' policy waits for."""
    train = mnist("train")
    files = [(f"{position}.png", train.png(position)) for position in range(first, first + LABELS)]
    labels = [str(train.classes[position]) for position in range(first, first + LABELS)]
    server.upload(files, labels, source="correction").raise_for_status()
