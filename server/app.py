"""The composition root: everything a worker is made of is made and joined here, and nowhere else."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from server import optional
from server.beside import Beside
from server.inference import calls
from server.inference.endpoint import InferEndpoint
from server.label_studio import calls as label_studio
from server.lanes import lanes
from server.lifespan import lifespan
from server.machine import json_lines, output, priority
from server.models.trial import Trials
from server.observe.answers import Said
from server.observe.collector import Collector
from server.observe.crew import Crew
from server.observe.daily import Daily
from server.observe.drift import Drift
from server.observe.metrics import Metrics
from server.observe.stats import Stats
from server.observe.tick import Tick
from server.observe.usage import Usage
from server.predict.endpoints import BatchEndpoint, PredictEndpoint
from server.routes import (
    canaries,
    classes,
    dataset,
    drift,
    feedback,
    jobs,
    lineage,
    models,
    named,
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
from server.store.memory import open_memory
from server.store.sample import Caps
from server.store.watch import Watch
from server.training.attendance import Attendance
from server.training.ends import Ends
from server.training.feed import Feeds
from server.training.steward import Steward
from server.web.access import AccessLog, RequestIds
from server.web.budget import Budget
from server.web.calls import Calls
from server.web.front import Front
from server.web.guard import Guard
from server.web.headers import SECURITY
from server.web.keys import Keys
from server.web.mounts import PATTERN
from server.web.prefix import Prefix
from server.web.rates import Rates
from server.web.shutdown import Shutdown
from server.web.terms import Terms
from server.web.threads import Threads

if TYPE_CHECKING:
    from server.observe.tracing import Tracing


def create_app(settings: Settings, crew: Crew | None = None) -> ASGIApp:
    """The ASGI application of one worker, alone or in a crew."""
    tracing = optional.tracing(settings)
    service = _service(settings, crew or Crew(), tracing)
    prefix = os.urandom(4).hex()
    ids = RequestIds(prefix) if tracing is None else tracing.ids(prefix)
    terms = Terms(
        settings, service.log, ids, service.shutdown.stopping, {} if settings.origins else lanes(service, ids)
    )
    files = page.routes(settings.ui)

    def make(name: str) -> Service:
        return _service(replace(settings, name=name, labels=""), service.crew, tracing, service)

    beside = Beside(service, make, lambda one: _calls(one, files))
    mounts = beside.mounts
    made = _calls(service, files, named.routes(service, mounts))
    guard = Guard(settings, Keys(settings), Rates(settings, service.metrics.shared_folder), made.open_paths)
    grpc = optional.grpc(service, beside.lend, guard, ids)
    made.router.lifespan_context = lambda _: lifespan(service, terms, mounts, grpc, tracing)
    front = Front(made, guard, ids, service.budget, Prefix(settings), mounts)
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


def _calls(service: Service, files: Sequence[Route], more: Sequence[Route] = ()) -> Calls:
    """What there is to be called of one model; `files` are the page's, which all have in common."""
    settings = service.settings
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
        *label_studio.open_routes(service),
        *files,
    ]
    learning = [*upload.routes(service), *dataset.routes(service), *revisions.routes(service)]
    learning += [*classes.routes(service), *samples.routes(service), *feedback.routes(service), *drift.routes(service)]
    guarded = [*learning, *jobs.routes(service), *policy.routes(service), *lineage.routes(service)]
    guarded += [*models.routes(service), *canaries.routes(service), *calls.guarded_routes(service)]
    guarded += [*label_studio.guarded_routes(service), *more]
    router = Router([*open_to_all, *guarded], redirect_slashes=False)
    return Calls(router, endpoints | tensors, [route.path for route in open_to_all], service.log)


def _service(settings: Settings, crew: Crew, tracing: "Tracing | None", beside: Service | None = None) -> Service:
    """The parts of one model; `beside` has the default's, whose server it is: what belongs to that is taken over."""
    executor = priority.threads(4, "work")
    places = settings.artifacts, settings.data, settings.name, settings.baseline, settings.database
    quota = settings.upload_quota_images, settings.upload_quota_bytes
    memory = open_memory(*places, *quota, begins=beside is None, held_out_limit=settings.held_out_limit)
    watch = beside.watch if beside else Watch(memory.changes(), priority.threads(1, "watch"))
    shutdown = beside.shutdown if beside else Shutdown(settings.drain_seconds)
    as_json = settings.log_format == "json"
    metrics = beside.metrics if beside else Metrics(crew)
    lines = beside.lines if beside else output.standard_output(json_lines.told if as_json else None)
    folder, place = (None, 0) if beside else (metrics.shared_folder, crew.place)
    stats, usage, so_far = Stats(folder=folder, place=place), Usage(folder, place), Said()
    keeping = Keeping(settings.collect)
    caps = Caps(settings.collect_an_hour, settings.collect_samples, settings.collect_bytes, settings.collect_days)
    storing = priority.threads(1, "samples", priority.NICE_UNAWAITED)
    collected = keeping if settings.collect else None
    dropped = metrics.count_dropped_samples
    collector = Collector(memory.samples, caps, settings.collect_share, collected, storing, dropped)
    daily = Daily(memory.days, storing)

    def count_reload(success: bool) -> None:
        metrics.count_reload(success)
        stats.count_reload(success)

    limits = settings.load_limit_seconds, settings.load_limit_bytes, settings.batch_limit
    trials = beside.trials if beside else Trials(*limits, metrics.shared_folder)
    serving = Serving(
        memory.pointer, memory.versions, memory.workers, watch, trials, count_reload, lambda each: rollout.prepare(each)
    )
    watched = Drift(memory.drift, serving, settings.drift_false_alarm_requests, storing, folder, place)
    threads = beside.threads if beside else Threads(settings.threads_queue_limit, settings.queue_timeout_seconds)
    start_seconds = None if settings.trainer == "none" else settings.job_start_seconds
    ends = Ends(metrics.shared_folder, metrics.count_retrain)
    predictor = Predictor(settings, serving, threads, keeping)
    compared = memory.canaries, memory.versions, trials, predictor, threads, keeping, watch
    rollout = Rollout(
        settings,
        *compared,
        on_changed=collector.changed,
        count=partial(metrics.rollouts.count, settings.name),
        count_end=partial(metrics.rollouts.end, settings.name),
        called=memory.classes.called,
    )
    counted = [metrics.count_requests, metrics.count_stages]
    if beside:
        counted = [partial(metrics.count_requests, under=PATTERN), partial(metrics.named.count, settings.name)]
    tick = Tick(
        of_records=[*counted, stats.count, usage.count, rollout.take, *([tracing.take] if tracing is not None else [])],
        of_said=[so_far.join if beside else metrics.count_answers, stats.count_answers, daily.count_answers],
        of_answers=[collector.take, watched.take],
    )
    launcher = optional.launcher(settings, memory)
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
        begin=tracing.begin if tracing is not None else None,
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
        budget=beside.budget if beside else Budget(settings.bodies_limit_bytes),
        launcher=launcher,
        steward=steward,
        attendance=Attendance(memory.jobs, memory.content, watch, executor, start_seconds, ends.tell, memory.running),
        feeds=Feeds(memory.jobs, watch, executor, shutdown.stopping),
        crew=crew,
        metrics=metrics,
        stats=stats,
        usage=usage,
        answers=so_far.told if beside else metrics.answers,
        log=AccessLog(tick.count, lines.write, as_json),
        lines=lines,
        shutdown=shutdown,
        executor=executor,
        storing=storing,
    )
