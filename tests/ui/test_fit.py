"""Everything fits, for everybody: in each view and dialog, at any width, size of text, colours, language, labels."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from export.publish import publish, with_file
from server.store import living
from server.store.days import DAY_SECONDS, OTHERS, Answered
from server.store.decisions import now
from server.store.lease import take
from server.store.memory import Memory
from server.store.outcome import outcome
from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.fit import crooked
from tests.ui.test_accessible import SERIOUS
from tests.ui.test_predict import drop
from tests.ui.views import arrive, complete, unfold
from tests.ui.worded import FASHION, FORTY, TWELVE, worded, write_baseline

DIGITS = tuple("0123456789")
MOVED: list[dict[str, Any]] = [
    {"of": "label", "label": "7", "at_most": None, "reference": 0.1, "now": 0.2, "answers": 400, "distance": 9.0},
    {"of": "ink", "label": None, "at_most": 0.125, "reference": 0.1, "now": 0.4, "answers": 400, "distance": 8.0},
]
Lived = Callable[[tuple[str, ...]], LiveServer]
Look = Callable[[str], None]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Iterator[Lived]:
    """A server of a model with these labels that has something to show in each view; one for each set of them."""
    with ExitStack() as stack:

        @cache
        def start(labels: tuple[str, ...]) -> LiveServer:
            folder = tmp_path_factory.mktemp("lived")
            flags = () if labels == DIGITS else ("--baseline", str(write_baseline(folder / "0", labels)))
            memory = memory_in(folder, baseline=folder / "0" if flags else ROOT / "artifacts/baseline")
            memory.drift.raise_("0", now(), MOVED[0]["of"], {"moved": MOVED})  # shown where a version has a reference
            server = stack.enter_context(LiveServer(folder, "--trainer", "none", *flags))
            live_through(server, memory, labels, digits)
            return server

        yield start


def live_through(server: LiveServer, memory: Memory, labels: tuple[str, ...], digits: Digits) -> None:
    """Two versions, one of them on trial, a refused retraining, one that is proposed, pictures of each label, a doubted
    one, days of answers."""
    today = int(time.time() // DAY_SECONDS)
    for day in range(today - 20, today + 1):
        memory.days.add({(day, label): Answered(day * 37, day * 30.0, day * 37, day) for label in (*labels, OTHERS)})
    if labels != DIGITS:
        publish(memory, with_file(worded(labels), "report/report.html", b"<h1>All</h1>"), "0", "a test")
    server.upload([(f"{n}.png", digits.png(n)) for n in range(len(labels))], list(labels))
    server.upload([("slip.png", digits.png(200))], [labels[-1]])
    refuse_a_retraining(server, memory, labels[-3:])
    asking = {"mode": "ask", "labels": 1, "quiet_minutes": 0, "cooldown_minutes": 0}
    assert server.client.put(f"{server.url}/retrain/policy", json=asking).status_code == 200
    server.upload([("new.png", digits.png(300))], [labels[int(digits.classes[300]) % len(labels)]], source="correction")
    eventually(lambda: server.get("/retrain/policy").json()["proposal"], "a proposal")
    if labels != DIGITS:  # while one is on trial, nothing is proposed
        assert server.post("/models/0/canary", json={"minutes": 1440}).status_code == 202


def refuse_a_retraining(server: LiveServer, memory: Memory, worse: tuple[str, ...]) -> None:
    """One that came to its end and made the reading of these labels worse."""
    job = server.post("/retrain", json={"force": True}).json()["job"]
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    for step in (1, 2):
        checked = {"validation_loss": 1 / step, "validation_accuracy": 0.5}
        lease.tell("training", {"epoch": step, "epochs": 2, "step": 9, "steps": 9, "loss": 2 / step} | checked)
    changes = [f"class {label} change since version 0" for label in worse]
    checks = [
        {"name": name, "value": -0.1, "limit": -0.003, "images": 900, "passed": False}
        for name in ("calibration error", *changes)
    ]
    figures = {"metrics": {"test": {"accuracy": 0.9}}, "gate": {"passed": False, "against": "0", "checks": checks}}
    with memory.database.write() as connection:
        lease.conclude(connection, outcome("refused", None, figures, "missed"), figures)


# Each with each other, as far as two by two.
@pytest.mark.parametrize(
    ("labels", "width", "colours", "size", "language"),
    [
        (FASHION[:2], 360, "light", 200, "de-DE"),
        (FASHION[:2], 1280, "forced", 100, "en-US"),
        (DIGITS, 360, "dark", 100, "de-DE"),
        (DIGITS, 1280, "light", 200, "en-US"),
        (TWELVE, 360, "forced", 200, "en-US"),
        (TWELVE, 1280, "dark", 100, "de-DE"),
        (FORTY, 360, "light", 100, "en-US"),
        (FORTY, 1280, "forced", 200, "de-DE"),
        (FORTY, 360, "dark", 200, "en-US"),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, tuple) else str(value),
)
def test_everything_fits(
    lived: Lived,
    open_page: OpenPage,
    digits: Digits,
    axe: str,
    labels: tuple[str, ...],
    width: int,
    colours: str,
    size: int,
    language: str,
) -> None:
    server = lived(labels)
    scheme = "dark" if colours == "dark" else "light"
    page = open_page(server.url, width=width, height=800, scheme=scheme, locale=language)
    page.emulate_media(forced_colors="active" if colours == "forced" else "none")
    page.evaluate(f"document.documentElement.style.fontSize = '{size}%'")
    page.evaluate(axe)
    wrong: dict[str, list[str]] = {}

    def look(where: str) -> None:
        found = crooked(page)
        for each in page.evaluate(SERIOUS):
            found.append(json.dumps([each["id"], *(node["html"][:150] for node in each["nodes"][:3])]))
        if found:
            wrong[where] = found

    walk(page, server, digits, look)
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


MISFITS = """() => {
  const put = (style, html) => {
    const made = document.querySelector("main").appendChild(document.createElement("div"));
    made.innerHTML = html;
    made.style.cssText = style;
    return made;
  };
  put("margin-top: 9px", "<button>one</button><button>other</button>").lastChild.style.marginLeft = "-20px";
  put("margin-top: 9px; line-height: 2px; width: 40px", "words that lie upon each other");
  put("width: 20px; overflow: hidden; white-space: nowrap", "words that are cut at their end");
  put("height: 9px; overflow: hidden", "words that are cut at their feet");
}"""


def test_what_does_not_fit_would_be_found(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    complete(page)
    assert crooked(page) == []
    page.evaluate(MISFITS)
    assert sorted({each.partition(":")[0] for each in crooked(page)}) == ["cut", "cut below", "overlap"]
    page.evaluate("document.querySelector('main').style.minWidth = '2000px'")
    assert {"outside", "the page is too wide"} < {each.partition(":")[0] for each in crooked(page)}


def walk(page: Page, server: LiveServer, digits: Digits, look: Look) -> None:
    """All views and dialogs, with something in each."""
    arrive(page, server.url, "predict")
    look("predict, empty")
    draw(page, THREE)
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    page.locator(".correction").wait_for()
    look("predict, drawn")
    drop(page, ".predict", [("a" * 100 + ".png", digits.png(3)), ("b.png", b"no picture")])
    page.locator(".gallery .tile.bad").wait_for()
    page.locator(".gallery .tile").first.click()
    page.locator(".correction").wait_for()
    look("predict, pictures")
    arrive(page, server.url, "teach")
    drop(page, ".teach", [(f"photo {n}.png", digits.png(n)) for n in range(110, 113)])
    expect(page.locator(".strip .tile").nth(2)).to_be_visible()
    expect(page.locator(".strip .tile-label:text-is('?')")).to_have_count(0)
    look("teach, suggested")
    page.locator(".desk .choice").last.click()
    look("teach, labelled")
    unfold(page, "input")
    page.locator(".found .tile").first.click()
    look("teach, unfolded")
    ask(page, look, "undo an upload", "[data-key^=undo-]")
    arrive(page, server.url, "retrain")
    page.locator(".outcome-card").nth(1).wait_for()  # the verdict, and what is proposed
    look("retrain, refused")
    unfold(page, ".outcome-card")
    look("retrain, unfolded")
    arrive(page, server.url, "models/0")
    look("models, one")
    page.locator(".models > details").first.evaluate("(part) => (part.open = true)")
    page.locator("#model-name").wait_for()
    look("models, those of the service")
    if page.locator(".row-actions button").count():
        ask(page, look, "promote", ".row-actions button")
        arrive(page, server.url, "models/0..1")
        page.locator(".pair").wait_for()
        look("models, two")
    arrive(page, server.url, "health")
    page.locator(".matrix.days td").first.wait_for()
    look("health")
    unfold(page, "p")
    look("health, unfolded")
    page.locator("h1").filter(visible=True).press("?")
    page.locator("dialog dt").first.wait_for()
    look("keys")
    page.keyboard.press("Escape")
    page.evaluate("import('/app/transport.js').then(({ hooks }) => void hooks.askKey('scope'))")
    page.locator("dialog #key").wait_for()
    look("key")
    page.keyboard.press("Escape")


def ask(page: Page, look: Look, where: str, button: str) -> None:
    """Look at the question that a button asks, and say no."""
    page.locator(button).first.click()
    page.locator("dialog form").wait_for()
    look(where)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
