"""Whatever waits is bounded in number, bytes and time, and what is beyond is refused at once; the loop stays free."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.digits import Digits, encoded
from tests.live import PLAIN, LiveServer

MB = 2**20


def picture(side: int, mode: str = "L") -> bytes:
    noise = Image.effect_noise((side // 10, side // 10), 90).resize((side, side), Image.Resampling.NEAREST)
    return encoded(noise.convert(mode), "PNG", compress_level=1)


def padded(size: int, digits: Digits) -> bytes:
    """A digit in a PNG of so many bytes."""
    picture = Image.fromarray(digits.images[0])
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "x" * (size - len(encoded(picture, "PNG")) - 20))
    data = encoded(picture, "PNG", pnginfo=words)
    assert len(data) == size
    return data


@contextmanager
def half_sent(server: LiveServer, size: int, body: bytes) -> Iterator[socket.socket]:
    """A request whose body is said to be of that size, and of which this much is there."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as wire:
        head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {size}\r\n\r\n"
        wire.sendall(head.encode() + body)
        yield wire


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def refused(answer: httpx.Response, says: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "busy"), answer.text
    assert says in answer.json()["error"]
    assert answer.headers["Retry-After"]


def post_all(server: LiveServer, path: str, bodies: Sequence[Mapping[str, object]]) -> list[httpx.Response]:
    """All at once, each over a connection of its own."""
    begin = threading.Barrier(len(bodies))

    def one(options: Mapping[str, object]) -> httpx.Response:
        begin.wait()
        return httpx.post(server.url + path, **PLAIN, timeout=120, **options)  # type: ignore[arg-type]

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(one, bodies))


def peak_bytes(server: LiveServer) -> int:
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_bodies_under_way_are_bounded_together(tmp_path: Path, digits: Digits) -> None:
    image = {"headers": {"Content-Type": "image/png"}}
    flags = ("--body-limit-bytes", str(4 * MB), "--bodies-limit-bytes", str(4 * MB))
    with LiveServer(tmp_path, *flags) as server:
        whole = padded(4 * MB, digits)
        assert server.post("/predict", content=whole, **image).json()["prediction"] == digits.classes[0]
        refused_large = server.post("/predict", content=whole + b"x", **image)
        assert (refused_large.status_code, refused_large.json()["code"]) == (413, "body_too_large")
        with half_sent(server, 2 * MB, whole[: MB + 1]) as wire:
            eventually(lambda: server.post("/predict", content=padded(3 * MB, digits), **image).status_code == 503)
            refused(server.post("/predict", content=padded(3 * MB, digits), **image), "requests hold")
            for path in ("/upload", "/predict/batch"):
                form = {"files": {"files": ("a.png", padded(3 * MB, digits))}, "data": {"labels": "7"}}
                refused(server.post(path, **form), "requests hold")
            assert server.post("/predict", content=padded(MB, digits), **image).status_code == 200
            assert server.predict(digits.png(0)).status_code == 200
            wire.sendall(whole[MB + 1 : 2 * MB])
            assert wire.recv(12) == b"HTTP/1.1 422"  # the padding is cut
        assert server.post("/predict", content=whole, **image).status_code == 200
        with half_sent(server, 2 * MB, whole[:MB]):
            pass  # whoever leaves gives back what it held
        eventually(lambda: server.post("/predict", content=whole, **image).status_code == 200)


def test_large_pictures_wait_in_a_bounded_queue(tmp_path: Path) -> None:
    data = picture(3000, "RGB")
    with LiveServer(tmp_path, "--threads-queue-limit", "1", "--queue-timeout-seconds", "60") as server:
        raw = {"content": data, "headers": {"Content-Type": "image/png"}}
        upload = {"files": {"files": ("a.png", data)}, "data": {"labels": "7"}}
        assert {answer.status_code for answer in post_all(server, "/predict", [raw] * 3)} <= {200, 422}
        answers = post_all(server, "/predict", [raw] * 12)
        taken = [answer for answer in answers if answer.status_code in (200, 422)]
        assert 3 <= len(taken) < 12
        for answer in answers:
            if answer not in taken:
                refused(answer, "only 1 requests may wait")
        slowest_refusal = max(each.elapsed for each in answers if each not in taken)
        assert slowest_refusal < max(each.elapsed for each in taken)
        answers = post_all(server, "/upload", [upload] * 12)
        assert {answer.status_code for answer in answers} <= {201, 422, 503}
        assert 503 in {answer.status_code for answer in answers}


