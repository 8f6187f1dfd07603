"""Chromium for the page's tests, and the few things that a person does which take more than a click."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a camera, which may be used
PATHS = ("chromium", "chromium-browser", "google-chrome")

# A three in one stroke, in parts of the sheet's side.
THREE = [
    *((0.32, 0.27), (0.40, 0.20), (0.50, 0.18), (0.60, 0.20), (0.67, 0.28), (0.66, 0.37), (0.58, 0.45), (0.47, 0.48)),
    *((0.58, 0.51), (0.68, 0.59), (0.69, 0.70), (0.61, 0.79), (0.49, 0.82), (0.38, 0.79), (0.30, 0.72)),
]


def executable() -> str | None:
    """Where Chromium is; None if this machine has none."""
    return next(filter(None, map(shutil.which, PATHS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def new_page(
    browser: Browser,
    width: int = 1280,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
    locale: str = "en-US",
) -> Page:
    """A page in a context of its own: no cache, no key, nothing stored."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
    context.set_default_timeout(20_000)
    return context.new_page()


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    """One stroke on the sheet with the mouse."""
    places = [place_on_sheet(page, x, y) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def place_on_sheet(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where in the window a place of the sheet is, given in parts of its side."""
    sheet = page.locator("canvas.sheet")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]
