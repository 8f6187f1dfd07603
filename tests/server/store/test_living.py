"""Whether a process is there is seen on its own machine, and nowhere else."""

import os
import subprocess

from server.store import living
from tests.server.store.memories import gone_process, process_elsewhere


def test_this_process_lives() -> None:
    assert living.is_alive(living.own()) is True
    assert living.pid_of(living.own()) == os.getpid()


def test_another_process_of_the_same_number_does_not() -> None:
    assert living.is_alive(gone_process()) is False


def test_what_is_on_another_machine_cannot_be_seen() -> None:
    assert living.is_alive(process_elsewhere()) is None


def test_an_ended_process_is_gone_before_and_after_it_is_collected() -> None:
    place = living.own().rsplit(" ", 2)[0]
    child = subprocess.Popen(["sleep", "600"])
    name = f"{place} {child.pid} {living._started(child.pid)}"
    assert living.is_alive(name) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert living.is_alive(name) is False
    child.wait()
    assert living.is_alive(name) is False


def test_words_that_are_no_name_are_nobodys() -> None:
    place = living.own().rsplit(" ", 2)[0]
    assert living.is_alive("") is None
    assert living.is_alive("x") is None
    assert living.is_alive(f"{place} x 1") is False
    assert living.is_alive(f"{place} -1 1") is False
