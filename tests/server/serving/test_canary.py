"""A canary's share is drawn: of many requests it has what was asked, as exactly as chance allows."""

import pytest
from scipy.stats import binom

from server.models.model import Model
from server.serving.canary import Canary
from server.serving.predictor import Held, Predictor
from server.settings import Settings
from server.web.threads import Threads
from tests.tiny import tiny_candidate

REQUESTS = 20_000
LUCK = 1e-9  # probability that a share which is as asked lies outside


def model(version: str) -> Model:
    candidate = tiny_candidate()
    return Model(candidate.manifest("tiny", version), candidate.contents["model.onnx"])


@pytest.fixture
def current() -> Predictor:
    settings = Settings()
    return Predictor(settings, Held(model("1")), Threads(1, 1.0))


def canary_of(current: Predictor, share: float) -> Canary:
    settings, threads = Settings(), Threads(1, 1.0)
    canary = Canary(settings, model("2"), threads, None, current, "1", share, lambda: None)
    current.draw = canary.draw
    return canary


@pytest.mark.parametrize("percent", [0.1, 5.0, 50.0])
def test_its_share_of_many_requests_is_what_was_asked(current: Predictor, percent: float) -> None:
    canary = canary_of(current, percent / 100)
    drawn = sum(current.chosen() is canary.judged for _ in range(REQUESTS))
    least, most = binom.interval(1 - LUCK, REQUESTS, percent / 100)
    assert least <= drawn <= most


def test_one_that_did_what_no_version_may_is_given_nothing(current: Predictor) -> None:
    canary = canary_of(current, 0.5)
    canary.tally.problem = "it failed"
    assert {current.chosen() for _ in range(100)} == {current}
