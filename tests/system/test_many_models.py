"""Several models in one server: each has classes, uploads, versions and jobs of its own, and is loaded when asked."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from export.publish import publish
from server.pictures.preprocessing import Preprocessing
from server.store import living
from server.store.lease import take
from server.store.outcome import outcome
from tests.digits import Digits
from tests.faults.stage import eventually, workers_of
from tests.live import PLAIN, LiveServer
from tests.system.test_beginning import some
from tests.tiny import memory_in, tiny_candidate

PETS, SHAPES = ("cat", "dog"), ("apple tree", "ring")
IDLE_SECONDS = "2"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Two workers, each of which keeps two models beside the default for a moment."""
    flags = ("--workers", "2", "--models-loaded", "2", "--model-idle-seconds", IDLE_SECONDS)
    with LiveServer(tmp_path_factory.mktemp("many"), *flags) as server:
        workers_of(server)
        yield server


def metric(server: LiveServer, series: str) -> float | None:
    found = [line for line in server.get("/metrics").text.splitlines() if line.startswith(series + " ")]
    return float(found[0].rpartition(" ")[2]) if found else None


def make(server: LiveServer, name: str, classes: tuple[str, ...] = PETS) -> httpx.Response:
    return server.post("/m", json={"name": name, "classes": list(classes)})


def published(server: LiveServer, name: str, classes: tuple[str, ...] = PETS) -> None:
    """Have a model that was made serve a small version."""
    assert make(server, name, classes).status_code == 201
    memory = memory_in(server.folder, name)
    candidate = tiny_candidate(3, labels=classes, inputs=Preprocessing("resize", 28, 28, 1))
    publish(memory, candidate, memory.pointer.current(), "a test")
    memory.close()


def asked(server: LiveServer, path: str, method: str = "GET", **options: object) -> httpx.Response:
    """As a client of its own asks, so that any worker may take it."""
    return httpx.request(method, server.url + path, **PLAIN, timeout=60, **options)  # type: ignore[arg-type]


def everywhere(server: LiveServer, path: str, status: int) -> bool:
    """Whether of many askings, by whichever worker, all end so."""
    return {asked(server, path).status_code for _ in range(12)} == {status}


def test_two_models_of_other_classes_answer_side_by_side(live: LiveServer, digits: Digits) -> None:
    published(live, "pets")
    published(live, "shapes", ("round", "edged", "neither"))
    picture = {"file": ("a.png", digits.png(0), "image/png")}
    before = live.predict(digits.png(0)).json()
    for name, classes in (("pets", PETS), ("shapes", ("round", "edged", "neither"))):
        answer = live.post(f"/m/{name}/predict", files=picture)
        assert answer.status_code == 200, answer.text
        assert answer.json()["label"] in classes
        assert (len(answer.json()["probabilities"]), answer.json()["model_version"]) == (len(classes), "1")
        assert live.get(f"/m/{name}/models").json()["name"] == name
        assert live.get(f"/m/{name}/health").json()["labels"] == list(classes)
        many = live.post(f"/m/{name}/predict/batch", files=[("files", picture["file"])] * 3).json()
        assert {each["label"] for each in many["predictions"]} == {answer.json()["label"]}
    named = live.post("/m/digits/predict", files=picture).json()
    assert named == live.predict(digits.png(0)).json() == before
    listed = {each["name"]: each for each in live.get("/m").json()["models"]}
    assert (listed["digits"]["default"], listed["pets"]["default"]) == (True, False)
    assert (listed["digits"]["model_version"], listed["pets"]["model_version"]) == ("0", "1")
    assert live.get("/m/pets").json() == listed["pets"]
    for name in ("pets", "shapes"):  # whoever answered: one alone, and three together
        eventually(lambda: metric(live, f'relearn_named_answers_total{{name="{name}"}}') == 4, "the answers of both")  # noqa: B023
        assert metric(live, f'relearn_named_seconds_count{{name="{name}"}}') == 2
        assert (metric(live, f'relearn_named_requests_total{{name="{name}",status="2xx"}}') or 0) >= 4

    def serves() -> bool:
        live.post("/m/pets/predict", files=picture)  # or it is unloaded again on a slow machine
        return 1 <= (metric(live, 'relearn_named_model_info{name="pets",version="1"}') or 0) <= 2

    eventually(serves, "its version")
    of_default = [line for line in live.get("/metrics").text.splitlines() if line.startswith("relearn_model_info")]
    assert of_default == ['relearn_model_info{name="digits",version="0"} 2.0'], "the others have series of their own"


