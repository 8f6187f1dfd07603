"""Rows under names: found again, added up over workers, and never more than there is room for."""

from pathlib import Path

import pytest

from server.observe import ledger
from server.observe.ledger import HEAD, Ledger

FILE = "rows_{}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which goes on by one at each use."""
    ticks = [0]

    def tick() -> int:
        ticks[0] += 1
        return ticks[0]

    monkeypatch.setattr(ledger, "now_ms", tick)
    return ticks


def test_a_name_keeps_its_row(clock: list[int]) -> None:
    rows = Ledger(2, 4, 4)
    rows.row("pets")[:] += (1, 2)
    rows.row("shapes")[:] += (10, 20)
    rows.row("pets")[:] += (1, 2)
    assert {name: each.tolist() for name, each in rows.all().items()} == {"pets": [[2, 4]], "shapes": [[10, 20]]}


def test_of_more_names_than_rows_the_one_longest_unused_makes_room(clock: list[int]) -> None:
    rows = Ledger(1, 3, 3)
    for name in ("a", "b", "c", "a", "d"):
        rows.row(name)[0] += 1
    assert {name: int(each.sum()) for name, each in rows.all().items()} == {"a": 2, "c": 1, "d": 1}


def test_what_makes_room_is_added_to_the_rest_if_that_has_a_name(clock: list[int]) -> None:
    rows = Ledger(1, 3, 1, rest="rest")
    for name in "aabacdd":
        rows.row(name)[0] += 1  # and never the rest's own row, however long ago something was added to it
        assert int(sum(each.sum() for each in rows.all().values())) == clock[0] - 1
    assert {name: int(each.sum()) for name, each in rows.all().items()} == {"d": 2, "rest": 5}


def test_all_workers_rows_are_found_and_fewer_names_told_than_each_has_rows_for(
    tmp_path: Path, clock: list[int]
) -> None:
    for place in range(2):
        (tmp_path / FILE.format(place)).write_bytes(bytes(3 * (HEAD + 1) * 8))
    one, other = (Ledger(1, 3, 2, tmp_path, place, FILE) for place in range(2))
    one.row("early")[0] += 1
    for worker, name, number in ((one, "both", 3), (other, "both", 4), (other, "late", 5)):
        worker.row(name)[0] += number
    for worker in (one, other):
        assert {name: int(each.sum()) for name, each in worker.all().items()} == {"both": 7, "late": 5}


def test_who_comes_in_a_dead_workers_place_counts_on(tmp_path: Path) -> None:
    (tmp_path / FILE.format(0)).write_bytes(bytes(3 * (HEAD + 1) * 8))
    for _ in range(2):
        Ledger(1, 3, 2, tmp_path, 0, FILE).row("pets")[0] += 1
    assert Ledger(1, 3, 2, tmp_path, 0, FILE).all()["pets"].tolist() == [[2]]
