"""Which images a client means: the conditions that a list takes as parameters, and a revision in its body."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

from server.store.files import Json
from server.store.selection import Selection, State
from server.store.standing import Revision
from server.store.versions import is_number
from server.web.errors import Malformed

CONDITIONS = tuple(each.name for each in fields(Selection))
_SUSPECT = "suspect"  # of old, a split: suspects wait outside of both


def selection_of(given: Mapping[str, Json]) -> Selection:
    """The selection that conditions say, of which all may be left out; raises Malformed."""
    said = {name: _text(name, given[name]) for name in CONDITIONS if name in given}
    split, state = said.get("split"), said.get("state")
    if split == _SUSPECT and state in (None, _SUSPECT):
        split, state = None, _SUSPECT
    if split not in (None, "train", "test"):
        also = "; suspects are of neither: state=suspect" if split == _SUSPECT else ""
        raise Malformed(f"split={split[:40]} must be train or test{also}")
    if state is not None and state not in list(State):
        raise Malformed(f"state={state[:40]} must be one of {', '.join(State)}")
    batch = said.get("batch")
    if batch is not None and not is_number(batch):
        raise Malformed(f"batch={batch[:40]} must be the number of a batch")
    return Selection(
        label=said.get("label"),
        split=split,
        state=State(state) if state is not None else None,
        source=said.get("source"),
        batch=batch,
        since=time_of("since", said["since"]) if "since" in said else None,
        until=time_of("until", said["until"]) if "until" in said else None,
    )


def revised(given: Mapping[str, Json]) -> tuple[Revision, Selection | list[str], str | None]:
    """What a revision is to do, to which images, and the label that it says; raises Malformed."""
    action, where, images = given.get("action"), given.get("where"), given.get("images")
    if action not in list(Revision):
        raise Malformed(f"action must be one of {', '.join(Revision)}")
    revision = Revision(action)
    if ("label" in given) != (revision is Revision.RELABEL):
        raise Malformed("relabel takes a label, and no other action does")
    unknown = next((name for name in given if name not in ("action", "label", "where", "images")), None)
    if unknown is not None or (where is None) == (images is None):
        raise Malformed("beside action and label a revision has either images, a list of hashes, or where, conditions")
    label = _text("label", given["label"]) if "label" in given else None
    if images is not None:
        if not isinstance(images, list) or not images:
            raise Malformed('images must be a list of hashes, such as ["0a1b…"]')
        return revision, [_text("each of images", each) for each in images], label
    if not isinstance(where, dict) or not where or not where.keys() <= set(CONDITIONS):
        raise Malformed(f"where must have one condition or more, of {', '.join(CONDITIONS)}")
    suspects = revision in (Revision.ACCEPT, Revision.REJECT)
    return revision, selection_of({"state": _SUSPECT, **where} if suspects else where), label


def _text(name: str, value: Json) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{name} must be text")
    return value


def time_of(name: str, value: str) -> str:
    """A time as rows have it; raises Malformed."""
    try:
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        plus = "; a + in a URL is written %2B" if " " in value else ""
        raise Malformed(
            f"{name}={value[:40]} must be a time, such as 2026-05-01 or 2026-05-01T12:00:00Z{plus}"
        ) from None
