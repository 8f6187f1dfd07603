"""Who serves what is known to everybody, and the dead are not counted."""

import time
from functools import partial

import pytest

from server.store import living
from server.store.errors import CurrentMoved, NotFound
from server.store.memory import Memory
from tests.opener import Opener
from tests.server.store.memories import at_once, gone_process, process_elsewhere, publish


def living_versions(memory: Memory) -> list[str | None]:
    """What the living workers serve, as a promotion that waits for them sees it."""
    rows = memory.workers._look()[0]
    return [None if row.version is None else str(row.version) for row in rows]


def join_as(memory: Memory, name: str, version: str | None, monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patch:
        patch.setattr(living, "own", lambda: name)
        return memory.workers.join(version)


def test_every_process_sees_every_worker(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    assert living_versions(opener()) == []
    first, second = opener(), opener()
    number = first.workers.join("0")
    join_as(second, process_elsewhere(), None, monkeypatch)
    assert sorted(living_versions(opener()), key=str) == ["0", None]
    first.workers.leave(number)
    assert living_versions(opener()) == [None]
    assert living_versions(opener("letters")) == []


def test_a_worker_that_died_here_is_not_counted_and_goes_with_the_next(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = join_as(memory, gone_process(), "1", monkeypatch)
    assert living_versions(memory) == []
    assert memory.workers.serves(dead, "1")
    memory.workers.join("2")
    assert not memory.workers.serves(dead, "1")
    assert living_versions(memory) == ["2"]


def test_a_worker_elsewhere_is_counted_until_its_heartbeat_stalls(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    number = join_as(memory, process_elsewhere(), "1", monkeypatch)
    for _ in range(2 * living.STALLED_LOOKS):
        assert living_versions(memory) == ["1"]
        clock += living.LOOK_SECONDS
        assert memory.workers.serves(number, "1")
    for _ in range(living.STALLED_LOOKS):
        assert living_versions(memory) == ["1"]
        clock += living.LOOK_SECONDS
    living_versions(memory)
    clock += living.LOOK_SECONDS
    assert living_versions(memory) == []
    memory.workers.serves(number, "1")
    assert living_versions(memory) == ["1"]


def test_a_worker_takes_over_only_what_the_pointer_names(memory: Memory) -> None:
    publish(memory)
    number = memory.workers.join(None)
    assert not memory.workers.may_take_over(number, "2")
    assert living_versions(memory) == [None]
    assert memory.workers.may_take_over(number, "1")
    assert living_versions(memory) == [None]
    assert not memory.workers.all_serve("1")
    assert memory.workers.serves(number, "1")
    assert memory.workers.all_serve("1")
    memory.workers.leave(number)
    with pytest.raises(NotFound):
        memory.workers.may_take_over(number, "1")


def test_the_baseline_may_be_served_before_the_first_move(memory: Memory) -> None:
    number = memory.workers.join(None)
    assert memory.workers.may_take_over(number, "0")
    assert not memory.workers.may_take_over(number, "1")


def test_a_takeover_is_seen_by_who_moves_the_pointer_after_it(opener: Opener) -> None:
    memory, other = opener(), opener()
    for _ in range(2):
        publish(memory)
    number = memory.workers.join("2")
    for new, old in (("1", "2"), ("2", "1"), ("1", "2")):
        done = at_once(
            partial(memory.workers.may_take_over, number, old), partial(other.versions.promote, new, "t", "", old)
        )
        assert done[0] in (True, False)
        assert not isinstance(done[1], CurrentMoved)
        assert not memory.workers.may_take_over(number, old)
        assert memory.workers.may_take_over(number, new)


def test_a_worker_about_to_serve_another_version_is_waited_for(memory: Memory) -> None:
    publish(memory)
    number = memory.workers.join("1")
    publish(memory)
    assert memory.workers.all_serve("1")
    assert memory.workers.may_take_over(number, "2")
    memory.versions.promote("1", "t", "", "2")
    assert not memory.workers.all_serve("1")
    memory.workers.serves(number, "1")
    assert memory.workers.all_serve("1")


def test_joining_again_leaves_one_row(memory: Memory) -> None:
    memory.workers.join("0")
    memory.workers.join("1")
    assert living_versions(memory) == ["1"]
