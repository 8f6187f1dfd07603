"""A refusal as it goes out to a connection of which no request is known; it is the last of it."""

import json

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from server.web.errors import RequestError, refusal_of


def last_answer(error: RequestError) -> bytes:
    """A whole response that closes the connection."""
    status, code, own = refusal_of(error)
    body = json.dumps({"error": str(error), "code": code}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    headers |= {name.lower(): value for name, value in own.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[status] + lines.encode() + b"\r\n" + body
