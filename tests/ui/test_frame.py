"""What stands around the views keeps still: nothing pushes the page, nothing leaves it, the focus is never lost."""

from pathlib import Path

from playwright.sync_api import Route, expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.test_predict import answer, drop
from tests.ui.views import complete

# Whether the browser would do something of its own with a file that is dropped here: open it, and leave the page.
DROP_ESCAPES = """(selector) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(9)], "a.png", { type: "image/png" }));
  return ["dragover", "drop"].some((kind) => document.querySelector(selector)
    .dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true })));
}"""


def test_a_file_dropped_beside_the_zone_is_not_opened(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    for place in ("header", "body", "main", ".predict"):
        assert not page.evaluate(DROP_ESCAPES, place), place
    page.goto(f"{server.url}/#health")
    expect(page.get_by_role("heading", level=1, name="Health")).to_be_visible()
    assert not page.evaluate(DROP_ESCAPES, ".health")


def test_the_line_that_the_server_is_lost_pushes_nothing(server: LiveServer, open_page: OpenPage) -> None:
    for width in (1280, 360):
        page = open_page(server.url, width=width)
        page.route("**/health", lambda route: route.abort())
        before = page.locator("canvas.sheet").bounding_box()
        page.evaluate("import('/app/connection.js').then(({ pulse }) => pulse())")
        expect(page.locator("#lost")).to_be_visible()
        assert page.locator("canvas.sheet").bounding_box() == before


def test_text_is_as_large_as_the_reader_set_it(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.locator(".heading .purpose").evaluate("(node) => getComputedStyle(node).fontSize") == "32px"


def test_an_odd_answer_is_not_in_a_sure_ones_colour(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    colour = "(node) => getComputedStyle(node).color"
    draw(page, THREE)
    answer(page, "3")
    sure = page.locator(".bar.best .bar-name").evaluate(colour)
    page.get_by_role("button", name="Clear").click()

    def answer_oddly(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"score": 0.1, "score_threshold": 0.5})

    page.route("**/predict?*", answer_oddly)
    draw(page, THREE)
    expect(page.locator(".verdict.odd")).to_be_visible()
    assert page.locator(".bar.best .bar-name").evaluate(colour) != sure
    assert page.locator(".verdict.odd output").evaluate(colour) != sure


def test_a_picture_that_is_not_there_yet_is_no_black_square(
    server: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    page = open_page(server.url)
    assert page.locator("img:not([src]), img[src='']").count() == 0
    drop(page, ".predict", [("a.png", digits.png(0))])
    answer(page, "7")
    assert page.locator("img:not([src]), img[src='']").count() == 0


def test_the_numbers_of_the_uploads_fit_each_other(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        labels = [str(each) for each in digits.classes[:8]]
        server.upload([(f"{n}.png", digits.png(n)) for n in range(8)], labels)
        server.upload([("slip.png", digits.png(20))], [str((digits.classes[20] + 5) % 10)])
        found = server.get("/dataset").json()
        assert (found["count"], found["suspects_count"]) == (9, 1)
        page = open_page(server.url, "teach")
        expect(page.get_by_text("8 uploaded pictures", exact=True)).to_be_visible()
        expect(page.get_by_text("1 more waits for a judgement")).to_be_visible()


# Each with the keyboard; after each of them something nearby has the focus.
HAS_FOCUS = "document.activeElement !== document.body"
ON_PREDICT = ("Right: it is", "Take back", "None of these", "Take back", "It is a 5", "Undo", "Redo", "Clear")
ON_TEACH = ("Accept", "Undo", "Redo", "Next picture", "Leave out", "Several", "One at a time", "Send ", "Leave all out")


def test_no_action_loses_the_focus(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        server.upload([("a.png", digits.png(9))], [str(digits.classes[9])])
        page = open_page(server.url)
        complete(page)

        def press(name: str) -> None:
            button = page.get_by_role("button", name=name).first
            expect(button).to_be_enabled()
            page.wait_for_function(HAS_FOCUS)
            button.focus()
            page.keyboard.press("Enter")
            expect(page.locator("button[aria-busy=true]")).to_have_count(0)
            page.wait_for_function(HAS_FOCUS)

        draw(page, THREE)
        answer(page, "3")
        for name in ON_PREDICT:
            press(name)
        drop(page, ".predict", [("a.png", digits.png(0)), ("b.png", digits.png(1))])
        answer(page, "7")
        for name in ("Next picture", "Previous picture", "It is a 8", "Clear all"):
            press(name)
        page.goto(f"{server.url}/#teach")
        drop(page, ".teach", [(f"photo {n}.png", digits.png(n)) for n in range(20, 25)])
        expect(page.locator(".strip .tile-label:text-is('?')")).to_have_count(0)
        for name in ON_TEACH:
            press(name)
        press("Dismiss")
        left = len(server.get("/dataset").json()["batches"]) - 1
        page.get_by_role("button", name="Undo upload").first.focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog").get_by_role("button", name="Take back").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("is taken back")).to_be_visible()
        expect(page.get_by_role("button", name="Undo upload")).to_have_count(left)
        page.wait_for_function(HAS_FOCUS)
