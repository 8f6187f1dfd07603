"""Pictures of every view, to be looked at.

python -m tests.ui.screenshots OUT              with a server of its own that retrains once first: two minutes
python -m tests.ui.screenshots OUT --url URL    of a server that runs, and has whatever it has
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import Browser, FilePayload, Page

from tests.digits import mnist
from tests.live import ROOT, LiveServer
from tests.ui.browser import THREE, chromium, draw, new_page

SIZES = ((1280, 900), (360, 740))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOCALES = ("en-US", "de-DE")
VIEWS = ("predict", "teach", "retrain", "models", "health")
TRAINING_SECONDS = 600.0


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
        for locale, (width, height), scheme in product(LOCALES, SIZES, SCHEMES):
            page = new_page(browser, width, height, scheme, locale)
            for view in VIEWS:
                name = f"{view}-{width}-{scheme}-{locale[:2]}.png"
                picture(page, url, view, arguments.out / name, (width, height))
            page.context.close()
        if arguments.url is None:
            beside(browser, url, arguments.out)
            begin(stack, browser, arguments.out)


def beside(browser: Browser, url: str, out: Path) -> None:
    """What stands beside the version that serves: one in shadow, before and while it is asked, and the other models."""
    digits = mnist("t10k")
    for locale, (width, height), scheme in product(LOCALES, SIZES, SCHEMES):
        page = new_page(browser, width, height, scheme, locale)
        name = f"{width}-{scheme}-{locale[:2]}.png"
        page.goto(f"{url}/#models")
        page.locator(".version h2").wait_for()
        if not page.locator("[data-key^=shadow-]").count():
            print("there is no other version to be tried")
            return
        page.locator("[data-key^=shadow-]").first.click()
        page.locator("#shadow-percent").fill("100")
        page.screenshot(path=out / f"ask-shadow-{name}")
        page.locator("dialog .primary").click()
        page.locator("[data-key=end-canary]").wait_for()
        for position in range(200):
            httpx.post(f"{url}/predict", content=digits.png(position), headers={"Content-Type": "image/png"})
        page.locator(".models > details").first.evaluate("(part) => (part.open = true)")
        page.locator("#model-name").wait_for()
        page.set_viewport_size({"width": width, "height": 2000})  # pictures are loaded as they come into sight
        page.wait_for_timeout(3000)  # for another look to be taken; nothing hangs on it but the look
        page.screenshot(path=out / f"shadow-{name}", full_page=True)
        page.locator("[data-key=end-canary]").click()
        page.locator("[data-key=close-rollout]").wait_for()
        page.context.close()


def begin(stack: ExitStack, browser: Browser, out: Path) -> None:
    """Teach without a model: before the classes are named, with pictures of them, and what the camera sees."""
    digits = mnist("t10k")
    for locale, (width, height), scheme in product(LOCALES, SIZES, SCHEMES):
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        with LiveServer(Path(folder), "--name", "things", "--trainer", "none") as server:
            page = new_page(browser, width, height, scheme, locale)
            page.goto(f"{server.url}/#teach")
            name = f"{width}-{scheme}-{locale[:2]}.png"
            field = page.locator("#classes-begin")
            field.wait_for()
            page.screenshot(path=out / f"begin-{name}", full_page=True)
            field.fill("apple tree\nring")
            page.locator(".teach form .primary").click()
            files: list[FilePayload] = [
                {"name": f"{n}.png", "mimeType": "image/png", "buffer": digits.png(n)} for n in range(9)
            ]
            page.locator("li.class input").last.set_input_files(files)
            page.locator(".desk").wait_for()
            page.screenshot(path=out / f"classes-{name}", full_page=True)
            page.locator("[data-key='camera-ring']").click()
            page.locator("dialog .shooting .primary:not(:disabled)").click()
            page.locator("dialog .sample").nth(11).wait_for()
            page.screenshot(path=out / f"camera-{name}")
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
