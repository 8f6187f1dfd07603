"""A version is loaded for the first time in a child: what would take time or memory without end is refused there."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from export.publish import Candidate, publish, write
from server.models import trial
from server.models.model import Dropped
from server.models.trial import SHIPPED, Trials, fingerprint
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest, read_manifest
from tests.faults.stage import eventually
from tests.live import ROOT
from tests.tiny import INPUT, LABELS, OPSET, memory_in, tiny_candidate, tiny_onnx

SECONDS, MORE_BYTES = 2.0, 256 * 2**20


def trials(seconds: float = SECONDS) -> Trials:
    return Trials(seconds, MORE_BYTES, 32)


def written(folder: Path, candidate: Candidate) -> tuple[Path, Manifest]:
    manifest = candidate.manifest("digits", "1")
    write(folder, candidate, manifest)
    return folder, manifest


def edited(edit: Callable[[onnx.GraphProto], None]) -> bytes:
    model = onnx.load_from_string(tiny_onnx())
    edit(model.graph)
    return bytes(model.SerializeToString())


def beside(nodes: list[onnx.NodeProto], *constants: onnx.TensorProto) -> Callable[[onnx.GraphProto], None]:
    """Add nodes that use the image as `flat` and give `zero`, (N, 1), which is added to the logits."""

    def edit(graph: onnx.GraphProto) -> None:
        for node in graph.node:
            if node.op_type == "Softmax":
                node.input[0] = "sum"
        softmax = graph.node.pop()
        graph.node.extend([*nodes, helper.make_node("Add", ["logits", "zero"], ["sum"]), softmax])
        graph.initializer.extend(constants)

    return edit


def doubled(times: int) -> bytes:
    """Operators that are all allowed, and need 2 to the power of `times` images."""
    nodes = [helper.make_node("Concat", ["flat", "flat"], ["d0"], axis=1)]
    nodes += [helper.make_node("Concat", [f"d{n}", f"d{n}"], [f"d{n + 1}"], axis=1) for n in range(times)]
    nodes += [helper.make_node("ReduceMean", [f"d{times}"], ["mean"], axes=[1], keepdims=1)]
    nodes += [helper.make_node("Sub", ["mean", "mean"], ["zero"])]
    return edited(beside(nodes))


def padded(pixels: int) -> bytes:
    nodes = [
        helper.make_node("Pad", ["flat", "pads"], ["wide"]),
        helper.make_node("ReduceMean", ["wide"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "mean"], ["zero"]),
    ]
    return edited(beside(nodes, numpy_helper.from_array(np.array([0, 0, 0, pixels], np.int64), "pads")))


def multiplied(times: int) -> bytes:
    """Large matrix products, one after another."""
    side = 1500
    nodes = [helper.make_node("MatMul", ["big", "big"], ["m0"])]
    nodes += [helper.make_node("MatMul", [f"m{n}", "big"], [f"m{n + 1}"]) for n in range(times)]
    nodes += [
        helper.make_node("ReduceMean", [f"m{times}"], ["mean"], axes=[0, 1], keepdims=1),
        helper.make_node("ReduceSum", ["flat", "one"], ["all"], keepdims=1),
        helper.make_node("Mul", ["all", "mean"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "scaled"], ["zero"]),
    ]
    big = np.random.default_rng(0).normal(0, 0.01, (side, side)).astype(np.float32)
    constants = numpy_helper.from_array(big, "big"), numpy_helper.from_array(np.array([1], np.int64), "one")
    return edited(beside(nodes, *constants))


def made_of_a_number() -> bytes:
    shape = numpy_helper.from_array(np.array([2**29], np.int64), "large")
    nodes = [
        helper.make_node("ConstantOfShape", ["large"], ["much"]),
        helper.make_node("ReduceSum", ["much"], ["zero"], keepdims=0),
    ]
    return edited(beside(nodes, shape))


def huge() -> bytes:
    """An initialiser of 200 MB, which nothing needs."""
    return edited(
        lambda graph: graph.initializer.append(numpy_helper.from_array(np.zeros(50 * 2**20, np.float32), "h"))
    )


HARMFUL = {
    "a tensor of 2 GB of a number": (made_of_a_number, "operator"),
    "an image that is doubled 24 times": (lambda: doubled(24), "memory"),
    "an image padded to a gigabyte": (lambda: padded(2**28), "memory"),
    "large matrix products": (lambda: multiplied(60), "processor time|memory"),
    "a huge initialiser": (huge, "memory"),
}


def test_a_good_version_passes_and_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, manifest = written(tmp_path, tiny_candidate())
    tried = trials(20)
    tried.check(folder, manifest)
    monkeypatch.setattr(trial, "_run_child", lambda *_: pytest.fail("a second child"))
    assert tried.load(folder, manifest).version == "1"
    tried.check(folder, replace(manifest, version="2"))  # the same files under another number


def test_the_threshold_of_the_score_is_the_childs(tmp_path: Path) -> None:
    folder = ROOT / "artifacts/baseline"
    manifest = read_manifest(folder, "digits", "0")
    tried = trials(20)
    tried._shipped = None
    report = json.loads((folder / "report/report.json").read_bytes())
    assert tried.check(folder, manifest) == report["calibration"]["score_threshold"]
    assert tried.load(folder, manifest).score_threshold == report["calibration"]["score_threshold"]


def test_the_baseline_of_the_checkout_needs_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = read_manifest(ROOT / "artifacts/baseline", "digits", "0")
    assert SHIPPED.read_text().strip() == fingerprint(manifest), "python -m export ship writes it with the baseline"
    monkeypatch.setattr(trial, "_run_child", lambda *_: pytest.fail("a child"))
    trials().load(ROOT / "artifacts/baseline", manifest)


def test_another_model_in_the_baselines_place_needs_one(tmp_path: Path) -> None:
    folder, manifest = written(tmp_path, tiny_candidate(model=multiplied(60)))
    with pytest.raises(BrokenArtifact, match=r"processor time|memory"):
        trials().check(folder, replace(manifest, version="0"))


@pytest.mark.parametrize("kind", HARMFUL)
def test_what_takes_too_much_is_refused_in_seconds(tmp_path: Path, kind: str) -> None:
    make, says = HARMFUL[kind]
    folder, manifest = written(tmp_path, tiny_candidate(model=make()))
    before = resident_bytes()
    started = time.process_time()
    with pytest.raises(BrokenArtifact, match=f"first load.*{says}"):
        trials().load(folder, manifest)
    assert time.process_time() - started < 1  # of this process; the child's own is bounded
    assert resident_bytes() - before < 20 * 2**20


def resident_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024


def test_a_refusal_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, manifest = written(tmp_path, tiny_candidate(1, golden=b"not an archive"))
    tried = trials(20)
    with pytest.raises(BrokenArtifact, match="golden"):
        tried.check(folder, manifest)
    monkeypatch.setattr(trial, "_run_child", lambda *_: pytest.fail("a second child"))
    with pytest.raises(BrokenArtifact, match="golden"):
        tried.check(folder, manifest)


def test_files_that_are_damaged_need_no_child_and_are_not_remembered(tmp_path: Path) -> None:
    folder, manifest = written(tmp_path, tiny_candidate())
    whole = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(whole[:-1])
    tried = trials(20)
    with pytest.raises(BrokenArtifact, match="hash differs"):
        tried.check(folder, manifest)
    (folder / "model.onnx").write_bytes(whole)
    tried.check(folder, manifest)


@pytest.fixture
def slow_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, threading.Event]]:
    """A child in the middle of its load, of a process that listens and has a key; and the sign that ends the wish."""
    folder, manifest = written(tmp_path, tiny_candidate(model=multiplied(200)))
    monkeypatch.setenv("RELEARN_API_KEY", "the key")
    unwanted = threading.Event()
    raised: list[Exception] = []

    def load() -> None:
        try:
            trials(60).check(folder, manifest, lambda: not unwanted.is_set())
        except Exception as error:  # noqa: BLE001 - the test looks at what was raised
            raised.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        loading = threading.Thread(target=load)
        loading.start()
        child = eventually(child_of_this_process, "the child")
        assert child is not None
        yield child, unwanted
        unwanted.set()
        loading.join()
    assert [type(error) for error in raised] == [Dropped]


def child_of_this_process() -> int | None:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == str(os.getpid()) and b"server.models.child" in command:
            return int(path.parent.name)
    return None


def test_the_child_has_no_socket_and_no_key(slow_child: tuple[int, threading.Event]) -> None:
    child = Path("/proc") / str(slow_child[0])
    opened = [str(each.readlink()) for each in (child / "fd").iterdir()]
    assert not [each for each in opened if each.startswith("socket:")], opened
    environment = (child / "environ").read_bytes()
    assert b"key" not in environment
    assert b"RELEARN" not in environment


def test_a_child_whose_version_is_not_wanted_any_more_is_ended(slow_child: tuple[int, threading.Event]) -> None:
    child, unwanted = slow_child
    unwanted.set()
    eventually(lambda: not Path(f"/proc/{child}").exists(), "the end of the child")


def test_a_child_that_dies_or_talks_nonsense_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, manifest = written(tmp_path / "version", tiny_candidate())
    package = tmp_path / "server" / "models"
    package.mkdir(parents=True)
    for each in (package, package.parent):
        (each / "__init__.py").write_text("")
    monkeypatch.setattr(trial, "ROOT", tmp_path)
    for script, says in {
        "import os; os.kill(os.getpid(), 11)": "SIGSEGV",
        "raise SystemExit(3)": "exit code 3",
        "print('[1]')": "exit code 0",
        "while True: print('x' * 1000)": "not done",
    }.items():
        (package / "child.py").write_text(script)
        with pytest.raises(BrokenArtifact, match=says):
            trials().check(folder, manifest)


def test_a_version_of_the_store_is_loaded(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    candidate = Candidate(LABELS, INPUT, ("probabilities",), OPSET, tiny_candidate().contents)
    version = publish(memory, candidate, None, "a test")
    assert trials(20).load(memory.versions.folder(version), memory.versions.manifest(version)).labels == LABELS
