"""The composition root: everything a worker is made of is made and joined here, and nowhere else."""

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Router
from starlette.types import ASGIApp

from server.inference import calls
from server.inference.endpoint import InferEndpoint
from server.machine import descriptors, json_lines, output, priority
from server.machine.background import Background
from server.machine.memory import resident_bytes
from server.models.trial import Trials
from server.observe.answers import said_in
from server.observe.collector import Collector
from server.observe.crew import Crew
from server.observe.daily import Daily
from server.observe.metrics import Metrics
from server.observe.stats import Stats
from server.observe.usage import Usage
from server.predict.endpoints import BatchEndpoint, PredictEndpoint
from server.predict.express import Express
from server.routes import (
    classes,
    dataset,
    feedback,
    jobs,
    lineage,
    models,
    openapi,
    page,
    predictions,
    revisions,
    samples,
    status,
    upload,
)
from server.routes.service import Service
from server.serving.keeping import Keeping
from server.serving.predictor import Predictor
from server.serving.promotion import Promotion
from server.serving.shelf import Shelf
from server.serving.takeover import Serving
from server.settings import Settings
from server.store.memory import Memory, open_memory
from server.store.sample import Caps
from server.store.watch import Watch
from server.training.attendance import Attendance
from server.training.ends import Ends
from server.training.feed import Feeds
from server.training.launcher import Launcher, NoLauncher, ProcessLauncher
from server.web.access import AccessLog, Record, RequestIds
from server.web.budget import Budget
from server.web.front import Front
from server.web.guard import Guard
from server.web.headers import SECURITY
from server.web.keys import Keys
from server.web.prefix import Prefix
from server.web.rates import Rates
from server.web.shutdown import Shutdown
from server.web.terms import TERMS, Terms
from server.web.threads import Threads

GAUGE_SECONDS = 1.0  # the age of a gauge at most: a scrape reaches one worker and must find the others' as well

logger = logging.getLogger("relearn")


def create_app(settings: Settings, crew: Crew | None = None) -> ASGIApp:
    """The ASGI application of one worker, alone or in a crew."""
    service = _service(settings, crew or Crew())
    ids = RequestIds(os.urandom(4).hex())
    express = Express(settings, service.predictor, service.log, ids)
    terms = Terms(settings, service.log, ids, service.shutdown.stopping, None if settings.origins else express)
    endpoints: dict[str, ASGIApp] = {
        "/predict": PredictEndpoint(settings, service.predictor, service.threads),
        "/predict/batch": BatchEndpoint(settings, service.predictor, service.threads),
    }
    tensors = {calls.infer_path(settings.name): InferEndpoint(service)}
    open_to_all = [
        *predictions.routes(endpoints),
        *status.routes(service),
        *openapi.routes(),
        *calls.open_routes(service),
        *page.routes(settings.ui),
    ]
    learning = [*upload.routes(service), *dataset.routes(service), *revisions.routes(service)]
    learning += [*classes.routes(service), *samples.routes(service), *feedback.routes(service)]
    guarded = [*learning, *jobs.routes(service), *lineage.routes(service)]
    guarded += [*models.routes(service), *calls.guarded_routes(service)]
    router = Router([*open_to_all, *guarded], redirect_slashes=False, lifespan=lambda _: _lifespan(service, terms))
    rates = Rates(settings, service.metrics.shared_folder)
    guard = Guard(settings, Keys(settings), rates, [route.path for route in open_to_all])
    front = Front(router, endpoints | tensors, guard, service.log, ids, service.budget, Prefix(settings))
    if settings.origins:
        cors = CORSMiddleware(
            front,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["Server-Timing", "ETag"],  # the page shows one, a promotion takes the other
        )
        cors.preflight_headers |= {name.decode(): value.decode() for name, value in SECURITY}
        return cors
    return front


