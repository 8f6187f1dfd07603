"""Which calls' pictures are kept with --collect: those that docs/privacy.md says, and no others."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput

from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, GrpcServer
from tests.studio import CONFIG
from tests.system.test_label_studio import data_uri
from tests.system.test_many_models import published
from tests.tiny import memory_in, publish_tiny

PAGE = ROOT / "docs/privacy.md"
OTHER = "1"  # which does not serve


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcServer]:
    folder = tmp_path_factory.mktemp("kept")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory)
    memory.versions.promote("0", "a test", "", OTHER)
    memory.close()
    flags = ("--trainer", "none", "--collect", "--collect-share", "1", "--collect-an-hour", "400")
    with GrpcServer(folder, *flags) as server:
        published(server, "pets")
        yield server


class Calls:
    """Each call that is asked about one picture, by the name that the page has for it; another picture each time."""

    def __init__(self, live: GrpcServer, digits: Digits) -> None:
        self._live = live
        self._digits = digits
        self._position = 0
        v2 = "POST /v2/models/{name}/infer"
        self.all: dict[str, Callable[[], object]] = {
            "POST /predict": lambda: self._post("/predict", content=self._png(), headers={"Content-Type": "image/png"}),
            "POST /predict/batch": lambda: self._post("/predict/batch", files=[("files", ("a", self._png()))]),
            v2: lambda: self._infer("/v2/models/digits/infer"),
            "POST /v2/models/{name}/versions/{version}/infer": lambda: self._infer(
                "/v2/models/digits/versions/0/infer"
            ),
            "ModelInfer": lambda: self._grpc(""),
            "POST /label-studio/predict": self._studio,
            "POST /m/{name}/predict": lambda: self._post(
                "/m/pets/predict", content=self._png(), headers={"Content-Type": "image/png"}
            ),
            "POST /v2 of another version": lambda: self._infer(f"/v2/models/digits/versions/{OTHER}/infer"),
            "ModelInfer of another version": lambda: self._grpc(OTHER),
            "POST /upload": lambda: self._post(
                "/upload", files=[("files", ("a.png", self._png()))], data={"labels": str(self._class())}
            ),
            "GET /dataset/images?against=version": lambda: live.get(
                "/dataset/images?against=version"
            ).raise_for_status(),
        }

    def _png(self) -> bytes:
        self._position += 1
        return self._digits.png(self._position)

    def _class(self) -> int:
        return int(self._digits.classes[self._position])

    def _post(self, path: str, **options: object) -> None:
        self._live.post(path, **options).raise_for_status()

    def _image(self) -> np.ndarray:
        self._position += 1
        return self._digits.images[self._position : self._position + 1, :, :, None]

    def _infer(self, path: str) -> None:
        image = self._image()
        given = {"name": "image", "shape": list(image.shape), "datatype": "UINT8", "data": image.tolist()}
        self._post(path, json={"inputs": [given]})

    def _grpc(self, version: str) -> None:
        image = self._image()
        with InferenceServerClient(self._live.address) as client:
            given = InferInput("image", list(image.shape), "UINT8").set_data_from_numpy(image)
            client.infer("digits", [given], model_version=version)

    def _studio(self) -> None:
        tasks = [{"id": 1, "data": {"image": data_uri(self._png())}}]
        self._post("/label-studio/predict", json={"tasks": tasks, "label_config": CONFIG, "project": "1.1"})


def kept(live: GrpcServer) -> int:
    """How many samples there are, of all models."""
    return sum(int(live.get(f"{under}/samples?state=any").json()["count"]) for under in ("", "/m/pets"))


def of_page() -> dict[bool, set[str]]:
    """What the page's table says of each call: whether it is kept."""
    table: dict[bool, set[str]] = {True: set(), False: set()}
    for names, said in re.findall(r"^\| (.*`.*) \| (kept|not kept).* \|$", PAGE.read_text(), re.MULTILINE):
        table[said == "kept"] |= set(re.findall(r"`([^`]+)`", names))
    return table


def test_what_is_kept_is_of_the_calls_that_the_page_names(live: GrpcServer, digits: Digits) -> None:
    calls, answered = Calls(live, digits), set()
    for name, ask in calls.all.items():
        before = kept(live)
        ask()
        if name in of_page()[True]:
            eventually(lambda: kept(live) == before + 1, f"the sample of {name}")  # noqa: B023
            answered.add(name)
    calls.all["POST /predict"]()  # once that is kept, whatever was asked before would be
    eventually(lambda: kept(live) > len(answered), "one more")
    assert kept(live) == len(answered) + 1
    assert of_page() == {True: answered, False: set(calls.all) - answered}
