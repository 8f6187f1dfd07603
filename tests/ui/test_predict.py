"""Predict: what is drawn or dropped is read at once, and what was read wrongly is filed with one click."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.digits import Digits, encoded
from tests.live import LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.held import Held

EVIL = "<img src=x onerror=globalThis.broken=1>.png"

# What a drop of files on the page is, without a mouse that comes from outside the browser.
DROP = """([selector, files]) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/png" }));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const place = document.querySelector(selector);
    place.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


# How many questions there were about a drawing, and how many at once.
COUNT_QUESTIONS = """() => {
  const flying = (globalThis.flying = { now: 0, most: 0, sent: 0 });
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url) {
    if (url.includes("/predict?")) {
      flying.sent += 1;
      flying.most = Math.max(flying.most, (flying.now += 1));
      this.addEventListener("readystatechange", () => (flying.now -= this.readyState === 4 ? 1 : 0));
    }
    open.call(this, method, url);
  };
}"""


def drop(page: Page, selector: str, files: list[tuple[str, bytes]]) -> None:
    """Drop files on a place, which may have to be loaded first."""
    page.locator(selector).first.wait_for()
    page.evaluate(DROP, [selector, [[name, base64.b64encode(content).decode()] for name, content in files]])


def answer(page: Page, label: str) -> None:
    """Wait until the page says that the picture, as it is now, is this."""
    expect(page.locator('[aria-label="Answer"][aria-busy="false"] output')).to_have_text(label)


def test_a_three_that_is_drawn_is_read_as_three(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.evaluate(COUNT_QUESTIONS)
    draw(page, THREE)
    answer(page, "3")
    expect(page.locator(".bars .bar")).to_have_count(10)
    expect(page.locator(".bar.best .bar-name")).to_have_text("3")
    expect(page.locator(".bar.best .bar-value")).to_have_text(re.compile("%$"))
    expect(page.locator(".insight summary")).to_have_text(re.compile(r"^Answered in [\d,]+ ms$"))
    expect(page.locator(".timing")).to_be_hidden()
    expect(page.locator(".correction ~ .bars ~ .insight")).to_be_visible()  # what one can do stands before the figures
    page.locator(".insight summary").click()
    for stage in ("Decode", "Queue", "Model", "On the way"):
        expect(page.locator(".timing div", has_text=stage).locator("dd")).to_have_text(re.compile("s$"))
    expect(page.locator(".timing div", has_text="Version").locator("dd")).to_have_text("0")
    flying = page.evaluate("globalThis.flying")
    assert flying["most"] == 1, "more than one request was under way"
    assert flying["sent"] > 1, "it was asked only once while the pen moved"


def test_the_picture_that_the_model_saw_is_shown(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, THREE)
    answer(page, "3")
    seen = page.get_by_alt_text("The picture as the model saw it")
    expect(seen).to_have_attribute("src", re.compile("^data:"))
    source = seen.get_attribute("src") or ""
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as picture:
        assert picture.size == (28, 28)
        assert np.asarray(picture).mean() > 10


def test_undo_and_clear_take_strokes_away(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    draw(page, THREE)
    draw(page, [(0.1, 0.1), (0.2, 0.1)])
    undo, redo, clear = (page.get_by_role("button", name=name) for name in ("Undo", "Redo", "Clear"))
    expect(redo).to_be_disabled()
    undo.click()
    answer(page, "3")
    redo.click()
    expect(redo).to_be_disabled()
    undo.click()
    clear.click()
    answer(page, "…")
    expect(clear).to_be_disabled()
    undo.click()
    answer(page, "3")
    page.get_by_role("application", name="Drawing sheet").press("Control+z")
    expect(clear).to_be_disabled()
    page.get_by_role("application", name="Drawing sheet").press("Control+Shift+Z")
    answer(page, "3")
    draw(page, [(0.1, 0.1), (0.2, 0.1)])
    expect(redo).to_be_disabled()


def test_a_wrong_answer_is_corrected_with_one_click(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, THREE)
    answer(page, "3")
    page.get_by_role("button", name="It is a 5").click()
    expect(page.locator(".filed")).to_contain_text("Filed as 5")
    stored = server.get("/dataset/images?label=5").json()["images"]
    assert len(stored) == 1
    picture_path = f"/dataset/images/{stored[0]['sha256']}"
    assert server.get("/dataset").json()["batches"][0]["source"] == "correction"
    with Image.open(io.BytesIO(server.get(picture_path).content)) as picture:
        assert np.asarray(picture)[0, 0] == 0
        assert np.asarray(picture).max() == 255
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="It is a 5")).to_be_visible()
    assert server.get(picture_path).status_code == 404


