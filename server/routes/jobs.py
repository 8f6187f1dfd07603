"""Retraining: start a job, follow it, read its log, cancel it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from server.routes import retraining
from server.routes.once import First, once
from server.routes.requests import by, flag, json_object, page_of
from server.routes.retraining import held_to
from server.routes.service import Service
from server.serving.presence import all_serve
from server.store import files
from server.store.content import job_path
from server.store.errors import Conflict, StoreError
from server.store.files import Json
from server.store.jobs import Glance, Job
from server.store.options import check_options
from server.store.origin import of_trace
from server.store.turn import Turn
from server.web.access import FollowedId
from server.web.errors import Failed, Malformed, TrainerNotReady, UnderWay
from server.web.prefix import link

RETRY_MS = 2000  # after which a client that lost its stream of events asks again
STREAMED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy may hold events back
LOG_LIMIT_BYTES = 2**20  # the end of a log that is shown
TRAINER_COMES = "In a checkout `make .venv-train/ready` builds it; with a wheel the extra `train` comes with it"
NOTHING_NEW = {
    "message": "There is nothing new to learn from, so nothing was trained; upload images or accept suspects first",
    "published": False,
    "reason": retraining.NOTHING_NEW,
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
        response = await _wait(service, request, str(job)) if wait else begun(request, str(job))
        response.headers.update(first.headers)
        return response

    async def begin(request: Request, first: First, options: dict[str, Json], forced: Json) -> str | None:
        """The job that begins; None where there is nothing new to learn from."""
        work = asyncio.get_running_loop().run_in_executor
        await work(executor, retraining.check_enough, service.memory)
        if not forced and not await work(executor, retraining.is_anything_new, service.memory, service.serving.model):
            return None
        if not service.launcher.is_ready():
            raise TrainerNotReady(retraining.NOT_READY)

        def note(connection: Connection, job: Job) -> None:
            first.note(connection, 202, {"job": job.job})

        try:
            held = of_trace(held_to(service.settings), traceparent_of(request))
            job = await work(executor, jobs.create, options, by(request), held, note)
        except Conflict as error:
            under_way = await work(executor, jobs.open)
            if under_way is None:
                raise
            raise UnderWay(str(error), {"Location": _address(request, under_way.job)}) from None
        await launch(service, request, job.job)
        return job.job

    async def listing(request: Request) -> Response:
        limit, before = page_of(request)
        found = await asyncio.get_running_loop().run_in_executor(executor, jobs.page, limit, before)
        running = await asyncio.get_running_loop().run_in_executor(executor, service.memory.running)
        following = int(found[-1].job) if len(found) == limit else None
        waiting = await asyncio.get_running_loop().run_in_executor(executor, service.memory.policies.waiting)
        return JSONResponse({"jobs": [_content(job, running) for job in found], "next": following, "waiting": waiting})

    async def one(request: Request) -> Response:
        job = await asyncio.get_running_loop().run_in_executor(executor, jobs.get, _id(request))
        running = await asyncio.get_running_loop().run_in_executor(executor, service.memory.running)
        return JSONResponse(_content(job, running))

    async def cancel(request: Request) -> Response:
        job = await asyncio.get_running_loop().run_in_executor(executor, jobs.cancel, _id(request))
        return JSONResponse({"message": f"Job {job.job} is asked to stop", "job": _content(job, None)}, 202)

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


async def launch(service: Service, request: Request, job: str) -> None:
    """Start a runner for a job that a request has begun; raises Failed, and then the job has failed."""
    try:
        await service.steward.launch(job, traceparent_of(request))
    except OSError as error:
        why = f"the trainer could not be started: {error}; is the train environment there?"
        raise Failed(f"{why} {TRAINER_COMES}") from None


def traceparent_of(request: Request) -> str | None:
    """By which a job that a request begins goes on with its trace; None where traces are not sent."""
    request_id = request.scope["record"].request_id
    return request_id.traceparent if isinstance(request_id, FollowedId) else None


def _id(request: Request) -> str:
    return str(request.path_params["job"])


def _content(job: Job, running: Turn | None) -> dict[str, object]:
    """A job as it is told; `running` is the one that a trainer has, whatever its model."""
    waits = job.state == "queued" and running is not None
    return {
        "job": job.job,
        "state": job.state,
        "created_at": job.created_at,
        "by": job.by,
        "options": job.options,
        "decision": job.decision,
        "progress": job.progress,
        "result": job.result,
        "waits_for": {"job": running.job, "model": running.model} if waits and running is not None else None,
    }


def begun(request: Request, job: str) -> Response:
    """The answer of a call that began a job."""
    content = {"message": "Retraining has begun", "job": job}
    return JSONResponse(content, 202, {"Location": _address(request, job)})


def _address(request: Request, job: str) -> str:
    return link(request.scope, f"/retrain/jobs/{job}")


async def _wait(service: Service, request: Request, number: str) -> Response:
    """The answer once the job is over and, if its version serves, every worker serves it; 202 if we stop first."""
    result = None
    async for each in service.feeds.follow(number):
        if isinstance(each, Glance):
            result = each.result
    if result is None:
        return begun(request, number)
    if result["state"] == "failed":
        raise Failed(f"the retraining failed: {result['reason']}")
    if result["state"] == "cancelled":
        raise Conflict(f"the retraining was cancelled: {result['reason']}")
    published = result["state"] == "published"
    tried = result.get("tried")
    if published and tried is None:
        memory, version = service.memory, str(result["version"])
        await all_serve(memory.workers, memory.pointer, version, service.settings.promote_wait_seconds)
    content = {
        "message": _message(result),
        "accuracy": result["accuracy"],
        "epochs": result["epochs"],
        "published": published,
        "reason": result["reason"],
        "model_version": result["version"],
        "job": number,
    }
    return JSONResponse(content)


def _message(result: dict[str, Json]) -> str:
    """How a retrain that was not stopped ended, for a person."""
    if result["state"] != "published":
        return f"The new model was not published: {result['reason']}"
    done, tried = "Model retrained successfully", result.get("tried")
    return done if tried is None else f"{done}; version {result['version']} is tried first, as a {tried}"


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