def _service(settings: Settings, crew: Crew) -> Service:
    executor = priority.threads(4, "work")
    memory = open_memory(
        settings.artifacts,
        settings.data,
        settings.name,
        settings.baseline,
        settings.database,
        settings.upload_quota_images,
        settings.upload_quota_bytes,
    )
    watch = Watch(memory.changes(), priority.threads(1, "watch"))
    shutdown = Shutdown(settings.drain_seconds)
    as_json = settings.log_format == "json"
    metrics, lines = Metrics(crew), output.standard_output(json_lines.told if as_json else None)
    stats = Stats(folder=metrics.shared_folder, place=crew.place)
    usage = Usage(metrics.shared_folder, crew.place)
    keeping = Keeping() if settings.collect else None
    caps = Caps(settings.collect_an_hour, settings.collect_samples, settings.collect_bytes, settings.collect_days)
    storing = priority.threads(1, "samples", priority.NICE_UNAWAITED)
    collector = Collector(memory.samples, caps, settings.collect_share, keeping, storing, metrics.count_dropped_samples)
    daily = Daily(memory.days, storing)

    def count(records: Sequence[Record]) -> None:
        metrics.count(records)
        stats.count(records)
        usage.count(records)
        said = said_in(records)
        if said.answers:
            metrics.count_answers(said)
            stats.count_answers(said)
            daily.count_answers(said)
        collector.take(records)

    def count_reload(success: bool) -> None:
        metrics.count_reload(success)
        stats.count_reload(success)

    limits = settings.load_limit_seconds, settings.load_limit_bytes, settings.batch_limit
    trials = Trials(*limits, metrics.shared_folder)
    serving = Serving(memory.pointer, memory.versions, memory.workers, watch, trials, count_reload)
    threads = Threads(settings.threads_queue_limit, settings.queue_timeout_seconds)
    start_seconds = None if settings.trainer == "none" else settings.job_start_seconds
    ends = Ends(metrics.shared_folder, metrics.count_retrain)
    return Service(
        settings=settings,
        memory=memory,
        collector=collector,
        daily=daily,
        losses=memory.losses(priority.threads(1, "losses", priority.NICE_UNAWAITED)),
        watch=watch,
        trials=trials,
        serving=serving,
        promotion=Promotion(memory, trials, serving, settings.promote_wait_seconds),
        predictor=Predictor(settings, serving, threads, keeping),
        shelf=Shelf(settings, memory.versions, trials, threads),
        threads=threads,
        budget=Budget(settings.bodies_limit_bytes),
        launcher=_launcher(settings, memory),
        attendance=Attendance(memory.jobs, memory.content, watch, executor, start_seconds, ends.tell),
        feeds=Feeds(memory.jobs, watch, executor, shutdown.stopping),
        crew=crew,
        metrics=metrics,
        stats=stats,
        usage=usage,
        log=AccessLog(count, lines.write, as_json),
        lines=lines,
        shutdown=shutdown,
        executor=executor,
    )


def _launcher(settings: Settings, memory: Memory) -> Launcher:
    if settings.trainer == "docker":
        from server.training.docker import DockerLauncher  # it needs a package that only this setting asks for

        return DockerLauncher(settings, memory)
    return NoLauncher() if settings.trainer == "none" else ProcessLauncher(settings, memory)


async def _gauge(service: Service) -> None:
    scarce = False
    while True:
        model = service.serving.model
        waiting = service.predictor.batcher.waiting
        service.metrics.gauge(service.settings.name, model.version if model is not None else None, waiting)
        service.metrics.count_lost_lines(service.lines.lost)
        service.stats.sample(waiting, resident_bytes())
        problem = descriptors.problem()
        if problem is not None and not scarce:
            logger.error("%s", problem)
        elif problem is None and scarce:
            logger.info("over: the lack of file descriptors")
        scarce = problem is not None
        await asyncio.sleep(GAUGE_SECONDS)


@asynccontextmanager
async def _lifespan(service: Service, terms: Terms) -> AsyncIterator[dict[str, object]]:
    for folder in (service.settings.artifacts, service.settings.data):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            logger.error("the folder %s can't be made: %s; predictions only", folder, error.strerror)
    await service.serving.start()
    await asyncio.to_thread(classes.begin_as_set, service)
    service.watch.start()
    service.attendance.start()
    service.losses.start()
    service.collector.start()
    service.daily.start()
    await asyncio.get_running_loop().run_in_executor(service.executor, service.predictor.warm_up)
    await service.launcher.attend()
    gauges = Background(partial(_gauge, service))
    gauges.start()
    service.shutdown.install()
    # What is here now stays; without this each full collection would look through all of it, for tens of milliseconds.
    gc.collect()
    gc.freeze()
    yield {TERMS: terms}
    await gauges.stop()
    await service.losses.stop()
    await service.attendance.stop()
    await service.serving.stop()
    await service.watch.stop()
    service.log.flush()
    await service.collector.stop()
    await service.daily.stop()
    await asyncio.to_thread(service.lines.flush)
    service.shelf.close()
    service.predictor.close()
    service.executor.shutdown(wait=False, cancel_futures=True)
    service.memory.close()
