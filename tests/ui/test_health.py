"""Health: the last minutes, live."""

from playwright.sync_api import expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.conftest import OpenPage


def test_traffic_appears_in_the_figures_and_charts(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url, "health")
    for position in range(30):
        server.predict(digits.png(position))
    server.get("/nothing")
    tiles = page.locator(".numbers")
    expect(tiles.locator(".number", has_text="Half are faster than")).to_contain_text(" ms")
    expect(tiles.locator(".number", has_text="In one batch")).to_contain_text("1.0")
    expect(tiles.locator(".number", has_text="Memory")).to_contain_text(" MB")
    expect(page.get_by_role("group", name="Latency of predictions. p50: now")).to_be_visible()
    expect(page.get_by_role("group", name="Memory. resident: now")).to_be_visible()
    expect(page.get_by_text("All is well")).to_be_visible()
