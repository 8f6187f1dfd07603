"""An alarm is open until it was seen, is about one version, and is one however many see the same."""

import pytest

from server.store.alarms import Alarm
from server.store.errors import Conflict
from server.store.memory import Memory
from tests.opener import Opener
from tests.server.store.memories import at_once
from tests.tiny import publish_tiny

SEEN = ("2026-11-28T02:00:00.000+00:00", "ink", {"now": 0.25, "reference": 0.125})


def test_an_alarm_is_open_until_somebody_has_seen_it(memory: Memory) -> None:
    assert memory.drift.about("3") is None
    raised = memory.drift.raise_("3", *SEEN)
    assert memory.drift.about("3") == raised
    assert (raised.version, raised.since, raised.statistic, raised.content) == ("3", *SEEN)
    assert memory.drift.about("4") is None
    memory.drift.close(raised.id, "somebody")
    assert memory.drift.about("3") is None
    with pytest.raises(Conflict, match=f"alarm {raised.id} is not open"):
        memory.drift.close(raised.id, "somebody else")
    assert memory.drift.raise_("3", *SEEN).id != raised.id


def test_workers_that_see_the_same_at_one_moment_raise_one_alarm(opener: Opener) -> None:
    workers = [opener.ready() for _ in range(4)]
    raised = at_once(*[lambda worker=worker: worker.drift.raise_("3", *SEEN) for worker in workers])
    assert len({each.id for each in raised if isinstance(each, Alarm)}) == 1
    assert not [each for each in raised if not isinstance(each, Alarm)]


def test_the_open_alarm_is_that_of_the_version_that_serves(memory: Memory) -> None:
    assert memory.drift.open() is None
    first = publish_tiny(memory)
    raised = memory.drift.raise_(first, *SEEN)
    assert memory.drift.open() == raised
    second = publish_tiny(memory, 1)
    assert memory.drift.open() is None
    memory.versions.promote(first, "a test", "", second)
    assert memory.drift.open() == raised
