"""A version is loaded for the first time in a child: what would take time or memory without end is refused there."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from export.publish import Candidate, publish, write
from server.models import trial
from server.models.model import Dropped
from server.models.trial import SHIPPED, Trials, fingerprint
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest, read_manifest
from tests.faults.stage import eventually
from tests.harmful import HARMFUL, huge, multiplied
from tests.live import ROOT
from tests.tiny import INPUT, LABELS, OPSET, memory_in, tiny_candidate

SECONDS, MORE_BYTES = 2.0, 256 * 2**20


def trials(seconds: float = SECONDS) -> Trials:
    return Trials(seconds, MORE_BYTES, 32)


def written(folder: Path, candidate: Candidate) -> tuple[Path, Manifest]:
    manifest = candidate.manifest("digits", "1")
    write(folder, candidate, manifest)
    return folder, manifest


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
    folder, manifest = written(tmp_path, tiny_candidate(model=huge()))
    with pytest.raises(BrokenArtifact, match="memory"):
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


def test_a_process_that_can_not_be_started_is_said_and_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, manifest = written(tmp_path, tiny_candidate())
    tried = trials(20)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(BrokenArtifact, match="no process could be started"):
            tried.check(folder, manifest)
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
    folder, manifest = written(tmp_path, tiny_candidate(model=multiplied(1000)))
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
    opened = []
    for each in (child / "fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            opened.append(str(each.readlink()))
    assert opened
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


def placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> tuple[Path, Manifest]:
    """A version, and another program in the child's place."""
    package = tmp_path / "server" / "models"
    package.mkdir(parents=True)
    for each in (package, package.parent):
        (each / "__init__.py").write_text("")
    (package / "child.py").write_text(script)
    monkeypatch.setattr(trial, "ROOT", tmp_path)
    return written(tmp_path / "version", tiny_candidate())


def test_a_child_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, manifest = placed(tmp_path, monkeypatch, "import time; time.sleep(90)")
    monkeypatch.setattr(trial, "WAIT_SECONDS", 0.5)
    begun = time.monotonic()
    with pytest.raises(BrokenArtifact, match="not done within"):
        trials().check(folder, manifest)
    assert time.monotonic() - begun < 60


BOUNDED = """
import json, os, resource, sys
sys.path.insert(0, sys.argv[1])
from server.models.child import _bound
_bound(2.0, 2**28)
limits = (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_AS)
print(json.dumps([resource.getrlimit(each)[0] for each in limits]))
"""


def test_the_child_is_bounded() -> None:
    done = subprocess.run([sys.executable, "-c", BOUNDED, str(ROOT)], capture_output=True, check=True, timeout=60)
    file, core, seconds, memory = json.loads(done.stdout)
    assert (file, core) == (0, 0)
    assert 2 <= seconds <= 30
    assert 2**28 < memory < 2**34


def test_a_child_that_talks_without_end_is_not_listened_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, manifest = placed(tmp_path, monkeypatch, "while True: print('x' * 1000)")
    monkeypatch.setattr(trial, "WAIT_SECONDS", 120.0)
    begun = time.monotonic()
    with pytest.raises(BrokenArtifact):
        trials().check(folder, manifest)
    assert time.monotonic() - begun < 60


def test_a_child_that_nobody_wants_any_more_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, manifest = placed(tmp_path, monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(trial, "WAIT_SECONDS", 120.0)
    begun = time.monotonic()
    with pytest.raises(Dropped):
        trials().check(folder, manifest, lambda: time.monotonic() < begun + 0.5)
    assert time.monotonic() - begun < 60
