"""The world of the story, and that its page says what its figures say."""

import json
import re
from pathlib import Path

from benchmarks.loop.telling import told
from benchmarks.loop.world import World, parts, write_base
from benchmarks.mnist import half, read, thinned
from tests.live import ROOT

PICTURES_BYTES = 400_000


def test_the_new_pen_is_thinner_and_what_it_writes_is_there() -> None:
    images = parts()[1].images
    written = thinned(images)
    assert ((written > 0).sum(axis=(1, 2)) < (images > 0).sum(axis=(1, 2))).all()
    assert (written.max(axis=(1, 2)) > 20).mean() > 0.99


def test_each_digit_is_written_once_and_a_share_in_the_new_pen() -> None:
    digits = parts()[0]
    sent = World(digits).writes(len(digits.classes), 0.3)
    assert sorted(each.place for each in sent) == list(range(len(digits.classes)))
    assert all(each.label == str(digits.classes[each.place]) for each in sent)
    assert 0.27 < sum(each.is_new for each in sent) / len(sent) < 0.33


def test_what_judges_is_neither_sent_nor_in_the_base_dataset(tmp_path: Path) -> None:
    write_base(tmp_path / "mnist", 500)
    base = [file.read_bytes()[16:] for file in sorted((tmp_path / "mnist").glob("*images*"))]
    assert b"".join(reversed(base)) == half("train").images[:1000].tobytes()
    hashes = [{image.tobytes() for image in part.images} for part in parts()]
    assert set.union(*hashes) == {image.tobytes() for image in read("test").images}
    assert sum(map(len, hashes)) == len(read("test").classes)


def test_the_page_says_what_was_measured() -> None:
    page = (ROOT / "docs/story.md").read_text()
    measured = json.loads((ROOT / "benchmarks/results/story.json").read_text())["measured"]
    assert told(measured, page) == page


def test_its_pictures_are_shown_and_small() -> None:
    page = (ROOT / "docs/story.md").read_text()
    files = sorted((ROOT / "docs/story").iterdir())
    assert {f"story/{path.name}" for path in files} == set(re.findall(r"\]\((story/[^)]+)\)", page))
    assert sum(path.stat().st_size for path in files) < PICTURES_BYTES
