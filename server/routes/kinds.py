"""What the schemas of the OpenAPI document are made of: what calls take is said as tightly as the service reads it."""

from typing import Any

from server.store.catalogue import NAME
from server.store.vocabulary import CLASSES_MOST, LEAST, NAME_LIMIT

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
ANYTHING: Schema = {}
OBJECT: Schema = {"type": "object"}
FILE: Schema = {"type": "string", "format": "binary"}
FLAG: Schema = {"type": "boolean", "default": False}

_LETTER, _IN_LINE = r"[^\s\u0000-\u001f\u007f-\u009f]", r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"

# What clients send.
PLACE: Schema = WHOLE | {"minimum": 0, "maximum": 10**15 - 1}  # in a list
ROW: Schema = TEXT | {"pattern": "^[0-9]{1,9}$"}  # the number of one
SHA256: Schema = TEXT | {"pattern": "^[0-9a-f]{64}$"}
TIME: Schema = TEXT | {"anyOf": [{"format": "date"}, {"format": "date-time"}]}
CLASS: Schema = TEXT | {
    "pattern": rf"^{_LETTER}(?:{_IN_LINE}{{0,{NAME_LIMIT - 2}}}{_LETTER})?$",
    "description": f"1 to {NAME_LIMIT} characters in one line, no blanks around them",
}
CLASSES: Schema = {
    "type": "array",
    "items": CLASS,
    "uniqueItems": True,
    "minItems": LEAST,
    "maxItems": CLASSES_MOST,
}
MODEL: Schema = TEXT | {"pattern": f"^{NAME.pattern}$", "not": {"const": "stats"}}
PAGED: dict[str, Schema] = {
    "limit": WHOLE | {"minimum": 1, "maximum": 1000, "default": 50},
    "before": PLACE | {"description": "`next` of the page before"},
}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def every(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def some(schema: Schema) -> Schema:
    return every(schema) | {"minItems": 1}


def record(optional: tuple[str, ...] = (), /, **fields: Schema) -> Schema:
    """An object with these fields and no others; all are there but the optional ones."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def form(required: list[str], **fields: Schema) -> Schema:
    """An object with these fields, whatever else is in it."""
    return {"type": "object", "properties": fields, "required": required}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def page(entries: str, schema: Schema, /, **others: Schema) -> Schema:
    """One page of a list; `next` is what `before` has to be for the page after it."""
    return record(**{entries: every(schema), "next": maybe(WHOLE)}, **others)
