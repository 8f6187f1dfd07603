"""Health: the last minutes, live."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.digits import Digits
from tests.live import PLAIN, LiveServer
from tests.ui.conftest import OpenPage

# In one step, since the figures are made anew every two seconds.
SELECT_MEMORY = """() => {
  const figure = [...document.querySelectorAll(".number")].find(({ textContent }) => textContent.includes("Memory"));
  getSelection().selectAllChildren(figure.querySelector("strong"));
  return String(getSelection());
}"""


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


def test_two_workers_are_shown_as_one(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--workers", "2") as server:
        page = open_page(server.url, "health")
        expect(page.get_by_text("of all 2 workers together")).to_be_visible()
        for position in range(20):
            server.client.close()
            server.client = type(server.client)(timeout=60, **PLAIN)  # a new connection, for either worker
            server.predict(digits.png(position))
        expect(page.locator(".number", has_text="Answers")).to_contain_text("20")


def test_the_health_of_the_model_is_told_from_what_it_said(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "health")
        for position in range(30):
            server.predict(digits.png(position))
        server.upload([("a.png", digits.png(0))], ["7"], source="correction")
        page.reload()
        model = page.get_by_role("region", name="The model")
        expect(model.locator(".number", has_text="Answers")).to_contain_text("30")
        expect(model.locator(".number", has_text="Corrections")).to_contain_text("1")
        sevens = str(list(digits.classes[:30]).count(7))
        expect(model.get_by_role("listitem", name=f"7: {sevens} answers")).to_be_visible()
        expect(model.get_by_role("group", name="How sure it is, on average. confidence: now")).to_be_visible()
        expect(model.get_by_role("group", name="Corrections by day. pictures: now 1, from 0 to 1")).to_be_visible()


def test_the_model_is_shown_day_by_day(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        for position in range(30):
            server.predict(digits.png(position))
        server.upload([("a.png", digits.png(0))], ["7"], source="correction")
        server.stop()  # when it has them stored, as it has once a minute
        server.start()
        page = open_page(server.url, "health")
        model = page.get_by_role("region", name="The model")
        expect(model.locator(".number", has_text="Answers")).to_contain_text("since the server's start")
        expect(model.locator(".number", has_text="Answers").locator("strong")).to_have_text("0")
        for title in ("Answers by day. answers: now", "Corrections by day. pictures: now"):
            expect(model.get_by_role("group", name=title)).to_be_visible()
        for title in ("How sure it was, by day. confidence: now", "Unfamiliar pictures by day. unfamiliar: now"):
            expect(model.get_by_role("group", name=title)).to_be_visible()
        table = model.get_by_role("region", name="Answers by label and day")
        row = table.get_by_role("row", name=re.compile("^7 "))
        cells = [text for text in row.locator("td").all_inner_texts() if text != "\N{MIDDLE DOT}"]
        assert sum(map(int, cells)) == list(digits.classes[:30]).count(7)  # of two days at midnight
        expect(table.locator("thead th")).to_have_count(15)


def test_corrections_are_no_reason_to_ask_for_a_key(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, environment={"RELEARN_API_KEY": "secret-key-of-the-test"}) as server:
        page = open_page(server.url, "health")
        expect(page.locator(".number", has_text="Corrections")).to_contain_text("\N{EN DASH}")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_is_selected_stands_still(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url, "health")
    memory = page.locator(".number", has_text="Memory").locator("strong")
    expect(memory).to_have_text(re.compile(r"\d"))
    text = page.evaluate(SELECT_MEMORY)
    for _ in range(2):
        with page.expect_response("**/stats"):
            pass
    page.wait_for_timeout(100)  # what came is shown, if it is to be
    assert page.evaluate("String(getSelection())") == text != ""
    page.evaluate("getSelection().removeAllRanges()")
    with page.expect_response("**/stats"):
        pass
    expect(memory).to_be_visible()
