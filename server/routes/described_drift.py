"""The calls about drift; described.py has the others."""

from server.routes.call import Call
from server.routes.kinds import NUMBER, TEXT, WHOLE, every, maybe, record, ref

MOVED = record(
    of={"enum": ["label", "margin", "score", "ink"]},
    label=maybe(TEXT),
    at_most=maybe(NUMBER),
    reference=NUMBER | {"description": "share of answers about the pictures that the version came with"},
    now=NUMBER | {"description": "share of the last answers"},
    answers=WHOLE | {"description": "how many these are"},
    distance=NUMBER,
)
ALARM = {
    "id": TEXT,
    "time": TEXT,
    "version": TEXT,
    "since": TEXT,
    "statistic": TEXT | {"description": "what moved most"},
    "moved": every(MOVED),
}
WATCHED = {
    "watching": {"type": "boolean"},
    "reason": maybe(TEXT) | {"description": "why nothing is watched"},
    "model_version": maybe(TEXT),
    "false_alarm_requests": WHOLE,
    "began_at": TEXT,
    "answers": WHOLE,
    "distance": NUMBER,
    "threshold": NUMBER | {"description": "the distance that is an alarm"},
    "distances": every(NUMBER) | {"description": "the largest of each 500 answers, the newest last"},
    "moved": every(MOVED),
    "alarm": maybe(record(**ALARM)),
}
DRIFT = (
    Call(
        "GET",
        "/drift",
        "How far the answers are from those about the pictures that the version came with, and the open alarm",
        {200: {"type": "object", "properties": WATCHED, "required": ["watching", "reason", "alarm"]}},
    ),
    Call(
        "GET",
        "/drift/alarms/{alarm}",
        "An alarm, with samples that show what moved, where they are collected",
        {200: record(**ALARM, samples=every(TEXT))},
    ),
    Call(
        "POST",
        "/drift/alarms/{alarm}/close",
        "An alarm was seen, and the watch begins anew; 409 if it is not open",
        {200: ref("Done")},
    ),
)
