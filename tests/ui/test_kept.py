"""Work is not lost: labels are undone and done again, pictures outlive a reload, a bad line ends in words."""

import base64
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Route, expect

from tests.digits import Digits, encoded
from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.desk import expect_said, said, tile, under_cursor
from tests.ui.held import Held
from tests.ui.test_predict import answer, drop

# The first file of the first form that is sent, in base64.
WATCH_FORMS = """() => {
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (form) {
    const file = form instanceof FormData && form.getAll("files")[0];
    const reader = new FileReader();
    reader.onload = () => (globalThis.sent ??= reader.result.split(",")[1]);
    if (file) reader.readAsDataURL(file);
    send.call(this, form);
  };
}"""
# Half a minute of silence is as long as this.
IMPATIENT = """(milliseconds) => {
  const { setTimeout } = globalThis;
  globalThis.patient = () => {
    globalThis.setTimeout = setTimeout;
  };
  globalThis.setTimeout = (work, delay) => setTimeout(work, delay === 30_000 ? milliseconds : delay);
}"""


def test_every_step_of_labelling_is_undone_and_done_again(
    server: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    page = open_page(server.url, "teach")
    names = [f"photo {n}.png" for n in range(3)]
    drop(page, ".teach", [(name, digits.png(n)) for n, name in enumerate(names)])
    expect_said(page, dict.fromkeys(names, "?"))
    given: dict[str, str] = {}
    for key in ("7", "2", "1"):
        given[under_cursor(page)] = key
        page.keyboard.press(key)
    expect_said(page, given)
    first = next(iter(given))
    tile(page, first).click()
    page.keyboard.press("Delete")
    expect_said(page, {name: label for name, label in given.items() if name != first})
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    last = list(given)[2]
    expect_said(page, given | {last: "?"})
    page.keyboard.press("Control+Shift+Z")
    expect_said(page, given)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect_said(page, given | {last: "?"})
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="Leave all out").click()
    expect_said(page, {})
    page.locator(".notice").get_by_role("button", name="Undo").click()
    expect_said(page, given)


def test_what_is_not_sent_outlives_a_reload(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url, "teach")
    names = [f"photo {n}.png" for n in range(40, 43)]
    drop(page, ".teach", [(name, digits.png(40 + n)) for n, name in enumerate(names)])
    expect_said(page, dict.fromkeys(names, "?"))
    first = under_cursor(page)
    page.keyboard.press("1")
    page.keyboard.press("7")
    page.keyboard.press("Control+z")
    kept = dict.fromkeys(names, "?") | {first: "1"}
    expect_said(page, kept)
    for _ in range(2):
        page.reload()
        expect_said(page, kept)
        expect(page.locator(".strip img").first).to_have_js_property("naturalWidth", 28)
    before = server.get("/dataset").json()["count"]
    page.get_by_role("button", name="Send 1 picture").click()
    expect(page.get_by_role("main").get_by_text("1 new picture stored.")).to_be_visible()
    assert server.get("/dataset").json()["count"] == before + 1
    left = {name: label for name, label in kept.items() if name != first}
    expect_said(page, left)
    page.reload()
    expect_said(page, left)
    page.get_by_role("button", name="Leave all out").click()
    expect_said(page, {})
    page.reload()
    expect(page.get_by_text("Drop pictures or a folder here")).to_be_visible()
    expect_said(page, {})


def test_the_last_of_many_steps_outlives_a_reload_at_once(
    server: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    """The page goes in the very moment of the last key, while the writes of those before it are under way."""
    page = open_page(server.url, "teach")
    names = [f"photo {n}.png" for n in range(30, 38)]
    drop(page, ".teach", [(name, digits.png(30 + n)) for n, name in enumerate(names)])
    expect_said(page, dict.fromkeys(names, "?"))
    with page.expect_navigation():
        page.evaluate("""async () => {
          for (const key of "12345678") {
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
            for (let turn = 0; turn < 5; turn += 1) await null;
          }
          location.reload();
        }""")
    expect(page.locator(".strip .tile")).to_have_count(len(names))
    assert sorted(said(page, doubted=False).values()) == list("12345678")


def noisy(image: NDArray[np.uint8], side: int, random: np.random.Generator) -> Image.Image:
    large = Image.fromarray(image).resize((side, side)).convert("RGB")
    noise = random.integers(-40, 40, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(large, np.int16) + noise, 0, 255).astype(np.uint8))


