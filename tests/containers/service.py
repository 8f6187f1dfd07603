"""A server in a container, spoken to as a user does."""

import json
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import httpx

from tests.containers.engine import WAIT_SECONDS, Container, docker, start
from tests.digits import SMALL_GATE_MARGIN, mnist
from tests.live import PLAIN

KEY = "a key for tests"
PORT = 9000  # not the image's own, so that PORT must be honoured
QUICK = {"epochs": 1, "learning_rate": 1e-6}  # hardly moves the model
LONG = {"epochs": 1000}  # goes on until somebody ends it

_unseen = count(5000)  # pictures of MNIST's test half that the small dataset does not have


class Service(Container):
    """A server container, ready when constructed; `image` may be followed by a command."""

    def __init__(self, image: str, *options: str, environment: dict[str, str] | None = None) -> None:
        variables = {"PORT": str(PORT), "RELEARN_API_KEY": KEY, "RELEARN_GATE_ACCURACY_MARGIN": SMALL_GATE_MARGIN}
        variables |= environment or {}
        flags = [f"--env={name}={value}" for name, value in variables.items()]
        super().__init__(start(f"--publish=127.0.0.1::{PORT}", *flags, *options, image))
        self.client = httpx.Client(timeout=WAIT_SECONDS, **PLAIN, headers={"X-API-Key": KEY})
        self.wait_until_ready()

    def __exit__(self, *_: object) -> None:
        self.client.close()
        super().__exit__()

    def wait_until_ready(self) -> None:
        """Find the port, which a restart changes, and wait for the server behind it."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self.client.base_url = httpx.URL("http://" + docker("port", self.id, str(PORT)).split()[0])
                if self.client.get("/readyz").status_code == 200:
                    return
            except (httpx.TransportError, AssertionError):
                pass
            assert time.monotonic() < deadline, f"the server did not become ready: {self.log}"
            time.sleep(0.1)

    def version(self) -> str:
        """The version that answers a prediction; the answer must be right."""
        digits = mnist("t10k")
        answer = self.client.post("/predict", files={"file": digits.png(0)})
        assert answer.status_code == 200, answer.text
        assert answer.json()["prediction"] == digits.classes[0]
        return str(answer.json()["model_version"])

    def upload(self, images: int = 20) -> None:
        """Teach pictures that were not there before."""
        digits = mnist("t10k")
        positions = [next(_unseen) for _ in range(images)]
        parts = [("files", (f"{position}.png", digits.png(position), "image/png")) for position in positions]
        labels = [str(digits.classes[position]) for position in positions]
        answer = self.client.post("/upload", files=parts, data={"labels": labels})
        assert answer.status_code == 201, answer.text
        assert answer.json()["count"] == images

    def retrain(self, options: Mapping[str, float]) -> str:
        """Begin a retrain with something new to learn from; its job."""
        self.upload()
        answer = self.client.post("/retrain", json=options)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"])

    def retrain_and_publish(self) -> str:
        """A retrain that must succeed; the version that it published, which answers when this returns."""
        result = self.result(self.retrain(QUICK))
        assert result["state"] == "published", result
        version = str(result["version"])
        deadline = time.monotonic() + WAIT_SECONDS
        while self.version() != version:
            assert time.monotonic() < deadline, f"version {version} did not take over"
            time.sleep(0.05)
        return version

    def events(self, job: str) -> Iterator[dict[str, Any]]:
        """What the job tells, the last thing being its result."""
        with self.client.stream("GET", f"/retrain/jobs/{job}/events") as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line[6:])

    def until(self, stage: str, job: str) -> None:
        """Wait for a stage of a job, which must come."""
        seen = []
        for event in self.events(job):
            seen.append(event)
            if event.get("stage") == stage:
                return
        raise AssertionError(f"job {job} never came to {stage!r}: {seen}; {self.log}")

    def result(self, job: str) -> dict[str, Any]:
        """The result of a job, when it has one."""
        return [*self.events(job)][-1]
