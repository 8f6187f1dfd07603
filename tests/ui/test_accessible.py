"""The page is for everybody: axe-core finds nothing serious, a phone is wide enough, a keyboard is enough."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.test_predict import answer, drop
from tests.ui.views import VIEWS, arrive

SERIOUS = "async () => (await axe.run()).violations.filter((each) => ['serious', 'critical'].includes(each.impact))"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious(
    server: LiveServer, open_page: OpenPage, digits: Digits, axe: str, width: int, scheme: str
) -> None:
    page = open_page(server.url, width=width, scheme=scheme)
    server.upload([("a.png", digits.png(5))], ["1"])
    for view in VIEWS:
        arrive(page, server.url, view)
        if view == "predict":
            draw(page, THREE)
            answer(page, "3")
        if view == "teach":
            drop(page, ".teach", [("1_a.png", digits.png(2)), ("b.png", digits.png(3))])
            expect(page.locator(".strip .tile")).to_have_count(2)
        page.evaluate(axe)
        found = page.evaluate(SERIOUS)
        told = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found]
        assert not told, f"{view}: {json.dumps(told, indent=1)}"


def test_axe_would_find_something(server: LiveServer, open_page: OpenPage, axe: str) -> None:
    page = open_page(server.url)
    page.evaluate("document.querySelector('#main').append(document.createElement('button'))")
    page.evaluate(axe)
    assert [each["id"] for each in page.evaluate(SERIOUS)] == ["button-name"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_is_wide_enough(server: LiveServer, open_page: OpenPage, digits: Digits, view: str) -> None:
    page = open_page(server.url, width=360, height=740)
    arrive(page, server.url, view)
    if view == "predict":
        draw(page, THREE)
        answer(page, "3")
        drop(page, ".predict", [("a" * 100 + ".png", digits.png(0))])
        answer(page, "7")
    if view == "teach":
        drop(page, ".teach", [("a" * 100 + ".png", digits.png(0))])
        expect(page.locator(".strip .tile")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_keyboard_is_enough(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path) as server:
        page = open_page(server.url)
        sheet = page.get_by_role("application", name="Drawing sheet")
        for _ in range(12):
            page.keyboard.press("Tab")
            if sheet.evaluate("(canvas) => canvas === document.activeElement"):
                break
        expect(sheet).to_be_focused()
        page.keyboard.press("Space")
        for _ in range(13):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        answer(page, "1")
        nine = page.get_by_role("button", name="It is a 9")
        for _ in range(30):
            page.keyboard.press("Tab")
            if nine.evaluate("(button) => button === document.activeElement"):
                break
        page.keyboard.press("Enter")
        expect(page.locator(".filed")).to_contain_text("Filed as 9")
        page.get_by_role("navigation").get_by_role("link", name="Teach").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name="Teach")).to_be_focused()
