"""If-Match on calls that change what was seen: the pointer, by the ETag of GET /models, and the policy by its own."""

from starlette.requests import Request

from server.routes.representation import is_expected
from server.web.errors import PreconditionFailed


def tagged(current: str | None) -> dict[str, str]:
    """The version that serves as a header, for a client that wants to move it from there and nowhere else."""
    return {} if current is None else {"ETag": f'"{current}"'}


def expect(request: Request, current: str | None) -> None:
    """Raise PreconditionFailed where the caller saw another version current."""
    expect_tag(request, tagged(current), f"the current version is {current}, not the one in If-Match", "/models")


def expect_tag(request: Request, tag: dict[str, str], what: str, where: str) -> None:
    """Raise PreconditionFailed where the caller saw another tag; `what` is there instead, and `where` shows it."""
    if not is_expected(request, tag.get("ETag")):
        raise PreconditionFailed(f"{what}, so nothing was changed; look at GET {where} and decide again", tag)
