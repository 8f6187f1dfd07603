"""What predictions showed, told by their requests or by whoever looked at them: uploads like any others."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest

from server.pictures import image
from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import LiveServer

NUMBERS = count()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    flags = ("--trainer", "none", "--collect", "--collect-share", "1", "--collect-an-hour", "400")
    with LiveServer(tmp_path_factory.mktemp("feedback"), *flags) as server:
        yield server


class Kept:
    """A prediction of another digit each time, once its sample is stored."""

    def __init__(self, live: LiveServer, digits: Digits, *also: int) -> None:
        self.position = next(NUMBERS)
        self.request_id = f"request-{self.position}"
        self.label = str(digits.classes[self.position])
        self.wrong = str((int(self.label) + 1) % 10)
        self.sha256 = image.pixels_sha256(digits.images[self.position][:, :, None])
        self.live = live
        files = [("files", ("a", digits.png(position))) for position in (self.position, *also)]
        headers = {"X-Request-ID": self.request_id}
        live.client.post(f"{live.url}/predict/batch", files=files, headers=headers).raise_for_status()
        self.samples = eventually(lambda: self.found(1 + len(also)), "the sample")
        self.number = self.samples[-1]["sample"]

    def found(self, number: int = 1) -> list[dict[str, Any]] | None:
        every = self.live.get("/samples", params={"state": "any", "limit": "1000"}).json()["samples"]
        mine = [each for each in every if each["request_id"] == self.request_id]
        return mine if len(mine) >= number else None

    def now(self) -> dict[str, Any]:
        return (self.found() or [])[0]

    def waits(self) -> bool:
        return self.number in [each["sample"] for each in self.live.get("/samples?limit=1000").json()["samples"]]

    def upload(self) -> dict[str, Any] | None:
        every = self.live.get("/dataset/images", params={"state": "any", "limit": "1000"}).json()["images"]
        return next((each for each in every if each["sha256"] == self.sha256), None)


def tell(live: LiveServer, words: object) -> httpx.Response:
    answer = live.client.post(f"{live.url}/feedback", json=words)
    document = live.get("/openapi.json").json()
    described = document["paths"]["/feedback"]["post"]["responses"]
    schema = described["200" if answer.status_code == 200 else "default"]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), {"allOf": [schema], "components": document["components"]})
    return answer


def test_feedback_is_an_upload_with_its_source(live: LiveServer, digits: Digits) -> None:
    kept = Kept(live, digits)
    answer = tell(live, {"request_id": kept.request_id, "label": kept.label}).json()
    assert [each["status"] for each in answer["results"]] == ["stored"]
    upload = kept.upload()
    assert upload is not None
    assert (upload["label"], upload["source"], upload["batch"]) == (kept.label, "feedback", answer["batches"][0])
    assert (kept.now()["feedback"], kept.now()["reviewed"]) == (kept.label, None)
    assert kept.waits()  # for somebody's look: it is a random one


def test_the_same_word_twice_does_no_harm(live: LiveServer, digits: Digits) -> None:
    kept = Kept(live, digits)
    word = {"request_id": kept.request_id, "label": kept.label}
    first = tell(live, word).json()
    before = live.get("/dataset").json()["decision"]
    for again in (tell(live, word).json(), tell(live, [word]).json()):
        assert [each["status"] for each in again["results"]] == ["unchanged"]
        assert again["batches"] == []
    assert live.get("/dataset").json()["decision"] == before
    upload = kept.upload()
    assert upload is not None
    assert upload["batch"] == first["batches"][0]


def test_a_label_in_review_is_the_word_on_the_sample_and_can_be_taken_back(live: LiveServer, digits: Digits) -> None:
    kept = Kept(live, digits)
    answer = tell(live, {"sample": kept.number, "label": kept.label}).json()
    assert answer["results"][0] == {"sample": kept.number, "request_id": kept.request_id, "status": "stored"}
    assert kept.now()["reviewed"] == kept.label
    assert not kept.waits()
    upload = kept.upload()
    assert upload is not None
    assert upload["source"] == "review"
    assert tell(live, {"sample": kept.number, "label": None}).json()["results"][0]["status"] == "waiting"
    assert live.client.delete(f"{live.url}/dataset/batches/{answer['batches'][0]}").status_code == 200
    assert kept.waits()
    assert kept.upload() is None


def test_what_is_none_of_the_labels_is_skipped_with_the_reason(live: LiveServer, digits: Digits) -> None:
    kept = Kept(live, digits)
    answer = tell(live, {"sample": kept.number, "skip": "none of these"}).json()
    assert (answer["results"][0]["status"], answer["batches"]) == ("skipped", [])
    assert kept.now()["skipped"] == "none of these"
    assert not kept.waits()
    assert kept.upload() is None
    assert tell(live, {"sample": kept.number, "label": kept.label}).json()["results"][0]["status"] == "stored"
    assert (kept.now()["skipped"], kept.now()["reviewed"]) == (None, kept.label)


def test_a_label_that_the_model_finds_impossible_makes_a_suspect(live: LiveServer, digits: Digits) -> None:
    kept = Kept(live, digits)
    answer = tell(live, {"request_id": kept.request_id, "label": kept.wrong}).json()
    assert answer["results"][0]["status"] == "suspect"
    upload = kept.upload()
    assert upload is not None
    assert (upload["label"], upload["suspect"]["label"]) == (None, kept.wrong)


def test_a_label_is_one_of_the_classes_as_they_were_decided(live: LiveServer, digits: Digits) -> None:
    kept, word = Kept(live, digits), {"label": "none of these"}
    assert tell(live, {"sample": kept.number} | word).json()["code"] == "unusable_label"
    batch = live.post("/classes", json={"add": word["label"]}).json()["batch"]
    answer = tell(live, {"sample": kept.number} | word).json()
    assert answer["results"][0]["status"] == "stored"  # the model does not know it, so it has no doubt
    assert kept.now()["reviewed"] == word["label"]
    for each in (answer["batches"][0], batch):
        assert live.client.delete(f"{live.url}/dataset/batches/{each}").status_code == 200
    assert tell(live, {"request_id": kept.request_id} | word).json()["code"] == "unusable_label"


def test_of_many_each_has_its_result_or_its_error(live: LiveServer, digits: Digits) -> None:
    kept, other = Kept(live, digits), Kept(live, digits)
    words = [
        {"request_id": "never-seen", "label": "3"},
        {"request_id": kept.request_id, "label": kept.label},
        {"request_id": kept.request_id, "label": "eleven"},
        {"sample": other.number, "label": other.label},
        {"sample": "999999", "skip": "blurred"},
        {"request_id": kept.request_id},
        {"sample": kept.number, "label": "3", "skip": "x"},
        {"sample": kept.number, "label": 3},
        {"sample": kept.number},
        {"request_id": kept.request_id, "label": "3", "more": 1},
        {},
    ]
    answer = tell(live, words).json()
    assert [each.get("status") or each["code"] for each in answer["results"]] == [
        *("not_found", "stored", "unusable_label", "stored", "not_found"),
        *(["malformed"] * 6),
    ]
    assert answer["message"] == "2 of 11 heard"
    assert len(answer["batches"]) == 2
    assert "never-seen" in answer["results"][0]["error"]


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ({"request_id": "never-seen", "label": "3"}, 404, "not_found"),
        ({"label": "3"}, 400, "malformed"),
        ("3", 400, "malformed"),
        ([3], 400, "malformed"),
        ([{"request_id": "a", "label": "3"}] * 1001, 400, "malformed"),
    ],
)
def test_one_that_can_not_be_heard_is_refused(live: LiveServer, word: object, status: int, code: str) -> None:
    answer = tell(live, word)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_of_several_pictures_of_a_request_one_is_named_by_its_position(live: LiveServer, digits: Digits) -> None:
    kept = Kept(live, digits, 500)
    answer = tell(live, {"request_id": kept.request_id, "label": kept.label})
    assert answer.status_code == 409
    assert "position" in answer.json()["error"]
    named = {"request_id": kept.request_id, "position": 0, "label": kept.label}
    assert tell(live, named).json()["results"][0]["status"] == "stored"
    assert tell(live, named | {"position": 7}).status_code == 404
    upload = kept.upload()
    assert upload is not None
    assert upload["label"] == kept.label


def test_what_is_gone_can_not_be_told(live: LiveServer, digits: Digits) -> None:
    kept = Kept(live, digits)
    live.client.delete(f"{live.url}/samples/{kept.number}").raise_for_status()
    assert tell(live, {"request_id": kept.request_id, "label": kept.label}).status_code == 404
