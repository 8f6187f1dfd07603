"""Every text of the page is in the tables of its language, and German has such tables."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny
from tests.ui.browser import THREE, draw, new_page
from tests.ui.conftest import OpenPage
from tests.ui.test_fit import refuse_a_retraining
from tests.ui.test_predict import drop
from tests.ui.views import VIEWS, arrive

TEXTS = ROOT / "ui/texts"
FIRST, LATER = (
    {path.stem: json.loads(path.read_text()) for path in each.glob("*.json")} for each in (TEXTS, TEXTS / "later")
)
TABLES = {language: table | LATER[language] for language, table in FIRST.items()}
ENGLISH = TABLES["en"]
OTHERS = sorted(set(TABLES) - {"en"})
VALUE = re.compile(r"\{\w+\}")

# What is seen or read out, a paragraph at a time: what stands in it may come from several nodes.
SEEN = """() => {
  const found = new Set([document.title]);
  const data = "pre, code, noscript, script, #language, .chosen-name, .large-name, .tile";
  const whole = "p, li, dt, dd, th, td, h1, h2, h3, summary, label, figcaption, button, a, option";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || parent.closest(data)) continue;
    if (parent.getClientRects().length) found.add((parent.closest(whole) ?? parent).textContent);
  }
  for (const name of ["aria-label", "title", "placeholder", "alt"])
    for (const node of document.querySelectorAll(`[${name}]:not(.tile):not(.tile img):not(.chosen img)`))
      if (node.getClientRects().length) found.add(node.getAttribute(name));
  return [...found];
}"""
# Of no table: what browsers, servers, models and units say.
GIVEN = re.compile(
    r"Relearn|digits|\d+\. \w+\.?( \d{4},? \d\d:\d\d)?|vor \d+ \w+"
    r"|[\d.,]+\s(s|ms|µs|min|h|d|B|kB|MB|GB|Tsd\.|/s)( \d+ s| \d+ min)?"
    r"|Tab|Enter|F1|EnglishDeutsch|p50|p95|p99|curl|Python|JavaScript|\w+\.png|\b\w\b"
)
DATE = re.compile(r"\d+\.\d+\.(\d{4})?")
ENGLISH_NUMBER = re.compile(r"\d\.(\d{1,2}|\d{4,})(?![\d.])")  # in German a point parts thousands


@pytest.mark.parametrize("language", OTHERS)
def test_every_table_says_the_same_with_the_same_values(language: str) -> None:
    table = TABLES[language]
    for tables in (FIRST, LATER):
        assert list(tables[language]) == list(tables["en"])
    assert not FIRST[language].keys() & LATER[language].keys()
    for key, text in ENGLISH.items():
        assert table[key].strip(), key
        assert table[key] == table[key].strip() or text != text.strip(), key
        for form in table[key].split("|"):
            known = set(VALUE.findall(text))
            assert set(VALUE.findall(form)) <= known, key
            assert known - {"{n}"} <= set(VALUE.findall(form)), key
        assert not re.search(r"\.\.\.|\s\s", table[key]), key


def test_every_text_of_the_table_is_said_somewhere() -> None:
    source = "\n".join(path.read_text() for path in [*(ROOT / "ui/app").rglob("*.js"), ROOT / "ui/index.html"])
    made = [
        re.sub(r"\\\$\\\{.*?\\\}", "[^.]+", re.escape(each)) for each in re.findall(r"`([a-z-]+\.\$\{[^`]*)`", source)
    ]
    for key in ENGLISH:
        assert f'"{key}"' in source or any(re.fullmatch(each, key) for each in made), key


def test_what_stands_in_the_page_before_any_script_is_english() -> None:
    page = (ROOT / "ui/index.html").read_text()
    said = re.findall(r'data-text="([^"]+)" data-of="([^"]+)" \2="([^"]+)"', page)
    said += [(key, "", text) for key, text in re.findall(r'data-text="([^"]+)">([^<]+)<', page)]
    assert len(said) == page.count("data-text=")
    for key, _, text in said:
        assert ENGLISH[key] == text


def test_a_language_is_loaded_only_where_it_is_wanted_and_stays_chosen(server: LiveServer, browser: Browser) -> None:
    page = new_page(browser)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    page.goto(server.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Predict")
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Erkennen")
    assert asked.index("en.json") < asked.index("de.json")
    assert page.locator("html").get_attribute("lang") == "de"
    asked.clear()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Erkennen")
    expect(page.get_by_label("Sprache")).to_have_value("de")
    assert "en.json" not in asked
    page.context.close()


def test_a_drawing_is_not_lost_to_another_language_unasked(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, THREE)
    expect(page.locator(".correction")).to_be_visible()
    language = page.get_by_role("combobox", name="Language")  # the dialog's name has the word, too
    language.select_option("de")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(language).to_have_value("en")
    expect(page.locator(".correction")).to_be_visible()
    language.select_option("de")
    page.get_by_role("dialog").get_by_role("button", name="Change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Erkennen")


@pytest.mark.parametrize("of", ["a table of signs", "German"])
def test_no_view_says_anything_else(tmp_path: Path, browser: Browser, digits: Digits, of: str) -> None:
    """Every text is between the signs of its table; and none of those that German says otherwise is English."""
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path, "--trainer", "none") as server:
        version = publish_tiny(memory)
        server.upload([(f"{n}.png", digits.png(n)) for n in range(30)], [str(each) for each in digits.classes[:30]])
        server.upload([("slip.png", digits.png(200))], [str((digits.classes[200] + 5) % 10)])
        refuse_a_retraining(server, memory, ("9",))
        server.post("/retrain", json={})
        page = new_page(browser, locale="de-DE")
        if of != "German":
            page.route("**/texts/de.json", lambda route: route.fulfill(json=signs(FIRST["en"])))
            page.route("**/texts/later/de.json", lambda route: route.fulfill(json=signs(LATER["en"])))
        said = walk(page, server, digits, version)
        page.context.close()
    assert len(said) > 200
    if of == "German":
        foreign = {text for key, text in ENGLISH.items() if TABLES["de"][key] != text and not VALUE.search(text)}
        assert not said & {form for text in foreign for form in text.split("|")}
        assert not {text for text in said if ENGLISH_NUMBER.search(DATE.sub("", text))}
        assert not {text for text in said if "calibration error" in text}, "a check's own name"
    else:
        rests = {text: rest for text in said if re.search(r"[^\W\d_]", rest := untold(text))}
        assert not rests, rests


def walk(page: Page, server: LiveServer, digits: Digits, version: str) -> set[str]:
    """All that every view says, with something to show in each, in its dialogs too."""
    said: set[str] = set()
    for place in VIEWS:
        arrive(page, server.url, place)
        if place == "predict":
            said.update(page.evaluate(SEEN))
            draw(page, THREE)
            page.locator(".correction").wait_for()
            said.update(page.evaluate(SEEN))
            page.locator(".choice").first.click()
            page.locator(".filed").wait_for()
            drop(page, ".predict", [("a.png", digits.png(3)), ("b.png", b"no picture")])
            page.locator(".gallery .tile.bad").wait_for()
        if place == "teach":
            drop(page, ".teach", [("1_a.png", digits.png(7)), ("b.png", digits.png(8))])
            page.locator(".strip .tile").nth(2).wait_for()
        if place == "retrain":
            page.locator(".distance").wait_for()
        if place == "models":
            page.locator(".version h2").wait_for()
            page.locator(".beside").last.click()
            page.locator(".pair").wait_for()
            page.locator('.rows a[href="#retrain"]').wait_for()
        if place == "health":
            page.locator(".plots .bars").first.wait_for()
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        if place == "teach":
            page.locator(".found .tile").first.click()
        if place == "models":
            page.locator("#model-name, .example").nth(3).wait_for()
        said.update(page.evaluate(SEEN))
        page.locator("body").press("Shift+?")
        page.locator("dialog[open] dt").first.wait_for()
        said.update(page.evaluate(SEEN))
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
    page.goto(f"{server.url}/#models/0")
    page.locator(".version .checks").first.wait_for()
    said.update(page.evaluate(SEEN))
    page.goto(f"{server.url}/#models/{version}")
    for question in ("shadow", "promote"):
        page.locator(f".versions [data-key^={question}-]").first.click()
        page.locator("dialog[open]").wait_for()
        said.update(page.evaluate(SEEN))
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
    page.locator(".versions [data-key^=shadow-]").first.click()
    page.locator("dialog .primary").click()
    page.locator("[data-key=end-canary]").click()
    page.locator("[data-key=close-rollout]").wait_for()
    said.update(page.evaluate(SEEN))
    return said


def signs(table: dict[str, str]) -> dict[str, str]:
    return {key: "|".join(f"⟦{form}⟧" for form in text.split("|")) for key, text in table.items()}


def untold(text: str) -> str:
    """What is left of a text outside the signs of its table, and is of no other source."""
    for _ in range(9):
        text = re.sub(r"⟦[^⟦⟧]*⟧", "", text)
    return GIVEN.sub("", text)


def test_numbers_are_written_as_they_are_there(server: LiveServer, browser: Browser) -> None:
    page = new_page(browser, locale="de-DE")
    page.goto(server.url)
    draw(page, THREE)
    expect(page.locator(".bars .best .bar-value")).to_have_text(re.compile(r"^\d+,\d\s%$"))
    page.context.close()
