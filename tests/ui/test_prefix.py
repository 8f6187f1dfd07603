"""The page under a path of somebody's site."""

from pathlib import Path

from playwright.sync_api import expect

from tests.live import LiveServer
from tests.ui.conftest import OpenPage


def test_the_page_works_under_a_path(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, "--root-path", "/relearn") as server:
        page = open_page(f"{server.url}/relearn", "models")
        expect(page.locator("#pulse")).to_have_text("version 0")
        expect(page.get_by_text("serves").first).to_be_visible()
