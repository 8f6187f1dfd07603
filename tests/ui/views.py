"""The page's views, and when one has all that it loads in its own time."""

from playwright.sync_api import Page

ARRIVED = {
    "predict": ".sample",
    "teach": ".chart",
    "retrain": "form",
    "models": "article, [role=alert]",
    "health": ".bars",
}
VIEWS = tuple(ARRIVED)

# What is being looked for or counted says so in a line that ends open.
SETTLED = """() => [...document.querySelectorAll(".view:not([hidden]) p")]
  .every((line) => !line.textContent.endsWith("…"))"""


def arrive(page: Page, url: str, place: str) -> None:
    """Look at a place, as `models/0`, until it is whole."""
    view = place.partition("/")[0]
    page.goto(f"{url}/#{place}")
    page.locator(f".view.{view} h1").filter(visible=True).wait_for()
    page.locator(f".view.{view} :is({ARRIVED[view]})").first.wait_for(state="attached")
    page.wait_for_function(SETTLED)
    complete(page)


def complete(page: Page) -> None:
    """Wait until what is around the first view is there as well: it is fetched once that can be used."""
    page.locator("footer").filter(visible=True).wait_for()


def unfold(page: Page, last: str) -> None:
    """Open all that is folded in the view that is shown, as far as it is loaded then; `last` is what comes last."""
    page.evaluate("for (const part of document.querySelectorAll('.view:not([hidden]) details')) part.open = true")
    page.locator(f".view:not([hidden]) details {last}").filter(visible=True).first.wait_for()
    page.wait_for_function(SETTLED)
