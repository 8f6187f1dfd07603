"""Three pens and an eraser: what is sent is what they left on the sheet."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.live import LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.test_predict import answer
from tests.ui.test_sheet import AS_SENT, SENT_PIXELS, ink_of, stored


def ink(page: Page) -> float:
    """How much of the sheet is inked."""
    return float(ink_of(page.evaluate("document.querySelector('canvas.sheet').toDataURL()")).mean())


def test_what_is_erased_is_not_sent_and_comes_back_when_undone(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.evaluate(AS_SENT)
    expect(page.locator("canvas.sheet")).to_have_attribute("width", str(SENT_PIXELS))
    before = len(stored(server))
    draw(page, THREE)
    answer(page, "3")
    whole = ink(page)
    page.get_by_role("button", name="Eraser").click()
    draw(page, [(0.25, 0.27), (0.32, 0.22)])
    less = ink(page)
    assert 0.5 * whole < less < 0.97 * whole
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    page.get_by_role("button", name="It is a 3", exact=True).click()
    expect(page.locator(".filed")).to_contain_text("Filed as 3")
    shown = ink_of(page.evaluate("document.querySelector('canvas.sheet').toDataURL()"))
    assert np.abs(stored(server)[before].astype(int) - shown).max() <= 1  # an erased edge is rounded
    page.get_by_role("button", name="Undo").click()
    assert ink(page) == pytest.approx(whole, rel=0.01)
    page.get_by_role("button", name="Redo").click()
    assert ink(page) == pytest.approx(less, rel=0.01)


def test_a_sheet_on_which_all_is_erased_is_empty(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, [(0.3, 0.5), (0.7, 0.5)])
    expect(page.locator(".answer output")).not_to_have_text("…")
    page.get_by_role("button", name="Eraser").click()
    draw(page, [(0.2, 0.5), (0.8, 0.5)])
    expect(page.get_by_text("Nothing to read yet")).to_be_visible()
    expect(page.locator(".sheet-empty")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Nothing to read yet")).to_be_hidden()


def test_the_pen_is_as_wide_as_chosen(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    inks = []
    before = len(stored(server))
    for name, label in (("Thin pen", "1"), ("Pen", "2"), ("Thick pen", "3")):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
        draw(page, [(x + 0.013, y - 0.007) for x, y in THREE])  # as nobody else drew it
        inks.append(ink(page))
        expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
        page.get_by_role("button", name=f"It is a {label}", exact=True).click()
        expect(page.locator(".filed")).to_contain_text(f"Filed as {label}")
        page.get_by_role("button", name="Clear").click()
    assert inks[0] < 0.75 * inks[1] < 0.75 * 0.75 * inks[2]
    for shown, sent in zip(inks, stored(server)[before:], strict=True):
        assert sent.mean() == pytest.approx(shown, rel=0.05)
