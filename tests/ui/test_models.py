"""Models: an old version is promoted with a confirmation, and the page says who serves."""

import json
from pathlib import Path

from playwright.sync_api import expect

from export.publish import publish, with_file
from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny, tiny_candidate
from tests.ui.conftest import OpenPage


def test_an_old_version_is_promoted_with_a_confirmation(tmp_path: Path, open_page: OpenPage) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path) as server:
        version = publish_tiny(memory)
        page = open_page(server.url, "models")
        expect(page.locator("#pulse")).to_have_text(f"version {version}")
        rows = page.locator(".versions tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("serves")

        back = page.get_by_role("button", name="Roll back to version 0")
        back.click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        assert server.get("/models").json()["current"] == version
        back.click()
        page.get_by_role("dialog").get_by_label("Why?").fill("<b>a test</b>")
        page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
        expect(page.get_by_text("Version 0 serves.")).to_be_visible()
        expect(page.locator("#pulse")).to_have_text("version 0")
        expect(rows.nth(1)).to_contain_text("serves")
        expect(page.get_by_role("button", name=f"Promote version {version}")).to_be_visible()
        moves = page.get_by_role("region", name="What served when").get_by_role("listitem")
        expect(moves.first).to_contain_text(f"{version} → 0 rolled back by hand, just now: <b>a test</b>")
        assert server.get("/health").json()["model_version"] == "0"


def test_two_versions_stand_side_by_side(tmp_path: Path, open_page: OpenPage) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path) as server:
        version = publish_tiny(memory)
        page = open_page(server.url, "models")
        page.get_by_role("button", name="Look at version 0").click()
        expect(page.get_by_role("article", name="Version 0")).to_be_visible()
        report = json.loads((ROOT / "artifacts/baseline/report/report.json").read_bytes())
        zeros = str(report["metrics"]["test"]["confusion"][0][0])
        expect(page.get_by_role("table", name="Rows: what it was").locator("td").first).to_have_text(zeros)
        page.get_by_label("beside").select_option(version)
        expect(page.get_by_role("article")).to_have_count(2)
        expect(page.get_by_role("article", name="Version 0").locator(".facts .tag.good").first).to_contain_text("+")


def test_the_worst_mistakes_are_shown_as_pictures(tmp_path: Path, open_page: OpenPage) -> None:
    report = json.loads((ROOT / "artifacts/baseline/report/report.json").read_bytes())
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "models")
        page.get_by_role("button", name="Look at version 0").click()
        worst = page.get_by_role("figure", name="Its worst mistakes").get_by_role("listitem")
        expect(worst).to_have_count(len(report["mistakes"]))
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
