"""A server whose held-out uploads rotate: what is told of each over HTTP."""

from pathlib import Path

import pytest

from server.configuration import load
from server.settings import HELD_OUT_LEAST, SettingError
from tests.digits import Digits
from tests.live import LiveServer


def test_older_uploads_are_learnt_from_as_newer_ones_come(tmp_path: Path, digits: Digits) -> None:
    limit = str(HELD_OUT_LEAST)
    with LiveServer(tmp_path, "--trainer", "none", "--held-out-limit", limit, "--suspect-below", "0.001") as live:
        for first in (0, 700):
            files = [(f"{each}.png", digits.png(each)) for each in range(first, first + 700)]
            answer = live.upload(files, [str(digits.classes[each]) for each in range(first, first + 700)])
            assert answer.status_code == 201, answer.text
            images = live.get("/dataset/images?limit=1000&split=test").json()["images"]
            assert len(images) == HELD_OUT_LEAST
            counts = live.get("/dataset").json()["uploads"]
            assert sum(counts["test"].values()) == HELD_OUT_LEAST
            assert {each["batch"] for each in images} == {answer.json()["batch"]}


@pytest.mark.parametrize("limit", ["1", "99", "-1"])
def test_so_few_that_they_could_not_judge_are_refused(limit: str) -> None:
    with pytest.raises(SettingError, match="HELD_OUT_LIMIT"):
        load(["--held-out-limit", limit], {})
    assert load(["--held-out-limit", "0"], {}).held_out_limit == 0
