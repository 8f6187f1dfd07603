"""How the service is: /health for people, /livez and /readyz for orchestrators, /metrics for Prometheus, /stats and
/stats/days for the page."""

import asyncio
import contextlib
import os
from datetime import date, timedelta
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server import __version__
from server.machine import descriptors
from server.machine.memory import resident_bytes
from server.routes.labels import labels_of
from server.routes.requests import page_of
from server.routes.service import Service
from server.store.days import DAYS_LIMIT, Answered, Day
from server.store.errors import StoreError
from server.store.jobs import Job
from server.web.errors import Busy, NoModel

FAR = ("epoch", "epochs", "step", "steps", "seconds_left")  # of a job's newest event
EPOCH = date(1970, 1, 1)


def routes(service: Service) -> list[Route]:
    async def health(request: Request) -> Response:
        model = service.serving.model
        problems = problems_of(service)
        content = {
            "status": "unhealthy" if model is None else "degraded" if problems else "healthy",
            "version": __version__,
            "uptime_seconds": round(service.metrics.uptime_seconds, 3),
            "model_loaded": model is not None,
            "model_version": model.version if model is not None else None,
            "labels": list(model.labels) if model is not None else await asyncio.to_thread(_labels, service),
            "problems": problems,
            "drift": _drift(service),
            "retraining": _retraining(service.attendance.open),
            "limits": service.settings.limits,
        }
        return JSONResponse(content, 503 if model is None else 200)

    async def livez(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        if service.shutdown.stopping.is_set():
            raise Busy("the service is stopping")
        if service.serving.model is None:
            raise NoModel(f"no model is loaded: {service.serving.problem}")
        return JSONResponse({"status": "ready"})

    async def metrics(request: Request) -> Response:
        service.log.flush()
        service.metrics.count_lost_lines(service.lines.lost)
        return Response(service.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def stats(request: Request) -> Response:
        service.log.flush()
        service.stats.sample(service.waiting, resident_bytes())
        content = {
            "worker": os.getpid(),  # that was asked
            "workers": service.settings.workers,
            "model_version": service.version,
            "answers": await asyncio.get_running_loop().run_in_executor(service.executor, service.answers),
            **service.stats.to_json(),
        }
        return JSONResponse(content, headers={"Cache-Control": "no-store"})

    async def days(request: Request) -> Response:
        limit, _ = page_of(request, DAYS_LIMIT)
        found = await asyncio.get_running_loop().run_in_executor(service.executor, service.memory.days.newest, limit)
        return JSONResponse({"days": [_day(each) for each in found]}, headers={"Cache-Control": "no-store"})

    return [
        Route("/health", health),
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/stats", stats),
        Route("/stats/days", days),
    ]


def _retraining(job: Job | None) -> dict[str, object] | None:
    """How far the open job is, for whoever watches the service: nothing of what it learns from."""
    if job is None:
        return None
    far = {name: job.progress[name] for name in FAR if name in job.progress}
    return {"job": job.job, "state": job.state, **far}


def _drift(service: Service) -> dict[str, object]:
    """What of GET /drift an operator looks for; an alarm makes no service worse than it is."""
    told = service.drift.told
    alarm = told["alarm"]
    alarmed = None if alarm is None else {name: alarm[name] for name in ("id", "version", "since", "statistic")}
    return {"watching": told["watching"], "reason": told["reason"], "alarm": alarmed}


def _labels(service: Service) -> list[str]:
    """While there is no version, what a picture may be taught as."""
    with contextlib.suppress(StoreError, NoModel):
        return list(labels_of(service))
    return []


def _day(day: Day) -> dict[str, object]:
    labels = [{"label": label or None, **_means(answered)} for label, answered in day.labels.items()]
    return {"day": str(EPOCH + timedelta(day.number)), **_means(day.whole), "labels": labels}


def _means(answered: Answered) -> dict[str, object]:
    """How many answers, how sure they were on average, and which share of pictures was unfamiliar."""
    return {
        "answers": answered.answers,
        "confidence": answered.confidence / answered.answers,
        "judged": answered.judged,
        "unfamiliar": answered.unfamiliar / answered.judged if answered.judged else None,
    }


def problems_of(service: Service) -> list[str]:
    """What is wrong, a sentence each."""
    database, serving = service.memory.database.problem, service.serving.problems
    problems = [*serving, *filter(None, [descriptors.problem()])]
    if database is not None and not any(database in problem for problem in serving):
        problems.append(f"{database}; predictions go on, nothing can be stored")
    folders = folder_problems(service.settings.artifacts, service.settings.data)
    return [*problems, *folders, *service.losses.problems, *service.crew.problems]


def folder_problems(*folders: Path) -> list[str]:
    """What keeps this process from storing anything, said for a person."""
    problems = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(f"the folder {folder.name} is missing; predictions go on, nothing can be stored")
        elif not os.access(folder, os.W_OK):
            problems.append(f"the folder {folder.name} is read-only; predictions go on, nothing can be stored")
    return problems
