"""The ceiling: an ASGI application that reads the body and answers JSON, and does nothing else.

What it reaches under uvicorn is what any application there could reach at most.
"""

from starlette.types import Receive, Scope, Send

ANSWER = (
    b'{"prediction":7,"confidence":0.9876,'
    b'"probabilities":[0.001,0.002,0.001,0.001,0.001,0.001,0.001,0.987,0.001,0.001]}'
)
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})
