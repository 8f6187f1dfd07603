"""The composition root: everything a worker is made of is made and joined here, and nowhere else."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Router
from starlette.types import ASGIApp

from server.inference import calls
from server.inference.endpoint import InferEndpoint
from server.lifespan import lifespan
from server.machine import json_lines, output, priority
from server.models.trial import Trials
from server.observe.answers import answers_in, said_in
from server.observe.collector import Collector
from server.observe.crew import Crew
from server.observe.daily import Daily
from server.observe.drift import Drift
from server.observe.metrics import Metrics
from server.observe.stats import Stats
from server.observe.usage import Usage
from server.predict.endpoints import BatchEndpoint, PredictEndpoint
from server.predict.express import Express
from server.routes import (
    canaries,
    classes,
    dataset,
    drift,
    feedback,
    jobs,
    lineage,
    models,
    openapi,
    page,
    policy,
    predictions,
    retraining,
    revisions,
    samples,
    status,
    upload,
)
from server.routes.service import Service
from server.serving.keeping import Keeping
from server.serving.predictor import Predictor
from server.serving.promotion import Promotion
from server.serving.rollout import Rollout
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
from server.training.steward import Steward
from server.web.access import AccessLog, Record, RequestIds
from server.web.budget import Budget
from server.web.front import Front
from server.web.guard import Guard
from server.web.headers import SECURITY
from server.web.keys import Keys
from server.web.prefix import Prefix
from server.web.rates import Rates
from server.web.shutdown import Shutdown
from server.web.terms import Terms
from server.web.threads import Threads

if TYPE_CHECKING:
    from server.grpc.server import GrpcServer


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
        *drift.open_routes(service),
        *openapi.routes(),
        *calls.open_routes(service),
        *page.routes(settings.ui),
    ]
    learning = [*upload.routes(service), *dataset.routes(service), *revisions.routes(service)]
    learning += [*classes.routes(service), *samples.routes(service), *feedback.routes(service), *drift.routes(service)]
    guarded = [*learning, *jobs.routes(service), *policy.routes(service), *lineage.routes(service)]
    guarded += [*models.routes(service), *canaries.routes(service), *calls.guarded_routes(service)]
    rates = Rates(settings, service.metrics.shared_folder)
    guard = Guard(settings, Keys(settings), rates, [route.path for route in open_to_all])
    grpc = _grpc(service, guard, ids)
    router = Router([*open_to_all, *guarded], redirect_slashes=False, lifespan=lambda _: lifespan(service, terms, grpc))
    front = Front(router, endpoints | tensors, guard, service.log, ids, service.budget, Prefix(settings))
    if settings.origins:
        cors = CORSMiddleware(
            front,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
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
    keeping = Keeping(settings.collect)
    caps = Caps(settings.collect_an_hour, settings.collect_samples, settings.collect_bytes, settings.collect_days)
    storing = priority.threads(1, "samples", priority.NICE_UNAWAITED)
    collector = Collector(
        memory.samples,
        caps,
        settings.collect_share,
        keeping if settings.collect else None,
        storing,
        metrics.count_dropped_samples,
    )
    daily = Daily(memory.days, storing)

    def count(records: Sequence[Record]) -> None:
        metrics.count(records)
        stats.count(records)
        usage.count(records)
        answers = answers_in(records)
        said = said_in(answers)
        if said.answers:
            metrics.count_answers(said)
            stats.count_answers(said)
            daily.count_answers(said)
        collector.take(records)
        watched.take(answers)
        rollout.take(records)

    def count_reload(success: bool) -> None:
        metrics.count_reload(success)
        stats.count_reload(success)

    async def prepare(version: str) -> None:
        await rollout.prepare(version)

    limits = settings.load_limit_seconds, settings.load_limit_bytes, settings.batch_limit
    trials = Trials(*limits, metrics.shared_folder)
    serving = Serving(memory.pointer, memory.versions, memory.workers, watch, trials, count_reload, prepare)
    watched = Drift(
        memory.drift, serving, settings.drift_false_alarm_requests, storing, metrics.shared_folder, crew.place
    )
    threads = Threads(settings.threads_queue_limit, settings.queue_timeout_seconds)
    start_seconds = None if settings.trainer == "none" else settings.job_start_seconds
    ends = Ends(metrics.shared_folder, metrics.count_retrain)
    predictor = Predictor(settings, serving, threads, keeping)
    tried = memory.canaries, memory.versions, trials
    rollout = Rollout(settings, *tried, predictor, threads, keeping, watch, collector.changed)
    launcher = _launcher(settings, memory)
    steward = Steward(
        memory.policies,
        memory.jobs,
        launcher,
        watch,
        executor,
        alarms=memory.drift.told if settings.drift_false_alarm_requests else None,
        obstacle=lambda: retraining.obstacle(memory, serving.model, launcher),
        held_to=retraining.held_to(settings),
        count=metrics.count_policy,
    )
    return Service(
        settings=settings,
        memory=memory,
        collector=collector,
        daily=daily,
        drift=watched,
        losses=memory.losses(priority.threads(1, "losses", priority.NICE_UNAWAITED)),
        watch=watch,
        trials=trials,
        serving=serving,
        promotion=Promotion(memory, trials, serving, settings.promote_wait_seconds),
        rollout=rollout,
        predictor=predictor,
        shelf=Shelf(settings, memory.versions, trials, threads),
        threads=threads,
        budget=Budget(settings.bodies_limit_bytes),
        launcher=launcher,
        steward=steward,
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


def _grpc(service: Service, guard: Guard, ids: RequestIds) -> "GrpcServer | None":
    if service.settings.grpc_port is None:
        return None
    from server.grpc.server import GrpcServer  # it needs a package that only this setting asks for

    return GrpcServer(service, guard, ids)


def _launcher(settings: Settings, memory: Memory) -> Launcher:
    if settings.trainer == "docker":
        from server.training.docker import DockerLauncher  # it needs a package that only this setting asks for

        return DockerLauncher(settings, memory)
    return NoLauncher() if settings.trainer == "none" else ProcessLauncher(settings, memory)
