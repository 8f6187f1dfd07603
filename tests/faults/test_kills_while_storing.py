"""Killed at any statement and any file operation: what was acknowledged is there once, and nothing else is.

Most of it without HTTP: a process of its own does one thing to a memory and kills itself at its n-th step, for every n
until it gets through. The same through a real server at the steps that differ most.
"""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from PIL import Image
from sqlalchemy import event, func, select

from server.store.content import picture_path
from server.store.dataset import Labelled
from server.store.errors import NotFound
from server.store.memory import Memory
from server.store.tables import decision
from tests.digits import Digits, mnist
from tests.faults.stage import Stage, eventually
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny

FILE_CALLS = ("open", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "link")


def labelled(position: int, label: str | None = None, doubt: tuple[float, str] | None = None) -> Labelled:
    digits = mnist("t10k")
    return Labelled(Image.fromarray(digits.images[position]), label or str(digits.classes[position]), doubt)


def fill(memory: Memory) -> None:
    """Two versions; three plain images; a suspect that is new, and one that has a label already."""
    publish_tiny(memory, 1)
    publish_tiny(memory, 2)
    memory.dataset.add([labelled(each) for each in range(3)], "first")
    memory.dataset.add([labelled(3, "5", (0.001, "0")), labelled(0, "9", (0.002, "7")), labelled(4)], "second")


def sha256_of(memory: Memory, position: int) -> str:
    wanted = str(mnist("t10k").classes[position])
    return next((each.sha256 for each in memory.browser.page(100).pictures if each.label == wanted), "0" * 64)


def suspect(memory: Memory) -> str:
    """The one that is nothing but suspected."""
    return next((each.sha256 for each in memory.browser.suspects(10) if each.label is None), "0" * 64)


def upload(memory: Memory) -> None:
    """Two new images, one of which is also new to its folder; a new label, a new doubt, and one that is there."""
    new = [labelled(10), labelled(11), labelled(1, "8"), labelled(12, "3", (0.001, "9")), labelled(2)]
    memory.dataset.add(new, "third")


def remove(memory: Memory) -> None:
    memory.dataset.remove(sha256_of(memory, 1))


def accept(memory: Memory) -> None:
    memory.dataset.accept(suspect(memory))


def reject(memory: Memory) -> None:
    memory.dataset.reject(suspect(memory))


def undo(memory: Memory) -> None:
    memory.dataset.remove_batch("2")


def promote(memory: Memory) -> None:
    memory.versions.promote("1", "a test", "", memory.pointer.current())


class State(NamedTuple):
    """What there is, as far as it says nothing of when."""

    pictures: list[tuple[object, ...]]
    overview: tuple[object, ...]
    batches: list[tuple[object, ...]]
    decisions: int
    current: str | None


def state_of(memory: Memory) -> State:
    pictures = memory.browser.page(1000).pictures
    overview = memory.browser.overview()
    with memory.database.read() as connection:
        decisions = int(connection.execute(select(func.count()).select_from(decision)).scalar() or 0)
    assert overview.images == len(pictures)
    assert overview.suspects == len([each for each in pictures if each.suspected is not None])
    return State(
        sorted((each.sha256, each.split, each.label, each.suspected, each.batch) for each in pictures),
        (overview.images, overview.bytes, overview.suspects, overview.batches, overview.fingerprint, overview.counts),
        [(each.number, each.source, each.images) for each in memory.browser.batches(100)],
        decisions,
        memory.pointer.current(),
    )


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def named(memory: Memory) -> list[str]:
    return sorted(picture_path(each.sha256, each.split) for each in memory.browser.page(1000).pictures)


def kills_itself_at(number: int, folder: Path, act: Callable[[Memory], None]) -> bool:
    """Do something in a process that kills itself at its n-th step; False if it got through."""
    child = os.fork()
    if child == 0:
        try:
            memory = memory_in(folder)
            memory.pointer.current()
            _die_at(number, memory)
            act(memory)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), f"it failed by itself: {status}"
    return status != 0


