"""Predictions over real sockets are the model's own, in every form a request may have."""

import base64
import http.client
import io
import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from server.pictures.image import Limits, read
from server.settings import Settings
from tests.digits import Digits, encoded, png_of
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer
from tests.programs import needed


def test_as_many_test_digits_are_right_as_the_report_says(server: LiveServer, digits: Digits) -> None:
    report = json.loads((ROOT / "artifacts/baseline/report/report.json").read_bytes())
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    right = 0
    for position, number in enumerate(digits.classes.tolist()):
        connection.request("POST", "/predict", digits.png(position), {"Content-Type": "image/png"})
        right += json.loads(connection.getresponse().read())["prediction"] == number
    connection.close()
    assert right == report["metrics"]["test"]["right"]
    assert right >= 9850


def test_the_answer_has_its_seed_form(server: LiveServer, digits: Digits) -> None:
    answer = server.predict(digits.png(0))
    content = answer.json()
    assert answer.status_code == 200
    assert (content["prediction"], content["label"], content["model_version"]) == (7, "7", "0")
    assert len(content["probabilities"]) == 10
    assert sum(content["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert content["confidence"] == content["probabilities"][7] == max(content["probabilities"])
    stages = [entry.split(";dur=") for entry in answer.headers["Server-Timing"].split(", ")]
    assert [stage for stage, _ in stages] == ["decode", "queue", "infer"]
    assert all(float(milliseconds) >= 0 for _, milliseconds in stages)


def test_curl_as_the_readme_has_it(server: LiveServer, digits: Digits, tmp_path: Path) -> None:
    seven = tmp_path / "seven.png"
    seven.write_bytes(digits.png(0))
    command = [needed("curl"), "-s", "-F", f"file=@{seven}", f"{server.url}/predict"]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["prediction"] == 7


def test_form_and_raw_body_get_the_same_answer(server: LiveServer, digits: Digits) -> None:
    for position in range(20):
        raw = server.post("/predict", content=digits.png(position), headers={"Content-Type": "image/png"})
        assert raw.json() == server.predict(digits.png(position)).json()


def test_a_chunked_body_is_taken(server: LiveServer, digits: Digits) -> None:
    pieces = (bytes([byte]) for byte in digits.png(0))
    answer = server.post("/predict", content=pieces, headers={"Content-Type": "image/png"})
    assert answer.json()["prediction"] == 7


def test_include_input_shows_what_the_model_saw(server: LiveServer, digits: Digits) -> None:
    answer = server.post("/predict?include=input", files={"file": ("a.png", digits.png(3), "image/png")})
    kind, _, data = answer.json()["input"].partition(",")
    assert kind == "data:image/png;base64"
    assert np.array_equal(np.asarray(read(base64.b64decode(data), 1, Limits.of(Settings()))), digits.images[3])


def test_a_batch_is_answered_in_order_with_its_errors_in_place(server: LiveServer, digits: Digits) -> None:
    files = [digits.png(0), b"not a picture", digits.png(1), b"", digits.png(2)]
    answer = server.post("/predict/batch", files=[("files", (f"{n}.png", data)) for n, data in enumerate(files)])
    content = answer.json()
    assert answer.status_code == 200
    assert content["model_version"] == "0"
    assert [entry.get("prediction", entry.get("code")) for entry in content["predictions"]] == [
        7,
        "unsupported_type",
        2,
        "unusable_image",
        1,
    ]
    single = server.predict(digits.png(1)).json()
    assert content["predictions"][2]["probabilities"] == pytest.approx(single["probabilities"], abs=1e-5)


def test_drawn_digits_are_recognised(server: LiveServer, digits: Digits) -> None:
    """Larger, dark on white, off the middle, as PNG with transparency and as JPEG."""
    right = 0
    for position in range(100):
        ink = Image.fromarray(digits.images[position]).resize((120, 120), Image.Resampling.BICUBIC)
        page = Image.new("L", (280, 280), 255)
        page.paste(0, (20 + position, 130 - position), ink)
        form = encoded(page, "JPEG") if position % 2 else encoded(page.convert("RGBA"), "PNG")
        right += server.predict(form).json()["prediction"] == digits.classes[position]
    assert right >= 97


def test_a_batch_larger_than_the_models_is_answered(server: LiveServer, digits: Digits) -> None:
    files = [("files", (f"{position}.png", digits.png(position))) for position in range(300)]
    content = server.post("/predict/batch", files=files).json()
    right = [each["prediction"] == digits.classes[n] for n, each in enumerate(content["predictions"])]
    assert len(right) == 300
    assert np.mean(right) > 0.97


def test_every_request_has_a_line_with_its_id(server: LiveServer, digits: Digits) -> None:
    answer = server.predict(digits.png(0))
    own = server.get("/health", headers={"X-Request-ID": "mine-1.2"})
    hostile = server.get("/health", headers={"X-Request-ID": "a b"})
    assert own.headers["X-Request-ID"] == "mine-1.2"
    assert hostile.headers["X-Request-ID"] != "a b"
    server.get("/metrics")  # which writes what is pending
    own_id = answer.headers["X-Request-ID"]
    lines = eventually(lambda: [line for line in server.access if line.rstrip().endswith(own_id)], "the line")
    assert len(lines) == 1
    assert " POST /predict 200 " in lines[0]
    assert " model=0 " in lines[0]


def test_what_is_no_digit_has_a_score_below_the_threshold(server: LiveServer, digits: Digits) -> None:
    """Noise with a dark border, so that it is taken for MNIST's form and reaches the model as it is."""
    noise = np.zeros((28, 28), np.uint8)
    noise[4:24, 4:24] = np.random.default_rng(1).integers(0, 256, (20, 20))
    familiar = [server.predict(digits.png(position)).json() for position in range(100)]
    foreign = server.predict(png_of(noise)).json()
    assert sum(answer["score"] >= answer["score_threshold"] for answer in familiar) >= 95
    assert foreign["score"] < foreign["score_threshold"]


def test_a_large_photograph_is_answered(server: LiveServer, digits: Digits) -> None:
    page = Image.new("RGB", (4000, 3000), (230, 225, 215))
    ink = Image.fromarray(digits.images[0]).resize((1500, 1500), Image.Resampling.BICUBIC)
    page.paste((30, 30, 60), (1200, 700), ink)
    file = io.BytesIO()
    page.save(file, "JPEG", quality=80)
    assert server.predict(file.getvalue()).json()["prediction"] == 7
