"""A transaction is done whole or not at all, alone among writers, and before nobody's eyes until it is."""

import threading
import time

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from server.store import engine
from server.store.errors import StoreError
from server.store.memory import Memory
from server.store.tables import batch, model
from tests.opener import Opener
from tests.server.store.memories import labelled


def test_an_exception_undoes_all_that_its_transaction_did(memory: Memory) -> None:
    def fail() -> None:
        with memory.database.write() as connection:
            connection.execute(update(model).values(images=7))
            raise KeyError

    memory.browser.overview()
    with pytest.raises(KeyError):
        fail()
    assert memory.browser.overview().images == 0


def test_a_reader_sees_one_moment(opener: Opener) -> None:
    memory, other = opener.ready(), opener.ready()
    count = select(model.c.images)
    with memory.database.read() as connection:
        before = connection.execute(count).scalar()
        other.dataset.add([labelled(1)], "upload")
        assert connection.execute(count).scalar() == before == 0
    assert memory.browser.overview().images == 1


def test_writers_come_one_after_another(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "WAIT_SECONDS", 30.0)
    memories = [opener.ready() for _ in range(4)]

    def count_up(memory: Memory) -> None:
        for _ in range(5):
            with memory.database.write(durable=False) as connection:
                seen = connection.execute(select(model.c.images)).scalar()
                time.sleep(0.01)  # in which another would read the same, if it could
                connection.execute(update(model).values(images=int(seen or 0) + 1))

    threads = [threading.Thread(target=count_up, args=(each,)) for each in memories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memories[0].browser.overview().images == 20


def test_a_fault_of_ours_is_not_the_databases(memory: Memory) -> None:
    memory.browser.overview()
    row = {"name": "digits", "created_at": "", "fingerprint": ""}
    with pytest.raises(Exception, match=r"(?i)unique"), memory.database.write() as connection:
        connection.execute(insert(model).values(row))
    assert memory.browser.overview().images == 0


def test_connections_end_that_failed_at_a_commit(memory: Memory) -> None:
    def fail(_: object) -> None:
        raise SQLAlchemyError("the disk went away")

    memory.browser.overview()
    event.listen(memory.database._engine, "commit", fail)
    with pytest.raises(StoreError, match="look before you do it again"):
        memory.jobs.create({}, "api", {})
    event.remove(memory.database._engine, "commit", fail)
    assert memory.jobs.create({}, "api", {}).state == "queued"
    assert len(memory.jobs.page(10)) == 1


def test_a_change_waits_for_the_disk_and_a_heartbeat_does_not(memory: Memory) -> None:
    if not memory.database.is_sqlite:
        return
    full, normal = 2, 1  # https://www.sqlite.org/pragma.html#pragma_synchronous
    for durable, expected in ((True, full), (False, normal), (True, full)):
        with memory.database.write(durable) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == expected


def test_a_row_refers_to_rows_that_are_there(memory: Memory) -> None:
    row = {"model_id": 999, "time": "now", "source": "a test", "images": 1}
    with pytest.raises(IntegrityError), memory.database.write() as connection:
        connection.execute(insert(batch).values(**row))
