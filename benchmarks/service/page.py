"""The page in Chromium: how soon one can draw on it, what a drawing's PNG costs it, and how soon the answer is there.

It needs Playwright, which the development environment has: .venv-dev/bin/python -m benchmarks page.
"""

import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.measure import Result, Row, Setting
from benchmarks.service import servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 60_000
DRAWINGS = 20  # a round
ENCODINGS = 40

# When the sheet to draw on is there, with its listeners: they are attached before it enters the document.
INTERACTIVE = """new MutationObserver((_, observer) => {
  if (!document.querySelector("canvas.sheet")) return;
  observer.disconnect();
  globalThis.interactive = performance.now();
}).observe(document, { childList: true, subtree: true })"""
BYTES = """(until) => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .filter((entry) => entry.responseEnd <= until)
  .reduce((sum, entry) => [sum[0] + entry.encodedBodySize, sum[1] + entry.decodedBodySize], [0, 0])"""
# From the pen's lifting to the answer to all that was drawn.
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
# A drawing's pixels, each time with another line, as the page writes them when it sends them.
TIME_ENCODINGS = """async (count) => {
  const { encodeGrey } = await import("./app/predict/png.js");
  const side = 192, found = [];
  for (let turn = 0; turn < count; turn++) {
    const away = (at) => Math.abs((at % side) - turn - at / side / 2);
    const grey = Uint8Array.from({ length: side * side }, (_, at) => Math.max(0, 255 - 9 * away(at)));
    const begun = performance.now();
    await encodeGrey(grey, side, side);
    found.push(performance.now() - begun);
  }
  return found;
}"""


def run(setting: Setting) -> Result:
    interactive, encoding, answering, sent = [], [], [], 0
    with servers.ours() as server, chromium() as browser:
        url = "http://{}:{}/".format(*server.address)
        for _ in range(setting.rounds):
            seconds, sent = start(browser, url)
            interactive.append(seconds)
            encoded, answered = drawings(browser, url)
            encoding.append(encoded)
            answering.append(answered)
    rows = [
        Row(
            "the page",
            "interactive, nothing in any cache",
            statistics.median(interactive),
            "s",
            at_most=1,
            rounds=interactive,
        ),
        Row("the page", "sent until then", sent / 1000, "kB", at_most=35),
        Row(
            "a drawing's PNG, 192x192",
            "encoded in the page, median",
            statistics.median(encoding),
            "ms",
            at_most=10,
            rounds=encoding,
        ),
        Row(
            "an answer while drawing",
            "after the last stroke, median",
            statistics.median(answering),
            "ms",
            at_most=100,
            rounds=answering,
        ),
    ]
    measured = {
        "interactive_seconds": interactive,
        "encoding_ms": encoding,
        "answering_ms": answering,
        "sent_bytes": sent,
    }
    return Result("page", rows, measured)


@contextmanager
def chromium() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("error: the page is measured with Playwright: .venv-dev/bin/python -m benchmarks page")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit(f"error: the page is measured in Chromium, and none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def start(browser: "Browser", url: str) -> tuple[float, int]:
    """Seconds until the sheet can be drawn on, and the bytes that were sent until then."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(INTERACTIVE)
    page.goto(url)
    page.locator("canvas.sheet").wait_for()
    milliseconds = float(page.evaluate("globalThis.interactive"))
    sent = int(page.evaluate(BYTES, milliseconds)[0])
    page.close()
    return milliseconds / 1000, sent


def drawings(browser: "Browser", url: str) -> tuple[float, float]:
    """Median milliseconds of a PNG's encoding, and from the end of a drawing to its answer."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.locator("footer").filter(visible=True).wait_for()
    encoded = page.evaluate(TIME_ENCODINGS, ENCODINGS)
    page.evaluate(TIME_ANSWERS)
    sheet = page.locator("canvas.sheet")
    for turn in range(DRAWINGS):
        box = sheet.bounding_box()
        assert box is not None
        for place, (x, y) in enumerate(((0.4, 0.2), (0.6, 0.3), (0.45, 0.5), (0.62, 0.65), (0.4, 0.8))):
            page.mouse.move(box["x"] + (x + turn / 500) * box["width"], box["y"] + y * box["height"], steps=4)
            if place == 0:
                page.mouse.down()
        page.mouse.up()
        page.wait_for_function("(count) => globalThis.answers.length === count", arg=turn + 1)
        page.get_by_role("button", name="Clear").click()
    answered = page.evaluate("globalThis.answers")
    page.close()
    return statistics.median(encoded), statistics.median(answered)
