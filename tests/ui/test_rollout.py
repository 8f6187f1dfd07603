"""A version is tried in shadow or on a share of the requests, or watched: begun, seen and ended on the page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny
from tests.ui.conftest import OpenPage
from tests.ui.fit import crooked
from tests.ui.test_accessible import SERIOUS

LATER_MS = 60_000  # a bound for a slow machine, not an expectation


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Versions 1 and 2, which answer alike, beside 0, which ships and knows digits; what is answered is collected."""
    folder = tmp_path_factory.mktemp("rollout")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    with LiveServer(folder, "--trainer", "none", "--collect", "--collect-an-hour", "1000") as server:
        for _ in range(2):
            publish_tiny(memory, 1)
        yield server
    memory.close()


def serve(server: LiveServer, version: str) -> None:
    """Have a version serve, with nothing beside it."""
    for role, found in ((role, server.get("/models").json()[role]) for role in ("shadow", "canary", "watch")):
        if found is not None:
            server.client.delete(f"{server.url}/models/{found['version']}/{role}")
    if server.get("/models").json()["current"] != version:
        assert server.post(f"/models/{version}/promote").status_code == 200


def fits(page: Page, axe: str) -> None:
    page.evaluate(axe)
    assert page.evaluate(SERIOUS) == []
    assert crooked(page) == []


def fact(card: Locator, name: str) -> Locator:
    return card.locator("dl div").filter(has_text=name).locator("dd")


def see_pictures(card: Locator) -> None:
    """They are loaded as they come into sight."""
    card.locator(".worst").evaluate("(figure) => figure.scrollIntoView()")
    expect(card.locator(".worst img").first).to_have_js_property("naturalWidth", 28, timeout=LATER_MS)


def test_a_shadow_is_begun_seen_and_ended(place: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    serve(place, "0")
    page = open_page(place.url, "models")
    begin = page.get_by_role("button", name="Try version 1 in shadow")
    begin.click()
    page.get_by_label("Share of the pictures, in %").fill("101")
    page.get_by_role("dialog").get_by_role("button", name="Begin").click()
    expect(page.get_by_role("dialog")).to_be_visible()  # the browser says what is wrong with it
    page.get_by_label("Share of the pictures, in %").fill("100")
    page.get_by_label("Minutes", exact=True).fill("60")
    page.get_by_label("Pictures that it takes at least").fill("200")
    page.get_by_role("dialog").get_by_role("button", name="Begin").click()
    card = page.get_by_role("region", name="Shadow of version 1")
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("button", name="in shadow")).to_have_count(0)  # one at a time
    told = place.get("/models/1/shadow").json()
    assert (told["percent"], told["minutes"], told["pictures"], told["canary_minutes"]) == (100, 60, 200, 0)
    for position in range(40):
        place.predict(digits.png(position))
    expect(fact(card, "Asked of")).to_have_text("40 of the 200 pictures that it takes", timeout=LATER_MS)
    told = place.get("/models/1/shadow").json()["progress"]
    expect(fact(card, "Answers alike")).to_have_text(f"{100 * told['agreement']:.1f}\u00a0%")
    for version in ("0", "1"):
        expect(fact(card, f"Version {version}: 99 of 100 within")).to_have_text(re.compile(r"^[\d.]+\sm?s$"))
    kind, times = next(iter(told["changed"].items()))
    expect(card.locator(".bars .bar").first).to_have_text(f"{kind}{times}")
    see_pictures(card)
    expect(card.locator(".worst li").first).to_contain_text("now ")
    card.get_by_role("button", name="End it").click()
    expect(card).to_contain_text("It was ended by hand.")
    expect(fact(card, "Asked of")).to_have_text("40 of the 200 pictures that it takes")
    assert place.get("/models/1/shadow").json()["state"] == "stopped"
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)
    begin.click()
    assert place.post("/models/2/shadow", json={"minutes": 60}).status_code == 202
    page.get_by_role("dialog").get_by_role("button", name="Begin").click()
    expect(page.locator("#notices")).to_contain_text("Version 1 can't be tried now")
    expect(page.get_by_role("region", name="Shadow of version 2")).to_be_visible()


