"""Every change of a dataset is a link of a chain, in which no old link can be changed unseen."""

from typing import Any

import pytest
from sqlalchemy import Row, delete, select, update

from server.store.decisions import FIRST, Decision
from server.store.memory import Memory
from server.store.tables import decision
from tests.opener import Opener
from tests.server.store.memories import doubted, labelled, sha_of


def rows(memory: Memory) -> list[Row[Any]]:
    with memory.database.read() as connection:
        return list(connection.execute(select(decision).order_by(decision.c.id)).all())


def is_whole(memory: Memory) -> bool:
    """Whether each row carries the hash of itself after the one before."""
    before: dict[int, str] = {}
    for row in rows(memory):
        made = Decision(row.model_id, row.time, row.by, row.action, row.batch_id, row.sha256, row.content)
        if row.hash != made.hash_after(before.get(row.model_id, FIRST)):
            return False
        before[row.model_id] = row.hash
    return True


def decide_all(memory: Memory) -> None:
    memory.dataset.add([labelled(1), labelled(2), doubted(3, "3"), doubted(4, "4")], "upload", by="déjà \ud800\0")
    memory.dataset.accept(sha_of(3), by="me")
    memory.dataset.reject(sha_of(4), by="you")
    memory.dataset.remove(sha_of(1))
    memory.dataset.remove_batch("1")


def test_every_change_is_written_down(memory: Memory) -> None:
    decide_all(memory)
    found = rows(memory)
    assert [(row.action, row.by) for row in found] == [
        ("upload", "déjà ??"), ("accept", "me"), ("reject", "you"), ("remove", "api"), ("undo", "api"),
    ]  # fmt: skip
    assert [row.sha256 for row in found] == [None, sha_of(3), sha_of(4), sha_of(1), None]
    assert [row.batch_id for row in found] == [1, None, None, None, 1]
    assert memory.browser.overview().decision == found[-1].id
    assert is_whole(memory)


def test_what_changed_nothing_is_not_written_down(memory: Memory) -> None:
    memory.dataset.add([labelled(1)], "upload")
    memory.dataset.add([labelled(1)], "upload")
    assert len(rows(memory)) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("by", "somebody"), ("action", "accept"), ("time", "2026"), ("sha256", "0" * 64), ("content", "0" * 63 + "1")],
)
def test_a_changed_row_breaks_the_chain(memory: Memory, column: str, value: str) -> None:
    decide_all(memory)
    with memory.database.write() as connection:
        connection.execute(update(decision).where(decision.c.id == 3).values({column: value}))
    assert not is_whole(memory)


def test_a_row_that_was_taken_out_breaks_the_chain(memory: Memory) -> None:
    decide_all(memory)
    with memory.database.write() as connection:
        connection.execute(delete(decision).where(decision.c.id == 3))
    assert not is_whole(memory)


def test_each_model_has_a_chain_of_its_own(opener: Opener) -> None:
    decide_all(opener("letters"))
    digits = opener("digits")
    digits.dataset.add([labelled(1)], "upload")
    opener("letters").dataset.add([labelled(5)], "upload")
    digits.dataset.remove(sha_of(1))
    assert len({row.model_id for row in rows(digits)}) == 2
    assert is_whole(digits)
    first = next(row for row in rows(digits) if row.model_id == rows(digits)[-1].model_id)
    made = Decision(first.model_id, first.time, first.by, first.action, first.batch_id, first.sha256, first.content)
    assert first.hash == made.hash_after(FIRST)


def test_the_hash_of_an_upload_depends_on_every_word(opener: Opener) -> None:
    uploads = [[labelled(1)], [labelled(2)], [labelled(1, "2")], [doubted(1, "1")], [labelled(1), labelled(2)]]
    for number, upload in enumerate(uploads):
        opener(f"model {number}").dataset.add(upload, "upload")
    assert len({row.content for row in rows(opener())}) == len(uploads)
