"""Labels may be words of any script, and as many as there are: nothing is cut, each has its key or is found by name."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from playwright.sync_api import Page, expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.desk import expect_said, under_cursor
from tests.ui.fit import crooked
from tests.ui.test_predict import answer, drop
from tests.ui.worded import FASHION, FORTY, LONG, SIXTY, TWELVE, write_baseline

Serving = Callable[[tuple[str, ...]], LiveServer]

# Of any keyboard; Playwright has an American one.
PRESS = """(key) => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))"""

PRINTED = """(all) => all.map((each) =>
  [each.textContent, /^"(.)"/.exec(getComputedStyle(each, "::after").content)?.[1] ?? ""])"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server of a model with these labels; one for each set of them."""
    with ExitStack() as stack:

        @cache
        def start(labels: tuple[str, ...]) -> LiveServer:
            folder = tmp_path_factory.mktemp("worded")
            return stack.enter_context(LiveServer(folder, "--baseline", str(write_baseline(folder / "0", labels))))

        yield start


@pytest.mark.parametrize("labels", [FASHION, SIXTY], ids=len)
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_is_cut(
    serving: Serving, open_page: OpenPage, digits: Digits, labels: tuple[str, ...], width: int
) -> None:
    server = serving(labels)
    stored = server.upload([(f"{n}.png", digits.png(n)) for n in range(len(labels))], list(labels)).json()
    page = open_page(server.url, width=width)
    draw(page, THREE)
    expect(page.locator(".correction")).to_be_visible()
    expect(page.get_by_role("button", name="It is ", exact=False)).to_have_count(len(labels) + 1)
    drop(page, ".predict", [("a.png", digits.png(100))])
    expect(page.locator(".gallery .tile-label")).not_to_have_text("…")
    assert crooked(page) == []
    page.goto(f"{server.url}/#teach")
    expect(page.get_by_role("heading", level=1, name="Teach")).to_be_visible()
    drop(page, ".teach", [(f"{n}.png", digits.png(n)) for n in range(110, 114)])
    for position in (0, -1, len(labels) // 2):
        page.get_by_role("button", name=f"Label it {labels[position]}", exact=True).click()
    expect(page.locator(".lying, .columns").first).to_be_visible()
    assert crooked(page) == []
    page.goto(f"{server.url}/#models")
    expect(page.locator(".matrix")).to_have_count(1)
    assert crooked(page) == []
    # The others' tests begin with an empty desk.
    assert server.client.delete(f"{server.url}/dataset/batches/{stored['batch']}").status_code == 200


def test_texts_speak_of_what_the_model_knows(serving: Serving, open_page: OpenPage) -> None:
    page = open_page(serving(FASHION).url)
    expect(page.locator(".sheet-empty")).to_have_text("Draw here")
    draw(page, THREE)
    answer(page, "Dress")
    expect(page.get_by_role("button", name="Right: it is “Dress”")).to_be_visible()
    assert "digit" not in page.locator("main").inner_text().lower()
    page.goto(f"{serving(FASHION).url}/#teach")
    expect(page.get_by_text("A folder called Sneaker")).to_be_visible()
    assert "digit" not in page.locator("main").inner_text().lower()
    page = open_page(serving(SIXTY).url)
    expect(page.locator(".sheet-empty")).to_have_text("Draw a letter")
    page = open_page(serving(tuple("אבגדהוזחט")).url)
    expect(page.locator(".sheet-empty")).to_have_text("Draw a character")


def printed(page: Page) -> dict[str, str]:
    """The key of each label, as it can be read on it."""
    texts: list[list[str]] = page.locator(".desk .choice").evaluate_all(PRINTED)
    return {label: key or label for label, key in texts}


@pytest.mark.parametrize("labels", [FASHION, TWELVE, tuple("αβγ")], ids=len)
def test_the_key_that_is_printed_on_a_label_gives_it(
    serving: Serving, open_page: OpenPage, digits: Digits, labels: tuple[str, ...]
) -> None:
    page = open_page(serving(labels).url, "teach")
    names = [f"photo {n}.png" for n in range(len(labels))]
    drop(page, ".teach", [(name, digits.png(n)) for n, name in enumerate(names)])
    expect_said(page, dict.fromkeys(names, "?"))
    keys = printed(page)
    assert list(keys) == list(labels)
    assert len(set(keys.values())) == len(labels)
    given = {}
    for label in labels:
        given[under_cursor(page)] = label
        page.evaluate(PRESS, keys[label])
    expect_said(page, given)


def test_many_labels_are_found_by_name(serving: Serving, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(serving(FORTY).url, "teach")
    drop(page, ".teach", [(f"photo {n}.png", digits.png(n)) for n in range(2)])
    field = page.locator(".desk").get_by_role("searchbox")
    expect_said(page, dict.fromkeys(("photo 0.png", "photo 1.png"), "?"))
    first = under_cursor(page)
    field.fill("uberwach")  # as a keyboard without an umlaut has it
    expect(page.locator(".desk .choice:visible")).to_have_count(1)
    field.press("Enter")
    expect_said(page, {"photo 0.png": "?", "photo 1.png": "?"} | {first: LONG})
    expect(field).to_have_value("")
    field.fill("nothing like it")
    expect(page.locator(".desk").get_by_text("No label is called that.")).to_be_visible()


def test_few_labels_have_no_field(serving: Serving, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(serving(TWELVE).url, "teach")
    drop(page, ".teach", [("photo.png", digits.png(0))])
    expect(page.locator(".desk .choice")).to_have_count(12)
    expect(page.locator(".desk").get_by_role("searchbox")).to_have_count(0)


def test_names_of_files_give_labels_that_are_words(serving: Serving, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(serving(FASHION).url, "teach")
    names = ["T-shirt_top_12.png", "ankle_boot 3.png", "shirt.png", "shirts.png", "label sandal.png"]
    drop(page, ".teach", [(name, digits.png(n)) for n, name in enumerate(names)])
    read = ["T-shirt/top", "Ankle boot", "Shirt", "?", "Sandal"]
    expect_said(page, dict(zip(names, read, strict=True)))


def test_a_correction_under_a_word_is_stored(serving: Serving, open_page: OpenPage) -> None:
    server = serving(FASHION)
    page = open_page(server.url)
    draw(page, THREE)
    answer(page, "Dress")
    page.get_by_role("button", name="It is “Ankle boot”").click()
    expect(page.locator(".filed")).to_contain_text("Filed as Ankle boot")
    assert server.get("/dataset/images").json()["images"][0]["label"] == "Ankle boot"