def _die_at(number: int, memory: Memory) -> None:
    left = number

    def step(*_: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            step()
            return real(*arguments, **options)

        return call

    for name in FILE_CALLS:
        setattr(os, name, guarded(getattr(os, name)))
    Path.open = guarded(Path.open)  # type: ignore[method-assign]
    engine = memory.database._engine
    event.listen(engine, "before_cursor_execute", step)
    commit = engine.dialect.do_commit

    def committing(*arguments: Any) -> None:
        step()
        commit(*arguments)
        step()

    engine.dialect.do_commit = committing  # type: ignore[assignment, method-assign]


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: who is killed loses nothing of what it had written, synced or not."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as name:
        yield Path(name)


@pytest.fixture
def filled(quick: Path) -> Path:
    folder = quick / "filled"
    memory = memory_in(folder)
    fill(memory)
    memory.close()
    return folder


def after(folder: Path, act: Callable[[Memory], None]) -> State:
    memory = memory_in(folder)
    try:
        act(memory)
        return state_of(memory)
    finally:
        memory.close()


@pytest.mark.parametrize("act", [upload, remove, accept, reject, undo, promote])
def test_a_kill_at_any_step_leaves_all_of_it_or_nothing(
    quick: Path, filled: Path, act: Callable[[Memory], None]
) -> None:
    shutil.copytree(filled, quick / "whole")
    before, wanted = (after(quick / "whole", each) for each in (lambda _: None, act))
    kept: list[bool] = []
    killed = True
    while killed:
        folder = quick / str(len(kept))
        shutil.copytree(filled, folder)
        killed = kills_itself_at(len(kept), folder, act)
        memory = memory_in(folder)
        found = state_of(memory)
        assert found in (before, wanted)
        kept.append(found == wanted)
        assert killed or kept[-1], "acknowledged and lost"
        memory.content.sweep()
        assert files_below(folder / "data") == named(memory)
        if not kept[-1]:
            act(memory)
        elif act in (remove, accept, reject, undo):
            with pytest.raises(NotFound):
                act(memory)
        else:
            act(memory)
        again = state_of(memory)
        assert again.pictures == wanted.pictures
        assert again.overview == wanted.overview
        assert again.current == wanted.current
        memory.content.sweep()
        assert files_below(folder / "data") == named(memory)
        memory.close()
        shutil.rmtree(folder)
    assert kept == sorted(kept)
    assert kept.count(False) >= 4
    assert kept.count(True) >= 2


def test_a_kill_while_the_database_is_made_leaves_none_or_all_of_it(quick: Path) -> None:
    number = 0
    while kills_itself_before_it_is_made(number, quick / str(number)):
        memory = memory_in(quick / str(number))
        assert publish_tiny(memory) == "1"
        assert memory.dataset.add([labelled(0)], "upload").count == 1
        memory.close()
        number += 9  # of some hundred statements
    assert number > 40


def kills_itself_before_it_is_made(number: int, folder: Path) -> bool:
    child = os.fork()
    if child == 0:
        try:
            memory = memory_in(folder)
            _die_at(number, memory)
            memory.browser.overview()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] != 0


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[tuple[LiveServer, Stage]]:
    stage = Stage(tmp_path / "stage")
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory, 1)
    publish_tiny(memory, 2)
    memory.close()
    with LiveServer(tmp_path, environment=stage.environment) as server:
        yield server, stage


def test_a_server_that_is_killed_has_stored_what_it_said_and_is_whole(
    staged: tuple[LiveServer, Stage], digits: Digits
) -> None:
    server, stage = staged
    memory = memory_in(server.folder)
    first = [(f"{each}.png", digits.png(each)) for each in range(150)]
    labels = [str(digits.classes[each]) for each in range(150)]
    assert server.upload(first[:20], labels[:20], source="correction").json()["count"] == 20

    def killed_at(step: str, call: Callable[[], httpx.Response]) -> None:
        stage.stop_at(step)
        with pytest.raises(httpx.TransportError):
            _killed_meanwhile(server, stage, call)
        server.stop()
        stage.go()
        server.start()

    for step, count in (("writing pictures", 20), ("upload before commit", 20), ("uploaded", 150)):
        killed_at(step, lambda: server.upload(first, labels, source="correction"))
        assert server.get("/dataset").json()["count"] == count, step
        eventually(lambda: files_below(server.data) == named(memory), f"a sweep after {step}")
    assert server.upload(first, labels, source="correction").json()["count"] == 0
    killed_at("promoted", lambda: server.post("/models/1/promote"))
    assert server.get("/models").json()["current"] == "1"
    assert server.predict(digits.png(0)).json()["model_version"] == "1"
    memory.close()


def _killed_meanwhile(server: LiveServer, stage: Stage, call: Callable[[], httpx.Response]) -> None:
    def kill() -> None:
        os.kill(stage.reached(), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        call()
    finally:
        killer.join()