def photograph(image: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    """A large one, taken with the camera on its side."""
    turned = noisy(image, 2400, random).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees to the right
    return encoded(turned, "JPEG", quality=95, exif=exif)


def test_a_photograph_is_sent_small_and_upright(
    server: LiveServer, open_page: OpenPage, digits: Digits, random: np.random.Generator
) -> None:
    page = open_page(server.url)
    picture = photograph(digits.images[0], random)
    assert len(picture) > 3e6
    page.evaluate(WATCH_FORMS)
    drop(page, ".predict", [("photo.jpg", picture)])
    answer(page, "7")
    sent = base64.b64decode(page.evaluate("globalThis.sent"))
    assert len(sent) < 1_500_000
    with Image.open(io.BytesIO(sent)) as small:
        assert small.size == (1600, 1600)
        assert not small.getexif()


def test_an_upload_is_tried_again_and_ends_in_words(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "teach")
        page.clock.install()
        drop(page, ".teach", [("7_a.png", digits.png(0))])
        tries = 0

        def fail(route: Route) -> None:
            nonlocal tries
            tries += 1
            route.abort()

        page.route("**/upload", fail)
        page.get_by_role("button", name="Send 1 picture").click()
        expect(page.get_by_text("No answer; sending again")).to_be_visible()
        for _ in range(4):
            with page.expect_request("**/upload"):  # the clock runs on by itself, too
                page.clock.run_for(4_000)
        expect(page.get_by_role("alert").filter(has_text="1 picture is still to be sent")).to_be_visible()
        assert tries == 5
        page.unroute("**/upload")
        page.get_by_role("button", name="Send 1 picture").click()
        expect(page.get_by_role("main").get_by_text("1 new picture stored.")).to_be_visible()


def test_an_upload_can_be_cancelled(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url, "teach")
    drop(page, ".teach", [("1_a.png", digits.png(2))])
    held = Held(page, "**/upload")
    page.get_by_role("button", name="Send 1 picture").click()
    held.wait()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert").filter(has_text="Stopped. 1 picture is still to be sent.")).to_be_visible()
    expect(page.get_by_role("button", name="Send 1 picture")).to_be_enabled()
    page.unroute("**/upload")


def test_a_line_that_is_slow_is_none_that_stands_still(
    tmp_path: Path, open_page: OpenPage, digits: Digits, random: np.random.Generator
) -> None:
    """What takes twice as long as any silence may is sent once, and to its end."""
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "teach")
        page.evaluate(IMPATIENT, 4_000)
        line = {"offline": False, "latency": 50, "downloadThroughput": 100_000, "uploadThroughput": 100_000}
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
        pictures = [encoded(noisy(digits.images[n], 320, random), "PNG") for n in range(4)]
        assert sum(map(len, pictures)) > 2 * 4 * 100_000
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/upload" in request.url else None)
        drop(page, ".teach", [(f"{digits.classes[n]}_{n}.png", each) for n, each in enumerate(pictures)])
        page.get_by_role("button", name="Send 4 pictures").click()
        expect(page.get_by_role("button", name="Sending, ")).to_be_visible()
        expect(page.locator(".outcome")).to_be_visible(timeout=60_000)
        assert len(asked) == 1
        assert server.get("/dataset").json()["count"] == 4


def test_a_page_that_sends_asks_before_it_goes(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url, "teach")
    drop(page, ".teach", [("1_a.png", digits.png(5))])
    held = Held(page, "**/upload")
    page.get_by_role("button", name="Send 1 picture").click()
    held.wait()
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    held.go()
    expect(page.get_by_role("main").get_by_text("1 new picture stored.")).to_be_visible()


def test_a_line_that_stands_still_is_told_from_a_lost_server(
    server: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    page = open_page(server.url)
    page.evaluate(IMPATIENT, 500)
    held = Held(page, "**/predict/batch")
    drop(page, ".predict", [("a.png", digits.png(0))])
    held.wait()
    expect(page.get_by_text("The line is too slow")).to_be_visible()
    expect(page.locator("#lost")).to_be_hidden()
    page.unroute("**/predict/batch")
    page.evaluate("globalThis.patient()")
    page.get_by_role("button", name="Try again").click()
    answer(page, "7")
    assert len(held.routes) == 1
