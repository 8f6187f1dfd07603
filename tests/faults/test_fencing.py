"""A trainer that was taken for dead, however late it wakes, publishes nothing; and none outlives its runner."""

import os
import signal
from collections.abc import Iterator

import pytest

from server.store import living
from tests.faults.bench import Bench
from tests.faults.inside import seed_of
from tests.faults.stage import eventually, is_alive, job_of
from tests.tiny import memory_in, tiny_onnx


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("fencing"))
    with made.server:
        yield made
    made.memory.close()


def test_a_child_does_not_outlive_its_runner(bench: Bench) -> None:
    number = bench.retrain("training")
    child = bench.stage.reached()
    os.kill(bench.runner_of(number), signal.SIGKILL)
    eventually(lambda: not is_alive(child), "the end of the child")
    eventually(lambda: job_of(bench.server, number)["state"] == "failed", "the job's end")
    assert "stopped from outside while training" in str(job_of(bench.server, number)["result"])


@pytest.mark.parametrize("step", [pytest.param("reserved", marks=pytest.mark.long(seconds=4)), "publishing told"])
def test_a_child_that_wakes_after_its_job_was_lost_publishes_nothing(bench: Bench, step: str) -> None:
    """Frozen while it publishes, its runner killed, its job failed; then it goes on, and nobody ends it.

    Only the lease stands between it and the pointer. Before it had written anything the next job comes and publishes:
    then only its number stands between its files and the next version's.
    """
    bench.stage.tell("orphans-live")
    number = bench.retrain(step)
    child = bench.stage.reached()
    try:
        os.kill(child, signal.SIGSTOP)
        os.kill(bench.runner_of(number), signal.SIGKILL)
        eventually(lambda: job_of(bench.server, number)["state"] == "failed", "the job's end")
        bench.stage.take_back("orphans-live")
        following = bench.retrain() if step == "reserved" else None
        if following is not None:
            eventually(lambda: job_of(bench.server, following)["state"] == "published", "the next job's end")
        after = bench.now()
        bench.stage.go()
        os.kill(child, signal.SIGCONT)
        eventually(lambda: not is_alive(child), "the end of the child that was frozen")
    finally:
        if is_alive(child):
            os.kill(child, signal.SIGKILL)
    assert bench.now() == after
    assert job_of(bench.server, number)["state"] == "failed"
    assert "nothing is published" in (bench.stage.folder / "orphan.log").read_text()
    eventually(lambda: bench.folders() == set(after[1]) - {"0"}, "a sweep of what it wrote")
    if following is not None:
        manifest = bench.memory.versions.manifest(after[0])
        assert bench.memory.versions.read(manifest, "model.onnx") == tiny_onnx(seed_of(following))


@pytest.mark.long(seconds=3)
def test_what_a_trainer_writes_is_not_swept_by_who_can_not_see_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server in another container sees neither runner nor child: the lease must speak for both."""
    before = bench.now()
    number = bench.retrain("manifest written")
    bench.stage.reached()
    monkeypatch.setattr(living, "_place_of", lambda _: "elsewhere pid:[0]")
    elsewhere = memory_in(bench.server.folder)
    assert elsewhere.content.sweep() == 0
    elsewhere.close()
    bench.stage.go()
    assert bench.check(number, before) == "published"
