"""Versions that must never serve: refused by hash, by graph, by contract or by what they answered at training.

Each is published as from the command line, where nobody looks first; the one that served goes on, and health says why.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from export.publish import publish
from server.store.memory import Memory
from tests.digits import Digits
from tests.faults.stage import Stage, eventually
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny, tiny_candidate, tiny_onnx

Place = tuple[LiveServer, Memory]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("versions")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory, 1)
    with LiveServer(folder) as server:
        yield server, memory
    memory.close()


def refusal_of(place: Place, version: str) -> str:
    """What health says of a version that is current and does not serve."""
    server, _ = place
    said = f"could not take over version {version}, still serving 1: "

    def found() -> str:
        return next((each for each in server.get("/health").json()["problems"] if said in each), "")

    return eventually(found, "the refusal").partition(said)[2]


def check_the_first_serves(place: Place, digits: Digits) -> None:
    server, memory = place
    assert server.predict(digits.png(0)).json()["model_version"] == "1"
    assert server.get("/readyz").status_code == 200
    assert server.post("/models/1/promote").status_code == 200
    assert memory.pointer.current() == "1"
    assert "Traceback" not in "".join(server.log)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def with_one_bit_flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def of_random_bytes(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def html(path: Path) -> None:
    path.write_bytes(b"<!doctype html><title>404 Not Found</title>")


def another_model(path: Path) -> None:
    """As large, of the same time, and a good one."""
    path.write_bytes(tiny_onnx(99))


def untouched(path: Path) -> None:
    """For comparison."""


HARMS = (emptied, truncated, with_one_bit_flipped, of_random_bytes, html, another_model, untouched)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("file", ["model.onnx", "golden.npz"])
def test_a_file_that_is_not_the_published_one_is_not_loaded(
    place: Place, digits: Digits, file: str, harm: Callable[[Path], None]
) -> None:
    server, memory = place
    path = memory.versions.folder(publish_tiny(memory, 2)) / file
    version = path.parent.name
    eventually(lambda: server.get("/health").json()["model_version"] == version, "the version that is whole")
    assert server.post("/models/1/promote").status_code == 200
    at = path.stat()
    harm(path)
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))
    memory.versions.promote(version, "a test", "", "1")
    if harm is untouched:
        eventually(lambda: server.get("/health").json()["model_version"] == version, "the version that is whole")
    else:
        assert file in refusal_of(place, version)
    assert server.post("/models/1/promote").status_code == 200
    check_the_first_serves(place, digits)


def edited(edit: Callable[[onnx.ModelProto], object]) -> bytes:
    model = onnx.load_from_string(tiny_onnx())
    edit(model)
    return bytes(model.SerializeToString())


def not_a_number(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = np.full((784, 10), np.nan, np.float32).tobytes()


def constant(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = bytes(784 * 10 * 4)


def whole_numbers(model: onnx.ModelProto) -> None:
    model.graph.node[3].output[0] = "soft"
    model.graph.node.append(helper.make_node("Cast", ["soft"], ["probabilities"], to=TensorProto.INT32))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT32


def external(location: str) -> Callable[[onnx.ModelProto], None]:
    def edit(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    return edit


def nested(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([helper.make_node("Identity", ["float"], ["x"])], "inner", [], [])
    for _ in range(10):  # twice as large with each
        inner = helper.make_graph(
            [helper.make_node("If", ["c"], ["x"], then_branch=inner, else_branch=inner)], "inner", [], []
        )
    model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner))


def of_another_domain(model: onnx.ModelProto) -> None:
    model.graph.node[2].domain = "com.microsoft"


MODELS: dict[str, Callable[[], bytes]] = {
    "three channels": lambda: tiny_onnx(channels=3),
    "eleven classes": lambda: tiny_onnx(labels=11),
    "weights that are no numbers": lambda: edited(not_a_number),
    "one answer to everything": lambda: edited(constant),
    "whole numbers": lambda: edited(whole_numbers),
    "data in another file": lambda: edited(external("../../../../../../etc/passwd")),
    "data in a pipe": lambda: edited(external("pipe")),
    "a sparse tensor": lambda: edited(lambda model: model.graph.sparse_initializer.add()),
    "Ifs within Ifs": lambda: edited(nested),
    "an operator of another domain": lambda: edited(of_another_domain),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_of_another_contract_is_refused(place: Place, digits: Digits, kind: str) -> None:
    _, memory = place
    version = publish(memory, tiny_candidate(model=MODELS[kind]()), "1", "a test")
    assert refusal_of(place, version)
    check_the_first_serves(place, digits)


@pytest.mark.parametrize("step", ["before loading 2", pytest.param("loaded 2", marks=pytest.mark.long(seconds=2))])
@pytest.mark.parametrize("whole", [True, False])
def test_a_kill_between_the_pointer_s_move_and_the_swap(tmp_path: Path, digits: Digits, step: str, whole: bool) -> None:
    """The pointer wins at the next start, if what it names is whole; else the version before."""
    stage = Stage(tmp_path / "stage")
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory, 1)
    with LiveServer(tmp_path, environment=stage.environment) as server:
        stage.stop_at(step)
        publish_tiny(memory, 2)
        stage.reached()
        assert server.predict(digits.png(0)).json()["model_version"] == "1"
        os.killpg(server.pid, signal.SIGKILL)
        server.stop()
        stage.go()
        if not whole:
            emptied(memory.versions.folder("2") / "model.onnx")
        server.start()
        health = server.get("/health").json()
        assert health["model_version"] == ("2" if whole else "1")
        assert health["status"] == ("healthy" if whole else "degraded")
        assert server.predict(digits.png(0)).json()["model_version"] == health["model_version"]
        assert memory.pointer.current() == "2"
    memory.close()
