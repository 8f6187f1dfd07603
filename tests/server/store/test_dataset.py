"""What was acknowledged is there once, under its last label."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.pictures import image
from server.store import files
from server.store.content import Content
from server.store.dataset import Labelled
from server.store.errors import NotFound, QuotaReached
from server.store.memory import Memory
from server.store.split import split_of
from tests.opener import Opener
from tests.server.store.memories import doubted, labelled, labels, picture, sha_of, stored, suspects


def test_pictures_are_stored_once_at_a_place_that_no_label_decides(memory: Memory, data: Path) -> None:
    done = memory.dataset.add([labelled(each, str(each % 10)) for each in range(30)], "upload")
    assert (done.batch, done.count, done.duplicates, done.suspects) == ("1", 30, (), ())
    found = list(data.rglob("*.png"))
    assert len(found) == 30
    for path in found:
        with Image.open(path) as opened:
            assert path.stem == image.pixels_sha256(image.pixels(opened))
        assert path == data / split_of(path.stem) / path.stem[:2] / f"{path.stem}.png"


def test_about_one_in_five_is_held_out() -> None:
    assert 0.17 < np.mean([split_of(sha_of(each)) == "test" for each in range(5000)]) < 0.23


def test_the_same_picture_again_is_a_duplicate(opener: Opener, data: Path) -> None:
    opener().dataset.add([labelled(1), labelled(2)], "upload")
    again = opener().dataset.add([labelled(2), labelled(3), labelled(3)], "upload")
    assert (again.batch, again.count, again.duplicates) == ("2", 1, (0, 2))
    nothing = opener().dataset.add([labelled(1)], "upload")
    assert (nothing.batch, nothing.count, nothing.duplicates) == (None, 0, (0,))
    assert stored(data) == {sha_of(1), sha_of(2), sha_of(3)}


def test_a_grey_picture_has_one_name_whatever_its_mode(memory: Memory) -> None:
    memory.dataset.add([labelled(1)], "upload")
    assert memory.dataset.add([Labelled(picture(1).convert("RGB"), "1")], "upload").duplicates == (0,)


def test_the_last_label_wins(memory: Memory, data: Path) -> None:
    memory.dataset.add([labelled(1, "1")], "upload")
    places = list(data.rglob("*.png"))
    assert memory.dataset.add([labelled(1, "7")], "correction").count == 1
    assert labels(memory) == {sha_of(1): "7"}
    assert memory.dataset.add([labelled(1, "1")], "correction").batch == "3"
    assert labels(memory) == {sha_of(1): "1"}
    assert list(data.rglob("*.png")) == places


def test_two_labels_for_one_picture_in_one_upload_keep_the_last(memory: Memory) -> None:
    done = memory.dataset.add([labelled(1, "1"), labelled(1, "7")], "upload")
    assert (done.count, done.duplicates) == (1, ())
    assert labels(memory) == {sha_of(1): "7"}


def test_metadata_never_reaches_the_disk(memory: Memory, data: Path) -> None:
    sent = picture(1)
    sent.info["comment"] = "who I am"
    sent.getexif()[0x010E] = "where I live"
    memory.dataset.add([Labelled(sent, "7")], "upload")
    (path,) = data.rglob("*.png")
    with Image.open(path) as opened:
        assert opened.info == {}
    assert b"where" not in path.read_bytes()


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        *[(each, each) for each in ("a/b", "..", ".", "../../x", "T-shirt/top", "déjà", "a b", "'; DROP TABLE image")],
        ("a\0b", "a?b"),
        ("\ud800", "?"),
    ],
)
def test_no_label_is_part_of_a_path(memory: Memory, data: Path, label: str, kept: str) -> None:
    memory.dataset.add([labelled(1, label)], label, by=label)
    assert labels(memory) == {sha_of(1): kept}
    split = split_of(sha_of(1))
    assert {path.relative_to(data).as_posix() for path in data.rglob("*")} == {
        split, f"{split}/{sha_of(1)[:2]}", f"{split}/{sha_of(1)[:2]}/{sha_of(1)}.png",
    }  # fmt: skip


def test_a_doubted_label_is_put_aside_until_it_is_accepted(memory: Memory, data: Path) -> None:
    done = memory.dataset.add([labelled(2), doubted(1, "3")], "upload")
    (suspect,) = done.suspects
    assert (done.count, suspect.position, suspect.sha256, suspect.label) == (2, 1, sha_of(1), "3")
    assert (suspect.probability, suspect.predicted) == (0.001, "7")
    assert labels(memory) == {sha_of(2): "1"}
    before = memory.browser.overview()
    assert memory.dataset.add([doubted(1, "3")], "upload").duplicates == (0,)
    memory.dataset.accept(sha_of(1))
    assert labels(memory) == {sha_of(2): "1", sha_of(1): "3"}
    after = memory.browser.overview()
    assert (before.suspects, after.suspects) == (1, 0)
    assert before.fingerprint != after.fingerprint
    assert stored(data) == {sha_of(1), sha_of(2)}
    with pytest.raises(NotFound):
        memory.dataset.accept(sha_of(1))
    assert memory.dataset.add([doubted(1, "3")], "upload").duplicates == (0,)


def test_a_suspect_stands_where_its_doubted_label_stood_in_the_upload(memory: Memory) -> None:
    done = memory.dataset.add([doubted(1, "3"), doubted(1, "3"), labelled(2)], "upload")
    assert done.duplicates == (1,)
    assert [each.position for each in done.suspects] == [0]


def test_a_correction_takes_a_suspect_out(memory: Memory) -> None:
    memory.dataset.add([doubted(1, "3")], "upload")
    assert memory.dataset.add([labelled(1, "7")], "correction").count == 1
    assert (labels(memory), suspects(memory)) == ({sha_of(1): "7"}, {})


def test_the_label_in_force_sent_again_takes_a_suspicion_out(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1")], "upload")
    memory.dataset.add([doubted(1, "3")], "upload")
    assert memory.dataset.add([labelled(1, "1")], "upload").count == 1
    assert (labels(memory), suspects(memory)) == ({sha_of(1): "1"}, {})


def test_a_doubted_relabel_leaves_a_picture_in_training_under_its_label(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1")], "upload")
    before = memory.browser.overview()
    memory.dataset.add([doubted(1, "3")], "upload")
    assert (labels(memory), suspects(memory)) == ({sha_of(1): "1"}, {sha_of(1): "3"})
    now = memory.browser.overview()
    assert (now.fingerprint, now.counts) == (before.fingerprint, before.counts)
    memory.dataset.accept(sha_of(1))
    assert (labels(memory), suspects(memory)) == ({sha_of(1): "3"}, {})


def test_a_rejected_suspicion_leaves_the_label_in_force(memory: Memory, data: Path) -> None:
    memory.dataset.add([labelled(1, "1")], "upload")
    before = memory.browser.overview()
    memory.dataset.add([doubted(1, "3")], "upload")
    memory.dataset.add([doubted(1, "4")], "upload")
    memory.dataset.reject(sha_of(1))
    assert (labels(memory), suspects(memory)) == ({sha_of(1): "1"}, {})
    assert memory.browser.overview().fingerprint == before.fingerprint
    assert stored(data) == {sha_of(1)}
    with pytest.raises(NotFound):
        memory.dataset.reject(sha_of(1))


def test_a_rejected_picture_that_has_no_other_label_goes(memory: Memory, data: Path) -> None:
    memory.dataset.add([doubted(1, "3"), labelled(2)], "upload")
    memory.dataset.reject(sha_of(1))
    assert stored(data) == {sha_of(2)}
    assert memory.browser.overview().images == 1
    with pytest.raises(NotFound):
        memory.browser.picture(sha_of(1))


def test_an_undone_upload_is_as_if_it_had_never_been(memory: Memory, data: Path) -> None:
    memory.dataset.add([labelled(1, "1"), labelled(2, "2"), doubted(3, "3")], "upload")
    before = memory.browser.overview(), labels(memory), suspects(memory), stored(data)
    wrong = [labelled(1, "9"), doubted(2, "9"), labelled(3, "9"), labelled(4), labelled(5)]
    batch = memory.dataset.add(wrong, "upload").batch
    assert batch == "2"
    assert len(stored(data)) == 5
    memory.dataset.remove_batch(batch)
    overview = memory.browser.overview()
    assert overview.decision > before[0].decision
    same = overview.images, overview.bytes, overview.suspects, overview.batches, overview.fingerprint, overview.counts
    was = before[0]
    assert same == (was.images, was.bytes, was.suspects, was.batches, was.fingerprint, was.counts)
    assert (labels(memory), suspects(memory), stored(data)) == before[1:]
    with pytest.raises(NotFound):
        memory.dataset.remove_batch(batch)
    assert memory.dataset.add(wrong, "upload").batch == "3"


def test_an_undone_upload_leaves_what_was_said_since(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1"), labelled(2, "1")], "upload")
    memory.dataset.add([labelled(1, "7")], "correction")
    memory.dataset.remove_batch("1")
    assert labels(memory) == {sha_of(1): "7"}


def test_an_undone_upload_takes_along_what_was_accepted_of_it(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1")], "upload")
    memory.dataset.add([doubted(1, "3")], "upload")
    memory.dataset.accept(sha_of(1))
    memory.dataset.remove_batch("2")
    assert labels(memory) == {sha_of(1): "1"}


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "", "\uff11", "9" * 19, "9" * 18, "1 OR 1"])
def test_an_unknown_batch_is_not_found(memory: Memory, number: str) -> None:
    memory.dataset.add([labelled(1)], "upload")
    with pytest.raises(NotFound):
        memory.dataset.remove_batch(number)


def test_a_removed_image_is_gone_and_may_come_again(memory: Memory, data: Path) -> None:
    memory.dataset.add([labelled(1), labelled(2)], "upload")
    memory.dataset.remove(sha_of(1))
    assert stored(data) == labels(memory).keys() == {sha_of(2)}
    with pytest.raises(NotFound):
        memory.dataset.remove(sha_of(1))
    assert memory.dataset.add([labelled(1)], "upload").count == 1
    assert stored(data) == {sha_of(1), sha_of(2)}


@pytest.mark.parametrize("limits", [(2, 2**30), (100, 300)])
def test_the_quota_stops_an_upload_whole(opener: Opener, data: Path, limits: tuple[int, int]) -> None:
    memory = opener(images_limit=limits[0], bytes_limit=limits[1])
    memory.dataset.add([labelled(1), labelled(2)], "upload")
    assert memory.browser.overview().bytes == sum(path.stat().st_size for path in data.rglob("*.png"))
    with pytest.raises(QuotaReached, match="quota"):
        memory.dataset.add([labelled(3), labelled(4)], "upload")
    assert stored(data) == {sha_of(1), sha_of(2)}
    assert memory.dataset.add([labelled(1), labelled(2, "9")], "upload").count == 1
    memory.dataset.remove(sha_of(1))
    assert memory.dataset.add([labelled(3)], "upload").count == 1


def test_an_upload_beyond_the_quota_writes_no_file(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = opener(images_limit=2)
    monkeypatch.setattr(Content, "write", lambda *_: pytest.fail("a file was written"))
    with pytest.raises(QuotaReached, match="3"):
        memory.dataset.add([labelled(1), labelled(2), labelled(3)], "upload")


@pytest.mark.parametrize("limits", [(4, 2**30), (100, 500)])
def test_what_failed_uploads_leave_behind_is_within_the_quota(
    opener: Opener, data: Path, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int]
) -> None:
    memory = opener(images_limit=limits[0], bytes_limit=limits[1])
    write, remove = Content.write, files.remove_ours

    def fail_at_the_end(self: Content, contents: dict[str, bytes], root: str) -> None:
        write(self, contents, root)
        raise OSError(errno.EIO, "a fault that a test made")

    def fail(_: Path) -> int:
        raise OSError(errno.EBUSY, "a fault that a test made")

    monkeypatch.setattr(Content, "write", fail_at_the_end)
    monkeypatch.setattr(files, "remove_ours", fail)
    raised = []
    for number in range(0, 12, 2):
        with pytest.raises((OSError, QuotaReached)) as caught:
            memory.dataset.add([labelled(number), labelled(number + 1)], "upload")
        raised.append(caught.type)
    assert (raised[0], raised[-1]) == (OSError, QuotaReached)
    left = list(data.rglob("*.png"))
    assert 0 < len(left) <= limits[0]
    assert sum(path.stat().st_size for path in left) <= limits[1]
    monkeypatch.setattr(Content, "write", write)
    monkeypatch.setattr(files, "remove_ours", remove)
    memory.content.sweep()
    assert list(data.rglob("*.png")) == []
    assert memory.dataset.add([labelled(1), labelled(2)], "upload").count == 2


def test_a_lost_image_comes_back_into_a_full_store(opener: Opener, data: Path) -> None:
    memory = opener(images_limit=1)
    memory.dataset.add([labelled(1)], "upload")
    (path,) = data.rglob("*.png")
    path.unlink()
    memory.dataset.add([labelled(1)], "upload")
    assert path.is_file()


def test_a_lost_file_of_a_known_image_is_healed_by_uploading_it_again(memory: Memory, data: Path) -> None:
    memory.dataset.add([labelled(1)], "upload")
    (path,) = data.rglob("*.png")
    whole = path.read_bytes()
    path.unlink()
    again = memory.dataset.add([labelled(1)], "upload")
    assert (again.batch, again.duplicates) == (None, (0,))
    assert path.read_bytes() == whole


def test_two_models_share_a_store_and_no_facts(opener: Opener, data: Path) -> None:
    digits, letters = opener("digits"), opener("letters")
    digits.dataset.add([labelled(1, "1"), labelled(2, "1")], "upload")
    batch = letters.dataset.add([labelled(1, "a"), labelled(3, "b")], "upload").batch
    assert batch is not None
    with pytest.raises(NotFound):
        digits.dataset.remove_batch(batch)
    digits.dataset.remove_batch("1")
    assert labels(digits) == {}
    assert labels(letters) == {sha_of(1): "a", sha_of(3): "b"}
    assert stored(data) == {sha_of(1), sha_of(3)}


def test_what_a_failed_upload_wrote_goes_at_once(memory: Memory, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(memory.content, "settle", fail)
        with pytest.raises(OSError, match="Input/output"):
            memory.dataset.add([labelled(1), labelled(2)], "upload")
    assert stored(data) == set()
