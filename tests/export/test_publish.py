"""A publication that is stopped anywhere leaves the old state or the new one, and the next one works."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from export.publish import Candidate, keep_refused, publish, read_candidate
from server.models.model import load
from server.store import living
from server.store.errors import BrokenArtifact, CurrentMoved, LeaseLost
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.outcome import outcome
from server.store.tables import pending
from tests.tiny import memory_in, publish_tiny, tiny_candidate


def lease_of(memory: Memory) -> Lease:
    """A job that runs in this process."""
    job = memory.jobs.create({}, "a test", {}).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    return lease


def publish_for(memory: Memory, lease: Lease, candidate: Candidate) -> str:
    """Publish as the trainer does: version, move and the job's end in one transaction."""
    return publish(
        memory,
        candidate,
        memory.pointer.current(),
        by=f"job {lease.job}",
        job=lease.job,
        also=lambda connection, version: lease.conclude(connection, outcome("published", version)),
    )


def publish_and_die(folder: Path, token: int, candidate: Candidate, calls: int) -> bool:
    """Publish in a process that kills itself before so many calls that change the disk; whether it came to its end."""
    child = os.fork()
    if child == 0:
        left = calls
        memory = memory_in(folder)

        def guarded(real: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **options: object) -> object:
                nonlocal left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return real(*arguments, **options)

            return call

        for name in ("fsync", "rename", "replace", "mkdir", "unlink"):
            setattr(os, name, guarded(getattr(os, name)))
        for name in ("settle", "claim_within"):  # within a transaction, before it is made lasting
            setattr(memory.content, name, guarded(getattr(memory.content, name)))
        publish_for(memory, Lease(memory.database, 1, token), candidate)
        guarded(os.getpid)()  # once more, after the last step
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def listed(memory: Memory) -> list[str]:
    """Files that were to be written and that nothing names yet."""
    with memory.database.read() as connection:
        return list(connection.execute(select(pending.c.path)).scalars())


def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    first, second, third = (tiny_candidate(seed) for seed in range(3))
    states: list[str | None] = []
    ended = False
    while not ended:
        folder = tmp_path / str(len(states))
        memory = memory_in(folder)
        publish(memory, first, None, "a test")
        token = lease_of(memory).token
        memory.close()
        ended = publish_and_die(folder, token, second, calls=len(states))
        memory = memory_in(folder)
        states.append(memory.pointer.current())
        job = memory.jobs.get("1")
        assert (job.state, job.is_open) == (("published", False) if states[-1] == "2" else ("starting", True))
        assert memory.versions.all() == [str(number + 1) for number in range(int(states[-1] or 0))]
        assert [each.to_version for each in memory.pointer.moves(9)] == memory.versions.all()
        for version in memory.versions.all():
            load(memory.versions.folder(version), memory.versions.manifest(version), 2)
        memory.content.sweep()
        assert listed(memory) == []
        folders = [path.name for path in (folder / "artifacts/models/digits").iterdir()]
        assert sorted(folders) == memory.versions.all()
        assert publish(memory, third, memory.pointer.current(), "a test") in ("2", "3")
        assert not list(folder.rglob(".tmp-*"))
        memory.close()
    assert states == sorted(states, key=str)
    assert states.count("1") > 10
    assert states.count("2") >= 2


def test_the_version_is_announced_before_it_is_visible(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    seen: list[tuple[str, list[str]]] = []
    publish(memory, tiny_candidate(), None, "t", announce=lambda version: seen.append((version, memory.versions.all())))
    assert seen == [("1", [])]
    assert memory.versions.all() == ["1"]


def test_a_failed_fsync_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = memory_in(tmp_path)
    publish_tiny(memory)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            publish_tiny(memory, 1)
    assert memory.versions.all() == ["1"]
    assert listed(memory) == []
    assert publish_tiny(memory, 1) == "2"


def test_a_pointer_that_moved_meanwhile_publishes_nothing_and_ends_no_job(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_tiny(memory)
    lease = lease_of(memory)
    others: list[str] = []
    with pytest.raises(CurrentMoved, match="the current version is 3, not 1"):
        publish(
            memory,
            tiny_candidate(2),
            "1",
            "a test",
            announce=lambda _: others.append(publish_tiny(memory, 1)),
            also=lambda connection, version: lease.conclude(connection, outcome("published", version)),
        )
    assert (others, memory.versions.all()) == (["3"], ["1", "3"])
    assert memory.jobs.get(lease.job).is_open
    assert listed(memory) == []


def test_two_that_publish_at_once_have_numbers_of_their_own(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    first, second = memory.versions.reserve(), memory.versions.reserve()
    assert (first.version, second.version) == ("1", "2")
    memory.versions.give_up(first)
    memory.versions.give_up(second)
    assert publish_tiny(memory) == "1"


def test_a_job_whose_lease_is_lost_publishes_nothing(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_tiny(memory)
    lease = lease_of(memory)
    memory.jobs.fail_gone(lease.job, "taken for dead")
    with pytest.raises(LeaseLost):
        publish_for(memory, lease, tiny_candidate(1))
    with pytest.raises(LeaseLost):
        keep_refused(memory, tiny_candidate(1), lease, outcome("refused"))
    assert (memory.versions.all(), memory.jobs.refused(9), listed(memory)) == (["1"], [], [])
    assert not (tmp_path / "artifacts/candidates" / lease.job).exists()
    assert memory.jobs.get(lease.job).state == "failed"


def test_a_refused_candidate_is_kept_with_the_jobs_end_and_can_be_published(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_tiny(memory)
    lease = lease_of(memory)
    beside = list[str]()
    keep_refused(
        memory, tiny_candidate(3), lease, outcome("refused", reason="worse"), lambda _: beside.append(lease.job)
    )
    assert beside == [lease.job]
    job = memory.jobs.get(lease.job)
    assert (job.state, job.result) == ("refused", outcome("refused", reason="worse"))
    ((refused, figures),) = memory.jobs.refused(9)
    assert (refused, figures["metrics"]) == (lease.job, {"test": {"accuracy": 0.9}})
    assert memory.versions.all() == ["1"]
    assert publish(memory, read_candidate(memory, lease.job)[1], "1", "me", "I looked at it", lease.job) == "2"
    load(memory.versions.folder("2"), memory.versions.manifest("2"), 2)
    assert (memory.pointer.moves(1)[0].by, memory.pointer.moves(1)[0].reason) == ("me", "I looked at it")


def test_a_kept_candidate_that_was_changed_is_refused(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    lease = lease_of(memory)
    folder = keep_refused(memory, tiny_candidate(3), lease, outcome("refused"))
    (folder / "model.onnx").write_bytes(b"another")
    with pytest.raises(BrokenArtifact):
        read_candidate(memory, lease.job)


def test_the_manifest_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        named.append(Path(target).name)
        real(source, target)

    memory = memory_in(tmp_path)
    monkeypatch.setattr(os, "replace", replace)
    publish_tiny(memory)
    assert sorted(named) == ["golden.npz", "manifest.json", "model.onnx", "report.json"]
    assert named[-1] == "manifest.json"
