"""Every way a request can fail, as one family of exceptions.

They are raised where the trouble is found and become JSON in one place (front.py), always in the same shape:
{"error": "a sentence for a person", "code": "a_word_for_a_program"}.
"""


class RequestError(Exception):
    """A request that can't be carried out; `status` is the HTTP status and `code` a stable word."""

    status = 400
    code = "bad_request"

    def __init__(self, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers or {}


class Malformed(RequestError):
    status, code = 400, "malformed"


class Unauthorized(RequestError):
    status, code = 401, "unauthorized"


class Forbidden(RequestError):
    status, code = 403, "forbidden"


class NotFound(RequestError):
    status, code = 404, "not_found"


class MethodNotAllowed(RequestError):
    status, code = 405, "method_not_allowed"


class BodyTimeout(RequestError):
    status, code = 408, "body_timeout"


class Conflict(RequestError):
    status, code = 409, "conflict"


class BodyTooLarge(RequestError):
    status, code = 413, "body_too_large"


class ImageTooLarge(RequestError):
    status, code = 413, "image_too_large"


class UnsupportedType(RequestError):
    status, code = 415, "unsupported_type"


class UnusableImage(RequestError):
    status, code = 422, "unusable_image"


class UnusableLabel(RequestError):
    status, code = 422, "unusable_label"


class UnusableOption(RequestError):
    status, code = 422, "unusable_option"


class Busy(RequestError):
    """The service is full or stopping: the same request may succeed a moment later."""

    status, code = 503, "busy"

    def __init__(self, message: str) -> None:
        super().__init__(message, {"Retry-After": "1"})


class NoModel(RequestError):
    status, code = 503, "no_model"


class StorageFailed(RequestError):
    """The disk is full, read-only or broken: predictions go on, nothing can be stored."""

    status, code = 507, "storage_failed"


class QuotaReached(RequestError):
    status, code = 507, "quota_reached"


class Failed(RequestError):
    """Something that was asked for was tried and failed, for example a training run."""

    status, code = 500, "failed"


class Internal(RequestError):
    """A fault of ours; the log has what the client is not shown."""

    status, code = 500, "internal"


def unexpected(request_id: str) -> Internal:
    """What a client is told of a fault of ours."""
    return Internal(f"something went wrong inside the service; its log has the details under {request_id}")
