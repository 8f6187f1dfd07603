"""Uploads, corrections and removals of the same pictures at the same time, from several processes."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from server.store.content import Content
from server.store.dataset import Stored
from server.store.errors import NotFound, QuotaReached
from server.store.memory import Memory
from tests.opener import Opener
from tests.server.store.memories import at_once, doubted, labelled, labels, sha_of, stored


def is_consistent(memory: Memory, data: Path) -> bool:
    """Whether counts, files and facts agree."""
    memory.content.sweep()
    overview = memory.browser.overview()
    pictures = memory.browser.page(10**6).pictures
    there = {each.sha256 for each in pictures}
    counted = sum(sum(counts.values()) for counts in overview.counts.values())
    size = sum(path.stat().st_size for path in data.rglob("*.png"))
    return (
        stored(data) == there
        and overview.images == len(pictures)
        and overview.bytes == size
        and counted == len(labels(memory))
    )


def test_the_same_picture_from_many_at_once_is_stored_once(opener: Opener) -> None:
    calls = [partial(opener.ready().dataset.add, [labelled(1), labelled(2)], "upload") for _ in range(6)]
    done = [each for each in at_once(*calls) if isinstance(each, Stored)]
    assert sorted(each.count for each in done) == [0, 0, 0, 0, 0, 2]
    assert sorted(len(each.duplicates) for each in done) == [0, 2, 2, 2, 2, 2]
    assert labels(opener()) == {sha_of(1): "1", sha_of(2): "1"}
    assert is_consistent(opener(), opener.data)


def test_threads_of_one_process_share_its_store(opener: Opener) -> None:
    memory = opener()
    calls = [partial(memory.dataset.add, [labelled(each), labelled(0)], "upload") for each in range(1, 9)]
    assert all(isinstance(each, Stored) for each in at_once(*calls))
    assert labels(memory).keys() == {sha_of(each) for each in range(9)}
    assert is_consistent(memory, opener.data)


def test_a_quota_holds_against_uploads_at_once(opener: Opener) -> None:
    calls = [
        partial(opener(images_limit=5).dataset.add, [labelled(10 * each), labelled(10 * each + 1)], "upload")
        for each in range(6)
    ]
    done = at_once(*calls)
    assert sum(isinstance(each, Stored) for each in done) == 2
    assert sum(isinstance(each, QuotaReached) for each in done) == 4
    assert is_consistent(opener(), opener.data)
    assert len(stored(opener.data)) == 4


def test_an_image_removed_while_it_is_uploaded_again_is_there_or_not_and_its_file_with_it(opener: Opener) -> None:
    first, second, third = opener.ready(), opener.ready(), opener.ready()
    for _ in range(6):
        with suppress(NotFound):
            first.dataset.remove(sha_of(1))
        first.dataset.add([labelled(1)], "upload")
        done = at_once(
            lambda: first.dataset.remove(sha_of(1)),
            lambda: second.dataset.add([labelled(1)], "upload"),
            lambda: third.content.sweep(),
        )
        assert not [each for each in done if isinstance(each, Exception)]
        assert is_consistent(first, opener.data)


def test_an_image_removed_in_the_middle_of_its_upload_is_stored_again(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, other = opener(), opener()
    memory.dataset.add([labelled(1)], "upload")
    real = Content.write

    def slow(content: Content, contents: dict[str, bytes], root: str) -> None:
        real(content, contents, root)
        monkeypatch.undo()
        other.dataset.remove(sha_of(1))

    monkeypatch.setattr(Content, "write", slow)
    assert memory.dataset.add([labelled(1), labelled(2)], "upload").count == 2
    assert is_consistent(memory, opener.data)


def test_a_suspect_is_accepted_or_rejected_once(opener: Opener) -> None:
    memory = opener()
    memory.dataset.add([doubted(1, "3")], "upload")
    done = at_once(
        *[partial(opener.ready().dataset.accept, sha_of(1)) for _ in range(3)],
        *[partial(opener.ready().dataset.reject, sha_of(1)) for _ in range(3)],
    )
    assert sum(each is None for each in done) == 1
    assert sum(isinstance(each, NotFound) for each in done) == 5
    assert is_consistent(memory, opener.data)


@pytest.mark.parametrize("seed", range(3))
def test_anything_at_once_leaves_counts_files_and_facts_in_agreement(opener: Opener, seed: int) -> None:
    def work(memory: Memory, chance: random.Random) -> None:
        for _ in range(6):
            number = chance.randrange(6)
            sha256 = sha_of(number)
            calls: list[Callable[[], object]] = [
                partial(memory.dataset.add, [labelled(number, chance.choice("12")), labelled(number + 1)], "upload"),
                partial(memory.dataset.add, [doubted(number, chance.choice("34"))], "upload"),
                partial(memory.dataset.remove, sha256),
                partial(memory.dataset.accept, sha256),
                partial(memory.dataset.reject, sha256),
                partial(memory.dataset.remove_batch, str(chance.randrange(1, 12))),
                memory.content.sweep,
            ]
            with suppress(NotFound):
                chance.choice(calls)()

    done = at_once(*[partial(work, opener.ready(), random.Random(10 * seed + each)) for each in range(4)])  # noqa: S311
    assert done == [None] * 4
    assert is_consistent(opener(), opener.data)
