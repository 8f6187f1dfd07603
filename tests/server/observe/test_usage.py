"""What each version answered is counted by pictures, requests, batches and time, over all workers."""

from pathlib import Path

from server.observe.usage import COLUMNS, NAME, ROWS, Usage
from server.web.access import Record


def record(version: str, images: int = 1, batch: int = 1, status: int = 200) -> Record:
    made = Record("POST", b"/predict", "/predict", "id", 0.0, status, 0.5, version, 0.1, 0.02, 0.25, batch)
    made.answers = [object()] * images  # type: ignore[list-item]  # only their number counts
    return made


def test_pictures_requests_batches_and_time_are_counted() -> None:
    usage = Usage()
    usage.count([record("3"), record("3", 70, 32), record("3", 1, 2), record("3", 1, 2), record("0", 4, 8)])
    usage.count([record("-", 0, 0), record("3", 1, 1, 503)])
    first, other, unused = usage.to_json("digits", ["3", "0", "7"])
    assert (first["name"], first["version"], first["inference_count"]) == ("digits", "3", 73)
    assert first["execution_count"] == round(1 + 70 / 32 + 1)
    stages = first["inference_stats"]
    assert isinstance(stages, dict)
    assert stages["success"] == {"count": 4, "ns": 2_000_000_000}
    assert stages["compute_input"] == {"count": 4, "ns": 400_000_000}
    assert stages["queue"] == {"count": 4, "ns": 80_000_000}
    assert stages["compute_infer"] == {"count": 4, "ns": 1_000_000_000}
    assert other["inference_count"] == 4
    assert (unused["inference_count"], unused["last_inference"]) == (0, 0)


def test_workers_are_added_up_and_the_oldest_versions_make_room(tmp_path: Path) -> None:
    for place in range(2):
        (tmp_path / NAME.format(place)).write_bytes(bytes(ROWS * len(COLUMNS) * 8))
    both = [Usage(tmp_path, place) for place in range(2)]
    for version in range(ROWS + 3):
        for usage in both:
            usage.count([record(str(version), 2)])
    counts = [entry["inference_count"] for entry in both[0].to_json("d", [str(n) for n in range(ROWS + 3)])]
    assert counts == [0] * 3 + [4] * ROWS
