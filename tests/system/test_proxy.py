"""The service under a path of somebody's site, through nginx as docs/proxy.md configures it, or asked directly."""

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.digits import Digits
from tests.live import PLAIN, ROOT, LiveServer
from tests.programs import needed

START_SECONDS = 120.0
FAR = {"X-Forwarded-Prefix": "/digits"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Site:
    """Where people reach the service: through a proxy that takes its prefix off, and one that leaves it on."""

    taken_off: str
    left_on: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx = needed("nginx")
    folder = tmp_path_factory.mktemp("site")
    with LiveServer(folder / "plain") as plain, LiveServer(folder / "prefixed", "--root-path", "/relearn") as prefixed:
        port = free_port()
        text = (ROOT / "docs/proxy.md").read_text().partition("```nginx\n")[2].partition("```")[0]
        ports = {
            "listen 8080": f"listen 127.0.0.1:{port}",
            "http://127.0.0.1:8000/": f"{plain.url}/",
            "http://127.0.0.1:8001": prefixed.url,
        }
        for told, real in ports.items():
            assert told in text
            text = text.replace(told, real)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        http = f"access_log off; error_log {folder}/error.log; {temporary} {text}"
        configuration = folder / "nginx.conf"
        configuration.write_text(f"pid {folder}/pid; daemon off; worker_processes 1; events {{}} http {{ {http} }}")
        command = [nginx, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
        with subprocess.Popen(command) as process:
            try:
                wait_for(port)
                url = f"http://127.0.0.1:{port}"
                yield Site(f"{url}/digits", f"{url}/relearn")
            finally:
                process.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.fixture(params=["taken_off", "left_on"])
def base(request: pytest.FixtureRequest, site: Site) -> str:
    return str(getattr(site, request.param))


def test_every_kind_of_call_works_through_a_proxy(base: str, digits: Digits) -> None:
    with httpx.Client(base_url=base, **PLAIN, timeout=60) as client:
        png = digits.png(0)
        answer = client.post("/predict", files={"file": ("a.png", png, "image/png")})
        assert answer.json()["prediction"] == digits.classes[0]
        batch = client.post("/predict/batch", files=[("files", ("a.png", png, "image/png"))])
        assert batch.json()["predictions"][0]["prediction"] == digits.classes[0]
        same_page = {"Origin": base.rpartition("/")[0]}
        label = str(digits.classes[0])
        stored = client.post("/upload", files={"files": ("a.png", png)}, data={"labels": label}, headers=same_page)
        assert stored.status_code == 201, stored.text
        (image,) = client.get("/dataset/images").json()["images"]
        assert client.get(f"/dataset/images/{image['sha256']}").status_code == 200
        assert client.get("/nothing").json()["code"] == "not_found"


def test_what_a_retrain_names_is_where_the_client_finds_it(base: str) -> None:
    with httpx.Client(base_url=base, **PLAIN, timeout=60) as client:
        begun = client.post("/retrain", json={"force": True, "epochs": 1})
        assert begun.status_code == 202, begun.text
        try:
            place = begun.headers["Location"]
            assert place == base[base.index("/", 8) :] + f"/retrain/jobs/{begun.json()['job']}"
            found = client.get(httpx.URL(base).join(place))
            assert found.json()["job"] == begun.json()["job"]
            again = client.post("/retrain", json={"force": True})
            assert (again.status_code, again.headers["Location"]) == (409, place)
            with client.stream("GET", f"/retrain/jobs/{begun.json()['job']}/events") as events:
                assert next(events.iter_lines())
        finally:
            client.delete(f"/retrain/jobs/{begun.json()['job']}")


def test_the_bare_prefix_leads_to_the_page(site: Site) -> None:
    for base in (site.taken_off, site.left_on):
        answer = httpx.get(base, **PLAIN)
        assert answer.status_code in (301, 308)
        assert httpx.URL(base).join(answer.headers["Location"]).path == httpx.URL(base).path + "/"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server without a trainer, whose job waits."""
    with LiveServer(tmp_path_factory.mktemp("waiting"), "--trainer", "none") as live:
        live.post("/retrain", json={"force": True})
        yield live


@pytest.mark.parametrize(
    ("prefix", "place"),
    [
        ("/digits", "/digits/retrain/jobs/1"),
        ("/a/b.c_d/", "/a/b.c_d/retrain/jobs/1"),
        ("//evil.example", "/retrain/jobs/1"),
        ("https://evil.example", "/retrain/jobs/1"),
        ("/a b", "/retrain/jobs/1"),
        ("/", "/retrain/jobs/1"),
        ("", "/retrain/jobs/1"),
        ("/\\evil.example", "/retrain/jobs/1"),
    ],
)
def test_only_a_path_is_taken_for_a_prefix(waiting: LiveServer, prefix: str, place: str) -> None:
    answer = waiting.post("/retrain", json={"force": True}, headers={"X-Forwarded-Prefix": prefix})
    assert (answer.status_code, answer.headers["Location"]) == (409, place)


def test_a_prefix_is_believed_from_trusted_proxies_only(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--trusted-proxies", "192.0.2.1") as live:
        assert live.post("/retrain", json={"force": True}, headers=FAR).headers["Location"] == "/retrain/jobs/1"


def test_a_root_path_is_taken_off_once_and_only_there(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--root-path", "/predict") as live:
        assert live.predict(digits.png(0)).status_code == 200
        assert live.post("/predict/predict", content=digits.png(0)).status_code == 200
        assert live.get("/predict/livez").status_code == 200
        assert live.get("/livez").status_code == 200  # a probe of the machine's own knows no prefix
        assert live.get("/predictlivez").status_code == 404
