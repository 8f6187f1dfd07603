"""A thousand pictures at once: read by 32, made once each, worked through by key, with the answer always in view."""

import numpy as np
from playwright.sync_api import Page, Request, expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.held import Held
from tests.ui.test_predict import answer, drop

MANY = 1000
# How many elements were ever added to the gallery.
COUNT_ADDED = """() => {
  globalThis.added = 0;
  new MutationObserver((records) => {
    for (const { addedNodes } of records) for (const each of addedNodes)
      if (each.closest?.(".gallery")) globalThis.added += 1 + each.querySelectorAll("*").length;
  }).observe(document.body, { childList: true, subtree: true });
}"""


def pictures(digits: Digits, count: int) -> list[tuple[str, bytes]]:
    return [(f"{n}.png", digits.png(n)) for n in range(count)]


def read(page: Page, count: int) -> None:
    """Wait until this many pictures have an answer."""
    expect(page.locator(".gallery .tile-label:not(:text-is('…'))")).to_have_count(count)


def test_a_thousand_pictures_are_read_and_stay_usable(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url)
    page.evaluate(COUNT_ADDED)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/predict/batch" in request.url else None)
    drop(page, ".predict", pictures(digits, MANY))
    page.set_default_timeout(60_000)
    expect(page.locator("#spoken")).to_have_text("1,000 of 1,000 pictures read", timeout=60_000)
    assert len(asked) == -(-MANY // 32)
    assert page.evaluate("added") < 15 * MANY, "pictures were made again and again"
    read(page, MANY)
    labels = page.locator(".gallery .tile-label").all_inner_texts()
    assert np.mean([label == str(right) for label, right in zip(labels, digits.classes, strict=False)]) > 0.98
    tile = page.locator(".gallery .tile").nth(700)
    tile.click()
    answer(page, labels[700])
    expect(page.locator(".chosen")).to_contain_text("701 of 1,000")
    wrong = page.get_by_role("button", name="It is a 8", exact=True)
    expect(tile).to_be_in_viewport(ratio=0.99)
    expect(wrong).to_be_in_viewport(ratio=0.99)


def test_clearing_stops_the_reading(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url)
    held = Held(page, "**/predict/batch")
    drop(page, ".predict", pictures(digits, 100))
    held.wait()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_role("application", name="Drawing sheet")).to_be_focused()
    page.unroute("**/predict/batch")
    drop(page, ".predict", pictures(digits, 3))
    expect(page.locator(".gallery .tile-label")).to_have_text([str(each) for each in digits.classes[:3]])
    assert len(held.routes) == 1


def test_what_was_cleared_comes_back(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url)
    drop(page, ".predict", pictures(digits, 3))
    read(page, 3)
    page.locator(".gallery .tile").nth(1).click()
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".gallery .tile")).to_have_count(0)
    page.get_by_text("3 pictures cleared.").get_by_role("button", name="Undo").click()
    expect(page.locator(".gallery .tile-label")).to_have_text([str(each) for each in digits.classes[:3]])
    expect(page.locator(".chosen")).to_contain_text("2 of 3")
    expect(page.locator(".gallery img").first).to_have_js_property("naturalWidth", 28)


def test_keys_work_wherever_the_focus_is(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url)
    drop(page, ".predict", pictures(digits, 3))
    read(page, 3)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".chosen")).to_contain_text("2 of 3")
    before = server.get("/dataset").json()["count"]
    page.keyboard.press("8")
    expect(page.locator(".filed")).to_contain_text("Filed as 8")
    page.keyboard.press("7")  # it has its label
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chosen")).to_contain_text("1 of 3")
    assert server.get("/dataset").json()["count"] == before + 1


def test_on_a_phone_the_answer_comes_into_view(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url, width=360, height=740)
    drop(page, ".predict", pictures(digits, 30))
    read(page, 30)
    page.locator(".gallery .tile").nth(25).click()
    answer(page, str(digits.classes[25]))
    expect(page.locator(".chosen img")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Right: it is a")).to_be_in_viewport(ratio=1)


def test_a_refused_picture_does_not_stop_the_others(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url)
    drop(page, ".predict", [("bad.png", b"nothing"), *pictures(digits, 2)])
    expect(page.locator(".gallery .tile-label")).to_have_text(["!", *(str(each) for each in digits.classes[:2])])
    expect(page.get_by_text("No answer")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
