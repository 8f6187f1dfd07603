"""Publishing, promoting and pruning at the same moment, each in a process of its own: what serves is always there."""

import os
from collections.abc import Callable
from pathlib import Path

from export.publish import publish
from server.models.model import load
from server.store.errors import CurrentMoved, NotFound
from server.store.memory import Memory
from tests.tiny import memory_in, publish_tiny, tiny_candidate, tiny_onnx

ROUNDS = 12
DONE, REFUSED = 0, 7  # exit codes


def at_once(folder: Path, *acts: Callable[[Memory], object]) -> list[int]:
    """Do each in a process of its own, all let go at the same moment; how each ended."""
    gate, opener = os.pipe()
    children = []
    for act in acts:
        child = os.fork()
        if child == 0:
            os.close(opener)
            code = 1
            try:
                memory = memory_in(folder)
                memory.pointer.current()
                os.read(gate, 1)
                act(memory)
                code = DONE
            except (CurrentMoved, NotFound):
                code = REFUSED
            finally:
                os._exit(code)
        children.append(child)
    os.close(gate)
    os.close(opener)
    codes = [os.waitpid(child, 0)[1] for child in children]
    return [os.waitstatus_to_exitcode(code) for code in codes]


def test_a_version_is_promoted_or_pruned_but_never_both(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    for seed in range(3):
        publish_tiny(memory, seed)
    for seed in range(ROUNDS):
        oldest, current = memory.versions.all()[0], memory.pointer.current()
        promoted, pruned = at_once(
            tmp_path,
            lambda memory: memory.versions.promote(oldest, "a test", "", current),  # noqa: B023
            lambda memory: memory.versions.prune(1),
        )
        assert pruned == DONE
        assert promoted in (DONE, REFUSED)
        serves = memory.pointer.current()
        assert serves == (oldest if promoted == DONE else current)
        assert serves is not None
        load(memory.versions.folder(serves), memory.versions.manifest(serves), 2)
        kept = memory.versions.all()
        assert serves in kept
        memory.content.sweep()
        assert {path.name for path in memory.versions.folder(serves).parent.iterdir()} == set(kept)
        for more in range(3 - len(kept)):
            publish_tiny(memory, 100 + 10 * seed + more)
    memory.close()


def test_of_two_that_publish_at_once_one_does_and_its_files_are_its_own(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_tiny(memory, 0)
    for seed in range(1, ROUNDS, 2):
        current = memory.pointer.current()
        codes = at_once(
            tmp_path,
            lambda memory: publish(memory, tiny_candidate(seed), current, "the one"),  # noqa: B023
            lambda memory: publish(memory, tiny_candidate(seed + 1), current, "the other"),  # noqa: B023
        )
        assert sorted(codes) == [DONE, REFUSED]
        serves = memory.pointer.current()
        assert serves is not None
        winner = seed if memory.pointer.moves(1)[0].by == "the one" else seed + 1
        assert memory.versions.read(memory.versions.manifest(serves), "model.onnx") == tiny_onnx(winner)
        memory.content.sweep()
        assert {path.name for path in memory.versions.folder(serves).parent.iterdir()} == set(memory.versions.all())
    memory.close()
