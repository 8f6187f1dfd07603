"""What answers about shadows, canaries and watches look like; schemas.py has the others."""

from server.routes.kinds import NUMBER, TEXT, WHOLE, Schema, maybe, record
from server.store.canary import Outcome

_ARM = record(
    requests=WHOLE,
    p99_ms=maybe(NUMBER) | {"description": "within which 99 of 100 were answered: queue and model"},
    labels={"type": "object"} | {"description": "how often each was the answer, by the first picture of a request"},
)
_LEAST = WHOLE | {"description": "without which nothing can be said of it"}
_ASKED = record(pictures=WHOLE, p99_ms=maybe(NUMBER), labels={"type": "object"})  # by picture, in the model alone
_COMPARED = {
    "version": TEXT,
    "against": TEXT | {"description": "the version that was current when it began, or before it was promoted"},
    "state": {"enum": ["running", *Outcome]},
    "percent": NUMBER,
    "minutes": NUMBER,
    "started_at": TEXT,
    "by": TEXT,
    "reason": TEXT,
    "ended_at": maybe(TEXT),
    "ended_by": maybe(TEXT),
    "why": maybe(TEXT) | {"description": "it ended, and so"},
}
COMPARISONS: dict[str, Schema] = {
    "Canary": record(
        **_COMPARED,
        requests=_LEAST,
        watch_minutes=NUMBER | {"description": "that it is watched once it was promoted"},
        progress=record(
            minutes=NUMBER,
            canary=_ARM,
            current=_ARM,
            late=WHOLE | {"description": "requests that the current version answered instead, after a second"},
        ),
    ),
    "Watch": record(**_COMPARED, requests=_LEAST, progress=record(minutes=NUMBER, current=_ARM, before=_ARM)),
    "Shadow": record(
        **_COMPARED,
        pictures=_LEAST,
        canary_minutes=NUMBER | {"description": "of the canary that begins once it has passed"},
        progress=record(
            minutes=NUMBER,
            shadow=_ASKED,
            current=_ASKED,
            changed={"type": "object"}
            | {"description": "how often which answer would be which other: the most frequent"},
            dropped=WHOLE | {"description": "pictures that it had no time for"},
            agreement=maybe(NUMBER),
        ),
    ),
}
