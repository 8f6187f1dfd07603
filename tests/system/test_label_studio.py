"""The calls of Label Studio, made as its MLApi and its webhooks make them, with its files on a host beside it."""

import base64
from collections.abc import Iterator
from itertools import count
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import requests

from server.web.keys import new_key, scopes_of
from tests.digits import Digits
from tests.live import LiveServer
from tests.studio import CONFIG, PERSONAL, TOKEN, Files, Studio, files

NUMBERS = count()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    key, line = new_key("annotators", scopes_of("read,teach", "a test"))
    with files() as host:
        environment = {"RELEARN_KEYS": line, "RELEARN_LABEL_STUDIO_URL": host, "RELEARN_LABEL_STUDIO_TOKEN": TOKEN}
        folder = tmp_path_factory.mktemp("label-studio")
        with LiveServer(folder, "--trainer", "none", environment=environment) as live:
            yield Studio(live, key, host)


def data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def described(studio: Studio, call: str, answer: requests.Response) -> Any:
    """The answer's JSON, once it is what the document says of it."""
    document = studio.live.get("/openapi.json").json()
    responses = document["paths"][f"/label-studio/{call}"]["get" if call == "health" else "post"]["responses"]
    schema = responses.get(str(answer.status_code), responses["default"])["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), {"allOf": [schema], "components": document["components"]})
    return answer.json()


def uploads(studio: Studio) -> list[dict[str, Any]]:
    headers = {"X-API-Key": studio.key or ""}
    found: list[dict[str, Any]] = studio.live.get("/dataset/images?state=any&limit=1000", headers=headers).json()[
        "images"
    ]
    return found


def test_a_backend_is_connected(studio: Studio) -> None:
    healthy = described(studio, "health", studio.ask("health", method="GET"))
    assert (healthy["status"], healthy["model_version"]) == ("UP", "0")
    assert studio.session.get(f"{studio.live.url}/label-studio/", timeout=60).json() == healthy
    told = {"project": "1.1700000000", "hostname": studio.host, "access_token": "theirs", "extra_params": None}
    for schema in (CONFIG, "<View></View>"):
        answer = studio.ask("setup", told | {"schema": schema})
        assert described(studio, "setup", answer) == {"model_version": "0"}
    refused = studio.ask("setup", told | {"schema": '<View><Text name="a" value="$a"/></View>'})
    assert (refused.status_code, described(studio, "setup", refused)["code"]) == (400, "malformed")


def test_a_prediction_is_what_serves_says(studio: Studio, digits: Digits) -> None:
    positions = [next(NUMBERS) for _ in range(3)]
    answer = described(studio, "predict", studio.predict(*(data_uri(digits.png(each)) for each in positions)))
    assert (len(answer["results"]), answer["errors"]) == (3, [])
    for position, result in zip(positions, answer["results"], strict=True):
        said = studio.live.predict(digits.png(position)).json()
        assert result["result"][0] | {"score": 0} == {
            "from_name": "digit",
            "to_name": "image",
            "type": "choices",
            "value": {"choices": [said["label"]]},
            "score": 0,
        }
        assert (result["model_version"], result["score"]) == (
            said["model_version"],
            pytest.approx(said["confidence"], abs=1e-4),
        )


def test_one_picture_that_is_none_costs_the_others_nothing(studio: Studio, digits: Digits) -> None:
    good = data_uri(digits.png(next(NUMBERS))).replace("data:image/png;base64", "DATA:Image/PNG;Base64")
    bad = ("data:image/png;base64,AAAA", "data:image/png;base64,A", "data:,a", "http://169.254.169.254/a.png", "")
    answer = described(studio, "predict", studio.predict(bad[0], good, *bad[1:]))
    assert [bool(each) for each in answer["results"]] == [False, True, *[False] * 4]
    assert [each["task"] for each in answer["errors"]] == [1, 3, 4, 5, 6]
    alone = studio.predict(bad[3])
    assert (alone.status_code, alone.json()["code"]) == (400, "malformed")
    assert "RELEARN_LABEL_STUDIO_URL" in alone.json()["error"]


def test_files_are_had_from_label_studio_and_from_nowhere_else(studio: Studio, digits: Digits) -> None:
    Files.kept["/data/upload/1/a.png"] = digits.png(next(NUMBERS))
    Files.asked.clear()
    addresses = ("/data/upload/1/a.png", f"{studio.host}/data/upload/1/a.png", "/data/upload/1/none.png")
    answer = studio.predict(
        *addresses, "/data/upload/elsewhere.png", "/api/users", "http://127.0.0.1:1/data/upload/1/a.png"
    ).json()
    assert [bool(each) for each in answer["results"]] == [True, True, False, False, False, False]
    assert [each["code"] for each in answer["errors"]] == ["fetch_failed"] * 2 + ["malformed"] * 2
    assert sorted(path for path, _ in Files.asked) == sorted(
        ["/data/upload/1/a.png", "/data/upload/1/a.png", "/data/upload/1/none.png", "/data/upload/elsewhere.png"]
    )
    assert {token for _, token in Files.asked} == {f"Token {TOKEN}"}


def test_an_annotation_is_an_upload_by_the_key_s_name_and_trains_nothing(studio: Studio, digits: Digits) -> None:
    position = next(NUMBERS)
    address, label = data_uri(digits.png(position)), str(digits.classes[position])
    first = studio.annotate(address, label)
    told = described(studio, "webhook", first)
    assert (first.status_code, told["status"], told["result"]["status"]) == (201, "ok", "stored")
    kept = next(each for each in uploads(studio) if each["batch"] == told["result"]["batch"])
    assert (kept["label"], kept["source"]) == (label, "label-studio")
    again = studio.annotate(address, label, action="ANNOTATION_UPDATED")
    assert (again.status_code, described(studio, "webhook", again)["result"]["status"]) == (200, "unchanged")
    key = {"X-API-Key": studio.key or ""}
    own = f"{studio.live.url}/dataset/images/{kept['sha256']}"
    assert studio.predict(own).json()["results"][0]["result"]
    assert studio.live.get("/retrain/jobs", headers=key).json()["jobs"] == []


def test_an_annotation_of_a_file_of_label_studio_s_is_doubted_as_any_other(studio: Studio, digits: Digits) -> None:
    position = next(NUMBERS)
    Files.kept["/data/upload/1/wrong.png"] = digits.png(position)
    answer = studio.annotate("/data/upload/1/wrong.png", str((digits.classes[position] + 1) % 10))
    assert described(studio, "webhook", answer)["result"]["status"] == "suspect"


def test_what_says_nothing_is_told_so_and_stores_nothing(studio: Studio, digits: Digits) -> None:
    before, address = len(uploads(studio)), data_uri(digits.png(next(NUMBERS)))
    ignored = [
        studio.annotate(address),
        studio.annotate(address, "7", was_cancelled=True),
        *(
            studio.annotate(address, "7", action=action)
            for action in ("START_TRAINING", "ANNOTATIONS_DELETED", "TASKS_CREATED")
        ),
    ]
    for answer in ignored:
        assert (answer.status_code, described(studio, "webhook", answer)["status"]) == (200, "ignored")
    for answer, code in (
        (studio.annotate(address, "7", "8"), "unusable_label"),
        (studio.annotate(address, "none of these"), "unusable_label"),
        (studio.annotate("http://127.0.0.1:1/a.png", "7"), "malformed"),
        (studio.annotate("data:image/png;base64,AAAA", "7"), "unsupported_type"),
        (studio.ask("webhook", {"action": "ANNOTATION_CREATED"}), "malformed"),
    ):
        assert described(studio, "webhook", answer)["code"] == code, answer.text
    assert len(uploads(studio)) == before


def test_many_annotations_at_once_are_one_upload(studio: Studio, digits: Digits) -> None:
    positions = [next(NUMBERS) for _ in range(3)]
    each = [
        {
            "id": number,
            "task": number,
            "result": [
                {"from_name": "digit", "type": "choices", "value": {"choices": [str(digits.classes[position])]}}
            ],
        }
        for number, position in enumerate(positions)
    ]
    tasks = [{"id": number, "data": {"image": data_uri(digits.png(each))}} for number, each in enumerate(positions)]
    event = {"action": "ANNOTATIONS_CREATED", "annotation": each, "task": tasks, "project": {"label_config": CONFIG}}
    assert described(studio, "webhook", studio.ask("webhook", event))["result"]["count"] == 3


@pytest.mark.parametrize("call", ["setup", "predict", "webhook"])
def test_it_needs_the_key_and_takes_nothing_that_is_not_its(studio: Studio, call: str) -> None:
    for key in (None, "wrong"):
        assert Studio(studio.live, key, studio.host).ask(call).status_code == 401
    bodies: tuple[Any, ...] = (
        [],
        {"tasks": 1, "action": 2, "schema": 3},
        {"tasks": [1], "label_config": CONFIG, "schema": "<"},
    )
    for body in bodies:
        answer = studio.session.post(f"{studio.live.url}/label-studio/{call}", json=body, auth=studio.auth, timeout=60)
        assert answer.status_code in (200, 400), answer.text
    many = studio.ask(call, {"tasks": [[]] * 2**17})
    assert (many.status_code, many.json()["code"]) == (400, "malformed")


def test_a_key_that_may_only_read_can_ask_but_not_teach(
    tmp_path_factory: pytest.TempPathFactory, digits: Digits
) -> None:
    key, line = new_key("reader", scopes_of("read", "a test"))
    with files() as host:
        environment = {"RELEARN_KEYS": line, "RELEARN_LABEL_STUDIO_URL": host, "RELEARN_LABEL_STUDIO_TOKEN": PERSONAL}
        with LiveServer(tmp_path_factory.mktemp("reader"), "--trainer", "none", environment=environment) as live:
            studio = Studio(live, key, host)
            Files.kept["/data/upload/2/a.png"] = digits.png(0)
            Files.asked.clear()
            assert studio.predict("/data/upload/2/a.png").json()["errors"] == []
            assert Files.asked == [("/data/upload/2/a.png", "Bearer short")]  # what the token was exchanged for
            assert studio.annotate(data_uri(digits.png(0)), "7").status_code == 403
