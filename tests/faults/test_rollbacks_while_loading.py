"""A move of the pointer while a version still loads: the newest move wins, everywhere and for good."""

import time
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.publish import publish
from server.store.memory import Memory
from tests.digits import Digits
from tests.faults.stage import Stage, eventually, workers_of
from tests.live import ROOT, LiveServer
from tests.load import Load
from tests.tiny import OPSET, memory_in, publish_tiny, tiny_candidate

NODES = 4000  # of a version that is slow to load: a few tenths of a second of an idle core
SLOW, QUICK = ("2", "3"), ("1", "4")


def slow_onnx(seed: int) -> bytes:
    """The tiny model with so many additions of nothing that onnxruntime takes its time over them."""
    weights = np.random.default_rng(seed).normal(0, 0.001, (784, 10)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["step 0"]),
        *(helper.make_node("Add", [f"step {each}", "nothing"], [f"step {each + 1}"]) for each in range(NODES)),
        helper.make_node("Softmax", [f"step {NODES}"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 28, 28, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([-1, 784], np.int64), "shape"),
            numpy_helper.from_array(np.full(10, 1e-9, np.float32), "nothing"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    return bytes(model.SerializeToString())


class Switch:
    """Two workers with versions 1 and 4, which load at once, and 2 and 3, which do not."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder / "stage")
        self.server = LiveServer(folder, "--workers", "2", environment=self.stage.environment)
        self.memory: Memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
        for seed in range(1, 5):
            if str(seed) in SLOW:
                candidate = tiny_candidate(seed, model=slow_onnx(seed))
                publish(self.memory, candidate, self.memory.pointer.current(), "a test")
            else:
                publish_tiny(self.memory, seed)

    def move(self, version: str) -> None:
        """As from the command line: at once, and nobody waits for the workers."""
        self.memory.versions.promote(version, "a test", "", self.memory.pointer.current())

    def promote(self, version: str) -> None:
        """By a call, which says when every worker serves it; and then each does."""
        answer = self.server.post(f"/models/{version}/promote")
        assert answer.status_code == 200, answer.text
        assert answer.json()["message"] == f"Version {version} serves"
        assert set(workers_of(self.server).values()) == {version}

    def settle(self, version: str) -> None:
        eventually(lambda: set(workers_of(self.server).values()) == {version}, f"all workers at {version}")

    def stays(self, version: str, seconds: float) -> None:
        """Look for as long as a load takes: nothing that loads still may take over later."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert set(workers_of(self.server).values()) == {version}
            time.sleep(0.02)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    made = Switch(tmp_path_factory.mktemp("switch"))
    with made.server:
        yield made
    made.memory.close()


@pytest.mark.parametrize("step", ["before loading 2", "loaded 2"])
def test_a_rollback_is_not_undone_by_a_load_that_ends_after_it(switch: Switch, step: str) -> None:
    """A worker is held within its load of 2 until the way back to 1 was answered."""
    switch.promote("1")
    switch.server.log.clear()
    switch.stage.stop_at(step)
    switch.move("2")
    worker = switch.stage.reached()
    switch.promote("1")
    switch.stage.go()
    switch.promote("4")  # the loads are one after another in a worker: after this one that of 2 is over
    assert workers_of(switch.server)[worker] == "4"
    assert switch.memory.workers.all_serve("4")
    log = "".join(switch.server.log)
    assert log.count("serving version 2") <= 1  # the other worker may have been quicker than the rollback


@pytest.mark.long(seconds=10)
@pytest.mark.parametrize("rounds", [3, pytest.param(25, marks=pytest.mark.soak)])
def test_rollbacks_at_random_moments_of_a_load_are_never_lost(
    switch: Switch, digits: Digits, random: np.random.Generator, rounds: int
) -> None:
    pngs = [digits.png(position) for position in range(20)]
    with Load(switch.server.url, pngs, clients=2, limit=10**6) as load:
        switch.promote("1")
        started = time.monotonic()
        switch.promote("2")
        seconds = min(time.monotonic() - started, 2.0)
        for number in range(rounds):
            switch.promote("1")
            answered = len(load.replies)
            if number % 2:
                switch.move("2")
            else:
                switch.server.post("/models/2/promote")
                switch.move("3")
            time.sleep(float(random.uniform(0, seconds)))  # the moment that is tried, no synchronisation
            switch.promote("1")
            switch.stays("1", seconds)
            assert len(load.replies) > answered
    assert not load.errors
    assert {reply.status for reply in load.replies} == {200}


ORDERS = sorted(set(permutations(("2", "3", "2", "4"))))


@pytest.mark.parametrize(
    "order",
    [*ORDERS[::4], *(pytest.param(order, marks=pytest.mark.soak) for order in ORDERS if order not in ORDERS[::4])],
)
def test_the_last_of_many_moves_serves_everywhere(
    switch: Switch, random: np.random.Generator, order: tuple[str, ...]
) -> None:
    switch.promote("1")
    for version in order:
        switch.move(version)
        time.sleep(float(random.uniform(0, 0.3)))  # as above
    switch.settle(order[-1])
    switch.stays(order[-1], 1.0)
    assert switch.memory.workers.all_serve(order[-1])
    moves = [each.to_version for each in switch.memory.pointer.moves(4)]
    assert moves == list(order)
