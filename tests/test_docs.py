"""The documents are true: the index has them all, links lead somewhere, codes are the service's, commands run."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.web.errors import REFUSALS
from tests.live import ROOT, LiveServer
from tests.programs import needed

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/decisions").glob("*.md")])
RUN = ("docs/backup.md", "docs/story.md", "docs/troubleshooting.md", "docs/upgrade.md", "CONTRIBUTING.md")
ELSEWHERE = ("make ", "0 3 * * *")  # make's targets have tests of their own, and a table of cron is no command


def anchors(page: Path) -> set[str]:
    """The places in a page that a link can name."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        if not target.startswith("http"):
            there = page.parent / path if path else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


def test_the_index_has_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text()
    linked = set(re.findall(r"\]\((\w[^)#/]*)\)", index))
    assert {page.name for page in (ROOT / "docs").iterdir() if page.suffix == ".md"} - {"README.md"} <= linked


def test_every_code_is_explained() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    told = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\|([^|]+)\|", page, re.MULTILINE)))
    assert sorted(told) == sorted({refusal.code for refusal in REFUSALS.values()})


def commands(page: Path) -> list[str]:
    lines = re.findall(r"^    (\S.*)$", page.read_text(), re.MULTILINE)
    return [line for line in lines if not line.startswith(ELSEWHERE)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, LiveServer]]:
    """What a checkout has, with stores of its own, and the server that runs there."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("server", "export", "trainer", "tests", "ui", "pyproject.toml", ".venv-serve", ".venv-dev"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("artifacts/baseline", "data/mnist"):
        (folder / name).parent.mkdir()
        (folder / name).symlink_to(ROOT / name)
    with LiveServer(folder) as server:
        yield folder, server


@pytest.mark.parametrize("page", RUN)
def test_every_command_runs(page: str, checkout: tuple[Path, LiveServer]) -> None:
    folder, server = checkout
    found = commands(ROOT / page)
    assert found
    if any("curl" in command for command in found):
        needed("curl")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "RELEARN_"))}
    for command in found:
        line = command.replace("localhost:8000", server.url.removeprefix("http://"))
        words = ["bash", "-c", f"set -e; {line}"]
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, (shlex.join(words), done.stdout[-2000:], done.stderr[-2000:])
    for name in ("new", "back"):  # what the pages restore, for whichever comes next
        shutil.rmtree(folder / name, ignore_errors=True)
