"""What runs inside the processes under test before anything of theirs: it changes some of their functions by name.

The server and the trainer know nothing of it. Each function stops at a named step, if the stage says so, and otherwise
does what it did. See stage.py for the other side.
"""

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

Patch = Callable[[Any], None]  # gets the module


class _Finder(MetaPathFinder):
    """Lets each patch change its module right after it was imported."""

    def __init__(self, patches: dict[str, Patch]) -> None:
        self._patches = patches

    def find_spec(self, fullname: str, *_: Sequence[str] | ModuleType | None) -> ModuleSpec | None:
        patch = self._patches.pop(fullname, None)
        spec = importlib.util.find_spec(fullname) if patch is not None else None
        if spec is None or spec.loader is None or patch is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            patch(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Called by the stage's sitecustomize.py."""
    sys.meta_path.insert(
        0,
        _Finder(
            {
                "server.app": _app,
                "server.observe.stats": _stats,
                "server.process.counts": _counts,
                "server.process.supervisor": _supervisor,
                "server.store.browse": _browse,
                "server.store.content": _content,
                "server.store.engine": _engine,
                "server.store.dataset": _dataset,
                "server.store.lease": _lease,
                "server.store.pointer": _pointer,
                "server.store.samples": _samples,
                "server.store.versions": _versions,
                "server.models.model": _model,
                "export.publish": _publish,
                "trainer.child": _child,
                "trainer.deliver": _deliver,
                "trainer.job": _job,
            }
        ),
    )
    if told("clock") is not None:
        _shift_clocks()


def told(name: str) -> str | None:
    """What a sign of the stage says; None if it is not up."""
    try:
        return Path(os.environ["FAULTS"], name).read_text()
    except OSError:
        return None


def stop(step: str) -> None:
    """Wait, if this is where the test wants a process to be, until it says go, or where to stop next."""
    folder = Path(os.environ["FAULTS"])
    if told("stop-at") != step:
        return
    try:
        (folder / "stop-at").rename(folder / "stopped")
    except OSError:  # another process was first
        return
    (folder / ".reached").write_text(str(os.getpid()))
    (folder / ".reached").rename(folder / "reached")
    while (folder / "reached").exists() and not (folder / "go").exists():
        time.sleep(0.01)


def fail(place: str) -> None:
    """Raise what nobody foresees, if the stage says so of this place."""
    if told("fail") == place:
        raise ZeroDivisionError("a fault that a test made")


def hold() -> None:
    """Let no other thread of this process have its turn for a while, if the stage says so."""
    seconds, usual = float(told("hold") or 0), sys.getswitchinterval()
    end = time.monotonic() + seconds
    sys.setswitchinterval(10 * seconds or usual)
    while time.monotonic() < end:
        pass
    sys.setswitchinterval(usual)


def stopping(real: Callable[..., Any], before: str | None = None, after: str | None = None) -> Callable[..., Any]:
    """A function that has a step before or after it."""

    def call(*arguments: Any, **options: Any) -> Any:
        if before is not None:
            stop(before)
        result = real(*arguments, **options)
        if after is not None:
            stop(after)
        return result

    return call


def _app(module: Any) -> None:
    code = told("end at start")
    if code is not None:
        os._exit(int(code))


def _stats(module: Any) -> None:
    """GET /stats is where a test has a worker run wild."""
    to_json = module.Stats.to_json

    def counting(self: Any) -> Any:
        code = told(f"end {os.getpid()}")
        if code is not None:
            os._exit(int(code))
        while told(f"spin {os.getpid()}") is not None:
            pass
        return to_json(self)

    module.Stats.to_json = counting


def _counts(module: Any) -> None:
    module.IN_MEMORY = told("memory-folder") or module.IN_MEMORY
    if told("no-tmpdir") is not None:
        module.tempfile.gettempdir = lambda: "/nowhere"


def _supervisor(module: Any) -> None:
    problems = module.Supervisor._problems

    def looking(self: Any) -> Any:
        if told("forget") is not None:
            module.TOLD_SECONDS = 0.0
        return problems(self)

    module.Supervisor._problems = looking


def _versions(module: Any) -> None:
    versions = module.Versions
    versions.reserve = stopping(versions.reserve, before="before reserve", after="reserved")
    versions.publish = stopping(versions.publish, after="committed")
    versions.prune = stopping(versions.prune, after="pruned")
    versions.promote = stopping(versions.promote, after="promoted")


def _pointer(module: Any) -> None:
    current = module.Pointer.current

    def looking(self: Any) -> Any:
        fail("look")
        return current(self)

    module.Pointer.current = looking


def _publish(module: Any) -> None:
    write_all = module.files.write_all

    def write_files(contents: dict[Path, bytes]) -> None:
        write_all(contents)
        if len(contents) > 1:  # the manifest comes alone
            stop("files written")

    module.files.write_all = write_files
    module.write = stopping(module.write, after="manifest written")


def _lease(module: Any) -> None:
    lease = module.Lease
    tell = lease.tell

    def telling(self: Any, stage: str, details: dict[str, Any]) -> None:
        tell(self, stage, details)
        if stage == "publishing":
            stop("publishing told")

    lease.tell = telling
    lease.conclude = stopping(lease.conclude, after="before commit")


def _browse(module: Any) -> None:
    module.Browser.learnable = stopping(
        module.Browser.learnable, before="before the dataset is read", after="dataset read"
    )


def _content(module: Any) -> None:
    write = module.Content.write

    def writing(self: Any, contents: dict[str, bytes], root: str) -> None:
        if len(contents) > 100:  # the large upload of a test
            stop("writing pictures")
        write(self, contents, root)
        if any(path.startswith("samples/") for path in contents):
            stop("samples written")

    module.Content.write = writing


def _samples(module: Any) -> None:
    module.Samples._prune = stopping(module.Samples._prune, after="samples before commit")
    module.Samples.add = stopping(module.Samples.add, after="samples stored")


def _dataset(module: Any) -> None:
    module.Dataset._store = stopping(module.Dataset._store, after="upload before commit")
    module.Dataset.add = stopping(module.Dataset.add, after="uploaded")


def _model(module: Any) -> None:
    load = module.load

    def loading(folder: Path, manifest: Any, *rest: Any) -> Any:
        stop(f"before loading {manifest.version}")
        fail("load")
        hold()
        model = load(folder, manifest, *rest)
        if rest[1:]:  # a worker's take-over, not the look at a version that is to be promoted
            stop(f"loaded {manifest.version}")
        return model

    module.load = loading


def _engine(module: Any) -> None:
    patience = told("database-wait-seconds")
    if patience is not None:
        module.WAIT_SECONDS = float(patience)


def _job(module: Any) -> None:
    """Let the child have its share: where others want all cores, a test at the lowest priority has no bound."""
    module._last_in_line = lambda: None


def _child(module: Any) -> None:
    """The child that trains: what it delivers is made at once, unless the stage says `train`."""
    module.main = stopping(module.main, before="started")
    if told("orphans-live") is not None:  # else its end, and that of the pipe that it prints to, would end it first
        module.die_with_the_runner = lambda: None
        sys.stdout = Path(os.environ["FAULTS"], "orphan.log").open("w")  # noqa: SIM115 - until the process ends
    if told("train") is not None:
        return
    module.make_start = lambda *_: None  # nor is a dataset read
    made: Any = ModuleType("trainer.run")
    made.run, made.set_threads = _run, lambda: None
    sys.modules["trainer.run"] = made
    reports: Any = ModuleType("trainer.report")  # without the pictures, whose libraries take seconds to load
    reports.report_files = lambda figures: {"report/report.json": json.dumps(figures).encode()}
    sys.modules["trainer.report"] = reports


def _deliver(module: Any) -> None:
    module.to_onnx = stopping(module.to_onnx, before="before the export", after="exported")


def _run(memory: Any, lease: Any, start: Any, policy: Any, report: Any, work: Path) -> None:
    """In place of trainer.run.run: the job's own way from the data to its end, with a model that nobody trained."""
    import numpy as np

    from export.gate import Judging
    from export.verdict import Verdict
    from export.verify import Parity
    from server.models.model import Model
    from tests.tiny import tiny_candidate
    from trainer import conclude

    report("preparing")
    report("training")
    stop("training")
    exec(told("wild") or "", {})  # noqa: S102 - what a test has a child do
    candidate = tiny_candidate(seed_of(lease.job))
    model = Model(candidate.manifest("candidate", "candidate"), candidate.contents["model.onnx"])
    verdict = Verdict(told("refuse") is None, memory.pointer.current(), (), None)
    conclude.judge = lambda *_: verdict  # type: ignore[attr-defined]
    conclude.earlier, conclude.times_judged = lambda *_: [], lambda *_: 0  # type: ignore[attr-defined]
    figures = candidate.report
    nothing = np.empty((0, 28, 28, 1), np.uint8), np.empty(0, np.int32)
    parity, judging = Parity(0, 0.0, 1.0), Judging(nothing, nothing)  # nobody judges
    conclude.conclude(memory, lease, candidate, model, parity, figures, judging, (), policy, report)


def seed_of(job: str) -> int:
    """Of the model that a job publishes, so that each has its own."""
    return 1000 + int(job)


def _shift_clocks() -> None:
    """Let the wall clock be off by the seconds that the sign `clock` says, at each look anew."""
    import datetime

    real = time.time

    def shift() -> float:
        return float(told("clock") or 0)

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Shifted":
            moved = super().now(tz) + datetime.timedelta(seconds=shift())
            assert isinstance(moved, Shifted)
            return moved

    time.time = lambda: real() + shift()
    datetime.datetime = Shifted  # type: ignore[misc]
