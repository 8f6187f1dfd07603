"""The page is for everybody: a keyboard is enough; what axe-core would find is looked for in test_fit.py."""

from pathlib import Path

from playwright.sync_api import expect

from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.test_predict import answer

SERIOUS = "async () => (await axe.run()).violations.filter((each) => ['serious', 'critical'].includes(each.impact))"


def test_axe_would_find_something(server: LiveServer, open_page: OpenPage, axe: str) -> None:
    page = open_page(server.url)
    page.evaluate("document.querySelector('#main').append(document.createElement('button'))")
    page.evaluate(axe)
    assert [each["id"] for each in page.evaluate(SERIOUS)] == ["button-name"]


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
