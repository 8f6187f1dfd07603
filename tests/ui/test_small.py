"""What a person meets in every view: drops, the banner, sizes of text, keys, numbers as they are written there."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.live import ROOT, LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage

DROP = """(name) => {
  const data = new DataTransfer();
  data.items.add(new File(["x"], "a.png", { type: "image/png" }));
  const event = new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector("header").dispatchEvent(event);
  return event.defaultPrevented;
}"""


def test_what_is_dropped_beside_a_zone_does_not_replace_the_page(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    assert page.evaluate(DROP, "dragover")
    assert page.evaluate(DROP, "drop")


def test_the_banner_moves_nothing_under_a_pen(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    sheet = page.get_by_role("application", name="Drawing sheet")
    before = sheet.bounding_box()
    page.route("**/health", lambda route: route.abort())
    expect(page.locator("#lost")).to_be_visible()
    assert sheet.bounding_box() == before


def test_text_grows_with_the_size_that_a_person_has_set() -> None:
    for sheet in (ROOT / "ui/style").glob("*.css"):
        assert not re.search(r"font(-size)?:[^;]*\dpx", sheet.read_text()), sheet.name


def test_nothing_is_offered_that_the_server_refuses(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    offered = page.locator('.predict input[data-for="Choose images"]').get_attribute("accept") or ""
    assert offered.split(",") == [f"image/{kind}" for kind in ("png", "jpeg", "webp", "gif", "bmp")]


def test_while_nothing_is_read_no_squares_stand_for_it(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    expect(page.locator(".verdict.waiting .label")).to_have_css("font-size", "0px")


def test_no_two_parts_of_a_chart_have_one_colour(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url, "models")
    page.locator(".versions-shown .legend .swatch").first.wait_for()
    page.evaluate(
        """() => document.querySelector("main").append(...["first", "second", "third", "fourth", "fifth", "sixth"].map(
          (kind) => Object.assign(document.createElement("i"), { className: `swatch probe ${kind}` })))"""
    )
    colours = page.locator(".probe").evaluate_all("(all) => all.map((each) => getComputedStyle(each).backgroundColor)")
    assert len(set(colours)) == 6


def test_a_question_mark_shows_the_keys_of_the_view(server: LiveServer, open_page: OpenPage, axe: str) -> None:
    page = open_page(server.url)
    draw(page, THREE)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    page.get_by_role("heading", level=1).press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.locator("dl > div", has_text="Redo")).to_contain_text("Ctrl + Shift + Z")
    expect(dialog.locator("dl > div", has_text="move the pen")).to_be_visible()
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations.map(({ id, impact }) => [id, impact])")
    assert not [each for each in found if each[1] in ("serious", "critical")]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("banner").get_by_role("button", name="Keys").click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_a_question_mark_that_is_typed_is_a_question_mark(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url, "retrain")
    page.get_by_label("Epochs").press("?")
    page.wait_for_timeout(200)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(("locale", "percent"), [("de-DE", "99,61"), ("en-US", "99.61")])
def test_numbers_are_written_as_they_are_where_one_lives(
    server: LiveServer, locale: str, percent: str, request: pytest.FixtureRequest
) -> None:
    browser = request.getfixturevalue("browser")
    context = browser.new_context(locale=locale)
    page: Page = context.new_page()
    page.goto(f"{server.url}/#models")
    expect(page.locator(".versions tbody tr").last).to_contain_text(f"{percent}\N{NO-BREAK SPACE}%")
    context.close()
