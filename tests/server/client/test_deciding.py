"""Both clients on what a server decides by itself: the retrain policy, drift and its alarm, a canary."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from server.client.async_client import AsyncClient
from server.client.client import Client
from server.client.errors import InConflict, NotThere, Unusable
from tests.decided import LABELS, MOVED, deciding, teach
from tests.faults.stage import eventually
from tests.live import LiveServer


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with deciding(tmp_path_factory.mktemp("deciding")) as server:
        yield server


@pytest.fixture
def client(live: LiveServer) -> Iterator[Client]:
    with Client(live.url) as made:
        yield made
        made.set_policy(mode="off", labels=100)


def test_a_part_is_set_and_the_others_stay(client: Client) -> None:
    before = client.set_policy(mode="off", refusals=7)
    after = client.set_policy(labels=None, time_of_day="03:00", weekday="sunday")
    assert after.parts == {**before.parts, "labels": None, "time_of_day": "03:00", "weekday": "sunday"}
    assert (after.parts["refusals"], after.is_stopped, after.proposal) == (7, False, None)
    assert after.tag != before.tag
    assert client.policy() == after
    with pytest.raises(Unusable) as caught:
        client.set_policy(labels=0)
    assert caught.value.code == "unusable_policy"
    with pytest.raises(InConflict):
        client.resume_policy()
    edited, *_ = client.policy_decisions(limit=1)
    assert (edited.outcome, edited.reasons[0].figures) == ("edited", after.parts)
    client.set_policy(time_of_day=None, weekday=None)


def test_who_did_not_see_the_newest_policy_changes_nothing(client: Client, live: LiveServer) -> None:
    class Late(Client):
        """Somebody is quicker whenever it has looked."""

        def policy(self):  # type: ignore[no-untyped-def]
            found = super().policy()
            client.set_policy(refusals=5)
            return found

    with Late(live.url) as late, pytest.raises(InConflict) as caught:
        late.set_policy(refusals=9)
    assert caught.value.code == "precondition_failed"
    assert client.policy().parts["refusals"] == 5


def test_a_proposal_is_dismissed_and_the_next_one_accepted(client: Client, live: LiveServer) -> None:
    client.set_policy(mode="ask", labels=LABELS, on_alarm=False, quiet_minutes=0, cooldown_minutes=0)
    teach(live, 20_000)
    first = eventually(lambda: client.policy().proposal, "a proposal")
    assert (first.outcome, first.reasons[0].code, first.job) == ("proposed", "labels", None)
    client.dismiss_proposal(first.decision)
    with pytest.raises(InConflict):
        client.accept_proposal(first.decision)
    with pytest.raises(NotThere):
        client.dismiss_proposal("../9")
    teach(live, 20_100)
    second = eventually(lambda: client.policy().proposal, "another proposal")
    job = client.accept_proposal(second.decision)
    accepted = next(each for each in client.policy_decisions() if each.decision == second.decision)
    assert (accepted.outcome, accepted.job) == ("accepted", job)
    client.cancel(job)


def test_an_alarm_is_told_and_closed(client: Client) -> None:
    found = eventually(lambda: told if (told := client.drift()).alarm else None, "the alarm")
    assert (found.is_watching, found.reason, found.version, found.answers) == (True, None, "0", 0)
    assert found.distance is not None
    assert found.threshold is not None
    alarm = found.alarm
    assert alarm is not None
    assert (alarm.version, alarm.statistic, [asdict(each) for each in alarm.moved]) == ("0", "label", [MOVED])
    assert client.drift_alarm(alarm.id) == alarm
    client.close_alarm(alarm.id)
    with pytest.raises(InConflict):
        client.close_alarm(alarm.id)
    with pytest.raises(NotThere):
        client.drift_alarm("99")
    eventually(lambda: client.drift().alarm is None, "a watch that begins anew")


def test_a_canary_begins_is_looked_at_and_ended(client: Client) -> None:
    with pytest.raises(NotThere):
        client.canary("77")
    with pytest.raises(InConflict):
        client.begin_canary("1", expected="77")
    with pytest.raises(Unusable):
        client.begin_canary("1", percent=99)
    begun = client.begin_canary("1", "to see", "0", percent=10, minutes=60)
    assert (begun.version, begun.against, begun.state, begun.reason) == ("1", "0", "running", "to see")
    assert (begun.percent, begun.minutes, begun.requests) == (10, 60, 100)
    assert (begun.tried.requests, begun.current.p99_ms, begun.is_running) == (0, None, True)
    assert client.canary("1").started_at == begun.started_at
    over = client.end_canary("1")
    assert (over.state, over.is_running, over.why) == ("stopped", False, "ended by hand")
    with pytest.raises(NotThere):
        client.end_canary("1")


def test_a_shadow_begins_is_looked_at_and_ended(client: Client) -> None:
    with pytest.raises(NotThere):
        client.shadow("77")
    with pytest.raises(InConflict):
        client.begin_shadow("1", expected="77")
    with pytest.raises(Unusable):
        client.begin_shadow("1", pictures=0)
    begun = client.begin_shadow("1", "to see", "0", percent=50, minutes=60, pictures=7, canary_minutes=3)
    assert (begun.version, begun.against, begun.state, begun.reason) == ("1", "0", "running", "to see")
    assert (begun.percent, begun.minutes, begun.pictures, begun.canary_minutes) == (50, 60, 7, 3)
    assert (begun.asked.pictures, begun.current.p99_ms, begun.changed, begun.agreement) == (0, None, {}, None)
    assert client.shadow("1").started_at == begun.started_at
    over = client.end_shadow("1")
    assert (over.state, over.is_running, over.why) == ("stopped", False, "ended by hand")
    with pytest.raises(NotThere):
        client.end_shadow("1")


def test_a_promotion_is_watched_and_the_watch_looked_at_and_ended(client: Client) -> None:
    with pytest.raises(NotThere):
        client.watch("1")
    with pytest.raises(Unusable):
        client.promote("1", watch_minutes=-1)
    assert client.promote("1", "to see", "0", watch_minutes=60, percent=20, requests=7).version == "1"
    found = client.watch("1")
    assert (found.version, found.against, found.state, found.reason) == ("1", "0", "running", "to see")
    assert (found.percent, found.minutes, found.requests) == (20, 60, 7)
    assert (found.current.requests, found.before.p99_ms, found.is_running) == (0, None, True)
    over = client.end_watch("1")
    assert (over.state, over.is_running, over.why) == ("stopped", False, "ended by hand")
    with pytest.raises(NotThere):
        client.end_watch("1")
    assert client.promote("0").version == "0"


def test_a_canary_that_is_promoted_may_be_watched(client: Client) -> None:
    assert client.begin_canary("1", watch_minutes=30).watch_minutes == 30
    client.end_canary("1")


def test_the_asynchronous_client_answers_the_same(client: Client, live: LiveServer) -> None:
    async def calls() -> None:
        async with AsyncClient(live.url) as other:
            assert (await other.set_policy(runs_a_day=9)).parts["runs_a_day"] == 9
            assert await other.policy() == client.policy()
            assert await other.policy_decisions() == client.policy_decisions()
            assert (await other.drift()).version == client.drift().version
            for refused in (
                *(other.accept_proposal("99"), other.dismiss_proposal("99")),
                *(other.drift_alarm("99"), other.canary("77"), other.begin_canary("77"), other.end_canary("77")),
                *(other.shadow("77"), other.begin_shadow("77"), other.end_shadow("77")),
                *(other.watch("77"), other.end_watch("77"), other.promote("77", watch_minutes=1)),
            ):
                with pytest.raises(NotThere):
                    await refused
            for in_conflict in (other.resume_policy(), other.close_alarm("99")):
                with pytest.raises(InConflict):
                    await in_conflict

    asyncio.run(calls())
