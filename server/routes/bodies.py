"""What calls take, by media type; kinds.py has what it is made of. The rest is said by errors."""

from collections.abc import Mapping

from server.routes.kinds import (
    CLASS,
    CLASSES,
    FILE,
    FLAG,
    MODEL,
    NUMBER,
    PLACE,
    ROW,
    SHA256,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    every,
    form,
    maybe,
    record,
    some,
)
from server.store.options import OPTIONS, Option
from server.store.policy import OPTIONAL, RANGES, TIME_OF_DAY, TRIAL, WEEKDAYS, Mode
from server.store.selection import State
from server.store.standing import Revision

CONDITIONS: dict[str, Schema] = {
    "label": TEXT | {"description": "in force, or of suspects the suspected one"},
    "split": {"enum": ["train", "test"]},
    "state": {"enum": list(State)},
    "source": TEXT,
    "batch": ROW,
    "since": TIME | {"description": "a time, as of the batch that the image is where it is for"},
    "until": TIME,
}
AGAINST: dict[str, Schema] = {
    "against": {
        "enum": ["version", "doubt"],
        "description": "version: only those whose label in force the version that serves does not say; "
        "doubt: the newest suspects, the one whose label was least believed first",
    },
    "offset": PLACE | {"description": "`next` of the page before, by doubt"},
}
PICTURE = {"multipart/form-data": form(["file"], file=FILE), "image/*": FILE, "application/octet-stream": FILE}
PICTURES = {"multipart/form-data": form(["files"], files=some(FILE))}
UPLOAD = {
    "multipart/form-data": form(
        ["files"],
        files=some(FILE),
        labels=every(CLASS) | {"description": "one a file; none beside a zip of folders or a metadata.csv"},
        source=TEXT | {"pattern": "^(?=.{1,40}$)-*[0-9A-Za-z][0-9A-Za-z-]*$"},
    )
}


def _json(*schemas: Schema) -> dict[str, Schema]:
    return {"application/json": schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}}


def _any_of(known: Mapping[str, Schema]) -> Schema:
    """An object with any of these fields and no others."""
    return record(tuple(known), **known)


def _options(known: Mapping[str, Option], **others: Schema) -> Schema:
    kinds = {int: WHOLE, float: NUMBER}
    schemas = {
        name: (FLAG if option.kind is bool else kinds[option.kind] | {"minimum": option.least, "maximum": option.most})
        | {"description": option.help}
        for name, option in known.items()
    }
    return _any_of(schemas | others)


CHANGE = _json(
    record(begin=CLASSES),
    record(add=CLASS),
    record(rename=CLASS, to=CLASS),
    record(merge=CLASS, into=CLASS),
    record(remove=CLASS),
)
_WHICH: tuple[dict[str, Schema], ...] = (
    {"images": some(SHA256)},
    {"where": _any_of(CONDITIONS) | {"minProperties": 1}},
)
REVISION = _json(
    *(
        record(**action, **which)
        for action in (
            {"action": {"const": Revision.RELABEL}, "label": CLASS},
            {"action": {"enum": [each for each in Revision if each is not Revision.RELABEL]}},
        )
        for which in _WHICH
    )
)
_SAMPLE = {"sample": ROW | {"description": "somebody looked at it, which alone counts for accuracy in production"}}
_WORDS = (
    record(
        ("position",),
        request_id=TEXT | {"description": "X-Request-ID of the answer"},
        position=PLACE | {"description": "of several pictures in that request, which one"},
        label=CLASS,
    ),
    record(**_SAMPLE, label=maybe(CLASS) | {"description": "null: the word on that sample is taken back"}),
    record(
        **_SAMPLE,
        skip=TEXT | {"minLength": 1, "maxLength": 200, "description": "why it has none, such as `none of these`"},
    ),
)
_MANY = every({"type": "object"}) | {"description": "of such objects; in place of one that is none is an error"}
WORDS = _json(*_WORDS, _MANY)
RETRAIN = _json(_options(OPTIONS))


def with_reason(known: Mapping[str, Option]) -> dict[str, Schema]:
    return _json(_options(known, reason=TEXT))


POLICY_PARTS: dict[str, Schema] = {
    "mode": {"enum": list(Mode)},
    "on_alarm": {"type": "boolean"},
    "time_of_day": maybe(TEXT | {"pattern": f"^(?:{TIME_OF_DAY.pattern})$"}) | {"description": "HH:MM in UTC"},
    "weekday": maybe({"enum": list(WEEKDAYS)}) | {"description": "of that time; null: every day"},
}
for _name, (_least, _most) in RANGES.items():
    _number = WHOLE | {"minimum": _least, "maximum": _most}
    POLICY_PARTS[_name] = maybe(_number) if _name in OPTIONAL else _number
POLICY_PARTS |= {name: NUMBER | {"minimum": least, "maximum": most} for name, (least, most) in TRIAL.items()}
_WITHOUT_DAY = {name: schema for name, schema in POLICY_PARTS.items() if name != "weekday"}
_AT_A_TIME = POLICY_PARTS | {"time_of_day": POLICY_PARTS["time_of_day"]["anyOf"][0]}
POLICY = _json(
    _any_of(_WITHOUT_DAY | {"weekday": {"type": "null"}}),
    record(tuple(name for name in POLICY_PARTS if name != "time_of_day"), **_AT_A_TIME),
)
NEW_MODEL = _json(record(name=MODEL, classes=CLASSES))
