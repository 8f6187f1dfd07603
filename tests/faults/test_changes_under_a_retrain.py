"""A dataset that changes while a retrain reads it: the retrain learns from one moment's, and names it."""

from pathlib import Path

import pytest

from tests.digits import SMALL_GATE_MARGIN, mnist, write_small_mnist
from tests.faults.stage import Stage, eventually, job_of
from tests.live import ROOT, TRAINING_SECONDS, LiveServer
from tests.tiny import memory_in

UPLOADS = range(20_000, 20_040)


@pytest.mark.long(seconds=28)
def test_a_retrain_learns_from_the_decision_that_it_names_whatever_is_changed_meanwhile(tmp_path: Path) -> None:
    """One image was removed before it reads, one after, one got another label, and the file of one is lost."""
    stage = Stage(tmp_path / "stage")
    stage.tell("train")
    write_small_mnist(tmp_path / "mnist", 1500, 200)
    flags = ("--dataset", str(tmp_path / "mnist"), "--gate-accuracy-margin", SMALL_GATE_MARGIN)
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path, *flags, environment=stage.environment) as server:
        train = mnist("train")
        files = [(f"{each}.png", train.png(each)) for each in UPLOADS]
        labels = [str(train.classes[each]) for each in UPLOADS]
        assert server.upload(files, labels, source="correction").json()["count"] == len(UPLOADS)
        images = {each["sha256"]: each for each in server.get("/dataset/images?split=train").json()["images"]}
        lost, early, late, relabelled, *_ = images
        path_of = {sha256: server.data / "train" / sha256[:2] / f"{sha256}.png" for sha256 in images}
        path_of[lost].unlink()

        stage.stop_at("before the dataset is read")
        job = server.post("/retrain", json={"epochs": 1, "force": True}).json()["job"]
        stage.reached()
        assert server.client.delete(f"{server.url}/dataset/images/{early}").status_code == 200
        learnt = server.get("/dataset").json()["decision"]
        stage.stop_at("dataset read")
        stage.reached()
        assert server.client.delete(f"{server.url}/dataset/images/{late}").status_code == 200
        other = str((int(images[relabelled]["label"]) + 1) % 10)
        png = path_of[relabelled].read_bytes()
        assert server.upload([("again.png", png)], [other], source="correction").json()["count"] == 1
        assert path_of[late].is_file(), "a file that is being learnt from"
        stage.go()

        eventually(lambda: job_of(server, job)["result"], "the end of the training", TRAINING_SECONDS)
        content = job_of(server, job)
        assert content["state"] in ("published", "refused"), content["result"]
        listed = server.get("/models").json()
        training = [*listed["candidates"], *listed["models"]][0]["training"]
        assert training["decision"] == content["decision"] == learnt
        assert training["uploads_lost"] == 1
        eventually(lambda: not path_of[late].exists(), "a sweep of the removed image")
        now = server.get("/dataset").json()
        assert now["decision"] > learnt
        assert now["count"] == len(UPLOADS) - 2
        answer = server.get(f"/dataset/images/{lost}")
        assert answer.status_code == 500
        assert "is lost" in answer.json()["error"]
        assert server.upload([files[0]], [labels[0]], source="correction").status_code == 201
    memory.close()
