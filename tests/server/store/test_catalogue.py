"""Models beside the default: made once, listed, and deleted so that nothing of theirs is left, and all of others."""

import pytest
from sqlalchemy import func, select, text

from server.store import living
from server.store.content import picture_path
from server.store.errors import Conflict, NotFound, StoreError, UnusableLabel, UnusableName
from server.store.lease import take
from server.store.memory import Memory, open_memory
from server.store.tables import metadata, model
from server.store.turn import Turn, next_queued
from tests.opener import Opener
from tests.server.store.filled import fill
from tests.server.store.memories import at_once, labelled, new_job, publish, sha_of

CLASSES = tuple("0123456789")


@pytest.fixture
def memory(opener: Opener) -> Memory:
    """A store with the default, and one more model."""
    made = opener()
    made.catalogue.create("pets", CLASSES, "ana")
    return made


def rows_of(memory: Memory, number: int) -> dict[str, int]:
    """How many rows of a model each table has."""
    tables = [table for table in metadata.sorted_tables if "model_id" in table.c]
    with memory.database.read() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).where(table.c.model_id == number)).scalar() or 0
            for table in tables
        }
    return {name: rows for name, rows in counts.items() if rows}


def number_of(memory: Memory, name: str) -> int:
    with memory.database.read() as connection:
        return int(connection.execute(select(model.c.id).where(model.c.name == name)).scalar_one())


def test_a_model_is_made_with_its_classes(memory: Memory, opener: Opener) -> None:
    assert [(each.name, each.version, each.versions, each.images) for each in memory.catalogue.entries()] == [
        ("digits", None, 0, 0),
        ("pets", None, 0, 0),
    ]
    pets = opener("pets")
    vocabulary = pets.classes.vocabulary()
    assert vocabulary is not None
    assert (vocabulary.names, vocabulary.has_base) == (CLASSES, False)
    publish(pets)
    pets.dataset.add([labelled(1)], "upload")
    job = pets.jobs.create({}, "test", {}).job
    entry = opener().catalogue.entry("pets")
    assert (entry.version, entry.versions, entry.images, entry.job) == ("1", 1, 1, job)
    assert memory.catalogue.entry("digits").images == 0
    with pytest.raises(NotFound, match="no model 'cats'"):
        memory.catalogue.entry("cats")


def test_a_name_is_one_that_a_folder_can_have(memory: Memory) -> None:
    for name in ("", ".", "..", "a/b", "../pets", "-a", "a b", "ü", "a" * 65, "stats", "a\n", "a\0"):
        with pytest.raises(UnusableName, match="can't be a model's name"):
            memory.catalogue.create(name, CLASSES, "ana")
    assert len(memory.catalogue.entries()) == 2


def test_a_name_is_taken_once_whatever_its_case(memory: Memory) -> None:
    for name in ("pets", "Pets", "digits", "DIGITS"):
        with pytest.raises(Conflict, match="already"):
            memory.catalogue.create(name, CLASSES, "ana")


def test_what_can_not_begin_is_not_made(memory: Memory) -> None:
    for classes in ((), ("cat",), ("cat", "cat"), ("cat", "a\nb")):
        with pytest.raises((UnusableLabel, Conflict)):
            memory.catalogue.create("birds", classes, "ana")
    assert [each.name for each in memory.catalogue.entries()] == ["digits", "pets"]


def test_of_two_that_are_made_at_once_one_is(opener: Opener) -> None:
    first, second = opener.ready(), opener.ready()
    outcomes = at_once(*(lambda each=each: each.catalogue.create("pets", CLASSES, "ana") for each in (first, second)))
    assert [type(each) for each in outcomes if isinstance(each, Exception)] == [Conflict]


def test_the_model_of_another_server_is_not_meant(memory: Memory, opener: Opener) -> None:
    opener("clothes").browser.overview()  # with a base dataset that only that server knows
    assert {each.name for each in memory.catalogue.entries()} == {"digits", "pets"}
    assert set(memory.catalogue.known()) == {"pets"}
    with pytest.raises(NotFound):
        memory.catalogue.delete("clothes")
    with pytest.raises(Conflict, match="already"):
        memory.catalogue.create("clothes", CLASSES, "ana")


