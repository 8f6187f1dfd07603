"""A trainer starts in a whole environment, with nothing of the server's that it has no use for."""

import asyncio
import os
import socket
from pathlib import Path

import pytest
import uvloop

from server.settings import Settings
from server.training.launcher import BUILDING, ProcessLauncher, environment_of
from tests.tiny import memory_in

PATIENCE_SECONDS = 60.0  # a bound for a slow machine


def test_a_trainer_is_given_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEARN_API_KEY", "a key")
    monkeypatch.setenv("RELEARN_KEYS", "more keys")
    monkeypatch.setenv("RELEARN_NAME", "letters")
    given = environment_of(Settings(api_key="a key"))
    assert not {"a key", "more keys"} & set(given.values())
    assert given["RELEARN_NAME"] == "letters"


def test_an_environment_that_is_being_built_is_not_ready(tmp_path: Path) -> None:
    launcher = ProcessLauncher(Settings(trainer_python=tmp_path / "bin" / "python"), memory_in(tmp_path))
    assert launcher.is_ready()
    (tmp_path / BUILDING).touch()
    assert not launcher.is_ready()


TRAINER = """#!/bin/sh
ls -l /proc/self/fd > {folder}/descriptors
ps -o sid= -p $$ > {folder}/session
"""


def test_a_trainer_has_a_session_of_its_own_and_no_descriptor_of_the_server(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text(TRAINER.format(folder=tmp_path))
    program.chmod(0o755)
    memory = memory_in(tmp_path)
    job = memory.jobs.create({}, "a test", {}).job
    settings = Settings(trainer_python=program, artifacts=tmp_path / "artifacts", data=tmp_path / "data")

    async def start() -> None:
        launcher = ProcessLauncher(settings, memory)
        await launcher.start(job)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*launcher._running)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(start())
    assert "socket:" not in (tmp_path / "descriptors").read_text()
    assert int((tmp_path / "session").read_text()) != os.getsid(0)
    memory.close()
