"""A call with a key is carried out once: its answer is there exactly where what it made is there."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, update

from server.store import idempotency, living, tables
from server.store.dataset import Stored
from server.store.errors import AnotherRequest, Conflict, StillUnderWay
from server.store.idempotency import Earlier, Idempotency, Once
from server.store.memory import Memory
from tests.opener import Opener
from tests.server.store.memories import at_once, labelled


def begun(memory: Memory, key: str = "a key", request: str = "a request", by: str = "ana") -> Once:
    found = memory.idempotency.begin(by, key, request)
    assert isinstance(found, Once)
    return found


def upload(memory: Memory, once: Once, number: int = 1) -> None:
    def note(connection: Connection, stored: Stored) -> None:
        once.note(connection, 201, {"batch": stored.batch, "count": stored.count})

    memory.dataset.add([labelled(number)], "", "ana", note)


def count(memory: Memory) -> int:
    return memory.browser.overview().images


def test_what_was_made_once_is_told_again(memory: Memory) -> None:
    once = begun(memory)
    upload(memory, once)
    memory.idempotency.give_up(once)  # which takes no answer away
    assert memory.idempotency.begin("ana", "a key", "a request") == Earlier(201, {"batch": "1", "count": 1})
    job = begun(memory, "another")
    memory.jobs.create({}, "ana", {}, lambda connection, made: job.note(connection, 202, {"job": made.job}))
    assert memory.idempotency.begin("ana", "another", "a request") == Earlier(202, {"job": "1"})


def test_an_upload_that_fails_leaves_no_answer_and_an_answer_that_fails_no_upload(memory: Memory) -> None:
    once = begun(memory)

    def fail(connection: Connection, stored: Stored) -> None:
        once.note(connection, 201, {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        memory.dataset.add([labelled(1)], "", "ana", fail)
    assert count(memory) == 0
    with pytest.raises(StillUnderWay):
        memory.idempotency.begin("ana", "a key", "a request")
    memory.idempotency.give_up(once)
    again = begun(memory)
    with pytest.raises(Conflict, match="another try"):
        upload(memory, once)
    assert count(memory) == 0
    upload(memory, again)
    assert count(memory) == 1


def test_a_key_is_for_one_request_of_one_name(memory: Memory) -> None:
    upload(memory, begun(memory))
    with pytest.raises(AnotherRequest):
        memory.idempotency.begin("ana", "a key", "another request")
    begun(memory, by="ben")
    with pytest.raises(AnotherRequest):
        memory.idempotency.begin("ben", "a key", "another request")


def test_a_process_that_is_gone_makes_room_and_can_make_nothing_any_more(memory: Memory) -> None:
    late = begun(memory)
    taking_over = Idempotency(memory.database, memory.name, lambda _: False)
    once = taking_over.begin("ana", "a key", "a request")
    assert isinstance(once, Once)
    with pytest.raises(Conflict, match="another try"):
        upload(memory, late)
    memory.idempotency.give_up(late)
    upload(memory, once)
    assert count(memory) == 1


def test_a_process_of_another_machine_is_there_as_long_as_it_is_among_the_workers(memory: Memory) -> None:
    begun(memory)
    from_elsewhere = Idempotency(memory.database, memory.name, lambda _: None)
    row = {"model_id": memory.name.id, "living": living.own(), "started_at": ""}
    with memory.database.write() as connection:
        tables.insert_row(connection, tables.worker, row)
    with pytest.raises(StillUnderWay):
        from_elsewhere.begin("ana", "a key", "a request")
    with memory.database.write() as connection:
        connection.execute(tables.worker.delete())
    assert isinstance(from_elsewhere.begin("ana", "a key", "a request"), Once)


def test_of_many_at_one_moment_one_is_the_first(opener: Opener) -> None:
    workers = [opener.ready() for _ in range(4)]

    def begin(memory: Memory) -> bool:
        try:
            return isinstance(memory.idempotency.begin("ana", "a key", "a request"), Once)
        except StillUnderWay:
            return False

    told = at_once(*[lambda worker=worker: begin(worker) for worker in workers])
    assert (told.count(True), told.count(False)) == (1, 3)


def test_keys_are_kept_for_a_day_and_so_many(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        upload(memory, begun(memory, str(number)), number)
    day_before = (datetime.now(UTC) - timedelta(hours=25)).isoformat(timespec="seconds")
    with memory.database.write() as connection:
        oldest = tables.idempotency.c.id == 1
        connection.execute(update(tables.idempotency).where(oldest).values(created_at=day_before))
    begun(memory, "0")
    assert isinstance(memory.idempotency.begin("ana", "1", "a request"), Earlier)
    monkeypatch.setattr(idempotency, "KEPT_ROWS", 2)
    begun(memory, "1")
    assert isinstance(memory.idempotency.begin("ana", "2", "a request"), Once)
