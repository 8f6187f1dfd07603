"""What served at a time, by the log of the pointer's moves, whatever the clock did."""

import pytest
from sqlalchemy import insert, update

from server.store.errors import NotFound
from server.store.memory import Memory
from server.store.tables import model, move
from tests.server.store.memories import publish


def moved(memory: Memory, *moves: tuple[str, int | None, int]) -> None:
    """Write down moves: time of day, from, to."""
    with memory.database.write() as connection:
        connection.execute(update(model).values(created_at=at("08:00")))
        for time, before, after in moves:
            row = {"from_version": before, "to_version": after, "kind": "promoted", "by": "ana", "reason": "why"}
            connection.execute(insert(move).values(model_id=memory.name.id, time=at(time), **row))


def at(time: str) -> str:
    return f"2026-05-01T{time}:00.000+00:00"


def served(memory: Memory, time: str) -> tuple[str | None, str | None, str | None]:
    found = memory.pointer.served(at(time))
    return found.version, found.move.time[11:16] if found.move else None, found.until[11:16] if found.until else None


def test_what_served_at_a_time_is_where_the_newest_move_until_then_led(memory: Memory) -> None:
    moved(memory, ("10:00", 0, 1), ("11:00", 1, 2), ("12:00", 2, 1))
    assert served(memory, "10:00") == served(memory, "10:59") == ("1", "10:00", "11:00")
    assert served(memory, "11:30") == ("2", "11:00", "12:00")
    assert served(memory, "23:00") == ("1", "12:00", None)


def test_before_the_first_move_it_is_what_that_move_left(memory: Memory) -> None:
    moved(memory, ("10:00", 0, 1))
    assert served(memory, "09:00") == ("0", None, "10:00")
    assert memory.pointer.served(at("09:00")).move is None


def test_where_nothing_was_there_before_the_first_move_nothing_served(memory: Memory) -> None:
    moved(memory, ("10:00", None, 1))
    assert served(memory, "09:00") == (None, None, "10:00")


def test_of_a_time_before_the_store_nothing_is_known(memory: Memory) -> None:
    moved(memory, ("10:00", 0, 1))
    with pytest.raises(NotFound, match="before 2026-05-01T08:00"):
        memory.pointer.served(at("07:59"))


def test_of_a_time_that_came_twice_the_later_counts(memory: Memory) -> None:
    moved(memory, ("10:00", 0, 1), ("12:00", 1, 2), ("11:00", 2, 3))  # the clock was put back
    assert served(memory, "11:30") == ("3", "11:00", None)
    assert served(memory, "10:30") == ("1", "10:00", "12:00")


def test_another_models_moves_are_its_own(memory: Memory) -> None:
    moved(memory, ("10:00", None, 1))
    with memory.database.write() as connection:
        connection.execute(insert(model).values(name="letters", created_at=at("08:00"), fingerprint=""))
        row = {"model_id": 2, "time": at("10:30"), "to_version": 7, "kind": "promoted", "by": "bob", "reason": ""}
        connection.execute(insert(move).values(row))
    assert served(memory, "10:45") == ("1", "10:00", None)


def test_what_serves_now_is_what_is_current(memory: Memory) -> None:
    publish(memory)
    assert memory.pointer.served("9999-01-01T00:00:00.000+00:00").version == memory.pointer.current() == "1"
