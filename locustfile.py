"""What users do, for Locust: mostly predictions, some batches, some looks at /health.

    locust -f locustfile.py --host=http://localhost:8000        then http://localhost:8089
    locust -f locustfile.py --host=... --tags predict upload    uploads as well: they change the server's data
    locust -f locustfile.py --host=... --tags retrain           one retrain after the other: they change its model

Uploads and retraining happen only if their tag is asked for. An answer that is wrong counts as a failure, whatever its
status: the images are ones that any sound model knows. With a key, set RELEARN_API_KEY here too.
"""

import os
import random
from typing import Any

import gevent
from locust import FastHttpUser, constant, events, tag, task

from benchmarks.service import images

CHANGING = {"upload", "retrain"}  # tags of what changes the server
SURE = 0.999  # an image the shipped model is as sure of as this is plain enough for every model
CANDIDATES = 500  # the first test images, of which the plain ones are sent
BATCH = 16


@events.init.add_listener
def leave_out_what_changes_the_server(environment: Any, **_: object) -> None:
    """Without tags, Locust would run every task."""
    asked = set(environment.parsed_options.tags or ())
    left_out = set(environment.parsed_options.exclude_tags or ())
    environment.exclude_tags = sorted(left_out | CHANGING - asked)
    gevent.get_hub().loop.update_now()  # its clock stood still during the imports, and --run-time would end too soon


class Visitor(FastHttpUser):
    """Somebody, or a program, that sends images; the next as soon as the last is answered."""

    wait_time = constant(0)
    headers = {"X-API-Key": os.environ["RELEARN_API_KEY"]} if "RELEARN_API_KEY" in os.environ else {}

    @tag("predict")
    @task(90)
    def predict(self) -> None:
        image, label = random.choice(PLAIN)
        with self.client.post("/predict", files={"file": ("digit.png", image, "image/png")}, **CHECKED) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}: {answer.text}")
            elif answer.json()["prediction"] != label:
                answer.failure(f"a plain {label} was taken for {answer.json()['prediction']}")

    @tag("predict", "batch")
    @task(2)
    def predict_batch(self) -> None:
        chosen = random.choices(PLAIN, k=BATCH)
        files = [("files", ("digit.png", image, "image/png")) for image, _ in chosen]
        with self.client.post("/predict/batch", files=files, **CHECKED) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}: {answer.text}")
                return
            found = [each.get("prediction") for each in answer.json()["predictions"]]
            if found != [label for _, label in chosen]:
                answer.failure("a batch came back with wrong answers, or in another order")

    @tag("predict", "health")
    @task(8)
    def health(self) -> None:
        with self.client.get("/health", **CHECKED) as answer:
            if answer.status_code != 200 or answer.json()["status"] not in ("healthy", "degraded"):
                answer.failure(f"status {answer.status_code}: {answer.text}")

    @tag("upload")
    @task(1)
    def upload(self) -> None:
        image, label = random.choice(PLAIN)
        form = {"labels": str(label), "source": "locust"}
        with self.client.post(
            "/upload", data=form, files={"files": ("digit.png", image, "image/png")}, **CHECKED
        ) as answer:
            if answer.status_code != 201:
                answer.failure(f"status {answer.status_code}: {answer.text}")

    @tag("retrain")
    @task(1)
    def retrain(self) -> None:
        with self.client.post("/retrain", json={"epochs": 1}, **CHECKED) as answer:
            if answer.status_code not in (202, 409):  # 409: another one is still at work
                answer.failure(f"status {answer.status_code}: {answer.text}")
            else:
                answer.success()


CHECKED: dict[str, Any] = {"catch_response": True}


def plain_images() -> list[tuple[bytes, int]]:
    """PNG files of test images that the shipped model is sure of and right about, with their labels."""
    pixels, labels = images.pixels()[:CANDIDATES], images.labels()[:CANDIDATES]
    found = images.baseline().predict(pixels).probabilities
    sure = (found.max(axis=1) >= SURE) & (found.argmax(axis=1) == labels)
    return [(images.as_file(pixels[number]), int(labels[number])) for number in sure.nonzero()[0]]


PLAIN = plain_images()
