"""A takeover that is stopped anywhere leaves no database, and the next one is whole."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.server.store.old_form.folder import OldForm
from tests.server.store.old_form.views import view

ROOT = Path(__file__).parents[4]
CALLS = ("link", "fsync", "mkdir", "open", "scandir", "listdir")
BEGINS = "INSERT INTO model"  # the first statement of a takeover
PLACES = (*range(1, 100, 5), "commit")  # to stop at: every fifth of those there are, and the very last


class Stopped(BaseException):
    """Not an error that anybody handles."""


@contextmanager
def stopping(at: int | str, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Stop a takeover at its so many-th statement or call to the operating system, or at one of that name."""
    done: list[str] = []

    def step(name: str) -> None:
        if done or name.startswith(BEGINS):
            done.append(name)
        if at in (len(done), name):
            raise Stopped

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            step(name)
            return real(*arguments, **options)

        return call

    def statement(_connection: Any, _cursor: Any, words: str, *_: Any) -> None:
        step(words)

    def commit(_: Any) -> None:
        step("commit")

    with patch.context() as patched:
        for name in CALLS:
            patched.setattr(os, name, counted(name))
        event.listen(Engine, "before_cursor_execute", statement)
        event.listen(Engine, "commit", commit)
        try:
            yield done
        finally:
            event.remove(Engine, "before_cursor_execute", statement)
            event.remove(Engine, "commit", commit)


def test_a_takeover_that_is_stopped_anywhere_is_done_again(
    form: OldForm, answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set[str]()
    for at in PLACES:
        with form.opened(used=False) as memory, stopping(at, monkeypatch) as done, pytest.raises(Stopped):
            memory.database.open()
        assert not form.has_tables(), done
        assert form.is_unchanged(), done
        seen |= {*done}
    assert {"link", "fsync", "mkdir", "open", "commit"} <= seen
    with form.opened() as memory:
        expected = answers["uploads"]["images"]
        assert view(memory) == {sha: (each["label"], each["split"]) for sha, each in expected.items()}
        assert (memory.pointer.current(), len(memory.jobs.page(99))) == ("2", 6)


KILLED = """
import os, sys
from pathlib import Path
from sqlalchemy import Engine, event
from server.store.memory import open_memory

event.listen(Engine, "commit", lambda _: os._exit(9))
memory = open_memory(Path(sys.argv[1]), Path(sys.argv[2]), "digits", Path("no-baseline"), sys.argv[3])
memory.browser.overview()
"""


def test_a_process_that_is_killed_at_the_last_step_leaves_no_database(form: OldForm, answers: dict[str, Any]) -> None:
    command = [sys.executable, "-c", KILLED, str(form.artifacts), str(form.data), form.database]
    killed = subprocess.run(command, cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert len([*form.data.glob("*/[0-9a-f][0-9a-f]/*.png")]) == 14, "it was at its last step"
    assert not form.has_tables()
    assert form.is_unchanged()
    with form.opened() as memory:
        assert len(view(memory)) == 14
