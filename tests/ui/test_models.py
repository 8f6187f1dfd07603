"""Models: an old version is promoted with a confirmation, and the page says who serves."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from export.publish import publish, with_file
from server.store.memory import Memory
from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.programs import needed
from tests.tiny import memory_in, publish_tiny, tiny_candidate
from tests.ui.conftest import OpenPage
from tests.ui.fit import crooked
from tests.ui.test_accessible import SERIOUS

WORST = 24  # mistakes that the page shows of a version alone


def test_an_old_version_is_promoted_with_a_confirmation(tmp_path: Path, open_page: OpenPage) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path) as server:
        version = publish_tiny(memory)
        page = open_page(server.url, "models")
        expect(page.locator("#pulse")).to_have_text(f"version {version}")
        rows = page.locator(".versions tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("serves")

        back = page.get_by_role("table", name="Versions").get_by_role("button", name="Roll back to version 0")
        back.click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        assert server.get("/models").json()["current"] == version
        back.click()
        page.get_by_role("dialog").get_by_label("Why?").fill("<b>a test</b>")
        page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
        expect(page.get_by_text("Version 0 serves.")).to_be_visible()
        expect(page.locator("#pulse")).to_have_text("version 0")
        expect(rows.nth(1)).to_contain_text("serves")
        expect(page.get_by_role("button", name=f"Promote version {version}").first).to_be_visible()
        moves = page.get_by_role("region", name="What served when").get_by_role("listitem")
        expect(moves.first).to_contain_text(f"{version} → 0 rolled back by hand, just now: <b>a test</b>")
        assert server.get("/health").json()["model_version"] == "0"


def test_two_versions_stand_side_by_side(tmp_path: Path, open_page: OpenPage) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path) as server:
        version = publish_tiny(memory)
        page = open_page(server.url, "models")
        page.get_by_role("link", name="Version 0", exact=True).click()
        expect(page.get_by_role("article", name="Version 0")).to_be_visible()
        report = json.loads((ROOT / "artifacts/baseline/report/report.json").read_bytes())
        zeros = str(report["metrics"]["test"]["confusion"][0][0])
        expect(page.get_by_role("table", name="Rows: what it was").locator("td").first).to_have_text(zeros)
        page.get_by_role("link", name=f"Compare version {version} with 0").click()
        expect(page).to_have_url(f"{server.url}/#models/0..{version}")
        expect(page.get_by_role("article", name=f"Version 0 against {version}")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("article", name="Version 0", exact=True)).to_be_visible()


def test_the_worst_mistakes_are_shown_as_pictures(tmp_path: Path, open_page: OpenPage) -> None:
    report = json.loads((ROOT / "artifacts/baseline/report/report.json").read_bytes())
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "models")
        page.get_by_role("link", name="Version 0", exact=True).click()
        worst = page.get_by_role("figure", name="Its worst mistakes").get_by_role("listitem")
        expect(worst).to_have_count(min(len(report["mistakes"]), WORST))
        first = report["mistakes"][0]
        expect(worst.first).to_contain_text(f"{first['label']}, read as {first['predicted']}")
        expect(worst.first.locator("img")).to_have_js_property("naturalWidth", 28)


def test_a_report_is_shown_in_a_frame(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path) as server:
        candidate = with_file(
            tiny_candidate(), "report/report.html", b"<h1>All figures</h1><img src='mistakes.png' alt='Mistakes'>"
        )
        candidate = with_file(candidate, "report/mistakes.png", digits.png(0))
        version = publish(memory, candidate, memory.pointer.current(), "a test")
        page = open_page(server.url, "models")
        article = page.get_by_role("article", name=f"Version {version}")
        article.get_by_text("The whole report").click()
        frame = page.frame_locator(f'iframe[title="Report of version {version}"]')
        expect(frame.get_by_role("heading", name="All figures")).to_be_visible()
        expect(frame.get_by_alt_text("Mistakes")).to_have_js_property("naturalWidth", 28)
        assert page.locator("iframe").get_attribute("sandbox") == ""


def compared(memory: Memory, right: int, missed: list[int], digits: Digits, against: str | None = None) -> str:
    """A version that misses these test pictures, and how the gate judged it by another one; its number."""
    mistakes = [
        {"label": str(digits.classes[n]), "predicted": "0", "confidence": 0.9, "picture": data_url(digits.png(n))}
        for n in missed
    ]
    classes = {str(n): {"precision": 0.9, "recall": 0.9, "f1": 0.9, "images": 10} for n in range(10)}
    confusion = [[10 if row == column else 0 for column in range(10)] for row in range(10)]
    for n in missed:
        confusion[digits.classes[n]][0] += 1
    test = {"images": 100, "right": right, "accuracy": right / 100, "classes": classes, "confusion": confusion}
    change = {
        "name": "accuracy change",
        "value": 0.02,
        "limit": -0.003,
        "images": 50,
        "passed": True,
        "detectable": 0.14,
    }
    history = [
        {"validation_loss": 0.5, "validation_accuracy": 0.8},
        {"validation_loss": 0.4, "validation_accuracy": 0.9},
    ]
    report = {
        "metrics": {"test": test},
        "mistakes": mistakes,
        "gate": {"passed": True, "against": against, "checks": [change]},
        "training": {"history": history, "upload_batches": [1, 2], "uploads_left_out": 3},
        "dataset": {"uploads": {"1": 4, "2": 3}, "held out": {"1": 2}},
    }
    candidate = with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode())
    candidate = with_file(candidate, "report/report.html", b"<h1>All figures</h1>")
    return publish(memory, candidate, memory.pointer.current(), "a test")


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


@pytest.fixture
def several(tmp_path: Path, digits: Digits) -> Iterator[LiveServer]:
    """Versions 1 to 3, of which the third was judged by the second."""
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path) as server:
        compared(memory, 50, [1, 2, 3], digits)
        compared(memory, 97, [1, 2, 3], digits)
        compared(memory, 98, [3, 4], digits, against="2")
        yield server


def test_versions_are_compared_by_what_one_reads_and_the_other_missed(several: LiveServer, open_page: OpenPage) -> None:
    page = open_page(several.url, "models/3..2")
    article = page.get_by_role("article", name="Version 3 against 2")
    expect(article).to_contain_text(
        "held version 3 against version 2, both on the same 50 pictures that neither had learnt from: it reads 1 more"
    )
    gained = article.get_by_role("figure", name="Version 3 reads, version 2 missed: 2")
    expect(gained.get_by_role("listitem")).to_have_count(2)
    lost = article.get_by_role("figure", name="Version 2 reads, version 3 missed: 1")
    expect(lost.get_by_role("listitem")).to_have_count(1)
    expect(article.get_by_text("1 both missed")).to_be_visible()
    expect(article).to_contain_text("on 50 pictures, which show a loss of 14.00 points or more")
    expect(article.locator(".matrix .better, .matrix .wrong")).to_have_count(3)
    expect(article.get_by_role("group", name="Loss while checking. version 3: now 0.400")).to_be_visible()
    expect(article.get_by_text("7 pictures of 2 uploads (2 held out, 3 copies left out)")).to_have_count(2)


def test_no_more_is_said_of_a_reading_than_a_report_knows(several: LiveServer, open_page: OpenPage) -> None:
    page = open_page(several.url, "models/3..1")
    article = page.get_by_role("article", name="Version 3 against 1")
    expect(article.get_by_text("The gate never held these two against each other")).to_be_visible()
    expect(
        article.get_by_text("Version 3 missed, and they are not among the mistakes that version 1 was surest about: 1")
    ).to_be_visible()


def test_more_than_two_stand_side_by_side(several: LiveServer, open_page: OpenPage) -> None:
    page = open_page(several.url, "models/3..2..1")
    article = page.get_by_role("article", name="Version 3 against 2, 1")
    expect(article.get_by_role("columnheader", name="Version")).to_have_count(3)
    expect(article.get_by_role("region", name="Against version 1")).to_be_visible()
    page.get_by_role("link", name="Hide version 2").click()
    expect(page).to_have_url(f"{several.url}/#models/3..1")


def test_a_version_has_an_address_and_what_it_asks_for_is_in_sight(several: LiveServer, open_page: OpenPage) -> None:
    page = open_page(several.url, "models/2", height=500)
    article = page.get_by_role("article", name="Version 2", exact=True)
    expect(article).to_be_in_viewport()
    article.get_by_role("button", name="Roll back to version 2").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.locator("#pulse")).to_have_text("version 2")


def test_the_model_and_its_report_are_downloaded(several: LiveServer, open_page: OpenPage) -> None:
    page = open_page(several.url, "models/3")
    with page.expect_download() as model:
        page.get_by_role("button", name="Model file of version 3").click()
    assert model.value.suggested_filename == "version-3.onnx"
    kept = (several.artifacts / "models/digits/3/model.onnx").read_bytes()
    assert model.value.path().read_bytes() == kept == several.get("/models/3/model.onnx").content
    with page.expect_download() as report:
        page.get_by_role("button", name="Report of version 3").click()
    assert report.value.path().read_bytes() == b"<h1>All figures</h1>"


def test_the_examples_work_as_they_stand(
    several: LiveServer, open_page: OpenPage, digits: Digits, tmp_path: Path
) -> None:
    needed("curl")
    page = open_page(several.url, "models")
    expect(page.locator("#pulse")).to_have_text("version 3")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    (tmp_path / "picture.png").write_bytes(digits.png(0))
    page.get_by_text("Use it", exact=True).click()
    page.get_by_role("button", name="Copy the example for curl").click()
    expect(page.get_by_text("The example for curl is copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["sh", "-c", f"{command} -s --noproxy '*'"], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(done.stdout)["model_version"] == "3"
    code = page.get_by_label("Example for JavaScript", exact=True).inner_text()
    file = f"new Blob([new Uint8Array({list(digits.png(0))})])"
    label = page.evaluate(f"async () => {{ const file = {file}; {code}; return label }}")
    assert label == several.predict(digits.png(0)).json()["label"]
    compile(page.get_by_label("Example for Python", exact=True).inner_text(), "example", "exec")


def test_one_network_has_one_speed(tmp_path: Path, open_page: OpenPage) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path) as server:
        for microseconds in (97.0, 40.0):
            report = json.dumps({"timing": {"batch 1": microseconds}}).encode()
            publish(
                memory, with_file(tiny_candidate(), "report/report.json", report), memory.pointer.current(), "a test"
            )
        page = open_page(server.url, "models")
        rows = page.locator(".versions tbody tr")
        expect(rows.nth(0)).to_contain_text("40 µs")
        expect(rows.nth(1)).to_contain_text("40 µs")


def test_versions_of_different_test_pictures_are_not_told_apart_by_them(
    several: LiveServer, open_page: OpenPage
) -> None:
    page = open_page(several.url, "models/3..0")
    article = page.get_by_role("article", name="Version 3 against 0")
    expect(article.get_by_text("Their test pictures differ")).to_be_visible()
    expect(article.locator(".worst, .matrix, .tag")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_comparison_is_for_everybody(
    several: LiveServer, open_page: OpenPage, axe: str, width: int, scheme: str
) -> None:
    page = open_page(several.url, "models/3..2..0", width=width, scheme=scheme)
    expect(page.get_by_role("article", name="Version 3 against 2, 0")).to_be_visible()
    assert crooked(page) == []
    page.evaluate(axe)
    assert [each["id"] for each in page.evaluate(SERIOUS)] == []
