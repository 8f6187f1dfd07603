"""Which versions learned from which pictures, whatever happened to these since."""

import pytest
from sqlalchemy import select, text

from server.store.errors import NotFound
from server.store.lineage import Heir, Holders
from server.store.memory import Memory
from server.store.standing import Revision
from server.store.tables import lesson
from tests.opener import Opener
from tests.server.store.memories import REPORT, doubted, labelled, labels, sha_of, write_version

TRAIN = [number for number in range(60) if int(sha_of(number)[16:32], 16) % 5]
TEST = [number for number in range(60) if not int(sha_of(number)[16:32], 16) % 5]
A, B, C = TRAIN[:3]


def trained(memory: Memory, **training: object) -> str:
    """Publish a version that was trained on the dataset as it is; its number."""
    reservation = memory.versions.reserve()
    manifest = write_version(reservation, name=memory.versions.name)
    training = {"decision": memory.browser.overview().decision, "warm_start": None, **training}
    report = {**REPORT, "training": training}
    memory.versions.publish(reservation, manifest, report, memory.pointer.current(), "a test")
    return reservation.version


def given(memory: Memory, version: str) -> dict[str, str]:
    return {each.sha256: each.label for each in memory.lineage.lessons(memory.versions.find(version), 100)}


def test_a_version_learned_from_what_was_in_force_when_it_was_trained(memory: Memory) -> None:
    batch = memory.dataset.add([labelled(A, "1"), labelled(B, "2")], "upload").batch
    first = labels(memory)
    assert trained(memory) == "1"
    memory.dataset.add([labelled(A, "3"), labelled(C, "4")], "correction")
    second = labels(memory)
    trained(memory)
    memory.dataset.remove(sha_of(C))
    memory.dataset.remove_batch(str(batch))
    trained(memory)
    assert [given(memory, version) for version in ("1", "2", "3")] == [first, second, {sha_of(A): "3"}]


def test_what_is_only_suspected_or_put_aside_was_learned_by_nobody(memory: Memory) -> None:
    memory.dataset.add([doubted(A, "1"), labelled(B, "2")], "upload")
    memory.revisions.make(Revision.REMOVE, [sha_of(B)], "api")
    trained(memory)
    memory.dataset.accept(sha_of(A))
    trained(memory)
    assert [given(memory, version) for version in ("1", "2")] == [{}, {sha_of(A): "1"}]


def test_lessons_come_in_pages(memory: Memory) -> None:
    memory.dataset.add([labelled(number) for number in range(12)], "upload")
    trained(memory)
    version = memory.versions.find("1")
    first = memory.lineage.lessons(version, 8)
    rest = memory.lineage.lessons(version, 8, first[-1].id)
    assert (len(first), len(rest)) == (8, 4)
    assert len({each.sha256 for each in (*first, *rest)}) == 12


def test_a_picture_names_its_versions_with_the_label_it_had_even_when_it_is_gone(memory: Memory) -> None:
    memory.dataset.add([labelled(A, "1"), labelled(TEST[0], "2")], "upload")
    trained(memory)
    memory.dataset.add([labelled(A, "3")], "correction")
    trained(memory)
    memory.dataset.remove(sha_of(A))
    trained(memory)
    heirs = memory.lineage.heirs(sha_of(A))
    assert (heirs.learned, heirs.judged) == ([Heir("1", "1"), Heir("2", "3")], [])
    judged = memory.lineage.heirs(sha_of(TEST[0]))
    assert (judged.learned, judged.judged) == ([], [Heir(version, "2") for version in "123"])
    with pytest.raises(NotFound, match="ever had a label"):
        memory.lineage.heirs(sha_of(99))


def test_what_went_on_from_a_version_has_what_that_learned(memory: Memory) -> None:
    batch = memory.dataset.add([labelled(A, "1")], "upload").batch
    trained(memory, warm_start="0")
    memory.dataset.remove_batch(str(batch))
    trained(memory, warm_start="1")
    trained(memory, warm_start="2")
    trained(memory, warm_start="0")
    trained(memory, warm_start="0", exported_again_from="3")
    assert memory.lineage.heirs(sha_of(A)).descended == ["2", "3", "5"]
    assert memory.lineage.holders(batch) == Holders(["1"], ["2", "3", "5"])
    memory.versions.prune(2)
    assert memory.lineage.holders(batch) == Holders([], ["5"])


def test_a_version_that_was_exported_again_learned_nothing_by_it(memory: Memory) -> None:
    trained(memory)
    batch = memory.dataset.add([labelled(A, "1")], "upload").batch
    trained(memory, exported_again_from="1")
    assert memory.lineage.holders(batch) == Holders([], [])
    assert given(memory, "2") == {}


def test_holders_of_a_batch_are_those_that_learned_what_it_said(memory: Memory) -> None:
    old = memory.dataset.add([labelled(A, "1")], "upload").batch
    new = memory.dataset.add([labelled(B, "1")], "upload").batch
    judging = memory.dataset.add([labelled(TEST[0], "1")], "upload").batch
    memory.dataset.remove_batch(str(new))
    trained(memory)
    assert memory.lineage.holders(old) == Holders(["1"], [])
    assert memory.lineage.holders(new) == memory.lineage.holders(judging) == Holders([], [])


def test_a_picture_that_went_with_its_batch_is_held_whoever_relabelled_it(memory: Memory) -> None:
    batch = str(memory.dataset.add([labelled(A, "1")], "upload").batch)
    memory.revisions.make(Revision.RELABEL, [sha_of(A)], "api", "2")
    trained(memory)
    gone = memory.dataset.remove_batch(batch)
    assert gone == [sha_of(A)]
    assert memory.lineage.holders(batch) == Holders([], [])
    assert memory.lineage.holders(batch, gone) == Holders(["1"], [])


def test_another_models_lessons_are_its_own(opener: Opener, memory: Memory) -> None:
    batch = memory.dataset.add([labelled(A, "1")], "upload").batch
    letters = opener("letters")
    letters.dataset.add([labelled(B, "1")], "upload")
    trained(letters)
    assert given(letters, "1") == {sha_of(B): "1"}
    assert letters.lineage.holders(batch) == Holders([], [])


def test_a_database_of_before_knows_since_when_what_is_in_force_is_so(opener: Opener, memory: Memory) -> None:
    memory.dataset.add([labelled(A, "1"), doubted(B, "2"), doubted(C, "3")], "upload")
    memory.dataset.accept(sha_of(B))
    memory.revisions.make(Revision.ACCEPT, [sha_of(C)], "api")
    memory.dataset.add([labelled(A, "4")], "correction")
    memory.revisions.make(Revision.RELABEL, [sha_of(B)], "api", "5")
    columns = lesson.c.sha256, lesson.c.split, lesson.c.label, lesson.c.batch_id, lesson.c.since
    in_force = select(*columns).where(lesson.c.until.is_(None)).order_by(lesson.c.sha256)
    with memory.database.write() as connection:
        before = connection.execute(in_force).all()
        tables = (
            "idempotency",
            "canary_part",
            "canary",
            "policy_decision",
            "policy",
            "alarm",
            "class_change",
            "day",
            "sample",
            "lesson",
        )
        for later in tables:
            connection.execute(text(f"DROP TABLE {later}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with opener().database.read() as connection:
        assert connection.execute(in_force).all() == before
    assert [row.since for row in sorted(before, key=lambda row: row.label)] == [3, 4, 5]
