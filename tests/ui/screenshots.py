"""Pictures of every view, to be looked at, and the figures of the page's start and of its answers.

python -m tests.ui.screenshots OUT              with a server of its own that retrains once first: two minutes
python -m tests.ui.screenshots OUT --url URL    of a server that runs, and has whatever it has
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, FilePayload, Page

from tests.digits import mnist
from tests.live import ROOT, LiveServer
from tests.ui.browser import THREE, chromium, draw, new_page

SIZES = ((1280, 900), (360, 740))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOCALES = ("en-US", "de-DE")
VIEWS = ("predict", "teach", "retrain", "models", "health")
TRAINING_SECONDS = 600.0
STARTS = 5
DRAWINGS = 20

# When the sheet to draw on is there, with its listeners: they are attached before it enters the document.
INTERACTIVE = """new MutationObserver((_, observer) => {
  if (!document.querySelector("canvas.sheet")) return;
  observer.disconnect();
  globalThis.interactive = performance.now();
}).observe(document, { childList: true, subtree: true })"""
TIME_ANSWERS = """() => {
  globalThis.answers = [];
  let lifted = 0;
  const panel = document.querySelector(".answer");
  const look = () => {
    if (!lifted || panel.getAttribute("aria-busy") === "true" || !panel.querySelector(".best")) return;
    globalThis.answers.push(performance.now() - lifted);
    lifted = 0;
  };
  addEventListener("pointerup", ({ target }) => {
    if (!target.matches("canvas.sheet")) return;
    lifted = performance.now();
    queueMicrotask(look);
  });
  new MutationObserver(look).observe(panel, { attributes: true, childList: true, subtree: true });
}"""
BYTES = """(until) => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .filter((entry) => entry.responseEnd <= until)
  .reduce((sum, entry) => [sum[0] + entry.encodedBodySize, sum[1] + entry.decodedBodySize], [0, 0])"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.ui.screenshots", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--url", help="a server that runs")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        url = arguments.url
        if url is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            flags = ("--dataset", str(ROOT / "data/mnist"))
            url = lived_in(stack.enter_context(LiveServer(Path(folder), *flags)))
        browser = stack.enter_context(chromium())
        tell_start(browser, url)
        tell_answers(browser, url)
        for locale, (width, height), scheme in product(LOCALES, SIZES, SCHEMES):
            page = new_page(browser, width, height, scheme, locale)
            for view in VIEWS:
                name = f"{view}-{width}-{scheme}-{locale[:2]}.png"
                picture(page, url, view, arguments.out / name, (width, height))
            page.context.close()


def lived_in(server: LiveServer) -> str:
    """Have a server learn and answer something, so that there is something to see; its URL."""
    digits = mnist("t10k")
    for first, count in ((0, 60), (60, 40)):
        chosen = range(first, first + count)
        server.upload([(f"{n}.png", digits.png(n)) for n in chosen], [str(digits.classes[n]) for n in chosen])
    server.upload([("slip.png", digits.png(200))], [str((digits.classes[200] + 5) % 10)])
    server.post("/retrain", json={"epochs": 2, "from_scratch": True})
    deadline = time.monotonic() + TRAINING_SECONDS
    while (state := server.get("/retrain/jobs/1").json()["state"]) not in ("published", "refused", "failed"):
        if time.monotonic() > deadline:
            sys.exit(f"error: the training is still {state} after {TRAINING_SECONDS:g} s")
        server.predict(digits.png(0))
        time.sleep(0.05)
    for position in range(2000):
        server.predict(digits.png(position))
    print(f"retraining: {state}")
    return server.url


def tell_start(browser: Browser, url: str) -> None:
    """Print how many bytes the first view needs and how soon it can be drawn on, with nothing in any cache."""
    seconds, first, whole = [], (0, 0), (0, 0)
    for _ in range(STARTS):
        page = new_page(browser)
        page.add_init_script(INTERACTIVE)
        page.goto(url)
        page.locator("canvas.sheet").wait_for()
        seconds.append(page.evaluate("globalThis.interactive") / 1000)
        first = page.evaluate(BYTES, seconds[-1] * 1000)
        page.wait_for_load_state("networkidle")
        whole = page.evaluate(BYTES, math.inf)
        page.context.close()
    print(f"to the first view: {first[0] / 1000:.0f} kB sent, {first[1] / 1000:.0f} kB unpacked")
    print(f"with all views:    {whole[0] / 1000:.0f} kB sent, {whole[1] / 1000:.0f} kB unpacked")
    print(f"interactive after {statistics.median(seconds):.2f} s (from {min(seconds):.2f} to {max(seconds):.2f} s)")


def tell_answers(browser: Browser, url: str) -> None:
    """Print how soon after the pen is lifted the answer to all that was drawn is there."""
    page = new_page(browser)
    page.goto(url)
    page.locator("footer").filter(visible=True).wait_for()
    page.evaluate(TIME_ANSWERS)
    for turn in range(DRAWINGS):
        draw(page, [(x + turn / 500, y) for x, y in THREE])
        page.wait_for_function("(count) => globalThis.answers.length === count", arg=turn + 1)
        page.get_by_role("button", name="Clear").click()
    milliseconds = sorted(page.evaluate("globalThis.answers"))
    page.context.close()
    print(f"answered {statistics.median(milliseconds):.0f} ms after the last stroke, at the median of {DRAWINGS}")


def picture(page: Page, url: str, view: str, path: Path, size: tuple[int, int]) -> None:
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{url}/#{view}")
    page.get_by_role("heading", level=1).filter(visible=True).wait_for()
    if view == "predict":
        draw(page, THREE)
    if view == "teach":
        give_examples(page)
    page.wait_for_timeout(1500)  # for charts to be there; nothing hangs on it but the look
    tall = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": tall})
    page.screenshot(path=path)
    print(path)


def give_examples(page: Page) -> None:
    """Choose a dozen pictures, of which a third has no label yet."""
    digits = mnist("t10k")
    names = [f"{digits.classes[n]}_{n}.png" if n % 3 else f"photo {n}.png" for n in range(300, 312)]
    files: list[FilePayload] = [
        {"name": name, "mimeType": "image/png", "buffer": digits.png(300 + n)} for n, name in enumerate(names)
    ]
    page.locator(".teach input[type=file][multiple]:not([webkitdirectory])").set_input_files(files)


if __name__ == "__main__":
    main()
