"""Each example of an answer has the form of what a server answers, as far as one has it without a training."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from server.routes.described import CALLS
from server.routes.examples import ANSWERS
from tests.decided import deciding
from tests.digits import mnist
from tests.system.answers import Answered, Walk

NOT_HAD = {  # without a training, a stop, an outage or the minute in which answers are stored
    ("POST", "/retrain", 200),
    ("POST", "/retrain/policy/resume", 200),
    ("GET", "/v2/health/ready", 503),
    ("GET", "/v2/models/{name}/ready", 503),
    ("GET", "/v2/models/{name}/versions/{version}/ready", 503),
    ("POST", "/label-studio/webhook", 201),
    ("GET", "/health", 503),
    ("GET", "/stats/days", 200),
}
SOME = {"limits", "report", "metrics", "training", "gate", "progress", "options", "figures"}  # shown in parts
KEYED = {"labels", "uploads", "*", "changed", "lacking", "confidence_at_most", "base"}  # by what is data
SHOWN_IN_PART = {("GET", "/stats", 200)}  # its lists by time are left out


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    with deciding(tmp_path_factory.mktemp("answers"), "--collect", "--collect-share", "1") as live:
        yield Walk(live, mnist("t10k")).all()


def test_all_but_some_are_had_from_a_server(answered: Answered) -> None:
    assert set(answered) | NOT_HAD == set(ANSWERS)
    assert not set(answered) & NOT_HAD
    told = {
        (call.method, call.path, status)
        for call in CALLS
        for status, schema in call.answers.items()
        if schema is not None and call.media_type == "application/json" and call.path != "/openapi.json"
    }
    assert told == set(ANSWERS)


@pytest.mark.parametrize("call", sorted(set(ANSWERS) - NOT_HAD), ids=lambda call: " ".join(map(str, call)))
def test_an_example_has_the_form_of_a_real_answer(answered: Answered, call: tuple[str, str, int]) -> None:
    assert [*differences(ANSWERS[call], answered[call], call in SHOWN_IN_PART)] == []


def differences(example: Any, real: Any, in_part: bool = False, at: str = "") -> Iterator[str]:
    """Where an example has another form; null may stand for anything, and of a list all have the form of the first."""
    if example is None or real is None:
        return
    if isinstance(example, dict) and isinstance(real, dict):
        name = re.sub(r".*\.", "", at)
        if name in KEYED:
            example, real = {"*": next(iter(example.values()), None)}, {"*": next(iter(real.values()), None)}
        elif name not in SOME and not in_part and example.keys() != real.keys():
            yield f"{at}: {sorted(example.keys() ^ real.keys())} is in one of them alone"
        elif in_part and example.keys() - real.keys():
            yield f"{at}: {sorted(example.keys() - real.keys())} is in the example alone"
        for key in example.keys() & real.keys():
            yield from differences(example[key], real[key], at=f"{at}.{key}")
    elif isinstance(example, list) and isinstance(real, list):
        for one, other in zip(example[:1], real[:1], strict=False):
            yield from differences(one, other, at=f"{at}[]")
    elif kind_of(example) != kind_of(real):
        yield f"{at}: {kind_of(example)} is {kind_of(real)} in truth"


def kind_of(value: object) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
