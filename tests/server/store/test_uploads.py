"""What was acknowledged is there once, under its last label; what was not is swept."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from server.store.records import split_of
from server.store.uploads import Labelled, Uploads

from server.pictures import image
from server.store.errors import NotFound, QuotaReached
from tests.digits import Digits


def pictures(digits: Digits, *positions: int) -> list[Labelled]:
    return [Labelled(Image.fromarray(digits.images[each]), str(digits.classes[each])) for each in positions]


def stored_files(data: Path) -> list[Path]:
    return sorted(path for split in ("train", "test", "suspect") for path in (data / split).rglob("*.png"))


def test_pictures_are_stored_once_by_label_and_split(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    stored = uploads.add(pictures(digits, *range(50)), "upload")
    assert (stored.batch, stored.count, stored.duplicates) == ("1", 50, ())
    files = stored_files(tmp_path)
    assert len(files) == 50
    for path in files:
        with Image.open(path) as picture:
            pixels = image.pixels(picture)
        assert path.stem == image.pixels_sha256(pixels)
        assert path.parents[1].name == split_of(path.stem)
    counts = uploads.counts()
    assert sum(counts["train"].values()) + sum(counts["test"].values()) == 50


def test_about_one_in_five_is_held_out(digits: Digits) -> None:
    names = [image.pixels_sha256(digits.images[each][:, :, None]) for each in range(5000)]
    assert 0.17 < np.mean([split_of(name) == "test" for name in names]) < 0.23


def test_the_same_picture_again_is_a_duplicate(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    uploads.add(pictures(digits, 1, 2), "upload")
    again = Uploads(tmp_path).add(pictures(digits, 2, 3, 3), "upload")
    assert (again.batch, again.count, again.duplicates) == ("2", 1, (0, 2))
    nothing = uploads.add(pictures(digits, 1), "upload")
    assert (nothing.batch, nothing.count, nothing.duplicates) == (None, 0, (0,))
    assert len(stored_files(tmp_path)) == 3


def test_a_grey_picture_has_one_name_whatever_its_mode(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    grey = Image.fromarray(digits.images[0])
    uploads.add([Labelled(grey, "7")], "upload")
    assert uploads.add([Labelled(grey.convert("RGB"), "7")], "upload").duplicates == (0,)


def test_the_last_label_wins_and_the_history_stays(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    picture = Image.fromarray(digits.images[0])
    uploads.add([Labelled(picture, "1")], "upload")
    assert uploads.add([Labelled(picture, "7")], "correction").count == 1
    assert [upload.label for upload in uploads.images().values()] == ["7"]
    assert [path.parent.name for path in stored_files(tmp_path)] == ["7"]
    assert [batch.images[0].label for batch in uploads.batches()] == ["1", "7"]
    assert uploads.add([Labelled(picture, "1")], "correction").count == 1
    assert [path.parent.name for path in stored_files(tmp_path)] == ["1"]


def test_two_labels_for_one_picture_in_one_upload_keep_the_last(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    picture = Image.fromarray(digits.images[0])
    assert uploads.add([Labelled(picture, "1"), Labelled(picture, "7")], "upload").count == 1
    assert [path.parent.name for path in stored_files(tmp_path)] == ["7"]


def test_metadata_never_reaches_the_disk(tmp_path: Path, digits: Digits) -> None:
    picture = Image.fromarray(digits.images[0])
    picture.info["comment"] = "who I am"
    exif = picture.getexif()
    exif[0x010E] = "where I live"
    Uploads(tmp_path).add([Labelled(picture, "7")], "upload")
    (path,) = stored_files(tmp_path)
    with Image.open(path) as stored:
        assert stored.info == {}
    assert b"where" not in path.read_bytes()


@pytest.mark.parametrize("label", ["a/b", "..", ".", "../../x", "T-shirt/top", "déjà", "a b"])
def test_no_label_leaves_the_data_folder(tmp_path: Path, digits: Digits, label: str) -> None:
    data = tmp_path / "data"
    uploads = Uploads(data)
    uploads.add([Labelled(Image.fromarray(digits.images[0]), label)], "upload")
    (path,) = stored_files(data)
    assert path.parents[2] == data
    assert path.resolve() == path
    assert [upload.label for upload in uploads.images().values()] == [label]


def test_an_upload_that_fails_at_any_fsync_stored_nothing(
    tmp_path: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync
    uploads = Uploads(tmp_path)
    uploads.add(pictures(digits, 0), "upload")
    point = 0
    while True:
        left = point

        def fail(descriptor: int) -> None:
            nonlocal left
            if left == 0:
                raise OSError(5, "Input/output error")
            left -= 1
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fail)
        try:
            uploads.add(pictures(digits, 1, 2, 3), "upload")
        except OSError:
            monkeypatch.setattr(os, "fsync", real)
            fresh = Uploads(tmp_path)
            named = len(fresh.images())
            assert named in (1, 4)  # 4 once only the last fsync, of the folder of batches, is the one that failed
            fresh.sweep()
            assert len(stored_files(tmp_path)) == named
            if named == 4:
                break
        else:
            break
        point += 1
    assert point >= 4


def test_strays_are_swept_and_nothing_else(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    uploads.add(pictures(digits, 0, 1), "upload")
    stray = tmp_path / "train" / "7" / ("0" * 64 + ".png")
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"half")
    (tmp_path / "batches" / ".tmp-9").write_bytes(b"{")
    assert uploads.sweep() == 2
    assert len(stored_files(tmp_path)) == 2


def test_a_doubted_label_is_put_aside_until_it_is_accepted(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    picture = Image.fromarray(digits.images[0])
    stored = uploads.add([Labelled(picture, "1", doubt=(0.001, "7"))], "upload")
    ((position, suspect),) = stored.suspects
    assert (stored.count, position, suspect.split, suspect.probability, suspect.predicted) == (
        1,
        0,
        "suspect",
        0.001,
        "7",
    )
    assert uploads.learnable() == []
    assert uploads.counts()["suspect"] == {"1": 1}
    empty = uploads.fingerprint()
    assert uploads.add([Labelled(picture, "1", doubt=(0.001, "7"))], "upload").duplicates == (0,)
    uploads.accept(suspect.sha256)
    assert [each.label for each in uploads.learnable()] == ["1"]
    assert uploads.fingerprint() != empty
    assert [path.parents[1].name for path in stored_files(tmp_path)] == [split_of(suspect.sha256)]
    with pytest.raises(NotFound):
        uploads.accept(suspect.sha256)
    assert uploads.add([Labelled(picture, "1", doubt=(0.001, "7"))], "upload").duplicates == (0,)
    assert len(uploads.learnable()) == 1


def test_a_correction_takes_a_suspect_out(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    picture = Image.fromarray(digits.images[0])
    uploads.add([Labelled(picture, "1", doubt=(0.001, "7"))], "upload")
    assert uploads.add([Labelled(picture, "7")], "correction").count == 1
    assert [each.label for each in uploads.learnable()] == ["7"]
    assert len(stored_files(tmp_path)) == 1


def test_a_removed_batch_is_as_if_it_had_never_been(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    uploads.add(pictures(digits, 0, 1), "upload")
    before = uploads.images(), uploads.fingerprint(), stored_files(tmp_path)
    wrong = Labelled(Image.fromarray(digits.images[0]), "9")
    batch = uploads.add([wrong, *pictures(digits, 2, 3)], "upload").batch
    assert batch == "2"
    assert len(stored_files(tmp_path)) == 4
    uploads.remove_batch(batch)
    assert (uploads.images(), uploads.fingerprint(), stored_files(tmp_path)) == before
    assert [each.number for each in uploads.batches()] == ["1"]
    with pytest.raises(NotFound):
        uploads.remove_batch(batch)
    assert uploads.add([wrong], "upload").batch == "4"


def test_a_removed_image_is_gone_and_may_come_again(tmp_path: Path, digits: Digits) -> None:
    uploads = Uploads(tmp_path)
    uploads.add(pictures(digits, 0, 1), "upload")
    sha256 = next(iter(uploads.images()))
    uploads.remove(sha256)
    assert len(stored_files(tmp_path)) == len(uploads.images()) == 1
    with pytest.raises(NotFound):
        uploads.remove(sha256)
    assert uploads.add(pictures(digits, 0), "upload").count == 1


@pytest.mark.parametrize("limits", [(2, 2**30), (100, 600)])
def test_the_quota_stops_an_upload_whole(tmp_path: Path, digits: Digits, limits: tuple[int, int]) -> None:
    uploads = Uploads(tmp_path, *limits)
    uploads.add(pictures(digits, 0, 1), "upload")
    with pytest.raises(QuotaReached, match="quota"):
        uploads.add(pictures(digits, 2, 3), "upload")
    assert len(stored_files(tmp_path)) == 2
    assert uploads.add(pictures(digits, 0, 1), "upload").count == 0
