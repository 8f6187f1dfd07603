"""What a worker starts before its first request and stops after its last, and what it looks at in between."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from server.machine import descriptors
from server.machine.background import Background
from server.machine.memory import resident_bytes
from server.routes import classes
from server.routes.service import Service
from server.web.mounts import Mounts
from server.web.terms import TERMS, Terms

if TYPE_CHECKING:
    from server.grpc.server import GrpcServer
    from server.observe.tracing import Tracing

GAUGE_SECONDS = 1.0  # the age of a gauge at most: a scrape reaches one worker and must find the others' as well

logger = logging.getLogger("relearn")


@asynccontextmanager
async def lifespan(
    service: Service, terms: Terms, mounts: Mounts, grpc: "GrpcServer | None", tracing: "Tracing | None"
) -> AsyncIterator[dict[str, object]]:
    """Between start and stop; what it yields is the state that a connection sees."""
    for folder in (service.settings.artifacts, service.settings.data):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            logger.error("the folder %s can't be made: %s; predictions only", folder, error.strerror)
    async with working(service):
        service.watch.start()
        gauges = Background(partial(_gauge, service))
        gauges.start()
        mounts.start()
        service.shutdown.install()
        if grpc is not None:
            await grpc.start()
        # What is here now stays; without this each full collection would look through all of it, for tens of
        # milliseconds.
        gc.collect()
        gc.freeze()
        yield {TERMS: terms}
        if grpc is not None:
            await grpc.stop()
        await mounts.stop()
        await gauges.stop()
        await service.watch.stop()
    if tracing is not None:
        await tracing.stop()
    await asyncio.to_thread(service.lines.flush)
    service.threads.close()


@asynccontextmanager
async def working(service: Service) -> AsyncIterator[None]:
    """Between the start and the stop of what belongs to one model."""
    await service.serving.start()
    await asyncio.to_thread(classes.begin_as_set, service)
    service.attendance.start()
    service.rollout.start()
    service.losses.start()
    service.collector.start()
    service.daily.start()
    service.drift.start()
    await asyncio.get_running_loop().run_in_executor(service.executor, service.predictor.warm_up)
    await service.launcher.attend()
    service.steward.start()
    yield
    await service.steward.stop()
    await service.losses.stop()
    await service.attendance.stop()
    await service.rollout.stop()
    await service.serving.stop()
    service.log.flush()
    await service.collector.stop()
    await service.daily.stop()
    await service.drift.stop()
    service.shelf.close()
    service.predictor.close()
    service.executor.shutdown(wait=False, cancel_futures=True)
    service.storing.shutdown(wait=False)
    service.memory.close()


@asynccontextmanager
async def telling(service: Service) -> AsyncIterator[None]:
    """Between the start and the stop of a model beside the default, in which the metrics know that it is loaded."""
    name, named = service.settings.name, service.metrics.named

    async def tell() -> None:
        while True:
            named.gauge(name, service.version)
            await asyncio.sleep(GAUGE_SECONDS)

    gauges = Background(tell)
    gauges.start()
    yield
    await gauges.stop()
    named.unloaded(name)


async def _gauge(service: Service) -> None:
    scarce = False
    while True:
        waiting = service.waiting
        service.metrics.gauge(service.settings.name, service.version, waiting)
        service.metrics.gauge_drift(service.drift.share, service.drift.told["alarm"] is not None)
        service.metrics.count_lost_lines(service.lines.lost)
        service.stats.sample(waiting, resident_bytes())
        problem = descriptors.problem()
        if problem is not None and not scarce:
            logger.error("%s", problem)
        elif problem is None and scarce:
            logger.info("over: the lack of file descriptors")
        scarce = problem is not None
        await asyncio.sleep(GAUGE_SECONDS)
