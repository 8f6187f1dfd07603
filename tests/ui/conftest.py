"""Chromium once for this folder; a page of its own for each test, in which nothing may go wrong unseen."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.live import ROOT
from tests.programs import skip_without
from tests.ui.browser import chromium, executable, new_page

NODE = ROOT / ".venv-node" / "node_modules"
# What the browser itself says of an answer that is an error, which tests of errors mean to provoke.
EXPECTED = ("Failed to load resource", "net::ERR_")
PATIENCE_MS = 20_000  # a bound for a slow machine, not an expectation

OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Gone before any other folder's tests run: while it is there, asyncio takes its event loop for theirs."""
    if executable() is None:
        skip_without("chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens a view: open_page(url, "teach", width=360, scheme="dark").

    At the test's end no script may have failed and nothing may have been stopped by the Content-Security-Policy.
    """
    opened: list[Page] = []
    wrong: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(each in message.text for each in EXPECTED):
            wrong.append(f"console: {message.text}")

    def open_view(url: str, view: str = "predict", **options: object) -> Page:
        page = new_page(browser, **options)  # type: ignore[arg-type]
        opened.append(page)
        page.on("console", listen)
        page.on("pageerror", lambda error: wrong.append(f"page: {error}"))
        page.goto(f"{url}/#{view}")
        page.get_by_role("heading", level=1).filter(visible=True).wait_for()
        return page

    yield open_view
    for page in opened:
        page.unroute_all(behavior="wait")
        page.context.close()
    assert not wrong, wrong


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's source, to be run in a page."""
    path = NODE / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not installed; make .venv-node/ready installs it with npm")
    return path.read_text()
