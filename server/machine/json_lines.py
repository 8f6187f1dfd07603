"""Log lines as JSON objects, one a line, for programs that collect logs."""

import logging
import time
from collections.abc import Mapping

import orjson

_OPTIONS = orjson.OPT_APPEND_NEWLINE


class JsonFormatter(logging.Formatter):
    """An event: time, level, logger, message, and the traceback of a fault."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return line(event).rstrip("\n")


def told(sentence: str, level: str = "WARNING") -> str:
    """An event's line that comes from no logger."""
    return line({"time": moment(time.time()), "level": level, "logger": "relearn", "message": sentence})


def line(fields: Mapping[str, object]) -> str:
    """One line, whatever stands in the fields; what is no Unicode is escaped."""
    try:
        return orjson.dumps(fields, option=_OPTIONS).decode()
    except TypeError:  # a lone surrogate, which UTF-8 has no bytes for
        whole = {name: _whole(value) for name, value in fields.items()}
        return orjson.dumps(whole, option=_OPTIONS).decode()


def moment(seconds: float) -> str:
    """A time since 1970 as RFC 3339 has it, in UTC, to the millisecond."""
    whole = int(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z"


def _whole(value: object) -> object:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