def test_nothing_is_left_of_a_model_that_is_deleted(memory: Memory, opener: Opener) -> None:
    pets, number = opener("pets"), number_of(memory, "pets")
    fill(pets)
    memory.dataset.add([labelled(101), labelled(102)], "upload")
    publish(memory)
    memory.jobs.create({}, "test", {})
    before = {path: path.read_bytes() for path in opener.data.rglob("*.png") if path.stem in (sha_of(101), sha_of(102))}
    rows = rows_of(memory, number_of(memory, "digits"))
    assert len(rows_of(memory, number)) >= 10
    memory.catalogue.delete("pets")

    assert rows_of(memory, number) == {}
    assert rows_of(memory, number_of(memory, "digits")) == rows
    assert {path: path.read_bytes() for path in opener.data.rglob("*") if path.is_file()} == before
    assert len(before) == 2
    left = [path.relative_to(opener.artifacts).as_posix() for path in opener.artifacts.rglob("model.onnx")]
    assert left == ["models/digits/1/model.onnx"]
    assert not (opener.artifacts / "models/pets").exists()
    if memory.database.is_sqlite:
        with memory.database.read() as connection:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    memory.catalogue.create("pets", CLASSES[:2], "ben")
    assert opener("pets").pointer.current() is None
    assert number_of(memory, "pets") > number


def test_a_picture_that_another_model_has_as_well_stays(memory: Memory, opener: Opener) -> None:
    for each in (memory, opener("pets")):
        each.dataset.add([labelled(5)], "upload")
    memory.catalogue.delete("pets")
    assert (opener.data / picture_path(sha_of(5))).is_file()


def test_neither_the_default_nor_what_is_trained_is_deleted(memory: Memory, opener: Opener) -> None:
    with pytest.raises(Conflict, match="the short paths mean"):
        memory.catalogue.delete("digits")
    job = opener("pets").jobs.create({}, "test", {}).job
    with pytest.raises(Conflict, match=rf"job {job} of 'pets' is queued.*DELETE /m/pets/retrain/jobs/{job}"):
        memory.catalogue.delete("pets")
    opener("pets").jobs.cancel(job)
    memory.catalogue.delete("pets")
    with pytest.raises(NotFound, match="no model 'pets'"):
        memory.catalogue.delete("pets")


def test_who_has_a_deleted_model_open_neither_writes_to_it_nor_makes_it_anew(memory: Memory, opener: Opener) -> None:
    baseline = opener.artifacts / "baseline"
    places = opener.artifacts, opener.data, "pets", baseline, opener.database
    opened = open_memory(*places, begins=False)
    opened.dataset.add([labelled(1)], "upload")
    memory.catalogue.delete("pets")
    with pytest.raises(NotFound, match="'pets' was deleted"):
        opened.dataset.add([labelled(2)], "upload")
    assert [path for path in opener.data.rglob("*") if path.is_file()] == [], "what it began to write is gone as well"
    opened.close()
    late = open_memory(*places, begins=False)
    opener.opened += [opened, late]
    with pytest.raises(StoreError, match="'pets' was deleted"):
        late.workers.join(None)
    memory.catalogue.create("pets", CLASSES, "ben")
    assert memory.catalogue.entry("pets").images == 0
    with pytest.raises(StoreError, match="'pets' was deleted"):
        opened.dataset.add([labelled(2)], "upload")


def test_whom_somebody_has_to_look_after_is_known(memory: Memory, opener: Opener) -> None:
    assert not memory.catalogue.known()["pets"].is_awake
    job = new_job(opener("pets"))
    assert memory.catalogue.known()["pets"].is_awake
    opener("pets").jobs.cancel(job)
    assert not memory.catalogue.known()["pets"].is_awake


def test_one_job_of_all_models_is_run_and_the_oldest_is_next(memory: Memory, opener: Opener) -> None:
    pets, clothes = opener("pets"), opener("clothes")
    assert memory.running() is None
    elsewhere, first, second = new_job(clothes), new_job(pets), new_job(memory)
    database = memory.database
    assert next_queued(database, "digits") == Turn(first, "pets")
    assert next_queued(database, "clothes") == Turn(elsewhere, "clothes")
    heartbeats = living.Heartbeats()
    assert take(database, second, living.own(), heartbeats) is not None
    assert pets.running() == Turn(second, "digits")
    assert take(database, first, living.own(), heartbeats) is None
    assert next_queued(database, "digits") == Turn(first, "pets")


def test_a_worker_is_at_every_model_that_it_has_loaded(memory: Memory, opener: Opener) -> None:
    pets = opener("pets")
    for each in (memory, pets):
        each.workers.join(None)
    assert [len(each.workers._look()[0]) for each in (memory, pets)] == [1, 1]
