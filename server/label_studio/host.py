"""Which files of Label Studio are read: uploaded ones, of the one host that was set.

A task names its picture by an address that whoever fills the project chose. Fetching what others choose would let them
see, through this server, what only it can reach. So nothing is asked but that host, for nothing but such a file.
"""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from server.settings import Settings
from server.web.errors import Malformed

if TYPE_CHECKING:
    from server.label_studio.visit import Visit

FILES = ("/data/upload/", "/data/local-files/")
_HOW = "send pictures as data URIs, or as files uploaded to the Label Studio of RELEARN_LABEL_STUDIO_URL"


class Host:
    """Where Label Studio is, and how it is asked."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.label_studio_url.rstrip("/")
        self._base = urlsplit(self._url)
        self._token = settings.label_studio_token
        self._limit_bytes = settings.body_limit_bytes
        if self._url:
            from server.label_studio.visit import visit  # it loads an HTTP client, which only this setting asks for

            self._visit = visit

    def path_of(self, address: str) -> str:
        """The path and query of an uploaded file of Label Studio's; raises Malformed for anything else."""
        try:
            parts = urlsplit(address)
            place = _place(parts)
        except ValueError:
            raise Malformed(f"{address[:100]!r} is no address; {_HOW}") from None
        is_theirs = not (parts.scheme or parts.netloc) or place == _place(self._base)
        path = parts.path.removeprefix(self._base.path)
        plain = unquote(unquote(path))
        steps = plain.replace("\\", "/").split("/")
        if not is_theirs or not path.startswith(FILES) or ".." in steps or not (address + plain).isprintable():
            raise Malformed(f"{address[:100]!r} is not fetched; {_HOW}")
        if not self._url or not self._token:
            raise Malformed(
                f"{address[:100]!r} lies in Label Studio; set RELEARN_LABEL_STUDIO_URL and RELEARN_LABEL_STUDIO_TOKEN"
            )
        return path + (f"?{parts.query}" if parts.query else "")

    def visit(self) -> "AbstractAsyncContextManager[Visit]":
        """For the files that one request needs, once `path_of` found some."""
        return self._visit(self._url, self._token, self._limit_bytes)


def _place(parts: SplitResult) -> tuple[str, str | None, int]:
    """Scheme, host and port of an address; raises ValueError for a port that is none."""
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
