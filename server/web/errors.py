"""What can be wrong with a request or with the service, and the one table from errors to HTTP.

The wings below raise errors that know no HTTP (pictures/errors.py, store/errors.py). What a client gets for each of
them, and for those that stand here, is in REFUSALS and nowhere else. Whoever answers asks `refusal_of`; the body has
always the same shape: {"error": "a sentence for a person", "code": "a_word_for_a_program"}; who accepts PROBLEM gets
the fields of RFC 9457 beside them.
"""

import errno
import os
from collections.abc import Mapping
from typing import NamedTuple

from server.layouts.errors import DatasetError, DatasetTooLarge
from server.pictures.errors import ImageTooLarge, PictureError, UnsupportedType, UnusableImage
from server.store.errors import (
    AnotherRequest,
    BrokenArtifact,
    ClaimLost,
    Conflict,
    CurrentMoved,
    LeaseLost,
    Locked,
    NoSpace,
    NotFound,
    QuotaReached,
    StillUnderWay,
    StoreError,
    TooFew,
    Unavailable,
    Uncertain,
    UnusableLabel,
    UnusableName,
    UnusableOption,
    UnusablePolicy,
)

PROBLEM = b"application/problem+json"
STORAGE_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


class RequestError(Exception):
    """A request that can't be carried out for what it is, or for how the service is; with headers of this answer alone.

    What every answer of a kind carries stands in the table.
    """

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers or {}


class Malformed(RequestError):
    """It is not of the form that the call takes."""


class Unauthorized(RequestError):
    """It has no key, or a wrong one."""


class Forbidden(RequestError):
    """It comes from where nothing may be changed."""


class InsufficientScope(RequestError):
    """Its key is right, but may not do this."""


class TooOften(RequestError):
    """It comes too soon after too many others; `headers` says in Retry-After when to come again."""


class NoSuchPath(RequestError):
    """No call, and no file of the page, is at that path."""


class MethodNotAllowed(RequestError):
    """There is something at that path, but not for this method; `headers` says in Allow for which."""


class HeaderTimeout(RequestError):
    """Its header did not arrive in time."""


class HeaderTooLarge(RequestError):
    """Its header, or something in it, is larger than is taken."""


class UrlTooLong(RequestError):
    """Its URL is longer than is taken."""


class PreconditionFailed(RequestError):
    """What it was made for has changed meanwhile; `headers` says in ETag to what."""


class BodyTimeout(RequestError):
    """Its body did not arrive in time."""


class BodyTooLarge(RequestError):
    """Its body has more bytes, or more parts, than are taken."""


class UnsupportedBody(RequestError):
    """Its body is of a type that the call does not take."""


class UnderWay(RequestError):
    """The same is being done already; `headers` says in Location where."""


class Busy(RequestError):
    """The service is full or stopping: the same request may succeed a moment later."""


class NoModel(RequestError):
    """There is no model to answer with."""


class TrainerNotReady(RequestError):
    """The environment that trains is still being built."""


class StorageFailed(RequestError):
    """The disk is full, read-only or broken: predictions go on, nothing can be stored."""


class Failed(RequestError):
    """Something that was asked for was tried and failed, for example a training run."""


class FetchFailed(RequestError):
    """Another service, of which something was needed for it, did not give that."""


class Internal(RequestError):
    """A fault of ours; the log has what the client is not shown."""


class Refusal(NamedTuple):
    """What HTTP says of an error."""

    status: int
    code: str  # a word for a program, which never changes
    headers: Mapping[str, str] = {}


REFUSALS: Mapping[type[Exception], Refusal] = {
    Malformed: Refusal(400, "malformed"),
    Unauthorized: Refusal(401, "unauthorized", {"WWW-Authenticate": "Bearer"}),
    Forbidden: Refusal(403, "forbidden"),
    InsufficientScope: Refusal(403, "insufficient_scope"),
    NoSuchPath: Refusal(404, "not_found"),
    NotFound: Refusal(404, "not_found"),
    MethodNotAllowed: Refusal(405, "method_not_allowed"),
    HeaderTimeout: Refusal(408, "header_timeout"),
    BodyTimeout: Refusal(408, "body_timeout"),
    UnderWay: Refusal(409, "conflict"),
    Conflict: Refusal(409, "conflict"),
    BrokenArtifact: Refusal(409, "conflict"),
    CurrentMoved: Refusal(409, "conflict"),
    LeaseLost: Refusal(409, "conflict"),
    TooFew: Refusal(409, "too_few_images"),
    StillUnderWay: Refusal(409, "under_way", {"Retry-After": "1"}),
    PreconditionFailed: Refusal(412, "precondition_failed"),
    BodyTooLarge: Refusal(413, "body_too_large"),
    DatasetTooLarge: Refusal(413, "body_too_large"),
    ImageTooLarge: Refusal(413, "image_too_large"),
    UrlTooLong: Refusal(414, "url_too_long"),
    UnsupportedBody: Refusal(415, "unsupported_type"),
    UnsupportedType: Refusal(415, "unsupported_type"),
    UnusableImage: Refusal(422, "unusable_image"),
    AnotherRequest: Refusal(422, "another_request"),
    DatasetError: Refusal(422, "unusable_dataset"),
    UnusableLabel: Refusal(422, "unusable_label"),
    UnusableName: Refusal(422, "unusable_name"),
    UnusableOption: Refusal(422, "unusable_option"),
    UnusablePolicy: Refusal(422, "unusable_policy"),
    TooOften: Refusal(429, "too_often"),
    HeaderTooLarge: Refusal(431, "header_too_large"),
    Failed: Refusal(500, "failed"),
    Internal: Refusal(500, "internal"),
    Uncertain: Refusal(500, "uncertain"),
    FetchFailed: Refusal(502, "fetch_failed"),
    Locked: Refusal(503, "busy", {"Retry-After": "1"}),
    ClaimLost: Refusal(503, "busy", {"Retry-After": "1"}),
    Unavailable: Refusal(503, "store_unavailable", {"Retry-After": "5"}),
    Busy: Refusal(503, "busy", {"Retry-After": "1"}),
    NoModel: Refusal(503, "no_model", {"Retry-After": "5"}),
    TrainerNotReady: Refusal(503, "trainer_not_ready", {"Retry-After": "30"}),
    NoSpace: Refusal(507, "storage_failed"),
    StorageFailed: Refusal(507, "storage_failed"),
    QuotaReached: Refusal(507, "quota_reached"),
}

# Whose sentences are for clients. Every class below these has its line in the table, or one that it is derived from.
TOLD = (RequestError, PictureError, DatasetError, StoreError)


def refusal_of(error: Exception) -> Refusal:
    """The status, code and headers for an error: by its class, or the nearest that it is derived from.

    For what is not in the table those of a fault of ours, whose sentence `told` gives.
    """
    refusal = next((REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS), REFUSALS[Internal])
    own = error.headers if isinstance(error, RequestError) else None
    return refusal._replace(headers={**refusal.headers, **own}) if own else refusal


def told(fault: BaseException, request_id: str) -> RequestError:
    """What a client is told of a fault: of a disk what it is, of anything else only where to look."""
    if isinstance(fault, OSError) and fault.errno in STORAGE_FAULTS:
        return StorageFailed(f"nothing was stored: {os.strerror(fault.errno)}; what serves goes on serving")
    return Internal(f"something went wrong inside the service; its log has the details under {request_id}")