def test_a_shadow_that_passes_is_followed_by_a_trial(place: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    serve(place, "1")
    page = open_page(place.url, "models")
    page.get_by_role("button", name="Try version 2 in shadow").click()
    for label, value in (
        ("Share of the pictures, in %", "100"),
        ("Minutes", "0.1"),
        ("Pictures that it takes at least", "1"),
        ("Minutes of a trial after that", "60"),
    ):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("dialog").get_by_role("button", name="Begin").click()
    shadow = page.get_by_role("region", name="Shadow of version 2")
    expect(shadow).to_contain_text("5 % of the requests go to it for 1 h 0 min after that")
    place.predict(digits.png(0))
    expect(shadow).to_contain_text("Nothing was found against it: of 1 answers 0 would be others", timeout=LATER_MS)
    expect(fact(shadow, "Answers alike")).to_have_text("100.0\u00a0%")
    trial = page.get_by_role("region", name="Trial of version 2")
    expect(trial).to_contain_text(" / 1 h 0 min")
    expect(trial).to_contain_text("Version 1: ")
    shadow.get_by_role("button", name="Close").click()
    trial.get_by_role("button", name="End it").click()
    expect(trial).to_contain_text("It was ended by hand.")
    moves = page.get_by_role("region", name="What served when").get_by_role("listitem")
    expect(moves.first).to_contain_text("Trial of version 2 ended by hand, just now: ended by hand")
    assert place.get("/models").json()["canary"] is None


def test_a_promotion_is_watched_if_that_is_asked_for(place: LiveServer, open_page: OpenPage) -> None:
    serve(place, "0")
    page = open_page(place.url, "models")
    page.get_by_role("table", name="Versions").get_by_role("button", name="Promote version 1").click()
    page.get_by_label("Minutes that it is watched").fill("60")
    page.get_by_role("dialog").get_by_role("button", name="Promote").click()
    watch = page.get_by_role("region", name="Watch of version 1")
    expect(watch).to_contain_text("Version 0: 0, p99", timeout=LATER_MS)
    assert place.get("/models/1/watch").json()["minutes"] == 60
    watch.get_by_role("button", name="End it").click()
    expect(watch).to_contain_text("It was ended by hand.")
    assert place.get("/models/1/watch").json()["state"] == "stopped"
    assert place.get("/models").json()["current"] == "1"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_shadow_is_for_everybody(
    place: LiveServer, open_page: OpenPage, digits: Digits, axe: str, width: int, scheme: str
) -> None:
    """By keyboard, in German."""
    serve(place, "0")
    page = open_page(place.url, "models", width=width, scheme=scheme, locale="de-DE")
    begin = page.get_by_role("button", name="Fassung 2 im Schatten erproben")
    share = page.get_by_label("Anteil der Bilder, in %")
    begin.press("Enter")
    expect(share).to_be_focused()
    fits(page, axe)
    page.keyboard.press("Escape")
    expect(begin).to_be_focused()
    begin.press("Enter")
    expect(share).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    card = page.get_by_role("region", name="Schatten der Fassung 2")
    expect(card).to_be_visible()
    assert place.get("/models/2/shadow").json()["percent"] == 100
    for position in range(width, width + 20):  # others than before: what is known is not kept again
        place.predict(digits.png(position))
    eventually(lambda: place.get("/models/2/shadow").json()["progress"]["shadow"]["pictures"] == 20, "its answers")
    expect(fact(card, "Gefragt")).to_have_text("20 der 100 Bilder, die es braucht", timeout=LATER_MS)
    see_pictures(card)
    fits(page, axe)
    card.get_by_role("button", name="Beenden").press("Enter")
    expect(card).to_contain_text("Sie wurde von Hand beendet.")
    expect(card.get_by_role("button", name="Schließen")).to_be_focused()
    fits(page, axe)
