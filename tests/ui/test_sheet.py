"""The sheet: what is filed is what is on it, whenever one says so, and small is read as large is."""

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

from tests.faults.stage import eventually
from tests.live import LiveServer
from tests.ui.browser import THREE, draw, place_on_sheet
from tests.ui.conftest import OpenPage
from tests.ui.figures import FIGURES, placed
from tests.ui.held import Held
from tests.ui.test_predict import answer

SENT_PIXELS = 192
STORED = "/dataset/images?limit=1000"
SAME = 3.0  # of 255, the mean between the same strokes drawn at two places: their points are whole pixels of the window
# As many pixels shown as are sent: at another size the same strokes have other edges, and no picture is the other.
AS_SENT = f"""() => {{
  const {{ style }} = document.querySelector("canvas.sheet");
  style.boxSizing = "content-box";
  style.width = style.height = "{SENT_PIXELS}px";
}}"""
CORRECTIONS = 100
FRAME = [(0.05, 0.1), (0.05, 0.9)]  # with which a drawing is large from its first stroke on, and sent as it is

# A network that takes its time, never the same, so that answers come late and at any moment of a stroke.
SLOW_ANSWERS = """() => {
  const { open, send } = XMLHttpRequest.prototype;
  let turn = 0;
  XMLHttpRequest.prototype.open = function (method, url) {
    this.isSlow = url.includes("/predict");
    open.call(this, method, url);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (this.isSlow) setTimeout(() => send.call(this, body), (++turn * 37) % 90);
    else send.call(this, body);
  };
}"""

# What a person who is too quick does: the sheet as it is at the click, or null if there was nothing to click.
CLICK_AT_ONCE = """(label) => {
  const key = `[data-key="is-${label}"]`;
  const button = document.querySelector(`.answer ${key}:not(:disabled):not([aria-busy="true"])`);
  if (button === null) return null;
  const shown = document.querySelector("canvas.sheet").toDataURL();
  button.click();
  return shown;
}"""

ENCODED = """async ([pixels, width, height]) => {
  const { encodeGrey } = await import("/app/predict/png.js");
  const grey = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const bytes = new Uint8Array(await (await encodeGrey(grey, width, height)).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""

Picture = NDArray[np.uint8]  # (192, 192), the ink is high


def ink_of(shown: str) -> Picture:
    """The sheet's ink as it was shown."""
    with Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))) as picture:
        return np.asarray(picture.getchannel("A"))


def stored(server: LiveServer) -> list[Picture]:
    """Every stored picture, the oldest first."""
    found = server.get(STORED).json()["images"]
    pictures = []
    for each in reversed(found):
        content = server.get(f"/dataset/images/{each['sha256']}").content
        with Image.open(io.BytesIO(content)) as picture:
            assert (picture.mode, picture.size) == ("L", (SENT_PIXELS, SENT_PIXELS))
            pictures.append(np.asarray(picture))
    return pictures


def test_what_is_filed_is_what_is_on_the_sheet_at_any_speed(
    server: LiveServer, open_page: OpenPage, random: np.random.Generator
) -> None:
    page = open_page(server.url)
    page.evaluate(SLOW_ANSWERS)
    page.evaluate(AS_SENT)
    expect(page.locator("canvas.sheet")).to_have_attribute("width", str(SENT_PIXELS))
    shown: list[str | None] = []
    before = len(stored(server))
    stroke = 0
    while len(set(shown) - {None}) < CORRECTIONS:
        assert stroke < CORRECTIONS, "there was next to nothing to click"
        if stroke % 2 == 0:
            if stroke:
                page.get_by_role("button", name="Clear").click()
            draw(page, FRAME)
        shift = random.uniform(-0.15, 0.15)
        places = [place_on_sheet(page, x + shift, y + random.uniform(-0.1, 0.1)) for x, y in THREE]
        page.mouse.move(*places[0])
        page.mouse.down()
        for position, place in enumerate(places[1:]):
            page.mouse.move(*place, steps=int(random.integers(1, 8)))
            shown.append(page.evaluate(CLICK_AT_ONCE, str(position % 10)))
            if random.random() < 0.6:
                expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
                shown.append(page.evaluate(CLICK_AT_ONCE, str(position % 10)))
        page.mouse.up()
        shown.append(page.evaluate(CLICK_AT_ONCE, str(stroke % 10)))
        stroke += 1
    clicked = {each for each in shown if each is not None}
    eventually(lambda: len(server.get(STORED).json()["images"]) - before >= len(clicked), "all that was filed")
    inks = {ink_of(each).tobytes() for each in clicked}
    pictures = {picture.tobytes() for picture in stored(server)[before:]}
    assert len(inks) == len(clicked) == len(pictures)
    assert inks == pictures, f"{len(inks - pictures)} of {len(inks)} are other pictures"


