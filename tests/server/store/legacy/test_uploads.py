"""Whatever was done with the uploads, the answer after the takeover is the answer before, and so is each one later."""

import errno
import hashlib
import logging
import math
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.store.content import picture_path
from server.store.errors import NotFound, Unavailable
from server.store.split import split_of
from tests.server.store.old_form.folder import TIME, OldForm
from tests.server.store.old_form.uploads import OldUploads, path_of, sha_of
from tests.server.store.old_form.views import changed, view

IMAGES = [sha_of(number) for number in range(4)]
SHA = next(sha_of(number) for number in range(100) if split_of(sha_of(number)) == "train")
_said = st.tuples(st.sampled_from(IMAGES), st.sampled_from("123"), st.booleans())
_deeds = st.one_of(
    st.tuples(st.just("add"), st.lists(_said, min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["accept", "remove"]), st.sampled_from(IMAGES)),
    st.tuples(st.just("undo"), st.integers(0, 9)),
)


@given(deeds=st.lists(_deeds, max_size=14), later=_deeds.filter(lambda deed: deed[0] != "add"))
@settings(max_examples=30, deadline=None)
def test_any_history_is_continued(deeds: list[tuple[str, object]], later: tuple[str, object]) -> None:
    """But for accepts, which belong to the label that they accepted: see below."""
    with tempfile.TemporaryDirectory() as folder:
        form = OldForm(Path(folder))
        uploads = OldUploads(form)
        for name, argument in deeds:
            do(uploads, name, argument)
        uploads.write()
        with form.opened() as memory:
            assert view(memory) == uploads.view()
            assert [each.number for each in reversed(memory.browser.batches(99))] == uploads.batches()
            batches = uploads.batches()
            name, argument = later
            moved: set[str] = set()
            try:
                if name == "undo" and batches:
                    number = batches[int(str(argument)) % len(batches)]
                    moved = uploads.accepted_in(number)
                    memory.dataset.remove_batch(number)
                elif name != "undo":
                    (memory.dataset.accept if name == "accept" else memory.dataset.remove)(str(argument))
            except NotFound:
                before = uploads.view()
                do(uploads, name, argument)
                assert uploads.view() == before
            else:
                do(uploads, name, argument)
            now, expected = view(memory), uploads.view()
            assert {sha: now[sha] for sha in now.keys() - moved} == {
                sha: expected[sha] for sha in expected.keys() - moved
            }


def do(uploads: OldUploads, name: str, argument: object) -> None:
    if isinstance(argument, list):
        uploads.add(*argument)
    elif name == "undo" and uploads.batches():
        uploads.remove_batch(uploads.batches()[int(str(argument)) % len(uploads.batches())])
    elif name in ("accept", "remove"):
        {"accept": uploads.accept, "remove": uploads.remove}[name](str(argument))


def test_labels_that_paths_quote_are_found(form: OldForm) -> None:
    answers = form.unpack("labels")["uploads"]
    with form.opened("clothes") as memory:
        assert view(memory) == {sha: (each["label"], each["split"]) for sha, each in answers["images"].items()}
        assert memory.browser.overview().bytes == answers["stored_bytes"]
        for sha, each in answers["images"].items():
            data = (form.data / picture_path(sha)).read_bytes()
            assert hashlib.sha256(data).hexdigest() == each["file_sha256"]
        before = view(memory)
        memory.dataset.remove_batch("2")
        assert changed(before, view(memory)) == answers["after_removing_batch"]["2"]
    assert form.is_unchanged()


def test_a_doubt_waits_beside_the_label_that_it_once_put_aside(form: OldForm) -> None:
    """Before, an image with a doubted new label was a suspect and nothing else, and was not learnt from."""
    uploads = OldUploads(form)
    uploads.add((SHA, "1", False))
    uploads.add((SHA, "2", True))
    uploads.write()
    assert uploads.view() == {SHA: ("2", "suspect")}
    with form.opened() as memory:
        found = memory.browser.picture(SHA)
        assert (found.label, found.batch, found.suspected, found.suspected_in) == ("1", "1", "2", "2")
        assert memory.browser.overview().counts["train"] == {"1": 1}
        memory.dataset.accept(SHA)
        assert view(memory) == {SHA: ("2", "train")}
        memory.dataset.remove_batch("2")
        assert view(memory) == {SHA: ("1", "train")}


def test_an_accept_goes_with_the_label_that_it_accepted(form: OldForm) -> None:
    """Before, it was replayed: once its upload was undone, it took the doubted label before that for accepted."""
    uploads = OldUploads(form)
    uploads.add((SHA, "1", True))
    uploads.add((SHA, "2", True))
    uploads.accept(SHA)
    uploads.write()
    with form.opened() as memory:
        assert view(memory) == uploads.view() == {SHA: ("2", "train")}
        memory.dataset.remove_batch("2")
        assert view(memory) == {SHA: ("1", "suspect")}
    uploads.remove_batch("2")
    assert uploads.view() == {SHA: ("1", "train")}


