"""If-Match on calls that move the pointer: the version that the caller saw current, by the ETag of GET /models."""

from starlette.requests import Request

from server.routes.representation import is_expected
from server.web.errors import PreconditionFailed


def tagged(current: str | None) -> dict[str, str]:
    """The version that serves as a header, for a client that wants to move it from there and nowhere else."""
    return {} if current is None else {"ETag": f'"{current}"'}


def expect(request: Request, current: str | None) -> None:
    """Raise PreconditionFailed where the caller saw another version current."""
    tag = tagged(current)
    if not is_expected(request, tag.get("ETag")):
        raise PreconditionFailed(
            f"the current version is {current}, not the one in If-Match, so nothing was changed; look at GET /models "
            "and decide again",
            tag,
        )
