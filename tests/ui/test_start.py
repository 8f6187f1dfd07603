"""The page's own start: few bytes, nothing from elsewhere, types that hold."""

import re
import subprocess
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.service.page import BYTES, INTERACTIVE
from server.routes.terse import terse
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer
from tests.ui.browser import new_page
from tests.ui.conftest import NODE, OpenPage
from tests.ui.views import complete

FIRST_BYTES, ALL_BYTES = 35_000, 90_000  # sent, with nothing in any cache
# A comment beside code, where it can't be part of a string.
BESIDE = re.compile(r"""(?:^|(?<=[\s(\[,.]))/\*\* ?@(?:(?!\*/).)*\*/ | // [^"'`]*$""")
LOADED = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .map(({ name, encodedBodySize }) => [name, encodedBodySize])"""


def test_the_whole_page_is_small_and_all_its_own(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    for view in ("teach", "retrain", "models", "health"):
        page.goto(f"{server.url}/#{view}")
        expect(page.get_by_role("heading", level=1).filter(visible=True)).to_have_text(view.capitalize())
    page.wait_for_function("performance.getEntriesByType('resource').length > 60")
    loaded = dict(page.evaluate(LOADED))  # what is asked for again, since it may have changed, counts once
    assert {urlsplit(name).netloc for name in loaded} == {urlsplit(server.url).netloc}
    assert len(loaded) > 20
    own = {
        name: size
        for name, size in loaded.items()
        if re.search(r"/(app/|style/|texts/|samples/|icon|$)", urlsplit(name).path)
    }
    assert len(own) > 50
    assert sum(own.values()) < ALL_BYTES


def test_the_first_view_needs_little(server: LiveServer, browser: Browser) -> None:
    page = new_page(browser)
    page.add_init_script(INTERACTIVE)
    page.goto(server.url)
    page.locator("canvas.sheet").wait_for()
    sent, _ = page.evaluate(BYTES, page.evaluate("globalThis.interactive"))
    page.context.close()
    assert 20_000 < sent < FIRST_BYTES


def test_nothing_is_fetched_twice(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path) as server:
        complete(open_page(server.url))
        eventually(lambda: any("GET /icon.svg" in line for line in server.access), "the icon")
        asked = Counter(line.split()[2] for line in server.access if " GET " in line)
    assert {path for path, times in asked.items() if times > 1} <= {"/health"}


def test_the_mark_is_the_icon() -> None:
    """It stands in the page itself, since a browser fetches the icon on its own."""
    drawn = re.findall(r"<(?:rect|path|circle) [^>]*/>", (ROOT / "ui/icon.svg").read_text())
    assert drawn
    assert "".join(drawn) in (ROOT / "ui/index.html").read_text()


def test_what_a_browser_has_is_not_sent_again(server: LiveServer) -> None:
    first = server.get("/app/main.js", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.content == terse("main.js", (ROOT / "ui/app/main.js").read_bytes())
    again = server.get("/app/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = server.get("/app/main.js", headers={"Accept-Encoding": "identity", "If-None-Match": '"other"'})
    assert (plain.status_code, plain.content) == (200, first.content)
    assert plain.headers["Content-Type"].startswith("text/javascript")


def test_what_compression_makes_no_smaller_is_sent_as_it_is(server: LiveServer) -> None:
    answer = server.get("/samples/1.png", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.content == (ROOT / "ui/samples/1.png").read_bytes()


def test_only_what_readers_need_is_not_sent(server: LiveServer) -> None:
    for path in sorted([*(ROOT / "ui").rglob("*.js"), *(ROOT / "ui").rglob("*.css")]):
        if path.stem in ("first", "later"):
            continue
        written = path.read_text().splitlines()
        sent = server.get(f"/{path.relative_to(ROOT / 'ui').as_posix()}").text.splitlines()
        kept = []
        inside = False
        for text in written:
            starts = text.strip().startswith("/*") and ("*/" not in text or text.strip().endswith("*/"))
            inside = inside or starts
            line = "" if inside or text.strip().startswith("//") else BESIDE.sub("", text.strip())
            if path.suffix == ".css":
                line = re.sub(r"^([\w-]+): ", r"\1:", line).replace(" {", "{")
            kept.append(line.rstrip())
            inside = inside and "*/" not in text
        if path.suffix == ".css":  # a script's lines keep their places
            kept, sent = [line for line in kept if line], [line for line in sent if line]
        sent += [""] * (len(kept) - len(sent))
        for number, (expected, after) in enumerate(zip(kept, sent, strict=True), 1):
            assert after.rstrip() == expected, f"{path.name}:{number}"


def test_sheets_are_sent_in_the_one_that_imports_them(server: LiveServer) -> None:
    names: dict[str, list[str]] = {"first": [], "later": []}
    for name, found in names.items():
        found += re.findall(r'^@import "(\w+).css";$', (ROOT / f"ui/style/{name}.css").read_text(), re.MULTILINE)
        apart = [server.get(f"/style/{each}.css").text for each in found]
        assert server.get(f"/style/{name}.css").text == "".join(apart)
    others = {path.stem for path in (ROOT / "ui/style").glob("*.css")} - set(names)
    assert sorted(names["first"] + names["later"]) == sorted(others)


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


def test_a_module_is_sent_as_the_same_program(tmp_path: Path) -> None:
    compiler = NODE / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("the TypeScript compiler is not installed; make .venv-node/ready installs it with npm")
    sources = sorted((ROOT / "ui/app").rglob("*.js"))
    programs = []
    for name, change in (("whole", lambda _, content: content), ("sent", terse)):
        for path in sources:
            copy = tmp_path / name / path.relative_to(ROOT / "ui/app")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(change(path.name, path.read_bytes()))
        out = tmp_path / f"{name}-out"
        flags = ["--allowJs", "--removeComments", "--target", "esnext", "--module", "esnext", "--outDir", str(out)]
        files = [str(tmp_path / name / path.relative_to(ROOT / "ui/app")) for path in sources]
        subprocess.run(
            [str(compiler), *flags, "--rootDir", str(tmp_path / name), "--noCheck", "--ignoreConfig", *files],
            check=True,
        )
        programs.append({path.relative_to(out): path.read_text() for path in sorted(out.rglob("*.js"))})
    assert len(programs[0]) == len(sources)
    assert programs[0] == programs[1]
