"""A server of the protocol, asked by plain HTTP, and one input that its model takes."""

import json
from typing import Any, NamedTuple

import httpx
import numpy as np

DTYPES = {"UINT8": "u1", "INT8": "i1", "INT32": "<i4", "INT64": "<i8", "FP32": "<f4", "FP64": "<f8", "BOOL": "?"}


class Answer(NamedTuple):
    """What came back."""

    status: int  # 0: there was none
    json: Any  # None where there is none
    binary: bytes  # behind the JSON

    def told(self) -> str:
        """In a few words: the status, and what the JSON has."""
        content = self.json
        if not self.status:
            return "no answer"
        if isinstance(content, dict):
            names = ", ".join(sorted(content))
            return f"{self.status} {{{names}}}" + (f" and {len(self.binary)} bytes" if self.binary else "")
        return f"{self.status} {'no JSON' if content is None else f'a {type(content).__name__}'}"


class Server:
    """One at a base URL, as a context manager."""

    def __init__(self, url: str, model: str) -> None:
        self.model = f"/v2/models/{model}"
        self.name = model
        self._url = url.rstrip("/")
        self._client = httpx.Client(trust_env=False, timeout=20.0, limits=httpx.Limits(max_keepalive_connections=0))
        metadata = self._client.get(f"{self._url}{self.model}").json()
        self.outputs: list[str] = [each["name"] for each in metadata["outputs"]]
        self.versions: list[str] = metadata.get("versions", [])
        found = metadata["inputs"][0]
        shape = [1 if size == -1 else size for size in found["shape"]]
        self.values = np.zeros(shape, DTYPES[found["datatype"]])
        self.input = {"name": found["name"], "shape": shape, "datatype": found["datatype"]}

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, content: object = None, binary: bytes = b"", **headers: str) -> Answer:
        """One request; `content` is sent as JSON unless it is bytes, with binary data behind it."""
        body = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        kind = (
            "application/octet-stream" if binary or "Inference-Header-Content-Length" in headers else "application/json"
        )
        headers = {"Content-Type": kind, **headers}
        if binary and body is not None:
            headers = {"Inference-Header-Content-Length": str(len(body)), **headers}
            body += binary
        try:
            answer = self._client.request(method, self._url + path, content=body, headers=headers)
        except httpx.TransportError:
            return Answer(0, None, b"")
        length = int(answer.headers.get("Inference-Header-Content-Length", len(answer.content)))
        try:
            found = json.loads(answer.content[:length])
        except ValueError:
            found = None
        return Answer(answer.status_code, found, answer.content[length:])

    def request(self, data: object = None, **fields: object) -> dict[str, object]:
        """A request with the one input, its data given or all zeros."""
        flat = self.values.reshape(-1).tolist()
        return {"inputs": [{**self.input, "data": flat if data is None else data}], **fields}

    def infer(self, content: object, binary: bytes = b"", **headers: str) -> Answer:
        return self.ask("POST", f"{self.model}/infer", content, binary, **headers)
