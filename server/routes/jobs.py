"""Retraining: start a job, follow it, read its log, cancel it."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from server.routes.classes import shortage
from server.routes.once import First, once
from server.routes.requests import by, flag, json_object, page_of
from server.routes.service import Service
from server.serving.presence import all_serve
from server.settings import Settings
from server.store import files, fingerprint
from server.store.content import job_path
from server.store.enough import advice
from server.store.errors import Conflict, StoreError, TooFew
from server.store.files import Json
from server.store.jobs import Glance, Job
from server.store.options import check_options
from server.web.errors import Failed, Malformed, TrainerNotReady, UnderWay
from server.web.prefix import link

RETRY_MS = 2000  # after which a client that lost its stream of events asks again
STREAMED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy may hold events back
LOG_LIMIT_BYTES = 2**20  # the end of a log that is shown
NO_UPLOADS = hashlib.sha256(b"").hexdigest()  # what a report before decisions said of a training without uploads
NOT_READY = (
    "the trainer's environment is still being built: ask again in a few minutes. If nobody builds it any more, "
    "`make .venv-train/ready` does"
)
TRAINER_COMES = "In a checkout `make .venv-train/ready` builds it; with a wheel the extra `train` comes with it"
NOTHING_NEW = {
    "message": "There is nothing new to learn from, so nothing was trained; upload images or accept suspects first",
    "published": False,
    "reason": "nothing new to learn from",
    "job": None,
}


def routes(service: Service) -> list[Route]:
    jobs, executor = service.memory.jobs, service.executor

    async def retrain(request: Request) -> Response:
        wait = flag(request, "wait")
        options = await json_object(request, service.settings.json_limit_bytes)
        check_options(options)
        forced = options.pop("force", False)
        asked = json.dumps([options, forced], sort_keys=True).encode()
        async with once(service, request, [asked]) as first:
            job = first.answer["job"] if first.answer is not None else await begin(request, first, options, forced)
        if job is None:
            return JSONResponse(NOTHING_NEW)
        response = await _wait(service, request, str(job)) if wait else _accepted(request, str(job))
        response.headers.update(first.headers)
        return response

    async def begin(request: Request, first: First, options: dict[str, Json], forced: Json) -> str | None:
        """The job that begins; None where there is nothing new to learn from."""
        work = asyncio.get_running_loop().run_in_executor
        await work(executor, _check_enough, service)
        if not forced and not await work(executor, _is_anything_new, service):
            return None
        if not service.launcher.is_ready():
            raise TrainerNotReady(NOT_READY)

        def note(connection: Connection, job: Job) -> None:
            first.note(connection, 202, {"job": job.job})

        try:
            job = await work(executor, jobs.create, options, by(request), _policy(service.settings), note)
        except Conflict as error:
            under_way = await work(executor, jobs.open)
            if under_way is None:
                raise
            raise UnderWay(str(error), {"Location": _address(request, under_way.job)}) from None
        try:
            await service.launcher.start(job.job)
        except OSError as error:
            await work(executor, jobs.fail, job.job, f"the trainer could not be started: {error}")
            why = f"the trainer could not be started: {error}; is the train environment there?"
            raise Failed(f"{why} {TRAINER_COMES}") from None
        return job.job

    async def listing(request: Request) -> Response:
        limit, before = page_of(request)
        found = await asyncio.get_running_loop().run_in_executor(executor, jobs.page, limit, before)
        following = int(found[-1].job) if len(found) == limit else None
        return JSONResponse({"jobs": [_content(job) for job in found], "next": following})

    async def one(request: Request) -> Response:
        return JSONResponse(
            _content(await asyncio.get_running_loop().run_in_executor(executor, jobs.get, _id(request)))
        )

    async def cancel(request: Request) -> Response:
        job = await asyncio.get_running_loop().run_in_executor(executor, jobs.cancel, _id(request))
        return JSONResponse({"message": f"Job {job.job} is asked to stop", "job": _content(job)}, 202)

    async def log(request: Request) -> Response:
        job = await asyncio.get_running_loop().run_in_executor(executor, jobs.get, _id(request))
        path = service.memory.content.path("artifacts", job_path(job.job)) / "trainer.log"
        return PlainTextResponse(await asyncio.get_running_loop().run_in_executor(executor, _tail, path))

    async def events(request: Request) -> Response:
        job = _id(request)
        await asyncio.get_running_loop().run_in_executor(executor, jobs.glance, job)
        last = request.headers.get("last-event-id", "0")
        if not last.isdecimal() or len(last) > 9:
            raise Malformed("Last-Event-ID must be the id of an event of this job")
        stream = _events(service, job, int(last))
        return StreamingResponse(stream, media_type="text/event-stream", headers=STREAMED)

    return [
        Route("/retrain", retrain, methods=["POST"]),
        Route("/retrain/jobs", listing),
        Route("/retrain/jobs/{job}", one),
        Route("/retrain/jobs/{job}", cancel, methods=["DELETE"]),
        Route("/retrain/jobs/{job}/log", log),
        Route("/retrain/jobs/{job}/events", events),
    ]


def _check_enough(service: Service) -> None:
    """Raise TooFew where some class has too few pictures for a version."""
    short = shortage(service, service.memory.classes.vocabulary())
    if short:
        raise TooFew(f"too few pictures to learn from and to judge by, so nothing was trained: {advice(short)}")


def _is_anything_new(service: Service) -> bool:
    """Whether the uploads are others than the current version was trained with; also true while a job is open, which
    is for the admission to say."""
    memory, model = service.memory, service.serving.model
    training = memory.versions.find(model.version).figures.get("training") if model is not None else None
    vocabulary = memory.classes.vocabulary()
    if vocabulary is not None and model is not None and vocabulary.names != model.labels:
        return True
    if not isinstance(training, dict) or memory.jobs.open() is not None:
        return True
    learnt = training.get("uploads_fingerprint")
    if learnt is None and training.get("uploads_sha256", NO_UPLOADS) == NO_UPLOADS:
        learnt = fingerprint.EMPTY
    return memory.browser.overview().fingerprint != learnt


def _policy(settings: Settings) -> dict[str, Json]:
    """What the trainer is held to, which no client decides."""
    limits: dict[str, Json] = {
        "accuracy_margin": settings.gate_accuracy_margin,
        "anchor_margin": settings.gate_anchor_margin,
        "significance": settings.gate_significance,
        "calibration_margin": settings.gate_calibration_margin,
        "cost_factor": settings.gate_cost_factor,
    }
    plain: dict[str, Json] = {
        "keep_versions": settings.keep_versions,
        "keep_jobs": settings.keep_jobs,
        "job_limit_seconds": settings.job_limit_seconds,
    }
    return {"limits": limits, **plain}


def _id(request: Request) -> str:
    return str(request.path_params["job"])


def _content(job: Job) -> dict[str, object]:
    return {
        "job": job.job,
        "state": job.state,
        "created_at": job.created_at,
        "by": job.by,
        "options": job.options,
        "decision": job.decision,
        "progress": job.progress,
        "result": job.result,
    }


def _accepted(request: Request, job: str) -> Response:
    content = {"message": "Retraining has begun", "job": job}
    return JSONResponse(content, 202, {"Location": _address(request, job)})


def _address(request: Request, job: str) -> str:
    return link(request.scope, f"/retrain/jobs/{job}")


async def _wait(service: Service, request: Request, number: str) -> Response:
    """The answer once the job is over and, if it published, every worker serves its version; 202 if we stop first."""
    result = None
    async for each in service.feeds.follow(number):
        if isinstance(each, Glance):
            result = each.result
    if result is None:
        return _accepted(request, number)
    if result["state"] == "failed":
        raise Failed(f"the retraining failed: {result['reason']}")
    if result["state"] == "cancelled":
        raise Conflict(f"the retraining was cancelled: {result['reason']}")
    published = result["state"] == "published"
    if published:
        memory, version = service.memory, str(result["version"])
        await all_serve(memory.workers, memory.pointer, version, service.settings.promote_wait_seconds)
    content = {
        "message": "Model retrained successfully"
        if published
        else f"The new model was not published: {result['reason']}",
        "accuracy": result["accuracy"],
        "epochs": result["epochs"],
        "published": published,
        "reason": result["reason"],
        "model_version": result["version"],
        "job": number,
    }
    return JSONResponse(content)


async def _events(service: Service, number: str, last: int) -> AsyncIterator[str]:
    """The job's events as Server-Sent Events, each with its number as id, and at the end its result."""
    yield f"retry: {RETRY_MS}\n\n"
    try:
        async for each in service.feeds.follow(number, last):
            if isinstance(each, Glance):
                yield f"id: {each.events}\nevent: result\ndata: {json.dumps(each.result)}\n\n"
            else:
                told = [f"id: {number}\nevent: progress\ndata: {event}\n\n" for number, event in each]
                yield "".join(told) or ": nothing new\n\n"
    except StoreError:
        return  # the job was pruned, or the database is gone: the page asks again and is told


def _tail(path: Path) -> str:
    try:
        with os.fdopen(files.open_plain(path), "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - LOG_LIMIT_BYTES, 0))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Failed(f"the log can't be read: {error.strerror}") from None
