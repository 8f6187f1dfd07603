"""What the commands about a server's own decisions print, and how they end, against a real one."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from server.command.main import relearn
from tests.decided import LABELS, deciding, teach
from tests.faults.stage import eventually
from tests.live import LiveServer

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with deciding(tmp_path_factory.mktemp("deciding")) as server:
        yield server


@pytest.fixture
def run(live: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("RELEARN_URL", live.url)
    return lambda *words: CliRunner().invoke(relearn, words)


def test_parts_of_the_policy_are_set_and_shown(run: Run) -> None:
    first = run("policy", "set", "--labels", "77", "--no-on-alarm", "--time-of-day", "03:00", "--weekday", "sunday")
    assert first.exit_code == 0, first.output
    assert {"labels: 77", "on_alarm: False", "weekday: sunday"} <= set(first.stdout.splitlines())
    again = run("policy", "set", "--labels", "none", "--time-of-day", "none", "--weekday", "none", "--json")
    parts = json.loads(again.stdout)["parts"]
    assert (parts["labels"], parts["time_of_day"], parts["on_alarm"]) == (None, None, False)
    assert "labels: none" in run("policy").stdout
    assert json.loads(run("policy", "--json").stdout)["proposal"] is None
    assert "edited" in run("policy", "decisions", "--limit", "1").stdout


def test_a_part_that_can_not_be_set(run: Run) -> None:
    refused = run("policy", "set", "--runs-a-day", "0", "--json")
    assert (refused.exit_code, json.loads(refused.stderr)["code"]) == (1, "unusable_policy")
    for words in (["--labels", "many"], ["--mode", "maybe"], []):
        assert run("policy", "set", *words).exit_code == 2


def test_a_proposal_is_answered_by_its_number_or_as_the_one_that_waits(run: Run, live: LiveServer) -> None:
    def proposed() -> str | None:
        found = json.loads(run("policy", "--json").stdout)["proposal"]
        return found and str(found["decision"])

    run("policy", "set", "--mode", "off")
    nothing = run("policy", "accept")
    assert (nothing.exit_code, nothing.stderr) == (1, "error: no proposal waits for a word\n")
    parts = ("--labels", LABELS, "--no-on-alarm", "--quiet-minutes", 0, "--cooldown-minutes", 0)
    run("policy", "set", "--mode", "ask", *map(str, parts))
    teach(live, 20_000)
    first = eventually(proposed, "a proposal")
    assert f"{first}  " in run("policy").stdout
    assert run("policy", "dismiss", first).stdout == f"proposal {first} is dismissed\n"
    assert run("policy", "dismiss", first).exit_code == 1
    teach(live, 20_100)
    eventually(proposed, "another proposal")
    accepted = run("policy", "accept", "--json")
    assert accepted.exit_code == 0, accepted.output
    job = json.loads(accepted.stdout)["job"]
    assert f"accepted, by api, job {job}" in run("policy", "decisions").stdout
    assert run("policy", "resume").exit_code == 1
    run("policy", "set", "--mode", "off")


def test_an_open_alarm_ends_with_1_until_it_is_closed(run: Run) -> None:
    told = eventually(lambda: told if (told := run("drift")).exit_code else None, "the alarm")
    head, moved = told.stdout.splitlines()
    assert head.startswith("alarm 1 of ")
    assert moved == "  label 7: 10.0% of the answers before, 40.0% of the last 400"
    assert json.loads(run("drift", "--json").stdout)["alarm"]["id"] == "1"
    assert run("drift", "close").stdout == "alarm 1 is closed\n"
    assert run("drift", "close", "1").exit_code == 1
    quiet = eventually(lambda: told if not (told := run("drift")).exit_code else None, "a watch that begins anew")
    assert quiet.stdout.startswith("no alarm: distance 0.0 of ")
    assert run("drift", "close").stderr == "error: no alarm is open\n"


def test_a_canary_begins_is_shown_and_ended(run: Run) -> None:
    begun = run("canary", "1", "--percent", "10", "--minutes", "60", "--expected", "0")
    assert begun.exit_code == 0, begun.output
    first, *arms = begun.stdout.splitlines()
    assert first == "version 1: running, 10 % of the requests, 0.0 of 60 minutes"
    assert arms == ["  version 1: 0 requests", "  version 0: 0 requests"]
    assert json.loads(run("canary", "1", "--show", "--json").stdout)["state"] == "running"
    ended = run("canary", "1", "--end")
    assert "version 1: stopped" in ended.stdout
    assert "  ended by hand" in ended.stdout
    again = run("canary", "1", "--end", "--json")
    assert (again.exit_code, json.loads(again.stderr)["code"]) == (1, "not_found")
    assert run("canary", "1", "--end", "--percent", "3").exit_code == 2
    watched = run("canary", "1", "--watch-minutes", "30", "--json")
    assert json.loads(watched.stdout)["watch_minutes"] == 30
    assert run("canary", "1", "--end").exit_code == 0


def test_a_shadow_begins_is_shown_and_ended(run: Run) -> None:
    begun = run("shadow", "1", "--percent", "50", "--minutes", "60", "--canary-minutes", "10")
    assert begun.exit_code == 0, begun.output
    first, *arms = begun.stdout.splitlines()
    assert first == "version 1: running, 50 % of the answers, 0.0 of 60 minutes"
    assert arms == ["  version 1: 0 pictures", "  version 0: 0 pictures"]
    assert json.loads(run("shadow", "1", "--show", "--json").stdout)["canary_minutes"] == 10
    assert "  ended by hand" in run("shadow", "1", "--end").stdout
    assert run("shadow", "1", "--end").exit_code == 1
    assert run("shadow", "1", "--show", "--pictures", "3").exit_code == 2


def test_a_promotion_is_watched_until_that_is_ended(run: Run) -> None:
    assert run("watch", "1").exit_code == 1
    assert run("promote", "1", "--percent", "20").exit_code == 2
    promoted = run("promote", "1", "--watch-minutes", "60", "--percent", "20")
    assert promoted.exit_code == 0, promoted.output
    first, *arms = run("watch", "1").stdout.splitlines()
    assert first.startswith("version 1: running, 20 % of the requests, ")
    assert arms == ["  version 1: 0 requests", "  version 0: 0 requests"]
    assert json.loads(run("watch", "1", "--end", "--json").stdout)["state"] == "stopped"
    assert run("watch", "1", "--end").exit_code == 1
    assert run("promote", "0").exit_code == 0
