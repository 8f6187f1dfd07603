"""A version with other labels takes over whole, labels and weights in one step; other preprocessing is refused.

Whatever is asked for, the pointer never stands at a version that no worker takes over.
"""

import subprocess
from functools import partial
from pathlib import Path

import pytest

from export.publish import publish
from server.pictures.preprocessing import Preprocessing
from server.store.errors import Conflict
from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.load import Load
from tests.tiny import memory_in, tiny_candidate

LABELS = {
    "1": tuple("0123456789"),
    "2": tuple("abcdefghijk"),
    "3": ("even", "odd"),
}


@pytest.mark.long(seconds=4)
def test_labels_and_weights_are_swapped_in_one_step_on_every_worker(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--workers", "2") as server:
        memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
        for version, labels in LABELS.items():
            publish(memory, tiny_candidate(int(version), labels=labels), memory.pointer.current(), "a test")
        assert server.post("/models/1/promote").status_code == 200
        with Load(server.url, [digits.png(number) for number in range(20)]) as load:
            for version in ("2", "3", "1", "3", "2"):
                enough = len(load.replies) + 20
                answer = server.post(f"/models/{version}/promote")
                assert (answer.status_code, answer.json()["message"]) == (200, f"Version {version} serves")
                assert server.get("/health").json()["labels"] == list(LABELS[version])
                load.wait_for(partial(has, load, enough))
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        assert {reply.content["model_version"] for reply in load.replies} == {"1", "2", "3"}
        for reply in load.replies:
            labels = LABELS[reply.content["model_version"]]
            assert len(reply.content["probabilities"]) == len(labels)
            assert reply.content["label"] == labels[reply.content["prediction"]]
        memory.close()


def has(load: Load, replies: int, _: object) -> bool:
    return len(load.replies) > replies


def test_uploads_are_judged_by_the_labels_that_serve(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
        publish(memory, tiny_candidate(3, labels=LABELS["3"]), "0", "a test")
        assert server.post("/models/1/promote").status_code == 200
        assert server.upload([("a.png", digits.png(0))], ["7"]).status_code == 422
        assert server.upload([("a.png", digits.png(0))], ["odd"]).status_code == 201
        memory.close()


OTHERWISE = [Preprocessing("resize", 28, 28, 1), Preprocessing("digit", 32, 32, 1)]


@pytest.mark.parametrize("inputs", OTHERWISE)
def test_a_version_that_reads_pictures_another_way_is_refused_before_the_pointer_moves(
    tmp_path: Path, digits: Digits, inputs: Preprocessing
) -> None:
    with LiveServer(tmp_path) as server:
        memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
        with pytest.raises(Conflict, match="reads pictures another way"):
            publish(memory, tiny_candidate(2, inputs=inputs), "0", "a test")
        assert memory.pointer.current() == "0"
        alone = memory_in(tmp_path)  # one that sees no baseline to compare with
        publish(alone, tiny_candidate(2, inputs=inputs), None, "a test")
        answer = server.post("/models/1/promote")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "another way" in answer.json()["error"]
        assert server.post("/models/0/promote").status_code == 200  # the way back is open
        assert server.predict(digits.png(0)).json()["model_version"] == "0"
        for each in (memory, alone):
            each.close()


def test_the_command_line_refuses_it_as_well(tmp_path: Path) -> None:
    alone = memory_in(tmp_path)
    publish(alone, tiny_candidate(1, inputs=OTHERWISE[0]), None, "a test")
    places = ("--artifacts", str(tmp_path / "artifacts"), "--data", str(tmp_path / "data"))
    command = [str(ROOT / ".venv-serve/bin/python"), "-m", "export", *places, "promote", "0", "--reason", "a test"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "reads pictures another way" in done.stderr
    assert alone.pointer.current() == "1"
    alone.close()