def test_large_pictures_wait_no_longer_than_the_limit(tmp_path: Path) -> None:
    data = picture(4000, "RGB")
    with LiveServer(tmp_path, "--queue-timeout-seconds", "0.05") as server:
        answers = post_all(server, "/predict", [{"content": data, "headers": {"Content-Type": "image/png"}}] * 12)
        late = [answer for answer in answers if answer.status_code not in (200, 422)]
        assert late
        for answer in late:
            refused(answer, "waited over 0.05 s")


@pytest.mark.long(seconds=3)
def test_eighty_requests_of_thirteen_megabytes(tmp_path: Path, digits: Digits) -> None:
    raw = {"content": padded(13 * MB, digits), "headers": {"Content-Type": "image/png"}}
    with LiveServer(tmp_path, "--queue-limit", "32") as server:
        server.predict(digits.png(0))
        before = peak_bytes(server)
        answers = post_all(server, "/predict", [raw] * 80)
        for answer in answers:
            if answer.status_code != 200:
                refused(answer, "busy")
        assert {answer.status_code for answer in answers} >= {200}
        # 256 MiB of bodies, and what two threads join and read at once
        assert peak_bytes(server) - before < 500 * MB
        assert server.predict(digits.png(0)).status_code == 200


@pytest.mark.long(seconds=4)
def test_many_pixels_in_few_bytes_take_what_is_stated(tmp_path: Path, digits: Digits) -> None:
    sixteen = encoded(Image.fromarray(np.zeros((6300, 6300), np.uint16)), "PNG")
    assert len(sixteen) < 100_000
    upload = {"files": {"files": ("a.png", sixteen)}, "data": {"labels": "7"}}
    with LiveServer(tmp_path) as server:
        server.predict(digits.png(0))
        before = peak_bytes(server)
        assert {answer.status_code for answer in post_all(server, "/upload", [upload] * 8)} <= {422, 503}  # it is blank
        assert peak_bytes(server) - before < 2 * 128 * MB + 50 * MB
    with LiveServer(tmp_path, "--image-limit-bytes", str(2 * 6300 * 6300 - 1)) as server:
        answer = server.predict(sixteen)
        assert (answer.status_code, answer.json()["code"]) == (413, "image_too_large")


def test_json_is_taken_up_to_its_limit(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--json-limit-bytes", "1000", "--trainer", "none") as server:
        for size, status in ((999, 422), (1000, 422), (1001, 413)):
            body = b'{"nothing":"' + b"x" * (size - 14) + b'"}'
            assert len(body) == size
            assert server.post("/retrain", content=body).status_code == status
        assert server.post("/models/0/promote", content=b" " * 1001).status_code == 413


@pytest.mark.long(seconds=4)
def test_small_predictions_have_their_turn_beside_batches_of_drawings(server: LiveServer, digits: Digits) -> None:
    rgba = Image.effect_noise((300, 300), 90).convert("RGBA")
    rgba.putalpha(Image.effect_noise((300, 300), 90))
    files = [("files", (f"{number}.png", encoded(rgba, "PNG"))) for number in range(64)]
    stop, answered = threading.Event(), []

    def ask() -> None:
        with httpx.Client(**PLAIN, timeout=60) as client:
            while not stop.is_set():
                answer = client.post(
                    server.url + "/predict", content=digits.png(0), headers={"Content-Type": "image/png"}
                )
                assert answer.json()["prediction"] == digits.classes[0]
                answered.append(answer)

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: bool(answered))
    before = len(answered)
    answers = post_all(server, "/predict/batch", [{"files": files}] * 4)
    meanwhile = len(answered) - before
    stop.set()
    asking.join()
    assert {answer.status_code for answer in answers} == {200}
    assert meanwhile > 4 * 64 / 8  # at least every eighth drawing; without turns hardly one a batch


def test_the_pictures_of_an_upload_are_counted(tmp_path: Path, digits: Digits) -> None:
    data = encoded(Image.fromarray(digits.images[0]).resize((320, 320)).convert("RGB"), "PNG")
    flags = ("--body-limit-bytes", str(MB), "--bodies-limit-bytes", str(MB))
    with LiveServer(tmp_path, *flags) as server:
        few, many = ({"files": [("files", ("a.png", data))] * number} for number in (1, 20))
        assert 20 * len(data) < MB
        assert server.post("/upload", data={"labels": ["7"]}, **few).status_code == 201
        answer = server.post("/upload", data={"labels": ["7"] * 20}, **many)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert server.post("/upload", data={"labels": ["7"]}, **few).status_code == 201
