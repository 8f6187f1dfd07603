"""Label Studio, as far as a backend meets it: its MLApi, its webhooks, and the host that has its files."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import requests
from requests.auth import HTTPBasicAuth

from tests.live import LiveServer

TOKEN = "0123456789abcdef"
PERSONAL = "personal.access.token"
CHOICES = "".join(f'<Choice value="{digit}"/>' for digit in range(10))
CONFIG = (
    '<View><Image name="image" value="$image"/>'
    f'<Choices name="digit" toName="image" choice="single">{CHOICES}</Choices></View>'
)


class Files(BaseHTTPRequestHandler):
    """What Label Studio gives out: uploaded files by its tokens, and one that leads elsewhere."""

    kept: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        self.asked.append((self.path, authorization))
        if self.path == "/data/upload/elsewhere.png":
            self._answer(302, b"", Location="/data/upload/1/a.png")
        elif authorization not in (f"Token {TOKEN}", "Bearer short"):
            self._answer(401, b"")
        else:
            self._answer(200 if self.path in self.kept else 404, self.kept.get(self.path, b""))

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        right = (self.path, given) == ("/api/token/refresh", {"refresh": PERSONAL})
        self._answer(200 if right else 401, b'{"access": "short"}' if right else b"{}")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def files() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Studio:
    """A project, as far as a backend hears of it (label_studio/ml/api_connector.py, label_studio/webhooks/utils.py)."""

    def __init__(self, live: LiveServer, key: str | None, host: str) -> None:
        self.live = live
        self.key = key
        self.host = host
        self.session = requests.Session()
        self.session.trust_env = False
        self.auth = None if key is None else HTTPBasicAuth("label-studio", key)

    def ask(self, name: str, request: dict[str, Any] | None = None, method: str = "POST") -> requests.Response:
        url = f"{self.live.url}/label-studio/{name}"
        return self.session.request(method, url, json=request or {}, auth=self.auth, timeout=100)

    def predict(self, *addresses: str, config: str = CONFIG) -> requests.Response:
        tasks = [{"id": number, "data": {"image": address}} for number, address in enumerate(addresses, 1)]
        params = {"login": None, "password": None, "context": None}
        return self.ask(
            "predict", {"tasks": tasks, "project": "1.1700000000", "label_config": config, "params": params}
        )

    def annotate(
        self, address: str, *choices: str, action: str = "ANNOTATION_CREATED", **more: Any
    ) -> requests.Response:
        value = {"from_name": "digit", "to_name": "image", "type": "choices", "value": {"choices": list(choices)}}
        annotation = {"id": 5, "task": 7, "result": [value] if choices else [], "was_cancelled": False} | more
        task = {"id": 7, "data": {"image": address}}
        project = {"id": 1, "title": "digits", "label_config": CONFIG}
        return self.ask("webhook", {"action": action, "annotation": annotation, "task": task, "project": project})