def test_uploads_classes_and_policies_are_a_models_own(live: LiveServer) -> None:
    assert make(live, "birds", ("owl", "wren")).status_code == 201
    digits_before = live.get("/dataset").json()["count"]
    files = [("files", (name, data, "image/png")) for name, data in some("ring", 3, 5)]
    stored = live.post("/m/birds/upload", files=files, data={"labels": ["owl"] * 3})
    assert (stored.status_code, stored.json()["count"]) == (201, 3)
    refused = live.post("/m/birds/upload", files=files[:1], data={"labels": ["7"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unusable_label")
    assert live.post("/m/birds/classes", json={"add": "kite"}).json()["classes"] == ["owl", "wren", "kite"]
    overview = live.get("/m/birds/dataset").json()
    assert (overview["count"], overview["labels"]) == (3, ["owl", "wren", "kite"])
    assert live.get("/dataset").json()["count"] == digits_before
    batches = [each["batch"] for each in live.get("/m/birds/dataset/batches").json()["batches"]]
    assert stored.json()["batch"] in batches
    assert stored.json()["batch"] not in [each["batch"] for each in live.get("/dataset/batches").json()["batches"]]
    early = live.post("/m/birds/retrain")
    assert (early.status_code, early.json()["code"]) == (409, "too_few_images")
    policy = live.client.put(live.url + "/m/birds/retrain/policy", json={"mode": "ask"})
    assert policy.status_code == 200
    assert live.get("/retrain/policy").json()["policy"]["mode"] == "off"


def test_before_its_first_version_a_model_says_what_it_needs(live: LiveServer, digits: Digits) -> None:
    made = make(live, "empty")
    assert made.status_code == 201
    assert live.get(made.headers["Location"]).json()["model_version"] is None
    answer = live.post("/m/empty/predict", files={"file": ("a.png", digits.png(0), "image/png")})
    assert (answer.status_code, answer.json()["code"]) == (503, "no_model")
    assert "there is no version of 'empty' yet" in answer.json()["error"]
    assert live.get("/m/empty/health").status_code == 503
    assert live.get("/health").json()["status"] == "healthy"


def test_what_can_not_be_made_asked_or_deleted_is_refused_in_words(live: LiveServer) -> None:
    for given, status, code in (
        ({"name": "digits", "classes": list(PETS)}, 409, "conflict"),
        ({"name": "../pets", "classes": list(PETS)}, 422, "unusable_name"),
        ({"name": "lonely", "classes": ["cat"]}, 422, "unusable_label"),
        ({"name": "lonely"}, 400, "malformed"),
        ({"name": 7, "classes": list(PETS)}, 400, "malformed"),
        ({"name": "lonely", "classes": "cat"}, 400, "malformed"),
        ({"name": "lonely", "classes": list(PETS), "more": 1}, 400, "malformed"),
    ):
        answer = live.post("/m", json=given)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    for path in ("/m/none", "/m/none/health", "/m/none/", "/m/%2e%2e/health", "/m/a%2fb/health", "/m//health"):
        answer = live.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert "there is no model 'none'" in live.get("/m/none/health").json()["error"]
    assert live.get("/m/digits/m").status_code == 200, "the default's paths are all the service's"
    assert live.client.delete(live.url + "/m/digits").json()["code"] == "conflict"
    assert live.client.delete(live.url + "/m/none").status_code == 404
    refused = live.client.patch(live.url + "/m/digits")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS")


def test_addresses_and_the_page_are_found_under_the_prefix(live: LiveServer) -> None:
    assert make(live, "paged").status_code == 201
    page = live.get("/m/paged/")
    assert page.text == live.get("/").text
    assert live.get("/m/paged/app/main.js").text == live.get("/app/main.js").text
    assert live.get("/m/paged/openapi.json").json()["servers"] == [{"url": "/m/paged"}]
    assert live.get("/openapi.json").json()["servers"] == [{"url": "/"}]
    allowed = live.client.options(live.url + "/m/paged/upload").headers["Allow"]
    assert allowed == "OPTIONS, POST"


def test_a_model_is_let_go_when_nobody_asks_and_is_there_again_when_somebody_does(
    live: LiveServer, digits: Digits
) -> None:
    published(live, "seldom")
    picture = {"file": ("a.png", digits.png(0), "image/png")}
    first = live.post("/m/seldom/predict", files=picture).json()
    eventually(lambda: any("model seldom is unloaded" in line for line in live.log), "it is let go")
    serving = 'relearn_named_model_info{name="seldom",version="1"}'
    eventually(lambda: metric(live, serving) is None, "no worker that serves it")
    assert live.post("/m/seldom/predict", files=picture).json() == first


def test_more_models_than_a_worker_keeps_take_turns(live: LiveServer, digits: Digits) -> None:
    names = [f"turn{number}" for number in range(4)]
    for name in names:
        published(live, name)
    picture = {"file": ("a.png", digits.png(0), "image/png")}
    for name in names * 2:
        answer = live.post(f"/m/{name}/predict", files=picture)
        assert answer.status_code == 200, answer.text


def test_what_one_worker_makes_or_deletes_all_know(live: LiveServer) -> None:
    made = asked(live, "/m", "POST", json={"name": "brief", "classes": list(PETS)})
    assert made.status_code == 201
    assert everywhere(live, "/m/brief/dataset", 200)
    files = [("files", (name, data, "image/png")) for name, data in some("ring", 2, 77)]
    assert live.post("/m/brief/upload", files=files, data={"labels": ["cat"] * 2}).json()["count"] == 2
    pictures = {path.name for path in live.data.rglob("*.png")}
    assert asked(live, "/m/brief", "DELETE").json()["message"].startswith("Model 'brief' is deleted")
    eventually(lambda: everywhere(live, "/m/brief/dataset", 404), "every worker lets it go")
    assert len(pictures - {path.name for path in live.data.rglob("*.png")}) == 2
    assert asked(live, "/m", "POST", json={"name": "brief", "classes": ["one", "two"]}).status_code == 201
    eventually(lambda: everywhere(live, "/m/brief/dataset", 200), "the new one is everywhere")
    assert {tuple(asked(live, "/m/brief/dataset").json()["labels"]) for _ in range(8)} == {("one", "two")}


def test_a_retrain_waits_for_another_models_and_is_not_deleted_meanwhile(live: LiveServer) -> None:
    assert make(live, "patient", SHAPES).status_code == 201
    for label in SHAPES:
        files = [("files", (name, data, "image/png")) for name, data in some(label, 14, 2)]
        assert live.post("/m/patient/upload", files=files, data={"labels": [label] * 14}).json()["count"] == 14
    memory = memory_in(live.folder)
    job = memory.jobs.create({}, "a test", {}).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    started = live.post("/m/patient/retrain", json={"epochs": 1})
    assert started.status_code == 202, started.text
    where = started.headers["Location"]
    assert where.startswith("/m/patient/retrain/jobs/")
    queued = live.get(where).json()
    assert (queued["state"], queued["waits_for"]) == ("queued", {"job": job, "model": "digits"})
    kept = live.client.delete(live.url + "/m/patient")
    assert (kept.status_code, kept.json()["code"]) == (409, "conflict")
    lease.end(outcome("failed", reason="it was a test's"))
    memory.close()
    taken = eventually(lambda: (now := live.get(where).json())["state"] != "queued" and now, "a trainer takes it up")
    assert taken["waits_for"] is None
    assert live.client.delete(live.url + where).status_code == 202
    eventually(lambda: (live.get(where).json()["result"] or {}).get("state") == "cancelled", "the end of the job")
    assert live.client.delete(live.url + "/m/patient").status_code == 200
    assert live.get(where).status_code == 404


def test_after_a_restart_all_are_there(tmp_path: Path, digits: Digits) -> None:
    picture = {"file": ("a.png", digits.png(0), "image/png")}
    with LiveServer(tmp_path) as server:
        published(server, "pets")
        before = server.post("/m/pets/predict", files=picture).json()
        stats = server.get("/m/pets/stats").json()
        assert (stats["answers"]["labels"], stats["answers"]["confidence_at_most"]["+Inf"]) == ({before["label"]: 1}, 1)
        assert server.get("/stats").json()["answers"]["labels"] == {}
        counted = server.get("/metrics").text
        assert 'relearn_requests_total{method="POST",route="/m/{name}/predict",status="200"} 1.0' in counted
        server.stop()
        server.start()
        assert server.post("/m/pets/predict", files=picture).json() == before
        assert [each["name"] for each in server.get("/m").json()["models"]] == ["digits", "pets"]
        assert server.client.delete(server.url + "/m/pets").status_code == 200
        assert not (server.artifacts / "models/pets").exists()
        assert server.stop() == 0
    assert not [line for line in server.log if "ERROR" in line or "Traceback" in line]
