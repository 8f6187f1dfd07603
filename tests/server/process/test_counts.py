"""The files that workers count in: their room is there before anybody needs it, and nothing of them is left behind."""

import fcntl
import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from server.observe import ledger, named, rollouts, stages, usage
from server.observe.board import NAME
from server.observe.stats import COLUMNS, ROWS
from server.process import counts
from server.process.counts import BYTES, MINUTES_BYTES, NAMED_BYTES, ROLLOUTS_BYTES, STAGES_BYTES, USAGE_BYTES, Counts


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for the folder in memory."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(counts, "IN_MEMORY", str(folder))
    return folder


def put(path: Path, name: str, value: float) -> None:
    file = MmapedDict(str(path))  # type: ignore[no-untyped-call]
    key = mmap_key(name, name, [], [], "")
    file.write_value(key, file.read_value(key)[0] + value, 0.0)  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]


def exposition(folder: str) -> list[str]:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return sorted(line for line in generate_latest(registry).decode().splitlines() if line[0] != "#")


def test_every_place_has_its_room_on_the_disk_from_the_beginning(memory: Path) -> None:
    made = Counts(2)
    files = list(Path(made.path).glob("*.db"))
    assert Path(made.path).parent == memory
    assert len(files) == 2 * len(BYTES)
    for file in files:
        assert file.stat().st_blocks * 512 >= file.stat().st_size > 0  # no holes
    made.close()
    assert not list(memory.iterdir())


def test_the_last_minutes_of_a_place_have_room_for_its_board(memory: Path) -> None:
    made = Counts(2)
    files = [Path(made.path, NAME.format(place)) for place in range(2)]
    assert [path.stat().st_size for path in files] == [MINUTES_BYTES] * 2
    assert ROWS * COLUMNS * 8 <= MINUTES_BYTES
    assert Path(made.path, usage.NAME.format(1)).stat().st_size == USAGE_BYTES
    assert usage.ROWS * len(usage.COLUMNS) * 8 <= USAGE_BYTES
    for kept, size in ((rollouts, ROLLOUTS_BYTES), (named, NAMED_BYTES), (stages, STAGES_BYTES)):
        assert Path(made.path, kept.FILE.format(1)).stat().st_size == size
        assert size >= kept.ROWS * (ledger.HEAD + kept.COLUMNS) * 8
    made.close()


def test_gauges_go_with_a_worker_and_counts_stay(memory: Path) -> None:
    made = Counts(2)
    for place in range(2):
        put(Path(made.path, f"counter_{place}.db"), "counted", 1)
        put(Path(made.path, f"gauge_livesum_{place}.db"), "open", 10)
    assert exposition(made.path) == ["counted 2.0", "open 20.0"]
    made.drop_gauges(0)
    assert exposition(made.path) == ["counted 2.0", "open 10.0"]
    put(Path(made.path, "counter_0.db"), "counted", 1)
    put(Path(made.path, "gauge_livesum_0.db"), "open", 5)
    assert exposition(made.path) == ["counted 3.0", "open 15.0"]
    made.close()


def test_what_a_killed_server_left_is_swept_and_a_living_ones_is_not(memory: Path) -> None:
    living, left, foreign = (memory / f"{counts.NAME}{name}" for name in ("living", "left", "foreign"))
    for folder in (living, left, foreign):
        folder.mkdir()
    (left / counts.LOCK).touch()
    with (living / counts.LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Counts(1)
        assert set(memory.iterdir()) == {living, foreign, Path(made.path)}
    made.close()


def test_tmpdir_is_next_and_without_it_each_counts_alone(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.rmdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = Counts(1)
    assert (Path(made.path).parent, made.problem) == (tmp_path, None)
    made.close()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    made = Counts(1)
    assert made.path == ""
    assert "/metrics answers for one of them" in str(made.problem)
    made.drop_gauges(0)


def test_a_disk_that_is_full_half_way_leaves_nothing(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "histogram_1.db":
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr("tempfile.tempdir", os.devnull)
    made = Counts(2)
    assert made.path == ""
    assert not list(memory.iterdir())
