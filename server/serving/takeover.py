"""The model that serves now, and how another takes its place: the pointer moved -> load, verify, swap one reference.

A batch in flight finishes on the model it started with. If the new version can't be loaded the old one goes on, and
`problem` says why until the pointer moves to one that can.
"""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from server.machine import memory, priority
from server.models.model import Model, load
from server.store.artifacts import ArtifactStore, BrokenArtifact

POLL_SECONDS = 0.2  # one stat call each time; a published model is taken over within this and its loading time

logger = logging.getLogger("relearn")


class Serving:
    """Owns the reference to the model in use, for one worker process."""

    def __init__(self, store: ArtifactStore, batch_limit: int, on_reload: Callable[[bool], None]) -> None:
        self._store = store
        self._batch_limit = batch_limit
        self._loader = priority.threads(1, "load", priority.NICE_UNAWAITED)
        self._on_reload = on_reload  # told of each take-over tried: whether it succeeded
        self._stamp: tuple[int, int] | None = None
        self._note = WorkerNote(store.models / "workers")
        self._task: asyncio.Task[None] | None = None
        self.model: Model | None = None
        self.problem: str | None = None

    async def start(self) -> None:
        """Load the current version, or the best one there is behind it, and begin to watch the pointer."""
        self._stamp = self._store.pointer_stamp()
        await asyncio.to_thread(self._boot)
        if self.model is not None:
            self._note.write(self.model.version)
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._note.remove()

    async def check(self) -> None:
        """Take over the current version if the pointer moved since the last look."""
        stamp = self._store.pointer_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            version = self._store.current()
            if version is None or (self.model is not None and version == self.model.version):
                self.problem = None if version is not None else "the pointer is gone"
                return
            model = await asyncio.get_running_loop().run_in_executor(self._loader, self._load, version)
        except BrokenArtifact as error:
            self._on_reload(False)
            serving = self.model.version if self.model is not None else "none"
            self.problem = f"could not take over the current version: {error}"
            logger.error("could not take over the current version, still serving %s: %s", serving, error)
            return
        self.model = model
        self.problem = None
        self._on_reload(True)
        self._note.write(model.version)
        logger.info("serving version %s", model.version)

    def _boot(self) -> None:
        for version in self._store.fallbacks():
            try:
                self.model = self._load(version)
            except BrokenArtifact as error:
                logger.error("version %s can't be served: %s", version, error)
                self.problem = self.problem or f"version {version} can't be served: {error}"
            else:
                logger.info("serving version %s of %s", version, self._store.name)
                return
        self.problem = self.problem or f"there is no version of {self._store.name!r}; train one with `make train`"

    def _load(self, version: str) -> Model:
        manifest = self._store.manifest(version)
        now = self.model
        if now is not None and (manifest.labels, manifest.preprocessing) != (now.labels, now.preprocessing):
            raise BrokenArtifact(
                f"version {version} has other labels or preprocessing than the one that serves; restart to serve it"
            )
        return load(self._store.folder(version), manifest, self._batch_limit)

    async def _watch(self) -> None:
        known = self.model
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self.model is not known:  # since the last look, so that no batch is still running on the old one
                known = self.model
                await asyncio.get_running_loop().run_in_executor(self._loader, memory.give_back)
            try:
                await self.check()
            except OSError as error:  # the disk may come back; the model in memory serves on
                self.problem = f"could not read the model store: {error}"
                logger.error("could not read the model store: %s", error)


class WorkerNote:
    """A small file that says which version this worker serves, locked for as long as the worker lives."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{os.getpid()}-{os.urandom(4).hex()}.json"
        self._descriptor: int | None = None

    def write(self, version: str) -> None:
        try:
            if self._descriptor is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
                fcntl.flock(self._descriptor, fcntl.LOCK_SH)
            text = json.dumps({"pid": os.getpid(), "version": version}).encode()
            os.pwrite(self._descriptor, text.ljust(64), 0)
        except OSError as error:  # a read-only folder: predictions do not need the note
            logger.warning("could not note the served version: %s", error)

    def remove(self) -> None:
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def served_versions(store: ArtifactStore) -> list[str]:
    """The version that each live worker serves; notes of dead workers are swept."""
    versions = []
    for path in sorted((store.models / "workers").glob("*.json")):
        with contextlib.suppress(OSError, ValueError), path.open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                versions.append(str(json.loads(file.read())["version"]))
            else:
                path.unlink(missing_ok=True)
    return versions


async def all_serve(store: ArtifactStore, version: str, wait_seconds: float) -> bool:
    """Wait until every live worker serves `version`; False if that took longer than allowed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_seconds
    while True:
        served = await loop.run_in_executor(None, served_versions, store)
        if all(each == version for each in served):
            return True
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(0.02)
