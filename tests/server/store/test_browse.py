"""Pages and counts of a dataset."""

from collections import Counter

import pytest

from server.store import browse
from server.store.errors import NotFound
from server.store.memory import Memory
from server.store.selection import Selection
from server.store.split import split_of
from tests.server.store.memories import doubted, labelled, labels, sha_of


def test_an_empty_dataset_has_nothing(memory: Memory) -> None:
    overview = memory.browser.overview()
    assert (overview.images, overview.bytes, overview.suspects, overview.batches, overview.decision) == (0, 0, 0, 0, 0)
    assert overview.counts == {"train": {}, "test": {}}
    assert overview.fingerprint == "0" * 64
    assert memory.browser.learnable() == (0, "0" * 64, [], [])
    assert (memory.browser.page(10).pictures, memory.browser.suspects(10), memory.browser.batches(10)) == ([], [], [])


def test_counts_are_by_split_and_label(memory: Memory) -> None:
    memory.dataset.add([labelled(each, str(each % 3)) for each in range(40)] + [doubted(40, "9")], "upload")
    memory.dataset.add([labelled(0, "2"), doubted(1, "9")], "correction")
    memory.dataset.remove(sha_of(5))
    overview = memory.browser.overview()
    expected = Counter((split_of(sha256), label) for sha256, label in labels(memory).items())
    found = {(split, label): count for split, some in overview.counts.items() for label, count in some.items()}
    assert found == expected
    assert expected.total() == 39
    assert (overview.images, overview.suspects, overview.batches) == (40, 2, 2)


def test_a_label_without_images_is_not_counted(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1")], "upload")
    memory.dataset.add([labelled(1, "2")], "upload")
    assert memory.browser.overview().counts[split_of(sha_of(1))] == {"2": 1}


def test_images_are_listed_in_pages_newest_first(memory: Memory) -> None:
    for each in range(7):
        memory.dataset.add([labelled(each)], "upload")
    first = memory.browser.page(3).pictures
    second = memory.browser.page(3, before=first[-1].id).pictures
    third = memory.browser.page(3, before=second[-1].id).pictures
    assert [each.sha256 for each in first + second + third] == [sha_of(each) for each in reversed(range(7))]
    assert memory.browser.page(3, before=third[-1].id).pictures == []


def test_images_are_found_by_label_and_split(memory: Memory) -> None:
    memory.dataset.add([labelled(each, str(each % 2)) for each in range(30)], "upload")
    found = memory.browser.page(100, None, Selection("1", "test")).pictures
    assert {each.sha256 for each in found} == {
        sha_of(each) for each in range(1, 30, 2) if split_of(sha_of(each)) == "test"
    }
    assert memory.browser.page(100, None, Selection("none")).pictures == []


def test_a_picture_says_who_said_what(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1")], "upload")
    memory.dataset.add([doubted(1, "3")], "upload")
    found = memory.browser.picture(sha_of(1))
    assert (found.label, found.batch, found.split) == ("1", "1", split_of(sha_of(1)))
    assert (found.suspected, found.suspected_in, found.probability, found.predicted) == ("3", "2", 0.001, "7")
    with pytest.raises(NotFound):
        memory.browser.picture("no hash")


def test_suspects_are_listed_in_pages_the_newest_doubt_first(memory: Memory) -> None:
    memory.dataset.add([labelled(0), labelled(9)], "upload")
    for each in (1, 2, 3, 0):
        memory.dataset.add([doubted(each, "3")], "upload")
    found = memory.browser.suspects(10)
    assert [each.sha256 for each in found] == [sha_of(each) for each in (0, 3, 2, 1)]
    assert [each.label for each in found] == ["1", None, None, None]


def test_batches_are_listed_in_pages_newest_first_without_undone_ones(memory: Memory) -> None:
    for each in range(6):
        memory.dataset.add([labelled(each), labelled(0)], f"source {each}")
    memory.dataset.remove_batch("3")
    assert [each.number for each in memory.browser.batches(3)] == ["6", "5", "4"]
    assert [each.number for each in memory.browser.batches(3, before=4)] == ["2", "1"]
    newest = memory.browser.batches(1)[0]
    assert (newest.source, newest.images) == ("source 5", 1)


def test_what_is_learnt_from_is_one_moments(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1"), labelled(2, "2"), doubted(3, "3")], "upload")
    memory.dataset.add([labelled(4, "4")], "upload")
    memory.dataset.remove_batch("2")
    decision, fingerprint, images, batches = memory.browser.learnable()
    overview = memory.browser.overview()
    assert (decision, fingerprint, batches) == (overview.decision, overview.fingerprint, ["1"])
    assert [(each.sha256, each.split, each.label) for each in images] == [
        (sha_of(each), split_of(sha_of(each)), str(each)) for each in (1, 2)
    ]


def test_what_is_learnt_says_since_when_and_whether_it_corrects(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1"), labelled(2, "2"), doubted(3, "3"), labelled(4, "4")], "upload")
    memory.dataset.add([labelled(2, "5"), labelled(1, "1"), labelled(5, "5")], "upload")  # the first is another label
    memory.dataset.accept(sha_of(3))
    told = {each.sha256: (each.since, each.corrected) for each in memory.browser.learnable()[2]}
    assert told == {
        sha_of(1): (1, False),
        sha_of(2): (2, True),
        sha_of(3): (3, True),
        sha_of(4): (1, False),
        sha_of(5): (2, False),
    }


def test_the_same_dataset_has_the_same_fingerprint_however_it_came_about(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "1"), labelled(2, "2")], "upload")
    direct = memory.browser.overview().fingerprint
    memory.dataset.remove_batch("1")
    assert memory.browser.overview().fingerprint == "0" * 64
    memory.dataset.add([labelled(2, "9"), labelled(3, "3")], "upload")
    memory.dataset.add([doubted(1, "1"), labelled(2, "2")], "upload")
    assert memory.browser.overview().fingerprint != direct
    memory.dataset.remove(sha_of(3))
    memory.dataset.accept(sha_of(1))
    assert memory.browser.overview().fingerprint == direct


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_search_looks_at_so_many_at_once_and_goes_on(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(browse, "LOOKED", 4)
    for each in range(12):
        memory.dataset.add([labelled(each)], "rare" if each % 6 == 0 else "common")
    for source in ("rare", "common"):
        found, before = [], None
        while True:
            page = memory.browser.page(limit, before, Selection(source=source))
            found += [each.sha256 for each in page.pictures]
            before = page.next
            if before is None:
                break
        assert found == [sha_of(each) for each in reversed(range(12)) if (each % 6 == 0) == (source == "rare")]
