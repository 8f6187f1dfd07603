"""A publication that is stopped anywhere leaves the old state or the new one, and the next one works."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from export.publish import Candidate, keep_refused, publish, read_candidate
from server.models.model import load
from server.store.artifacts import ArtifactStore, BrokenArtifact
from tests.tiny import publish_tiny, store_in, tiny_candidate


def publish_and_die(store: ArtifactStore, candidate: Candidate, calls: int) -> bool:
    """Publish in a process that kills itself before so many calls that change the disk; whether it came to its end."""
    child = os.fork()
    if child == 0:
        left = calls

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
        publish(store, candidate, store.current(), "a test", lambda _: None)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    first, second, third = (tiny_candidate(seed) for seed in range(3))
    states: list[str | None] = []
    ended = False
    while not ended:
        store = store_in(tmp_path / str(len(states)))
        publish(store, first, None, "a test", lambda _: None)
        ended = publish_and_die(store, second, calls=len(states))
        states.append(store.current())
        for version in store.versions():
            load(store.folder(version), store.manifest(version), 2)
        assert publish(store, third, store.current(), "a test", lambda _: None) in ("2", "3")
        assert not list(store.models.glob(".tmp-*"))
    assert states == sorted(states, key=str)
    assert states.count("1") > 10
    assert states.count("2") >= 2


def test_the_version_is_announced_before_it_is_visible(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    seen: list[tuple[str, list[str]]] = []
    publish(store, tiny_candidate(), None, "t", lambda version: seen.append((version, store.versions())))
    assert seen == [("1", [])]


def test_a_failed_fsync_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    publish_tiny(store)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            publish_tiny(store, 1)
    assert store.versions() == ["1"]
    assert publish_tiny(store, 1) == "2"


def test_a_refused_candidate_is_kept_and_can_be_published(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    publish_tiny(store)
    keep_refused(store, tiny_candidate(3), "7")
    assert store.versions() == ["1"]
    assert publish(store, read_candidate(store, "7"), "1", "I looked at it", lambda _: None) == "2"
    load(store.folder("2"), store.manifest("2"), 2)


def test_a_kept_candidate_that_was_changed_is_refused(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    folder = keep_refused(store, tiny_candidate(3), "7")
    (folder / "model.onnx").write_bytes(b"another")
    with pytest.raises(BrokenArtifact):
        read_candidate(store, "7")
