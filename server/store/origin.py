"""Which trace a job is a part of: said in its row, beside what its trainer is held to, so that whoever runs it goes on.

https://www.w3.org/TR/trace-context
"""

from server.store.files import Json

NAME = "traceparent"


def of_trace(held_to: dict[str, Json], traceparent: str | None) -> dict[str, Json]:
    """What is written into the row of a job that is begun in a trace; as it was for None."""
    return held_to if traceparent is None else held_to | {NAME: traceparent}


def parted(content: dict[str, Json]) -> tuple[dict[str, Json], str | None]:
    """What the trainer is held to, and the trace, of what a row says."""
    found = content.get(NAME)
    return {name: value for name, value in content.items() if name != NAME}, found if isinstance(found, str) else None


def traced(traceparent: str | None) -> dict[str, str]:
    """The variable by which a program knows what it is a part of."""
    return {} if traceparent is None else {NAME.upper(): traceparent}
