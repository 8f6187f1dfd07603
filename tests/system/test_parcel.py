"""A version leaves the service as a folder that others can use: looked at here with nothing of ours."""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from server.client.client import Client
from server.client.errors import NotThere
from server.command.main import relearn
from tests.live import LiveServer
from tests.tiny import memory_in, publish_tiny


def test_a_version_is_a_zip_with_its_card_and_all_files_of_its_manifest(
    server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = server.get("/models/0/archive")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="digits-0.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    listed = json.loads((tmp_path / "manifest.json").read_text())["files"]
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {"README.md", "manifest.json", *listed}
    for file, entry in listed.items():
        assert hashlib.sha256((tmp_path / file).read_bytes()).hexdigest() == entry["sha256"]
    text = (tmp_path / "README.md").read_text()
    (result,) = yaml.safe_load(text.split("---\n")[1])["model-index"][0]["results"]
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert result["metrics"][0] == {"type": "accuracy", "value": report["metrics"]["test"]["accuracy"]}
    assert server.get("/models/0/report/card.md").text == text
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    exec(code[0], scope)  # noqa: S102 - what the card tells people to run
    assert scope["answers"][0].shape == (1, 10)
    same = server.get("/models/0/archive", headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert server.get("/models/0/archive").content == answer.content


def test_a_shell_and_a_program_get_it(server: LiveServer, tmp_path: Path) -> None:
    target = tmp_path / "digits-0.zip"
    words = ["--url", server.url, "models", "export", "0", str(target)]
    done = CliRunner().invoke(relearn, [*words, "--json"])
    assert json.loads(done.stdout) == {"target": str(target), "bytes": target.stat().st_size}
    again = CliRunner().invoke(relearn, words)
    assert (again.exit_code, again.stderr) == (1, f"error: {target} is there already\n")
    with Client(server.url) as client, pytest.raises(NotThere):
        client.export_model("77", tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()


def test_what_is_damaged_does_not_leave(server: LiveServer) -> None:
    memory = memory_in(server.folder)
    version = publish_tiny(memory)
    folder = memory.versions.folder(version)
    assert server.get(f"/models/{version}/archive").status_code == 200  # whose report says little
    (folder / "golden.npz").write_bytes(b"damaged")
    answer = server.get(f"/models/{version}/archive")
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/json")
    memory.close()
