"""What is not there is said to be so, and not looked for without end."""

from pathlib import Path

from playwright.sync_api import expect

from tests.live import LiveServer
from tests.ui.conftest import OpenPage


def test_an_address_of_no_version_says_so(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "models/77")
        shown = page.locator(".versions-shown")
        expect(shown).to_have_text("There is no version 77. Try again")
        page.goto(f"{server.url}/#models/0..77")
        expect(page.get_by_role("article", name="Version 0", exact=True)).to_be_visible()
        expect(shown.get_by_role("alert")).to_contain_text("There is no version 77.")
        page.route("**/models/78", lambda route: route.fulfill(status=500, json={"error": "it broke", "code": "x"}))
        page.goto(f"{server.url}/#models/78")
        expect(shown.get_by_role("alert")).to_contain_text("It broke.")
        page.unroute("**/models/78")
        shown.get_by_role("button", name="Try again").click()
        expect(shown.get_by_role("alert")).to_contain_text("There is no version 78.")
