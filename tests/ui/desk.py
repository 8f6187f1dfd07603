"""What lies on the desk, as its strip shows it; the order there is the model's doubt, so pictures are told by name."""

import time

from playwright.sync_api import Locator, Page

from tests.ui.conftest import PATIENCE_MS

SAID = """() => Object.fromEntries([...document.querySelectorAll(".strip .tile")].map((tile) =>
  [tile.title, tile.classList.contains("ghost") ? "?" : tile.querySelector(".tile-label").textContent]))"""
ORDER = """() => [...document.querySelectorAll(".strip .tile")]
  .sort((one, other) => one.getAttribute("aria-posinset") - other.getAttribute("aria-posinset"))
  .map((tile) => [tile.title, tile.querySelector(".tile-label").textContent])"""


def expect_said(page: Page, wanted: dict[str, str]) -> None:
    """Wait until these pictures, and no others, have these labels; "?" for none. Doubted ones count if one is named."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    doubted = any(name.startswith("labelled ") for name in wanted)
    while (found := said(page, doubted)) != wanted:
        assert time.monotonic() < deadline, f"{found} instead of {wanted}"
        page.wait_for_timeout(30)


def said(page: Page, doubted: bool) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(SAID)
    return {name: label for name, label in found.items() if doubted or not name.startswith("labelled ")}


def tile(page: Page, name: str) -> Locator:
    return page.locator(f'.strip .tile[title="{name}"]')


def under_cursor(page: Page) -> str:
    """The name of the picture that is shown large."""
    return page.locator(".strip .here").get_attribute("title") or ""
