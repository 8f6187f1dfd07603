"""How the story is shown: pictures of the page on the way, and the tables of docs/story.md."""

import contextlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.service.page import chromium

PAGE = Path("docs/story.md")
PICTURES = PAGE.with_suffix("")
WIDTH, HEIGHT = 820, 2400  # pixels of the page, so that its head is over nothing
SETTLE_MS = 2500  # for charts to be there; nothing hangs on it but the look

Take = Callable[[str, str, str], None]  # a view, what of it is to be seen, and the picture's name


def no_picture(*_: str) -> None:
    """Take none."""


@contextlib.contextmanager
def pictures(url: str) -> Iterator[Take]:
    """What takes a picture of a part of the page; nothing is taken where there is no Playwright."""
    if find_spec("playwright") is None:
        yield no_picture
        return
    PICTURES.mkdir(exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})

        def take(view: str, part: str, name: str) -> None:
            page.goto(f"{url}/#{view}")
            page.reload()
            shown = page.locator(part).first
            shown.wait_for()
            page.wait_for_timeout(SETTLE_MS)
            shown.screenshot(path=PICTURES / f"{name}.png")

        yield take


def told(measured: dict[str, Any], page: str) -> str:
    """The page with the tables that these figures make, between their marks."""
    for name, table in (("timeline", _timeline), ("accuracy", _accuracy), ("poison", _poison)):
        begin, end = f"<!-- {name} begin -->\n", f"<!-- {name} end -->"
        before, _, rest = page.partition(begin)
        page = before + begin + table(measured) + end + rest.partition(end)[2]
    return page


def _timeline(measured: dict[str, Any]) -> str:
    rows = [f"| {requests:,} | {_capital(sentence)} |" for requests, sentence in measured["timeline"]]
    return "\n".join(["| requests | |", "|---|---|", *rows]) + "\n"


def _accuracy(measured: dict[str, Any]) -> str:
    read, better = measured["change"]["read"], measured["better"]
    judges = f"{measured['change']['judges']:,}"
    lines = []
    for pen, name in (("new", "in the new pen"), ("plain", "as MNIST has them")):
        shares = " | ".join(_share(*better["answered"][version][pen]) for version in ("0", better["version"]))
        lines.append(f"| right, of its answers to digits {name} | {shares} |")
    for pen, name in (("new", "in the new pen"), ("plain", "as MNIST has them")):
        lines.append(
            f"| read rightly, of {judges} that nobody sent, {name} | {read[pen]:.1%} | {better['read'][pen]:.1%} |"
        )
    estimated = " | ".join(_estimate(each) for each in better["estimated"])
    lines.append(f"| accuracy in production, as the service estimates it | {estimated} |")
    return "\n".join([f"| | version 0 | version {better['version']} |", "|---|---|---|", *lines]) + "\n"


def _share(right: int, number: int) -> str:
    return f"{right / number:.1%} of {number:,}"


def _estimate(found: dict[str, Any]) -> str:
    return f"{found['right']} of {found['reviewed']}: {found['low']:.0%} to {found['high']:.0%}"


def _poison(measured: dict[str, Any]) -> str:
    poison, better = measured["poison"], measured["better"]
    canary = poison["canary"]
    rows = [("the gate", poison["gate"] or "let it pass")]
    if canary is not None:
        pens = (("new", "the new pen"), ("plain", "MNIST"))
        rows += [
            (f"{name}, read by version {better['version']} and by the poisoned one", _both(better, poison, pen))
            for pen, name in pens
        ]
        requests = canary["progress"]["canary"]["requests"]
        rows.append((f"the canary, {canary['state']} after {requests:,} of its answers", canary["why"]))
    held = poison["removed"]["held_by"]
    rows.append(("versions that learned from the batch, said at its removal", ", ".join(held["learned"]) or "none"))
    rows.append(("what serves", f"version {poison['current'][1]}"))
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {said} |" for name, said in rows)]) + "\n"


def _both(better: dict[str, Any], poison: dict[str, Any], pen: str) -> str:
    return f"{better['read'][pen]:.1%}, {poison['read'][pen]:.1%}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
