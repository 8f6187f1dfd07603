"""A lost server shows, and the page goes on by itself when it is back."""

import signal
import socket
from pathlib import Path

from playwright.sync_api import expect

from tests.live import LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.test_predict import answer

# The other views are fetched once the first is there.
FETCHED = """() => Promise.all(
  ["teach", "retrain", "models", "health"].map((view) => import(`/app/${view}/view.js`)))"""


def free_port() -> str:
    """A port that a server can have twice."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def test_a_killed_server_shows_and_the_page_recovers(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, "--port", free_port()) as server:
        page = open_page(server.url)
        expect(page.locator("#pulse")).to_have_text("version 0")
        page.evaluate(FETCHED)
        server.stop(signal.SIGKILL)
        draw(page, THREE)
        expect(page.get_by_role("alert").filter(has_text="can't be reached")).to_be_visible()
        expect(page.locator("#pulse")).to_have_text("server lost")
        page.get_by_role("link", name="Models").first.click()
        expect(page.get_by_role("heading", level=1, name="Models")).to_be_visible()
        page.get_by_role("link", name="Predict").first.click()
        server.start()
        expect(page.get_by_role("alert").filter(has_text="can't be reached")).to_be_hidden()
        answer(page, "3")
        expect(page.locator("#pulse")).to_have_text("version 0")
