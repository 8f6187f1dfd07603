"""What an earlier release left is taken over whole, once, or not at all; and what it answered is still the answer."""

import fcntl
import hashlib
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from server.store import fingerprint
from server.store.content import picture_path
from server.store.dataset import Labelled
from server.store.decisions import FIRST, Decision
from server.store.errors import Unavailable
from server.store.tables import decision, image, job, model, tally, version
from tests.server.store.old_form.folder import NAME, OldForm
from tests.server.store.old_form.views import MANY, changed, view

ROOT = Path(__file__).parents[4]
FIGURES = ("metrics", "gate", "training", "timing")  # that the list of versions showed
UNDOABLE = ("1", "2", "3", "10", "14", "15")  # the uploads of the kept folder that were not undone


def test_labels_and_splits_are_what_they_were(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        expected = {sha: (each["label"], each["split"]) for sha, each in answers["uploads"]["images"].items()}
        assert view(memory) == expected
        found = memory.browser.overview()
        counts = answers["uploads"]["counts"]
        assert found.counts == {split: counts[split] for split in ("train", "test")}
        assert (found.images, found.suspects) == (len(expected), sum(counts["suspect"].values()))
        assert found.bytes == answers["uploads"]["stored_bytes"]


def test_batches_and_suspects_are_what_they_were(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        batches = [
            {"batch": each.number, "created_at": each.time, "source": each.source, "count": each.images}
            for each in reversed(memory.browser.batches(MANY))
        ]
        assert batches == answers["dataset"]["batches"]
        assert memory.browser.overview().batches == len(batches) == len(UNDOABLE)
        suspects: list[dict[str, object]] = [
            {
                "sha256": each.sha256,
                "label": each.suspected,
                "batch": each.suspected_in,
                "probability": each.probability,
                "predicted": each.predicted,
            }
            for each in memory.browser.suspects(MANY)
        ]
        assert suspects == answers["dataset"]["suspects"]


def test_what_is_kept_of_counts_is_what_one_would_count(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        decided, kept, learnable, _ = memory.browser.learnable()
        members = sum(fingerprint.member(each.sha256, each.split, each.label) for each in learnable)
        assert kept == fingerprint.changed(fingerprint.EMPTY, members)
        assert decided == 16
        with memory.database.read() as connection:
            assert sum(connection.execute(select(tally.c.images)).scalars()) == len(learnable)
            assert sum(connection.execute(select(image.c.bytes)).scalars()) == memory.browser.overview().bytes


def test_pictures_are_found_at_their_new_place(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        memory.content.sweep()
        for sha, each in answers["uploads"]["images"].items():
            path = form.data / picture_path(sha)
            assert hashlib.sha256(path.read_bytes()).hexdigest() == each["file_sha256"]
            assert path.samefile(form.data / each["path"])
    new = {path.stem for path in form.data.glob("*/[0-9a-f][0-9a-f]/*")}
    assert new == answers["uploads"]["images"].keys()


def test_every_record_is_a_decision_in_an_unbroken_chain(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        memory.dataset.remove_batch("15")
        with memory.database.read() as connection:
            rows = connection.execute(select(decision).order_by(decision.c.id)).all()
    records = [json.loads((form.data / f"batches/{row.id}.json").read_bytes()) for row in rows[:-1]]
    assert [row.id for row in rows] == [*range(1, 17), 17]
    assert [row.time for row in rows[:-1]] == [each["created_at"] for each in records]
    actions = {"upload": "upload", "accept": "accept", "remove": "remove", "remove batch": "undo"}
    assert [row.action for row in rows[:-1]] == [actions[each["action"]] for each in records]
    assert (rows[6].batch_id, rows[3].sha256) == (6, records[3]["target"])
    before = FIRST
    for row in rows:
        made = Decision(row.model_id, row.time, row.by, row.action, row.batch_id, row.sha256, row.content)
        before = made.hash_after(before)
        assert row.hash == before


def test_versions_and_moves_are_what_they_were(form: OldForm, answers: dict[str, Any]) -> None:
    expected = answers["models"]
    with form.opened() as memory:
        assert memory.pointer.current() == expected["current"]
        found = [
            {
                "version": each.version,
                "current": each.version == expected["current"],
                "created_at": each.created_at,
                "bytes": each.bytes,
                **{name: each.figures[name] for name in FIGURES},
            }
            for each in memory.versions.page(MANY)
        ]
        assert found == expected["models"]
        moves = [
            {"time": each.time, "from": each.from_version, "to": each.to_version, "reason": each.kind}
            | {"by": each.by if each.kind == "published" else each.reason}
            for each in memory.pointer.moves(MANY)
        ]
        assert moves == expected["promotions"]
        assert {each.by for each in memory.pointer.moves(MANY) if each.kind != "published"} == {"unknown"}
        for number in memory.versions.all():
            manifest = memory.versions.manifest(number)
            assert all(memory.versions.read(manifest, file) for file in manifest.files)
        with memory.database.read() as connection:
            rows = connection.execute(select(version.c.number, version.c.job_id, version.c.manifest)).all()
        assert rows == [(int(each), int(each), memory.versions.manifest(each).sha256) for each in memory.versions.all()]


def test_jobs_and_candidates_are_what_they_were(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        found = {
            each.job: {"job": each.job, "state": each.state, "created_at": each.created_at, "by": each.by}
            | {"options": each.options, "progress": each.progress, "result": each.result}
            for each in memory.jobs.page(MANY)
        }
        assert found == answers["jobs"]
        assert list(found) == ["6", "5", "4", "3", "2", "1"]
        events = {number: [list(each) for each in memory.jobs.events(number, 0)] for number in found}
        assert events == answers["events"]
        assert memory.jobs.get("4").policy["keep_jobs"] == 50
        assert (memory.jobs.get("5").cancelled, memory.jobs.get("6").cancelled) == (True, False)
        candidates = [
            {"job": number, **{name: figures[name] for name in FIGURES}}
            for number, figures in memory.jobs.refused(MANY)
        ]
        assert candidates == answers["models"]["candidates"]


@pytest.mark.parametrize("number", UNDOABLE)
def test_undoing_a_batch_gives_what_it_would_have_given(form: OldForm, answers: dict[str, Any], number: str) -> None:
    with form.opened() as memory:
        before = view(memory)
        memory.dataset.remove_batch(number)
        assert changed(before, view(memory)) == answers["uploads"]["after_removing_batch"][number]


def test_accepting_and_removing_give_what_they_would_have_given(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        for sha, expected in answers["uploads"]["after_accepting"].items():
            before = view(memory)
            memory.dataset.accept(sha)
            assert changed(before, view(memory)) == expected
        for sha, expected in answers["uploads"]["after_removing_image"].items():
            before = view(memory)
            memory.dataset.remove(sha)
            assert changed(before, view(memory)) == expected
    assert form.is_unchanged(), "the first names of the pictures are not ours to take"


def test_numbers_go_on_where_they_stopped(form: OldForm, answers: dict[str, Any]) -> None:
    picture = Labelled(Image.new("L", (8, 8)), "0")
    with form.opened() as memory:
        assert memory.dataset.add([picture], "upload").batch == "17", "16 was the number of a removal"
        assert memory.browser.overview().decision == 17
        assert memory.browser.page(1).pictures[0].id == 15
        assert memory.jobs.create({}, "api", {}).job == "7"
        reserved = memory.versions.reserve()
        assert reserved.version == "3"
        memory.versions.give_up(reserved)


def test_the_old_files_stay_as_they_were(
    form: OldForm, answers: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "relearn"), form.opened():
        pass
    assert form.is_unchanged()
    told = [each.getMessage() for each in caplog.records if each.name == "relearn"]
    assert len(told) == 1
    assert told[0].startswith("took over 14 images, 6 uploads, 2 versions, 6 jobs of the form before")


def test_what_was_taken_over_is_not_taken_over_again(form: OldForm, answers: dict[str, Any]) -> None:
    with form.opened() as memory:
        memory.dataset.remove_batch("1")
        left = view(memory)
    with form.opened() as memory:
        assert view(memory) == left
        assert [each.number for each in memory.browser.batches(MANY)] == ["15", "14", "10", "3", "2"]


def test_two_processes_at_once_take_over_once(form: OldForm, answers: dict[str, Any]) -> None:
    code = """
import logging, sys
from pathlib import Path
from server.store.memory import open_memory
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
memory = open_memory(Path(sys.argv[1]), Path(sys.argv[2]), "digits", Path("no-baseline"), sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
print(memory.browser.overview().images)
"""
    command = [sys.executable, "-c", code, str(form.artifacts), str(form.data), form.database]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for each in both:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in both:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    said = [each.communicate(timeout=300)[0] for each in both]
    assert [words.splitlines()[-1] for words in said] == ["14", "14"]
    assert sum(words.count("took over") for words in said) == 1
    with form.opened() as memory, memory.database.read() as connection:
        assert len(connection.execute(select(job.c.id)).all()) == 6


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("artifacts/jobs/lock", "a trainer of an earlier release still runs job 6"),
        ("artifacts/models/digits/workers/12044-47de9a8c.json", "process 12044, still runs and serves digits"),
        ("data/lock", "a process of an earlier release still runs"),
    ],
)
def test_nothing_is_taken_over_while_the_release_before_runs(
    form: OldForm, answers: dict[str, Any], path: str, words: str
) -> None:
    with (form.root / path).open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with form.opened(used=False) as memory:
            with pytest.raises(Unavailable, match=words):
                memory.browser.overview()
            assert not form.has_tables()
    with form.opened() as memory:
        assert memory.browser.overview().images == 14
    assert form.is_unchanged()


def test_empty_folders_give_an_empty_database_and_no_word(form: OldForm, caplog: pytest.LogCaptureFixture) -> None:
    form.write("data/README.md", "what lies here")
    form.write("artifacts/baseline/manifest.json", {})
    with caplog.at_level(logging.INFO, "relearn"), form.opened() as memory:
        assert memory.browser.overview().images == 0
        with memory.database.read() as connection:
            assert connection.execute(select(model.c.name)).scalars().all() == [NAME]
    assert not [each for each in caplog.records if each.name == "relearn"]


@pytest.mark.parametrize(("missing", "images", "versions"), [("artifacts", 14, 0), ("data", 0, 2)])
def test_one_folder_is_taken_over_without_the_other(
    form: OldForm, answers: dict[str, Any], missing: str, images: int, versions: int
) -> None:
    (form.root / missing).rename(form.root / "elsewhere")
    with form.opened() as memory:
        assert memory.browser.overview().images == images
        assert len(memory.versions.all()) == versions
