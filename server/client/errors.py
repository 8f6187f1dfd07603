"""What a call may raise: no answer, or the server's refusal with its code and sentence."""

from collections.abc import Mapping

import httpx

SENTENCE_LIMIT = 200  # characters of a body that is not of Relearn's one form, as a proxy's


class RelearnError(Exception):
    """Anything that keeps a call from its answer."""


class Unreachable(RelearnError):
    """Nobody answered, or not in time; `was_sent` says whether the server may have done it all the same."""

    def __init__(self, message: str, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class Refused(RelearnError):
    """The server said no. The sentence is for people, the code, which never changes, for programs."""

    def __init__(self, sentence: str, code: str, status: int | None = None, request_id: str | None = None) -> None:
        """`status` is None for one picture of many, whose request was answered as a whole."""
        super().__init__(sentence)
        self.code = code
        self.status = status
        self.request_id = request_id


class NotPermitted(Refused):
    """The key is missing, unknown, or may not do this."""


class NotThere(Refused):
    """There is no such version, job, picture, batch or call."""


class InConflict(Refused):
    """Something else is so that this can't be done now: a job is open, or another version serves than was expected."""


class Unusable(Refused):
    """What was sent can't be used: the picture, the label, the option, the size."""


class Overloaded(Refused):
    """Not now: the server is busy, or asked too often. Nothing was done."""


class ServerFailed(Refused):
    """The fault is on the server's side."""


KINDS: Mapping[int, type[Refused]] = {
    401: NotPermitted,
    403: NotPermitted,
    404: NotThere,
    409: InConflict,
    412: InConflict,
    429: Overloaded,
    503: Overloaded,
}


def refused(response: httpx.Response) -> Refused:
    """The error that an answer tells, once it was read."""
    status = response.status_code
    kind = KINDS.get(status, ServerFailed if status >= 500 else Unusable)
    sentence, code = _told(response)
    return kind(sentence, code, status, response.headers.get("x-request-id"))


def _told(response: httpx.Response) -> tuple[str, str]:
    """Sentence and code; what is not Relearn's form comes from something in between."""
    try:
        content = response.json()
        return str(content["error"]), str(content["code"])
    except (ValueError, KeyError, TypeError):
        start = response.text[:SENTENCE_LIMIT].strip()
        said = f"{response.status_code} {response.reason_phrase}, which is not Relearn's answer"
        return (f"{said}: {start}" if start else said), "unknown"
