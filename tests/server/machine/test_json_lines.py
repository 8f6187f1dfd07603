"""Every event is one line of JSON, whatever stands in it."""

import json
import logging
import sys

from server.machine.json_lines import JsonFormatter, moment, told


def formatted(message: str, *arguments: object, with_fault: bool = False) -> dict[str, str]:
    try:
        raise ValueError("a fault\nof two lines")
    except ValueError:
        fault = sys.exc_info() if with_fault else None
    record = logging.LogRecord("relearn", logging.ERROR, "here", 1, message, arguments, fault)
    record.created = 1.25
    text = JsonFormatter().format(record)
    assert "\n" not in text
    event: dict[str, str] = json.loads(text)
    return event


def test_an_event() -> None:
    assert formatted("version %s of\n%s", "3", '"digits"') == {
        "time": "1970-01-01T00:00:01.250Z",
        "level": "ERROR",
        "logger": "relearn",
        "message": 'version 3 of\n"digits"',
    }


def test_a_fault_brings_its_traceback() -> None:
    assert formatted("it failed", with_fault=True)["exception"].endswith("ValueError: a fault\nof two lines")


def test_what_has_no_bytes_is_escaped() -> None:
    assert formatted("a name: %s", "\ud800")["message"] == "a name: \\ud800"


def test_a_sentence_of_no_logger() -> None:
    assert json.loads(told("lines were lost"))["message"] == "lines were lost"


def test_a_moment_is_cut_to_its_millisecond() -> None:
    assert moment(59.9999) == "1970-01-01T00:00:59.999Z"