def test_an_accept_that_was_moved_before_stays_where_it_is(form: OldForm) -> None:
    uploads = OldUploads(form)
    uploads.add((SHA, "1", True))
    uploads.add((SHA, "2", True))
    uploads.accept(SHA)
    uploads.remove_batch("2")
    uploads.write()
    with form.opened() as memory:
        assert view(memory) == uploads.view() == {SHA: ("1", "train")}


def test_a_file_that_no_record_names_is_not_taken_over(form: OldForm) -> None:
    stray = form.write(f"data/train/1/{SHA}.png", "of a call that was never acknowledged")
    OldUploads(form).form.write("data/batches/.tmp-1.json", "half a rec")
    uploads = OldUploads(form)
    uploads.add((sha_of(1), "1", False))
    uploads.write()
    with form.opened() as memory:
        assert view(memory).keys() == {sha_of(1)}
        memory.content.sweep()
    assert stray.is_file()
    assert not (form.data / picture_path(SHA)).exists()


def test_a_lost_picture_keeps_its_row_and_is_told(form: OldForm, caplog: pytest.LogCaptureFixture) -> None:
    uploads = OldUploads(form)
    uploads.add((SHA, "1", False), (sha_of(1), "1", False))
    uploads.write()
    (form.data / path_of(uploads.images()[SHA])).unlink()
    with caplog.at_level(logging.WARNING, "relearn"), form.opened() as memory:
        assert view(memory) == uploads.view()
    assert f"lost files of uploaded images: 1, such as train/1/{SHA}.png" in caplog.text


def test_a_record_that_cannot_be_read_stops_everything_until_it_is_mended(form: OldForm) -> None:
    uploads = OldUploads(form)
    uploads.add((SHA, "1", False))
    uploads.add((sha_of(1), "1", False))
    uploads.write()
    path = form.data / "batches" / "2.json"
    whole = path.read_text()
    for broken in ("", "[]", whole[:-20], whole.replace(sha_of(1), "../x"), whole.replace('"upload"', '"uplaod"', 1)):
        path.write_text(broken)
        with form.opened(used=False) as memory:
            with pytest.raises(Unavailable, match=r"the record .*2\.json of an earlier release can't be read"):
                memory.browser.overview()
            assert not form.has_tables()
    path.write_text(whole)
    with form.opened() as memory:
        assert view(memory) == uploads.view()


def test_a_doubt_that_is_no_number_is_a_doubt(form: OldForm) -> None:
    said = {"sha256": SHA, "label": "1", "split": "suspect", "probability": math.nan, "predicted": "7"}
    record = {"number": "1", "created_at": TIME, "action": "upload", "source": "phone", "images": [said]}
    form.write("data/batches/1.json", {**record, "target": None})
    form.write(f"data/suspect/1/{SHA}.png", "a picture")
    with form.opened() as memory:
        (found,) = memory.browser.suspects(9)
        assert (found.suspected, found.probability, found.predicted, found.label) == ("1", 0.0, "7", None)


def test_a_label_that_is_named_as_the_new_folder_is_no_trouble(form: OldForm) -> None:
    uploads = OldUploads(form)
    uploads.add((SHA, SHA[:2], False))
    uploads.write()
    with form.opened() as memory:
        assert memory.browser.picture(SHA).label == SHA[:2]
    assert (form.data / picture_path(SHA)).read_text() == f"the picture {SHA}"


def test_what_lies_at_the_new_place_from_an_attempt_before_is_mended(form: OldForm) -> None:
    uploads = OldUploads(form)
    uploads.add((SHA, "1", False))
    uploads.write()
    new = form.write(f"data/{picture_path(SHA)}", "half")
    form.write(f"data/{picture_path(SHA)}".replace(SHA, f".tmp-{SHA}"), "ha")
    with form.opened():
        assert [path.read_text() for path in new.parent.iterdir()] == [f"the picture {SHA}"]


def test_pictures_are_copied_where_a_file_has_one_name(form: OldForm, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    uploads = OldUploads(form)
    uploads.add((SHA, "1", False))
    uploads.write()
    monkeypatch.setattr(os, "link", refuse)
    with form.opened() as memory:
        new = form.data / picture_path(SHA)
        assert new.read_text() == f"the picture {SHA}"
        assert not new.samefile(form.data / path_of(uploads.images()[SHA]))
        assert memory.browser.overview().bytes == new.stat().st_size


def test_a_full_disk_leaves_everything_to_another_time(form: OldForm, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    uploads = OldUploads(form)
    uploads.add((SHA, "1", False))
    uploads.write()
    with monkeypatch.context() as full, form.opened(used=False) as memory:
        full.setattr(os, "fsync", refuse)
        with pytest.raises(Unavailable, match="No space left on device"):
            memory.browser.overview()
        assert not form.has_tables()
    with form.opened() as memory:
        assert view(memory) == uploads.view()
