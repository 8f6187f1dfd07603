"""Bad input gets the right 4xx, a sentence that says what to do, and stores nothing."""

import re
import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.routing import compile_path

from tests.calls import calls
from tests.digits import Digits, encoded, png_of
from tests.live import LiveServer


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """The sentence of an error, after its form was checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-ID"]
    assert set(answer.json()) == {"error", "code"}
    assert answer.json()["code"] == code
    assert "Traceback" not in answer.text
    return str(answer.json()["error"])


def stored(server: LiveServer) -> int:
    return int(server.get("/dataset").json()["count"])


@contextmanager
def nothing_stored(server: LiveServer) -> Iterator[None]:
    before = stored(server)
    yield
    assert stored(server) == before


def bomb() -> bytes:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(10_000_000), 9)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"not a picture", 415, "unsupported_type"),
        (b"", 422, "unusable_image"),
        (b"%PDF-1.4", 415, "unsupported_type"),
        (b"\x89PNG\r\n\x1a\n", 422, "unusable_image"),
        (png_of(np.zeros((28, 28), np.uint8)), 422, "unusable_image"),
        (png_of(np.full((280, 280), 255, np.uint8)), 422, "unusable_image"),
        (png_of(np.zeros((1, 1), np.uint8)), 422, "unusable_image"),
        (png_of(np.zeros((1, 10_000), np.uint8)), 422, "unusable_image"),
        (bomb(), 413, "image_too_large"),
    ],
    ids=["text", "empty", "pdf", "only a signature", "black", "white", "1x1", "10000x1", "bomb"],
)
def test_a_file_that_is_no_picture_of_a_digit(server: LiveServer, data: bytes, status: int, code: str) -> None:
    refused(server.predict(data), status, code)
    with nothing_stored(server):
        refused(server.upload([("a.png", data)], ["7"]), status, code)


def test_a_body_that_is_too_large(server: LiveServer) -> None:
    sentence = refused(server.predict(bytes(100 * 2**20)), 413, "body_too_large")
    assert "33,554,432 bytes" in sentence
    with nothing_stored(server):
        refused(server.upload([("a.png", bytes(100 * 2**20))], ["7"]), 413, "body_too_large")
    endless = (bytes(2**20) for _ in range(60))
    refused(server.post("/predict", content=endless, headers={"Content-Type": "image/png"}), 413, "body_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_another_content_type(server: LiveServer, digits: Digits, kind: str) -> None:
    headers = {"Content-Type": kind}
    refused(server.post("/predict", content=digits.png(0), headers=headers), 415, "unsupported_type")
    refused(server.post("/upload", content=b"a=1&" * 1000, headers=headers), 415, "unsupported_type")


@pytest.mark.parametrize("kind", ["application/octet-stream", "binary/octet-stream", "Binary/Octet-Stream; x=y", None])
def test_a_body_without_a_telling_type_is_taken_by_its_first_bytes(
    server: LiveServer, digits: Digits, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert server.post("/predict", content=digits.png(0), headers=headers).json()["prediction"] == digits.classes[0]
    refused(server.post("/predict", content=b"hello", headers=headers), 415, "unsupported_type")


@pytest.mark.parametrize(
    "label", ["11", "-1", "3.0", "", "seven", "<script>alert(1)</script>", "\uff13", "7\x00", "x" * 10**6]
)
def test_a_label_that_is_none(server: LiveServer, digits: Digits, label: str) -> None:
    with nothing_stored(server):
        sentence = refused(server.upload([("a.png", digits.png(0))], [label]), 422, "unusable_label")
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in sentence
    assert len(sentence) < 300


@pytest.mark.parametrize("labels", [[], ["7", "2", "1"], ["7,2,1"], ["7"]])
def test_labels_that_do_not_match_the_files(server: LiveServer, digits: Digits, labels: list[str]) -> None:
    files = [("a.png", digits.png(0)), ("b.png", digits.png(1))]
    with nothing_stored(server):
        assert "2 files" in refused(server.upload(files, labels), 400, "malformed")


def test_no_files_and_no_form(server: LiveServer) -> None:
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(server.post("/upload", content=b"--x--\r\n", headers=boundary), 400, "malformed")
    refused(server.post("/upload", content=b"nothing like it", headers=boundary), 400, "malformed")
    refused(server.post("/predict", content=b"--x\r\n", headers=boundary), 400, "malformed")
    refused(server.post("/predict", headers={"Content-Type": "multipart/form-data"}), 400, "malformed")


def test_one_bad_file_among_ten_is_named_and_nine_are_stored(server: LiveServer, digits: Digits) -> None:
    files = [(f"{position}.png", digits.png(position)) for position in range(20, 30)]
    files[4] = ("../../<b>four</b>.png", b"oops")
    labels = [str(digits.classes[position]) for position in range(20, 30)]
    before = stored(server)
    answer = server.upload(files, labels)
    content = answer.json()
    assert answer.status_code == 201
    assert (content["message"], content["count"]) == ("Uploaded 9 images successfully", 9)
    assert [(entry["file"], entry["code"]) for entry in content["refused"]] == [
        ("../../<b>four</b>.png", "unsupported_type")
    ]
    assert stored(server) == before + 9
    again = server.upload(files[:3], labels[:3]).json()
    assert (again["count"], again["batch"], again["duplicates"]) == (0, None, ["20.png", "21.png", "22.png"])
    found = [path for path in server.data.rglob("*") if path.is_file() and path.suffix == ".png"]
    assert len(found) == before + 9
    assert all(len(path.stem) == 64 for path in found)


def test_unknown_routes_and_methods(server: LiveServer) -> None:
    refused(server.get("/nothing"), 404, "not_found")
    refused(server.get("/retrain/jobs/7"), 404, "not_found")
    refused(server.get("/models/7"), 404, "not_found")
    for nowhere in ("7", "0" * 64, "%00", "9" * 30, "²"):
        for path in ("/retrain/jobs/{}", "/retrain/jobs/{}/log", "/retrain/jobs/{}/events", "/models/{}"):
            refused(server.get(path.format(nowhere)), 404, "not_found")
        for path in ("/dataset/images/{}/accept", "/dataset/images/{}/reject", "/models/{}/promote"):
            refused(server.post(path.format(nowhere)), 404, "not_found")
        for path in ("/dataset/images/{}", "/dataset/batches/{}", "/retrain/jobs/{}"):
            refused(server.client.delete(server.url + path.format(nowhere)), 404, "not_found")
    answer = server.client.put(server.url + "/predict")
    refused(answer, 405, "method_not_allowed")
    refused(server.get("/upload"), 405, "method_not_allowed")


def test_every_path_says_which_methods_it_is_for(server: LiveServer) -> None:
    there = calls()
    for _, path in there:
        concrete = re.sub(r"\{[^}]+\}", "1", path)
        methods = {method for method, other in there if other == concrete}
        methods = methods or {method for method, other in there if compile_path(other)[0].fullmatch(concrete)}
        expected = ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))
        answer = server.client.patch(server.url + concrete)
        refused(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == expected, path
        assert expected in answer.json()["error"]
        answer = server.client.options(server.url + concrete)
        assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, expected, b""), path
    refused(server.client.options(server.url + "/nothing"), 404, "not_found")


def test_a_head_is_the_answer_without_its_body(server: LiveServer) -> None:
    for path in ("/", "/livez", "/models", "/openapi.json", "/nothing"):
        whole, head = server.get(path), server.client.head(server.url + path)
        assert head.content == b""
        assert head.status_code == whole.status_code
        for name in ("Content-Type", "Content-Length", "ETag"):
            assert head.headers.get(name) == whole.headers.get(name), (path, name)


@pytest.mark.parametrize(
    "path",
    [
        "//etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/../server/app.py",
        "/ui/index.html",
        "/index.html%00",
        "/etc/passwd",
    ],
)
def test_nothing_outside_the_page_can_be_read(server: LiveServer, path: str) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.split(b" ")[1] == b"404", answer[:200]


@pytest.mark.parametrize(
    "path", ["0/report/..%2f..%2fmanifest.json", "0/report/%2e%2e", "0%2f..%2f..%2fx/report/a", "..%2f..%2f"]
)
def test_nothing_outside_a_report_can_be_read(server: LiveServer, path: str) -> None:
    refused(server.get(f"/models/{path}"), 404, "not_found")


@pytest.mark.parametrize(
    "request_line",
    [b"GET / HTTP/9.9", b"nonsense", b"GET  /  HTTP/1.1 x", b"POST /predict HTTP/1.1\r\nContent-Length: -5"],
)
def test_what_is_no_http_gets_the_same_shape(server: LiveServer, request_line: bytes) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as wire:
        wire.sendall(request_line + b"\r\nHost: localhost\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "malformed"' in answer


@pytest.mark.parametrize("options", [{"epochs": 0}, {"epochs": "many"}, {"dataset": "/etc"}, {"seed": 1.5}])
def test_an_option_that_no_retrain_has(server: LiveServer, options: dict[str, object]) -> None:
    refused(server.post("/retrain", json=options), 422, "unusable_option")
    refused(server.post("/retrain", content=b"[1]"), 400, "malformed")
    refused(server.post("/retrain", content=b"{" * 10_000), 400, "malformed")
    for depth in (300, 900, 1500):  # where the parser, or what looks at its text, goes too deep
        nested = b'{"seed":' * depth + b"1" + b"}" * depth
        assert server.post("/retrain", content=nested).status_code in (400, 422)
    refused(server.post("/retrain", content=rb'{"seed": "\ud800"}'), 400, "malformed")
    refused(server.post("/retrain?wait=perhaps"), 400, "malformed")
    assert server.get("/retrain/jobs").json() == {"jobs": [], "next": None, "waiting": None}


@pytest.mark.parametrize("path", ["/dataset/batches", "/dataset/images", "/models", "/retrain/jobs"])
@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-1", "limit=²", "before=x", "before=1.5"])
def test_a_page_that_there_can_not_be(server: LiveServer, path: str, query: str) -> None:
    refused(server.get(f"{path}?{query}"), 400, "malformed")


def test_a_split_that_there_is_not(server: LiveServer) -> None:
    refused(server.get("/dataset/images?split=validation"), 400, "malformed")


def test_a_page_of_another_site_changes_nothing(server: LiveServer, digits: Digits) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        for path in ("/retrain", "/upload", "/models/0/promote"):
            refused(server.post(path, headers=headers), 403, "forbidden")
    assert server.get("/retrain/jobs").json() == {"jobs": [], "next": None, "waiting": None}
    answer = server.post(
        "/predict", headers={"Origin": "http://evil.example"}, files={"file": ("a.png", digits.png(0), "image/png")}
    )
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_a_huge_photograph_within_the_limits_is_not_refused_for_its_size(server: LiveServer) -> None:
    noise = encoded(Image.effect_noise((3000, 2000), 60), "JPEG", quality=60)
    assert server.predict(noise).status_code in (200, 422)


def test_ranges_are_not_honoured(server: LiveServer, digits: Digits) -> None:
    server.upload([("a.png", digits.png(9))], [str(digits.classes[9])], source="correction")
    picture = server.get("/dataset/images").json()["images"][0]["sha256"]
    server.client.headers["Accept-Encoding"] = "identity"
    for path in ("/", "/models/0/report/report.html", f"/dataset/images/{picture}"):
        whole = server.get(path)
        for wanted in ("bytes=0-0", "bytes=" + ",".join(["0-0"] * 1000)):
            answer = server.get(path, headers={"Range": wanted})
            assert (answer.status_code, answer.content) == (200, whole.content)
            assert "Accept-Ranges" not in answer.headers
