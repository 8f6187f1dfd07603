"""The calls about the retrain policy; described.py has the others."""

from server.routes.bodies import POLICY as POLICY_BODY
from server.routes.bodies import POLICY_PARTS
from server.routes.call import Call
from server.routes.kinds import PAGED, TEXT, WHOLE, every, maybe, page, record, ref
from server.store.occasion import Outcome

ENTRY = record(
    decision=TEXT | {"description": "its number, by which a proposal is answered"},
    outcome={"enum": list(Outcome)},
    time=TEXT,
    last_time=TEXT | {"description": "when the same was decided last, or somebody answered"},
    times=WHOLE | {"description": "how often the same was decided in a row"},
    reasons=every(record(code=TEXT, text=TEXT, figures={"type": "object"})),
    by=maybe(TEXT) | {"description": "who edited, resumed or answered"},
    job=maybe(TEXT) | {"description": "that it began"},
    ended=maybe(TEXT) | {"description": "how that job did, once the policy has seen it"},
)
SET = record(policy=record(**POLICY_PARTS), stopped={"type": "boolean"}, proposal=maybe(ENTRY))
STARTED = record(message=TEXT, job=TEXT)
POLICY = (
    Call("GET", "/retrain/policy", "When retrains begin by themselves, and the proposal that waits", {200: SET}),
    Call(
        "PUT",
        "/retrain/policy",
        "Set it, whole: what is not named is as by default; with If-Match only what that ETag of the GET was of",
        {200: SET},
        body=POLICY_BODY,
    ),
    Call("POST", "/retrain/policy/resume", "Go on after a stop, which refusals in a row bring about", {200: SET}),
    Call(
        "GET",
        "/retrain/policy/decisions",
        "What it decided, also each `not, because`, and what people did, newest first",
        {200: page("decisions", ENTRY)},
        PAGED,
    ),
    Call("POST", "/retrain/policy/proposals/{proposal}/accept", "Begin what it proposes", {202: STARTED}, once=True),
    Call(
        "POST", "/retrain/policy/proposals/{proposal}/dismiss", "Do not; labels count from here on", {200: ref("Done")}
    ),
)