def test_an_answer_older_than_the_ink_is_dimmed_and_its_buttons_rest(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, THREE)
    answer(page, "3")
    panel, five = page.get_by_label("Answer", exact=True).first, page.get_by_role("button", name="It is a 5")
    expect(panel).to_have_attribute("aria-busy", "false")
    expect(five).to_be_enabled()
    held = Held(page, "**/predict?*")
    draw(page, [(0.1, 0.1), (0.2, 0.1)])
    held.wait()
    expect(panel).to_have_attribute("aria-busy", "true")
    expect(five).to_be_disabled()
    expect(panel.locator(".verdict")).to_have_css("opacity", "0.5")
    held.go()
    expect(panel).to_have_attribute("aria-busy", "false")
    expect(five).to_be_enabled()
    expect(panel.locator(".verdict")).to_have_css("opacity", "1")


@pytest.mark.parametrize(("width", "height"), [(192, 192), (1, 1), (7, 3)])
def test_the_page_encodes_what_others_can_read(
    server: LiveServer, open_page: OpenPage, random: np.random.Generator, width: int, height: int
) -> None:
    page = open_page(server.url)
    pixels = random.integers(0, 256, (height, width), dtype=np.uint8)
    sent = [base64.b64encode(pixels.tobytes()).decode(), width, height]
    with Image.open(io.BytesIO(base64.b64decode(page.evaluate(ENCODED, sent)))) as picture:
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), pixels)


def file_a_three(page: Page) -> None:
    draw(page, THREE)
    answer(page, "3")
    page.get_by_role("button", name="It is a 5").click()
    expect(page.locator(".filed")).to_contain_text("Filed as 5")


def test_a_browser_without_compression_sends_the_same_picture(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    file_a_three(page)
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="It is a 5")).to_be_visible()
    before = server.get("/dataset").json()["count"]
    page.get_by_role("button", name="It is a 5").click()
    expect(page.locator(".filed")).to_contain_text("Filed as 5")
    page.get_by_role("button", name="Clear").click()
    page.evaluate("delete globalThis.CompressionStream")
    file_a_three(page)
    assert server.get("/dataset").json()["count"] == before + 1, "the pixels are not the same"


def test_a_small_drawing_is_read_as_a_large_one(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    read: dict[float, list[str]] = {}
    for size, left, top in ((0.4, 0.3, 0.3), (0.15, 0.8, 0.05)):
        read[size] = []
        for _, strokes in FIGURES:
            for stroke in placed(strokes, size, left, top):
                draw(page, stroke)
            expect(page.locator("output.label")).not_to_have_text("…")
            expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
            read[size].append(page.locator("output.label").inner_text())
            page.get_by_role("button", name="Clear").click()
            answer(page, "…")
    right = [label for label, _ in FIGURES]
    assert read == {0.4: right, 0.15: right}


def test_what_is_sent_of_a_small_drawing_is_the_same_wherever_it_is(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    before = len(stored(server))
    for size, left, top in ((0.6, 0.2, 0.2), (0.3, 0.6, 0.65), (0.15, 0.05, 0.8)):
        for stroke in placed(FIGURES[4][1], size, left, top):
            draw(page, stroke)
        answer(page, "3")
        page.get_by_role("button", name="It is a 5").click()
        expect(page.locator(".filed")).to_contain_text("Filed as 5")
        page.get_by_role("button", name="Clear").click()
    large, *small = stored(server)[before:]
    rows, columns = np.nonzero(large > 128)
    assert abs((rows.min() + rows.max()) / 2 - 95.5) < 2
    assert abs((columns.min() + columns.max()) / 2 - 95.5) < 2
    for picture in small:
        assert float(np.abs(large.astype(float) - picture).mean()) < SAME
