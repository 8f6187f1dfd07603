"""The calls that have another version answer, at once, for a share or watched; described.py has the others."""

from server.routes.bodies import with_reason
from server.routes.call import Call
from server.routes.kinds import TEXT, maybe, record, ref
from server.store.options import CANARY, SHADOW, WATCH

CANARIES = (
    Call(
        "POST",
        "/models/{version}/promote",
        "Make a version serve: forward, or back; with If-Match only from the version in that ETag of GET /models",
        dict.fromkeys((200, 202), record(message=TEXT, model_version=TEXT, previous=maybe(TEXT))),
        body=with_reason(WATCH),
        once=True,
    ),
    Call(
        "POST",
        "/models/{version}/shadow",
        "Have it asked of a share of what was answered, after that was sent; nobody gets its answers",
        {202: record(message=TEXT, shadow=ref("Shadow"))},
        body=with_reason(SHADOW),
        once=True,
    ),
    Call("GET", "/models/{version}/shadow", "How far it agrees, and how fast it is", {200: ref("Shadow")}),
    Call("DELETE", "/models/{version}/shadow", "End it", {200: record(message=TEXT, shadow=ref("Shadow"))}),
    Call(
        "POST",
        "/models/{version}/canary",
        "Have it answer a share of the requests until it is found worse, or promoted; with If-Match as to promote it",
        {202: record(message=TEXT, canary=ref("Canary"))},
        body=with_reason(CANARY),
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
