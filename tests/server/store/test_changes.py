"""One cheap look tells whether somebody wrote."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.store.changes import Changes
from server.store.errors import NotFound, StoreError
from server.store.memory import Memory
from server.store.watch import Watch
from tests.opener import Opener
from tests.server.store.memories import labelled, sha_of

WAIT_SECONDS = 60.0  # a bound for a slow machine, not an expectation


def comes(look: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
    """Whether a look sees a change before long: PostgreSQL's word of it may still be on its way."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(0.005)
    return False


def test_the_first_look_is_a_change_and_the_next_is_none(memory: Memory) -> None:
    changes = memory.changes()
    assert changes.seen()
    assert not changes.seen()
    changes.close()
    assert changes.seen()
    changes.close()


def test_what_another_process_writes_is_seen_once(opener: Opener) -> None:
    memory, other = opener(), opener()
    other.browser.overview()
    changes = memory.changes()
    changes.seen()
    other.dataset.add([labelled(1)], "upload")
    assert comes(changes.seen)
    while comes(changes.seen, 0.2):
        pass
    other.browser.overview()
    assert not comes(changes.seen, 0.1)
    changes.close()


def test_what_this_process_writes_is_seen_too(memory: Memory) -> None:
    changes = memory.changes()
    changes.seen()
    memory.dataset.add([labelled(1)], "upload")
    assert comes(changes.seen)
    changes.close()


def test_what_was_undone_is_no_change(memory: Memory) -> None:
    changes = memory.changes()
    changes.seen()
    with pytest.raises(NotFound):
        memory.dataset.accept(sha_of(1))
    assert not comes(changes.seen, 0.1)
    changes.close()


def test_two_observers_see_the_same_change(memory: Memory) -> None:
    observers = [memory.changes() for _ in range(3)]
    for each in observers:
        each.seen()
    memory.dataset.add([labelled(1)], "upload")
    assert all(comes(each.seen) for each in observers)
    for each in observers:
        each.close()


def test_who_waits_is_woken_by_a_change_of_another_process(opener: Opener) -> None:
    async def wait(executor: ThreadPoolExecutor) -> bool:
        watch = Watch(opener().changes(), executor)
        watch.start()
        turn = watch.turn()
        await watch.wait(turn, WAIT_SECONDS)  # the first look counts as a change
        other = opener()
        turn = watch.turn()
        await asyncio.get_running_loop().run_in_executor(None, other.dataset.add, [labelled(1)], "upload")
        await watch.wait(turn, WAIT_SECONDS)
        await watch.stop()
        return turn.is_set()

    with ThreadPoolExecutor(1) as executor:
        assert asyncio.run(wait(executor))


def test_a_look_that_cannot_be_made_counts_as_a_change(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Changes) -> bool:
        raise StoreError("no")

    async def wait(executor: ThreadPoolExecutor) -> bool:
        watch = Watch(memory.changes(), executor)
        watch.start()
        turn = watch.turn()
        await watch.wait(turn, WAIT_SECONDS)
        await watch.stop()
        return turn.is_set()

    monkeypatch.setattr(Changes, "seen", fail)
    with ThreadPoolExecutor(1) as executor:
        assert asyncio.run(wait(executor))


def test_who_waits_waits_no_longer_than_told(memory: Memory) -> None:
    async def wait(executor: ThreadPoolExecutor) -> bool:
        watch = Watch(memory.changes(), executor)
        turn = watch.turn()
        await watch.wait(turn, 0.01)
        await watch.stop()
        return turn.is_set()

    with ThreadPoolExecutor(1) as executor:
        assert not asyncio.run(wait(executor))