def test_ten_dropped_files_become_a_gallery(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url)
    drop(page, ".predict", [(f"{position}.png", digits.png(position)) for position in range(10)])
    tiles = page.locator(".gallery .tile")
    expect(tiles).to_have_count(10)
    expect(page.locator(".gallery .tile-label")).to_have_text([str(number) for number in digits.classes[:10]])
    tiles.nth(4).click()
    answer(page, str(digits.classes[4]))
    page.get_by_role("button", name="It is a 8").click()
    expect(page.locator(".filed")).to_contain_text("Filed as 8")
    page.get_by_role("button", name="Clear all").click()
    expect(tiles).to_have_count(0)


def test_chosen_and_pasted_pictures_are_read(
    server: LiveServer, open_page: OpenPage, digits: Digits, tmp_path: Path
) -> None:
    page = open_page(server.url)
    (tmp_path / "seven.png").write_bytes(digits.png(0))
    page.locator('input[data-for="Choose images"]').first.set_input_files(tmp_path / "seven.png")
    answer(page, "7")
    page.evaluate(
        """(content) => {
          const transfer = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          transfer.items.add(new File([bytes], "image.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        }""",
        base64.b64encode(digits.png(1)).decode(),
    )
    answer(page, "2")


def test_a_blank_picture_is_refused_in_a_sentence(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    drop(page, ".predict", [("blank.png", encoded(Image.new("L", (60, 60), 255), "PNG"))])
    expect(page.get_by_text("No answer")).to_be_visible()
    expect(page.locator(".verdict .hint")).to_contain_text("blank")


def test_a_file_name_never_becomes_markup(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url)
    drop(page, ".predict", [(EVIL, digits.png(0)), (EVIL, b"no picture")])
    expect(page.locator(".gallery .tile")).to_have_count(2)
    expect(page.get_by_role("button", name=EVIL).first).to_be_visible()
    page.goto(f"{server.url}/#teach")
    expect(page.get_by_role("heading", level=1, name="Teach")).to_be_visible()
    drop(page, ".teach", [(EVIL, digits.png(0)), ("0_" + EVIL, b"no picture")])
    page.get_by_role("button", name="Label it 7").click()
    page.get_by_role("button", name="Send 2 pictures").click()
    expect(page.locator(".outcome code", has_text="onerror")).to_be_visible()
    assert page.locator('img[src="x"]').count() == 0
    assert page.evaluate("globalThis.broken") is None


def test_an_answer_to_what_was_wiped_off_is_not_shown(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    held = Held(page, "**/predict?*")
    draw(page, THREE)
    held.wait()
    expect(page.get_by_text("Nothing to read yet")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    with page.expect_response("**/predict?*"):
        held.go()
    answer(page, "…")
    expect(page.get_by_text("Nothing to read yet")).to_be_visible()


@pytest.mark.parametrize(
    ("confidence", "words"), [(0.99, "This does not look like a digit"), (0.7, "This is unclear, or not a digit")]
)
def test_an_answer_that_is_not_to_be_believed_says_why(
    server: LiveServer, open_page: OpenPage, confidence: float, words: str
) -> None:
    page = open_page(server.url)

    def answer_oddly(route: Route) -> None:
        response = route.fetch()
        odd = {"confidence": confidence, "score": 0.1, "score_threshold": 0.5}
        route.fulfill(response=response, json=response.json() | odd)

    page.route("**/predict?*", answer_oddly)
    draw(page, THREE)
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_role("button", name="Right: it is a 3")).to_be_enabled()


def test_what_is_right_is_taught_with_one_click_too(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, THREE)
    answer(page, "3")
    before = server.get("/dataset").json()["count"]
    page.get_by_role("button", name="Right: it is a 3").click()
    expect(page.locator(".filed")).to_contain_text("Filed as 3")
    assert server.get("/dataset").json()["count"] == before + 1
    page.get_by_role("button", name="Take back").click()
    page.locator(".choices").get_by_role("button", name="It is a 3").click()
    expect(page.locator(".filed")).to_contain_text("Filed as 3")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="Right: it is a 3")).to_be_enabled()


def test_what_has_no_label_can_be_said_and_is_not_stored(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, THREE)
    answer(page, "3")
    before = server.get("/dataset").json()["count"]
    page.get_by_role("button", name="None of these").click()
    expect(page.locator(".filed")).to_contain_text("it was not stored")
    expect(page.get_by_role("button", name="It is a ")).to_have_count(0)
    assert server.get("/dataset").json()["count"] == before
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="It is a 5")).to_be_enabled()


def test_a_class_that_the_model_does_not_know_yet_is_offered(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path) as server:
        assert server.post("/classes", json={"add": "owl"}).status_code == 201
        page = open_page(server.url)
        draw(page, THREE)
        answer(page, "3")
        page.get_by_role("button", name="It is “owl”").click()
        expect(page.locator(".filed")).to_contain_text("Filed as owl")
