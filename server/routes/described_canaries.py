"""The calls about canaries; described.py has the others."""

from server.routes.call import Call, form
from server.routes.schemas import NUMBER, TEXT, WHOLE, record, ref
from server.store.options import CANARY

_KINDS = {int: WHOLE, float: NUMBER}
OPTIONS = {name: _KINDS[option.kind] | {"description": option.help} for name, option in CANARY.items()}
CANARIES = (
    Call(
        "POST",
        "/models/{version}/canary",
        "Have it answer a share of the requests until it is found worse, or promoted; with If-Match as to promote it",
        {202: record(message=TEXT, canary=ref("Canary"))},
        body={"application/json": form([], **OPTIONS, reason=TEXT)},
        once=True,
    ),
    Call("GET", "/models/{version}/canary", "How that goes, or how it ended the last time", {200: ref("Canary")}),
    Call("DELETE", "/models/{version}/canary", "End it", {200: record(message=TEXT, canary=ref("Canary"))}),
)
