"""One real answer of each call that answers with JSON, as far as a server has one without a training."""

from typing import Any
from urllib.parse import quote

from tests.decided import LABELS, teach
from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import LiveServer
from tests.studio import CONFIG
from tests.system.test_label_studio import data_uri

Answered = dict[tuple[str, str, int], Any]
NAMES = {"name": "digits", "version": "1", "alarm": "1"}  # what parameters of a path stand for
WISH = {"percent": 10, "minutes": 60}
LOOKS = (
    *("/classes", "/dataset", "/dataset/batches", "/dataset/images", "/samples", "/samples/accuracy"),
    *("/retrain/policy", "/retrain/policy/decisions", "/retrain/jobs", "/models", "/models/{version}"),
    *("/models/{version}/images", "/v2", "/v2/", "/v2/health/live", "/v2/health/ready", "/v2/models/stats"),
    *(f"/v2/models/{{name}}{end}" for end in ("", "/ready", "/config", "/stats")),
    *(f"/v2/models/{{name}}/versions/{{version}}{end}" for end in ("", "/ready", "/config", "/stats")),
    *("/label-studio", "/label-studio/", "/label-studio/health", "/health", "/livez", "/readyz", "/stats"),
    *("/drift", "/drift/alarms/{alarm}", "/m", "/m/{name}"),
)


class Walk:
    """Asks a server that has something to decide (tests/decided.py), and keeps what it answers."""

    def __init__(self, live: LiveServer, digits: Digits) -> None:
        self.answered: Answered = {}
        self._live = live
        self._digits = digits

    def all(self) -> Answered:
        self._predictions()
        self._uploads()
        self._retrains()
        self._models()
        self._others()
        eventually(lambda: self._live.get("/drift").json()["watching"], "the first look for drift")
        for path in LOOKS:
            self._ask("GET", path)
        self._ends()
        return self.answered

    def _ask(self, method: str, path: str, /, query: str = "", **options: Any) -> Any:
        url = f"{self._live.url}{path.format(**NAMES | options.pop('names', {}))}{query}"
        answer = self._live.client.request(method, url, **options)
        assert answer.is_success, f"{method} {url}: {answer.text}"
        self.answered[method, path, answer.status_code] = answer.json()
        return answer.json()

    def _send(self, path: str, content: object, **options: Any) -> Any:
        return self._ask("POST", path, json=content, **options)

    def _png(self, position: int) -> bytes:
        return self._digits.png(position)

    def _predictions(self) -> None:
        headers = {"Content-Type": "image/png", "X-Request-ID": "told"}
        self._ask("POST", "/predict", content=self._png(1), headers=headers)
        many = [("files", ("a.png", self._png(2))), ("files", ("b.png", b"no picture"))]
        self._ask("POST", "/predict/batch", files=many)
        image = {"name": "image", "shape": [1, 28, 28, 1], "datatype": "UINT8"}
        tensor = image | {"data": self._digits.images[3].reshape(-1).tolist()}
        for path in ("/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"):
            self._send(path, {"id": "7", "inputs": [tensor]})
        self._send("/v2/repository/index", {})
        self._send("/v2/repository/models/{name}/load", {})
        eventually(lambda: self._live.get("/samples?state=any").json()["count"] >= 3, "the samples")
        waiting = self._live.get("/samples").json()["samples"]
        self._send("/feedback", [{"request_id": "told", "label": str(self._digits.classes[1])}])
        self._ask("DELETE", "/samples/{sample}", names={"sample": waiting[-1]["sample"]})
        self._ask("DELETE", "/samples", "?until=2026-05-01")

    def _uploads(self) -> None:
        files = [("files", (f"{position}.png", self._png(position))) for position in range(10, 16)]
        files.append(("files", ("notes.txt", b"no picture")))
        labels = [str((self._digits.classes[position] + (position < 13)) % 10) for position in range(10, 16)]
        uploaded = self._ask("POST", "/upload", files=files, data={"labels": ",".join([*labels, "0"])})
        for suspect, word in zip(uploaded["suspects"], ("accept", "reject"), strict=False):
            self._ask("POST", f"/dataset/images/{{sha256}}/{word}", names=suspect)
        images = self._live.get("/dataset/images").json()["images"]
        self._ask("GET", "/dataset/images/{sha256}/versions", names=images[1])
        self._ask("DELETE", "/dataset/images/{sha256}", names=images[1])
        made = self._send("/dataset/batches", {"action": "relabel", "label": "3", "images": [images[2]["sha256"]]})
        self._ask("DELETE", "/dataset/batches/{batch}", names=made)
        added = self._send("/classes", {"add": "none of these"})
        self._live.client.delete(f"{self._live.url}/dataset/batches/{added['batch']}").raise_for_status()

    def _retrains(self) -> None:
        asks = {"mode": "ask", "labels": LABELS, "on_alarm": False, "quiet_minutes": 0, "cooldown_minutes": 0}
        self._ask("PUT", "/retrain/policy", json=asks)
        for number, word in enumerate(("dismiss", "accept")):
            teach(self._live, 20_000 + 100 * number)
            found = eventually(lambda: self._live.get("/retrain/policy").json()["proposal"], "a proposal")
            self._send(f"/retrain/policy/proposals/{{proposal}}/{word}", {}, names={"proposal": found["decision"]})
        self._ask("GET", "/retrain/jobs/{job}", names={"job": "1"})
        self._ask("DELETE", "/retrain/jobs/{job}", names={"job": "1"})
        self._ask("PUT", "/retrain/policy", json={"mode": "off"})
        self._live.client.delete(self._live.url + f"/retrain/jobs/{self._send('/retrain', {})['job']}")

    def _models(self) -> None:
        for role in ("shadow", "canary"):
            self._send(f"/models/{{version}}/{role}", WISH)
            self._ask("GET", f"/models/{{version}}/{role}")
            self._ask("DELETE", f"/models/{{version}}/{role}")
        self._send("/models/{version}/promote", {"watch_minutes": 60}, headers={"Idempotency-Key": "a"})
        self._send("/models/{version}/promote", {"watch_minutes": 60}, headers={"Idempotency-Key": "a"})
        self._ask("GET", "/models/{version}/watch")
        self._ask("DELETE", "/models/{version}/watch")
        self._ask("GET", "/models/at", f"?time={quote(self._live.get('/models').json()['promotions'][-1]['time'])}")

    def _others(self) -> None:
        self._send("/m", {"name": "pets", "classes": ["cat", "dog"]})
        self._send("/label-studio/setup", {"schema": CONFIG, "project": "1.1"})
        tasks = [{"id": 1, "data": {"image": data_uri(self._png(4))}}]
        self._send("/label-studio/predict", {"tasks": tasks, "label_config": CONFIG, "project": "1.1"})
        self._send("/label-studio/webhook", {"action": "PROJECT_UPDATED", "project": {"id": 1}})

    def _ends(self) -> None:
        self._send("/drift/alarms/{alarm}/close", {})
        self._ask("DELETE", "/m/{name}", names={"name": "pets"})
