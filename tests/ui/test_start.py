"""The page's own start: few bytes, nothing from elsewhere, types that hold."""

import subprocess
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from server.routes.page import without_comments
from tests.live import ROOT, LiveServer
from tests.ui.conftest import NODE, OpenPage

LIMIT_BYTES = 150_000
LOADED = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .map(({ name, encodedBodySize }) => [name, encodedBodySize])"""


def test_the_whole_page_is_small_and_all_its_own(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    for view in ("teach", "retrain", "models", "health"):
        page.goto(f"{server.url}/#{view}")
        expect(page.get_by_role("heading", level=1).filter(visible=True)).to_have_text(view.capitalize())
    loaded = dict(page.evaluate(LOADED))  # what is asked for again, since it may have changed, counts once
    assert {urlsplit(name).netloc for name in loaded} == {urlsplit(server.url).netloc}
    assert len(loaded) > 20
    assert sum(loaded.values()) < LIMIT_BYTES


def test_what_a_browser_has_is_not_sent_again(server: LiveServer) -> None:
    first = server.get("/app/main.js", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.content == without_comments((ROOT / "ui/app/main.js").read_bytes())
    again = server.get("/app/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = server.get("/app/main.js", headers={"Accept-Encoding": "identity", "If-None-Match": '"other"'})
    assert (plain.status_code, plain.content) == (200, first.content)
    assert plain.headers["Content-Type"].startswith("text/javascript")


def test_only_comments_are_not_sent(server: LiveServer) -> None:
    for path in sorted([*(ROOT / "ui").rglob("*.js"), *(ROOT / "ui").rglob("*.css")]):
        written = path.read_text().splitlines()
        sent = server.get(f"/{path.relative_to(ROOT / 'ui').as_posix()}").text.splitlines()
        sent += [""] * (len(written) - len(sent))
        inside = False
        for line, (before, after) in enumerate(zip(written, sent, strict=True), 1):
            text = before.strip()
            starts = text.startswith("/*") and ("*/" not in text or text.endswith("*/"))
            inside = inside or starts
            left_out = inside or text.startswith("//")
            assert after == ("" if left_out else before), f"{path.name}:{line}"
            inside = inside and "*/" not in text


def test_every_file_of_the_page_carries_the_policy(server: LiveServer) -> None:
    for path in ("/", "/index.html", "/app/main.js", "/style/theme.css", "/icon.svg"):
        headers = server.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert server.get("/../pyproject.toml").status_code == 404
    assert server.get("/app/%2e%2e/%2e%2e/pyproject.toml").status_code == 404


def test_the_modules_type_check() -> None:
    compiler = NODE / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("the TypeScript compiler is not installed; make .venv-node/ready installs it with npm")
    done = subprocess.run(
        [str(compiler), "-p", str(ROOT / "tests/ui/jsconfig.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
