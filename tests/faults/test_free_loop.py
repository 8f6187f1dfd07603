"""While a version is looked at, tried and refused, the event loop has its turn every tenth of a second."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from export.publish import Candidate, publish
from server.store.memory import Memory
from tests.faults.stage import Stage, eventually
from tests.faults.test_bad_versions import MODELS
from tests.harmful import HARMFUL
from tests.live import ROOT, LiveServer
from tests.system.test_first_load import LIMITS, Pulse
from tests.tiny import memory_in, publish_tiny, tiny_candidate

LAG_SECONDS = 0.1
TRIES = 5  # of which one is enough: other programs hold the loop up too, but not at each of them
HOSTILE: dict[str, Callable[[], bytes]] = {
    **{kind: MODELS[kind] for kind in ("Ifs within Ifs", "an operator of another domain", "a sparse tensor")},
    **{kind: make for kind, (make, _) in HARMFUL.items()},
}


@dataclass(frozen=True)
class Place:
    server: LiveServer
    memory: Memory
    stage: Stage


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("loop")
    stage = Stage(folder / "stage")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory)
    with LiveServer(folder, *LIMITS, environment=stage.environment) as server:
        yield Place(server, memory, stage)
    memory.close()


def lag_of(place: Place, candidate: Candidate) -> float:
    """The longest that a probe waited until all was done with a version; the first serves again then."""
    with Pulse(place.server) as pulse:
        version = publish(place.memory, candidate, place.memory.pointer.current(), "a test")

        def done() -> bool:
            health = place.server.get("/health").json()
            refused = f"could not take over version {version}" in str(health["problems"])
            return refused or health["model_version"] == version

        eventually(done, "the end of the look at it")
    assert place.server.post("/models/1/promote").status_code == 200
    return pulse.longest


def is_free(place: Place, make: Callable[[], Candidate]) -> bool:
    return any(lag_of(place, make()) < LAG_SECONDS for _ in range(TRIES))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_version_does_not_hold_the_loop(place: Place, kind: str) -> None:
    assert is_free(place, lambda: tiny_candidate(model=HOSTILE[kind]()))
    assert place.server.get("/health").json()["model_version"] == "1"


@pytest.mark.parametrize("held_seconds", [0.0, pytest.param(0.3, marks=pytest.mark.long(seconds=3))])
def test_a_load_that_would_is_seen(place: Place, held_seconds: float) -> None:
    place.stage.tell("hold", str(held_seconds))
    seeds = itertools.count(int(100 * held_seconds) + 2)  # what was loaded once is known
    assert is_free(place, lambda: tiny_candidate(next(seeds))) == (held_seconds == 0)
    place.stage.take_back("hold")
