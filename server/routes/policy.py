"""The retrain policy: what is set, what was decided by it, and a person's word on a proposal or after a stop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes import retraining
from server.routes.expected import expect_tag
from server.routes.jobs import begun, launch, traceparent_of
from server.routes.once import First, once
from server.routes.requests import by, json_object, page_of
from server.routes.service import Service
from server.store.occasion import Outcome
from server.store.origin import of_trace
from server.store.policies import Set
from server.store.policy import parsed
from server.store.policy_log import Entry
from server.web.errors import TrainerNotReady

Result = TypeVar("Result")


def routes(service: Service) -> list[Route]:
    policies = service.memory.policies

    async def work(call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(service.executor, call)

    async def shown(request: Request) -> Response:
        return await work(lambda: _answer(service, policies.current()))

    async def replace(request: Request) -> Response:
        new = parsed(await json_object(request, service.settings.json_limit_bytes))
        found = await work(
            lambda: policies.replace(new, by(request), lambda revision: _expect(request, revision)),
        )
        service.metrics.count_policy(Outcome.EDITED)
        return await work(lambda: _answer(service, found))

    async def resume(request: Request) -> Response:
        found = await work(lambda: policies.resume(by(request)))
        service.metrics.count_policy(Outcome.RESUMED)
        return await work(lambda: _answer(service, found))

    async def decisions(request: Request) -> Response:
        limit, before = page_of(request)
        found = await work(lambda: policies.page(limit, before))
        following = found[-1].id if len(found) == limit else None
        return JSONResponse({"decisions": [_content(each) for each in found], "next": following})

    async def accept(request: Request) -> Response:
        async with once(service, request, []) as first:
            job = await begin(request, first) if first.answer is None else str(first.answer["job"])
        response = begun(request, job)
        response.headers.update(first.headers)
        return response

    async def begin(request: Request, first: First) -> str:
        await work(lambda: retraining.check_enough(service.memory))
        if not service.launcher.is_ready():
            raise TrainerNotReady(retraining.NOT_READY)
        limits = of_trace(retraining.held_to(service.settings), traceparent_of(request))

        def note(connection: Connection, job: str) -> None:
            first.note(connection, 202, {"job": job})

        job = await work(lambda: policies.accept(_proposal(request), by(request), limits, note))
        service.metrics.count_policy(Outcome.ACCEPTED)
        await launch(service, request, job)
        return job

    async def dismiss(request: Request) -> Response:
        await work(lambda: policies.dismiss(_proposal(request), by(request)))
        service.metrics.count_policy(Outcome.DISMISSED)
        return JSONResponse({"message": "The proposal is dismissed; labels are counted from here on"})

    return [
        Route("/retrain/policy", shown),
        Route("/retrain/policy", replace, methods=["PUT"]),
        Route("/retrain/policy/resume", resume, methods=["POST"]),
        Route("/retrain/policy/decisions", decisions),
        Route("/retrain/policy/proposals/{proposal}/accept", accept, methods=["POST"]),
        Route("/retrain/policy/proposals/{proposal}/dismiss", dismiss, methods=["POST"]),
    ]


def _proposal(request: Request) -> str:
    return str(request.path_params["proposal"])


def _answer(service: Service, found: Set) -> Response:
    proposal = service.memory.policies.proposal()
    content = {
        "policy": found.policy.as_json(),
        "stopped": found.is_stopped,
        "proposal": None if proposal is None else _content(proposal),
    }
    return JSONResponse(content, headers=_tag(found.revision))


def _tag(revision: int) -> dict[str, str]:
    """What tells one setting of the policy from others, for a client that wants to change what it saw."""
    return {"ETag": f'"{revision}"'}


def _expect(request: Request, revision: int) -> None:
    what = "somebody has changed the policy, which is not the one in If-Match"
    expect_tag(request, _tag(revision), what, "/retrain/policy")


def _content(entry: Entry) -> dict[str, object]:
    return {
        "decision": str(entry.id),
        "outcome": entry.outcome,
        "time": entry.time,
        "last_time": entry.last_time,
        "times": entry.times,
        "reasons": entry.reasons,
        "by": entry.by,
        "job": entry.job,
        "ended": entry.ended,
    }
