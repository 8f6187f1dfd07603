"""HTTP as clients speak it, by those clients: each predicts, uploads, and reads errors.

Each program of clients/ makes five calls, and prints of each the body and the status in a line: a picture as a form;
one as the body, of a length that it does not say; an upload of two, one of them so large that some clients ask before
they send it; a retrain with options that can't be; and a body that is refused for its size while it is being sent.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.programs import needed, skip_without

CLIENTS = Path(__file__).with_name("clients")
NODE = ROOT / ".venv-node" / "node_modules"
BOUND_SECONDS = 300  # Go and Java compile first, on a machine that may be busy
LARGE_SIDE = 700  # pixels: 1.5 MB as a bitmap in colour
BODY_LIMIT_BYTES = 4 * 2**20
HUGE_BYTES = 24 * 2**20  # more than lies in the buffers between two processes

PYTHON = (sys.executable, "-B", "-W", "error")
PROGRAMS: dict[str, tuple[str, ...]] = {
    "curl": ("sh", "curl.sh"),
    "curl --http2": ("sh", "curl.sh"),
    "requests": (*PYTHON, "with_requests.py"),
    "httpx": (*PYTHON, "with_httpx.py"),
    "aiohttp": (*PYTHON, "with_aiohttp.py"),
    "Node's fetch": ("node", "fetch.mjs"),
    "axios": ("node", "axios.cjs"),
    "Java's HttpClient": ("java", "Client.java"),
    "Go's net/http": ("go", "run", "client.go"),
    "PHP's curl": ("php", "client.php"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("clients"), "--body-limit-bytes", str(BODY_LIMIT_BYTES)) as live:
        yield live


def skip_without_what_it_needs(client: str) -> None:
    program = PROGRAMS[client][0]
    if program == "sh":
        needed("curl")
    elif program != sys.executable:
        needed(program)
    if client == "axios" and not (NODE / "axios").is_dir():
        pytest.skip("axios is not installed; make .venv-node/ready installs it with npm")
    if program == "php" and "curl" not in subprocess.check_output(["php", "-m"], text=True).split():
        skip_without("php")  # of its two packages one is missing


@pytest.mark.parametrize("client", PROGRAMS)
def test_a_client_predicts_uploads_and_reads_errors(
    server: LiveServer, digits: Digits, tmp_path: Path, client: str
) -> None:
    skip_without_what_it_needs(client)
    first = 2 * list(PROGRAMS).index(client)
    labels = [str(digits.classes[first]), str(digits.classes[first + 1])]
    picture, large, huge = tmp_path / "digit.png", tmp_path / "large.bmp", tmp_path / "huge.png"
    picture.write_bytes(digits.png(first))
    Image.fromarray(digits.images[first + 1]).convert("RGB").resize((LARGE_SIDE, LARGE_SIDE)).save(large)
    huge.write_bytes(bytes(HUGE_BYTES))
    given = [server.url, str(picture), labels[0], str(large), labels[1], str(huge)]
    command = [*PROGRAMS[client], *given, *(["--http2"] if client == "curl --http2" else [])]
    own = {"NODE_PATH": str(NODE), "GOCACHE": str(tmp_path / "go"), "GO111MODULE": "off", "NO_PROXY": "127.0.0.1"}
    run = subprocess.run(
        command, cwd=CLIENTS, env=os.environ | own, capture_output=True, text=True, timeout=BOUND_SECONDS, check=False
    )
    lines = run.stdout.splitlines()
    assert (run.returncode, run.stderr, len(lines)) == (0, "", 5), (run.stdout + run.stderr)[-2000:]
    answers = [(json.loads(body), int(status)) for body, _, status in (line.rpartition(" ") for line in lines)]
    (predicted, streamed, uploaded, refused, too_large), statuses = zip(*answers, strict=True)
    assert statuses == (200, 200, 201, 422, 413)
    assert predicted["label"] == streamed["label"] == labels[0]
    assert np.allclose(predicted["probabilities"], streamed["probabilities"], atol=1e-5)
    assert uploaded["count"] == 2, uploaded
    kept = [image for image in server.get("/dataset/images").json()["images"] if image["batch"] == uploaded["batch"]]
    assert sorted(image["label"] for image in kept) == sorted(labels)
    assert "epochs" in refused["error"]
    assert too_large["code"] == "body_too_large"
