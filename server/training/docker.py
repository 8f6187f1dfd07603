"""Starting a runner for a job as a container, through the Docker Engine API.

Nothing that a client sent reaches the container: its arguments are fixed but for the job's number, its environment is
the image's with at most the numbers of a trace, and it reads the job's options from the row that the server wrote. It
may read the data and write the artifacts, and has no network, no capabilities, and no more memory, processor time and
processes than the settings allow. A container is known by its labels; one whose job is over or unknown is removed when
a server starts, any other is left to finish.

Every call to the engine blocks, so all of them are made in threads, and each with a client of its own.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator

import docker
from docker.errors import DockerException
from docker.models.containers import Container
from docker.types import Mount

from server.settings import Settings
from server.store import files
from server.store.content import job_path
from server.store.errors import NotFound, StoreError
from server.store.jobs import FINAL_STATES
from server.store.memory import Memory
from server.store.origin import traced

JOB_LABEL = "relearn.job"
MODEL_LABEL = "relearn.model"
ARTIFACTS_LABEL = "relearn.artifacts"  # whose job it is, where several servers share an engine
IN_IMAGE = "image"  # a mount setting that says: what the image holds, and so no mount

# Where the train image has the four places; Dockerfile.train says the same.
ARTIFACTS, DATA = "/var/lib/relearn/artifacts", "/var/lib/relearn/data"
DATASET, BASELINE = "/app/dataset", "/app/baseline"

CALL_SECONDS = 30  # longest wait for one answer of the engine
RETRY_SECONDS = 2.0  # between two attempts to reach an engine that does not answer
CPU_SHARES = 16  # beside the usual 1024: about what nice 19 gives a trainer that is a process
LOG_LINES = 200  # of the runner's own output, which is empty unless it failed

logger = logging.getLogger("relearn")


class DockerLauncher:
    """Starts `python -m trainer job ID` in a container of the train image."""

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._settings = settings
        self._jobs = memory.jobs
        self._content = memory.content
        self._artifacts = settings.docker_artifacts or str(settings.artifacts)

    def is_ready(self) -> bool:
        return True

    async def start(self, job: str, traceparent: str | None = None) -> None:
        container = await asyncio.to_thread(self._start, job, traceparent)
        logger.info("job %s: started a trainer, container %.12s", job, container)
        _in_background(self._follow, job, container)

    async def attend(self) -> None:
        _in_background(self._attend)

    def _start(self, job: str, traceparent: str | None) -> str:
        """The id of the started container."""
        with _engine() as engine:
            container = self._create(engine, job, traceparent)
            try:
                container.start()
            except (DockerException, OSError):
                container.remove(force=True)
                raise
            return str(container.id)

    def _create(self, engine: docker.DockerClient, job: str, traceparent: str | None) -> Container:
        """The container of a job, not started yet; unlike `run` this never asks a registry for a missing image."""
        settings = self._settings
        return engine.containers.create(
            settings.docker_image,
            entrypoint=["python", "-m", "trainer"],
            command=[
                *("job", job),
                *("--artifacts", ARTIFACTS, "--data", DATA, "--dataset", DATASET, "--baseline", BASELINE),
                *("--name", settings.name, "--job-limit-seconds", str(settings.job_limit_seconds)),
            ],
            labels={JOB_LABEL: job, MODEL_LABEL: settings.name, ARTIFACTS_LABEL: self._artifacts},
            mounts=[
                *_mount(self._artifacts, ARTIFACTS, read_only=False),
                *_mount(settings.docker_data or str(settings.data), DATA),
                *_mount(settings.docker_dataset or str(settings.dataset), DATASET),
                *_mount(settings.docker_baseline or str(settings.baseline), BASELINE),
            ],
            user=f"{os.getuid()}:{os.getgid()}",  # so that both can write artifacts/jobs
            read_only=True,
            tmpfs={"/tmp": "size=256m,mode=1777"},  # noqa: S108 - the container's own
            network_mode=settings.docker_network,
            environment=({"RELEARN_DATABASE": settings.database} if settings.database else {}) | traced(traceparent),
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            mem_limit=settings.docker_memory_bytes,
            memswap_limit=settings.docker_memory_bytes,
            nano_cpus=round(settings.docker_cpus * 1e9),
            cpu_shares=CPU_SHARES,
            pids_limit=settings.docker_processes,
            healthcheck={"test": ["NONE"]},  # the image's asks a server
        )

    def _attend(self) -> None:
        """Remove what an earlier server left of jobs that are over or unknown; follow the others to their end."""
        own = f"{MODEL_LABEL}={self._settings.name}"  # of another's jobs this launcher's rows know nothing
        label = [JOB_LABEL, own, f"{ARTIFACTS_LABEL}={self._artifacts}"]
        told = False
        while True:
            try:
                with _engine() as engine:
                    for container in engine.containers.list(all=True, filters={"label": label}, ignore_removed=True):
                        job = container.labels[JOB_LABEL]
                        if self._state(job) in (None, *FINAL_STATES):
                            logger.info("job %s is over or unknown: removing its container", job)
                            _remove(container)
                        elif container.status != "created":  # else another worker is just starting it
                            _in_background(self._follow, job, str(container.id))
                return
            except OSError as error:
                if not told:
                    logger.error("no retrain can start: %s", error)
                told = True
            time.sleep(RETRY_SECONDS)

    def _follow(self, job: str, container_id: str) -> None:
        """Wait for the end of a container, see to it that its job has one too, and remove it."""
        while True:
            try:
                with _engine() as engine:
                    container = engine.containers.get(container_id)
                    code = container.wait(timeout=None)["StatusCode"]
                    self._conclude(job, code, container.logs(tail=LOG_LINES))
                    _remove(container)
                return
            except docker.errors.NotFound:  # another worker, or a person, removed it
                return
            except (OSError, StoreError) as error:
                with contextlib.suppress(OSError):
                    if self._state(job) in (None, *FINAL_STATES):
                        return  # the container, if it is still there, is removed at the next start
                logger.warning("job %s: its container can't be followed: %s", job, error)
            time.sleep(RETRY_SECONDS)

    def _conclude(self, job: str, code: int, output: bytes) -> None:
        """Fail a job whose runner never took it up, or ended without a word."""
        folder = self._content.path("artifacts", job_path(job))
        if output:
            files.make_folder(folder)
            files.write_atomically(folder / "runner.log", output)
        last = output.decode("utf-8", "replace").strip().rpartition("\n")[2]
        reason = f"the trainer's container ended with exit code {code} before it took the job up"
        self._jobs.fail(job, f"{reason}: {last[:300]}" if last else reason)
        self._jobs.fail_gone(job, f"the trainer's container ended with exit code {code}")

    def _state(self, job: str) -> str | None:
        """The state of a job, None if there is no such job; raises OSError if that can't be told."""
        try:
            return self._jobs.glance(job).state
        except NotFound:
            return None
        except StoreError as error:
            raise OSError(str(error)) from error


def _in_background(work: Callable[..., None], *arguments: str) -> None:
    """Do it in a thread that may wait for hours and never keeps the server from ending."""
    threading.Thread(target=work, args=arguments, daemon=True).start()


@contextlib.contextmanager
def _engine() -> Iterator[docker.DockerClient]:
    """The engine that DOCKER_HOST names, or the local one; what fails comes out as OSError."""
    try:
        with contextlib.closing(docker.from_env(timeout=CALL_SECONDS)) as engine:
            yield engine
    except docker.errors.ImageNotFound as error:
        raise OSError(f"there is no such image: {error.explanation}") from error
    except docker.errors.NotFound:
        raise
    except DockerException as error:
        raise OSError(f"the Docker engine refuses or does not answer: {error}") from error


def _mount(source: str, target: str, read_only: bool = True) -> list[Mount]:
    """A host folder, which must exist, or a volume, at a place of the image; none where the image has it itself."""
    if source == IN_IMAGE:
        return []
    return [Mount(target, source, type="bind" if source.startswith("/") else "volume", read_only=read_only)]


def _remove(container: Container) -> None:
    with contextlib.suppress(docker.errors.NotFound):
        container.remove(force=True)
