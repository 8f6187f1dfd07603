"""Versions, moves and the pointer as they were, and what is broken among them harms nothing else."""

import logging

import pytest
from sqlalchemy import select

from server.store.figures import figures_of
from server.store.tables import model, version
from tests.server.store.old_form.folder import REPORT, TIME, OldForm

PUBLISHED = (None, "1", "job 1", "published")


def current(form: OldForm) -> tuple[str | None, list[tuple[str | None, str, str, str, str]]]:
    """The pointer after the takeover, and the moves."""
    with form.opened() as memory:
        moves = memory.pointer.moves(99)
        return memory.pointer.current(), [(e.from_version, e.to_version, e.kind, e.by, e.reason) for e in moves]


def test_a_number_that_was_ever_used_is_never_used_again(form: OldForm) -> None:
    form.write_version("2")
    form.write_moves(PUBLISHED, ("1", "5", "job 3", "published"), ("5", "2", "why not", "rolled back"))
    form.write("artifacts/models/digits/7/model.onnx", "of a version that never had a manifest")
    with form.opened() as memory:
        assert memory.versions.all() == ["2"]
        with memory.database.read() as connection:
            rows = connection.execute(select(version.c.number, version.c.pruned, version.c.job_id)).all()
        assert rows == [(1, 1, 1), (2, 0, None), (5, 1, 3), (7, 1, None)]
        reserved = memory.versions.reserve()
        assert reserved.version == "8"
        memory.versions.give_up(reserved)
        memory.content.sweep()
    assert (form.artifacts / "models/digits/7/model.onnx").is_file()


def test_who_moved_it_by_hand_is_unknown_and_why_is_kept(form: OldForm) -> None:
    form.write_version("1")
    form.write_moves(PUBLISHED, ("1", "1", "it serves already", "promoted"), ("1", "0", "as before", "rolled back"))
    assert current(form) == (
        "0",
        [
            (None, "1", "published", "job 1", ""),
            ("1", "1", "promoted", "unknown", "it serves already"),
            ("1", "0", "rolled back", "unknown", "as before"),
        ],
    )


def test_the_reason_for_publishing_a_refused_candidate_is_kept(form: OldForm) -> None:
    form.write_version("1")
    form.write_moves((None, "1", "better than it looks", "published"))
    assert current(form)[1] == [(None, "1", "published", "unknown", "better than it looks")]


def test_half_a_line_is_passed_over(form: OldForm) -> None:
    form.write_version("1")
    form.write_moves(PUBLISHED)
    with (form.artifacts / "models/digits/promotions.jsonl").open("a") as log:
        log.write('{"time": "2026-01\n[]\n{"time": "now", "to": "latest", "by": "me", "reason": "promoted"}\n{"ti')
    assert current(form) == ("1", [(None, "1", "published", "job 1", "")])


def test_the_pointer_wins_over_the_log(form: OldForm) -> None:
    form.write_version("1")
    form.write_version("2")
    form.write_moves(PUBLISHED, ("1", "2", "job 2", "published"))
    form.write_pointer("1")
    pointer, moves = current(form)
    assert pointer == "1"
    assert moves[2][:4] == ("2", "1", "rolled back", "unknown")


def test_a_version_that_was_published_and_not_logged_is_known_to_its_job(form: OldForm) -> None:
    form.write_version("1")
    form.write_version("2")
    form.write_moves(PUBLISHED)
    form.write_pointer("2")
    form.write_job("4", {"stage": "publishing", "version": "2"})
    pointer, moves = current(form)
    assert pointer == "2"
    assert moves[1][:4] == ("1", "2", "published", "job 4")
    with form.opened() as memory, memory.database.read() as connection:
        assert connection.execute(select(version.c.job_id).where(version.c.number == 2)).scalar() == 4


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"version": "latest"}', '{"time": "now"}'])
def test_a_pointer_that_cannot_be_read_is_where_its_last_move_led(form: OldForm, broken: str) -> None:
    form.write_version("1")
    form.write_moves(PUBLISHED)
    form.write("artifacts/models/digits/current.json", broken)
    assert current(form) == ("1", [(None, "1", "published", "job 1", "")])


def test_without_a_pointer_the_baseline_was_current(form: OldForm) -> None:
    form.write_version("1")
    form.write_moves(PUBLISHED)
    (form.artifacts / "models/digits/current.json").unlink()
    with form.opened() as memory:
        assert memory.pointer.current() == "0"
        assert list(memory.pointer.fallbacks()) == ["0", "1"], "where no baseline ships, what was promoted serves"


def test_a_visible_version_that_was_never_promoted_can_be(form: OldForm) -> None:
    form.write_version("1")
    with form.opened() as memory:
        assert memory.pointer.current() is None
        memory.versions.promote("1", "api", "at last", None)
        assert memory.pointer.current() == "1"


def test_a_broken_version_stops_nothing(form: OldForm, caplog: pytest.LogCaptureFixture) -> None:
    form.write_version("1")
    form.write_version("2", change=lambda text: text[:-40])
    form.write_version("3", change=lambda text: text.replace('"digits"', '"letters"'))
    form.write_version("4", change=lambda text: text.replace('"schema": 1', '"schema": 9'))
    form.write_moves(PUBLISHED, ("1", "2", "job 2", "published"))
    with caplog.at_level(logging.WARNING, "relearn"), form.opened() as memory:
        assert memory.versions.all() == ["1", "4"]
        assert memory.pointer.current() == "2"
        assert memory.versions.find("4").figures == figures_of(REPORT)
        assert memory.versions.find("1").bytes == 7
        reserved = memory.versions.reserve()
        assert reserved.version == "5"
        memory.versions.give_up(reserved)
    told = [each.getMessage() for each in caplog.records]
    assert [words[:35] for words in told] == [
        "version 2 of digits is left out, fo",
        "version 3 of digits is left out, fo",
    ]


def test_every_model_has_its_own(form: OldForm) -> None:
    form.write_version("1")
    form.write_moves(PUBLISHED)
    form.write_version("3", "clothes")
    form.write_moves((None, "3", "job 2", "published"), name="clothes")
    form.write_job("1", result={"state": "published", "version": "1"})
    form.write_job("2", result={"state": "published", "version": "3"})
    form.write_candidate("5", "letters")
    (form.artifacts / "models/nothing/workers").mkdir(parents=True)
    with form.opened() as memory:
        assert (memory.versions.all(), [each.job for each in memory.jobs.page(9)]) == (["1"], ["1"])
        with memory.database.read() as connection:
            assert set(connection.execute(select(model.c.name)).scalars()) == {"digits", "clothes", "letters"}
    with form.opened("clothes") as memory:
        assert (memory.pointer.current(), memory.pointer.moves(9)[0].time) == ("3", TIME)
        assert [each.job for each in memory.jobs.page(9)] == ["2"]
    with form.opened("letters") as memory:
        assert [number for number, _ in memory.jobs.refused(9)] == ["5"]
        assert memory.versions.all() == []
