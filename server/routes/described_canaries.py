"""The calls that have another version answer, at once, for a share or watched; described.py has the others."""

from collections.abc import Mapping

from server.routes.call import Call, form
from server.routes.schemas import NUMBER, TEXT, WHOLE, Schema, maybe, record, ref
from server.store.options import CANARY, SHADOW, WATCH, Option

_KINDS = {int: WHOLE, float: NUMBER}


def options(known: Mapping[str, Option]) -> dict[str, Schema]:
    return {name: _KINDS[option.kind] | {"description": option.help} for name, option in known.items()}


PROMOTION = form([], reason=TEXT, **options(WATCH))
CANARIES = (
    Call(
        "POST",
        "/models/{version}/promote",
        "Make a version serve: forward, or back; with If-Match only from the version in that ETag of GET /models",
        dict.fromkeys((200, 202), record(message=TEXT, model_version=TEXT, previous=maybe(TEXT))),
        body={"application/json": PROMOTION},
        once=True,
    ),
    Call(
        "POST",
        "/models/{version}/shadow",
        "Have it asked of a share of what was answered, after that was sent; nobody gets its answers",
        {202: record(message=TEXT, shadow=ref("Shadow"))},
        body={"application/json": form([], **options(SHADOW), reason=TEXT)},
        once=True,
    ),
    Call("GET", "/models/{version}/shadow", "How far it agrees, and how fast it is", {200: ref("Shadow")}),
    Call("DELETE", "/models/{version}/shadow", "End it", {200: record(message=TEXT, shadow=ref("Shadow"))}),
    Call(
        "POST",
        "/models/{version}/canary",
        "Have it answer a share of the requests until it is found worse, or promoted; with If-Match as to promote it",
        {202: record(message=TEXT, canary=ref("Canary"))},
        body={"application/json": form([], **options(CANARY), reason=TEXT)},
        once=True,
    ),
    Call("GET", "/models/{version}/canary", "How that goes, or how it ended the last time", {200: ref("Canary")}),
    Call("DELETE", "/models/{version}/canary", "End it", {200: record(message=TEXT, canary=ref("Canary"))}),
    Call("GET", "/models/{version}/watch", "How the watch after its promotion goes, or ended", {200: ref("Watch")}),
    Call(
        "DELETE",
        "/models/{version}/watch",
        "End it; the version stays",
        {200: record(message=TEXT, watch=ref("Watch"))},
    ),
)
