"""The API key is asked for when it is needed, and kept for the tab only."""

import subprocess
from pathlib import Path

from playwright.sync_api import expect

from export.publish import publish, with_file
from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, tiny_candidate
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.test_predict import answer

KEY = "correct-horse"


def test_the_key_is_asked_for_and_kept_in_this_tab_only(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, environment={"RELEARN_API_KEY": KEY}) as server:
        page = open_page(server.url)
        draw(page, THREE)
        answer(page, "3")
        dialog = page.get_by_role("dialog", name="This needs the API key")
        expect(dialog).to_have_count(0)

        page.get_by_role("button", name="It is a 5").click()
        dialog.get_by_label("API key").fill("wrong")
        dialog.get_by_role("button", name="Continue").click()
        expect(dialog.get_by_text("not the right one")).to_be_visible()
        dialog.get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page.locator(".filed")).to_contain_text("Filed as 5")
        assert page.evaluate("sessionStorage.getItem('relearn-key')") == KEY
        with page.expect_request("**/predict?*") as predicted:
            draw(page, THREE)
        assert "x-api-key" not in predicted.value.all_headers(), "what needs none is sent none"
        assert page.evaluate("localStorage.length") == 0
        assert page.context.cookies() == []
        assert KEY not in page.content()


def test_without_the_key_nothing_is_shown_or_changed_and_the_page_says_so(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, environment={"RELEARN_API_KEY": KEY}) as server:
        page = open_page(server.url, "retrain")
        dialog = page.get_by_role("dialog", name="This needs the API key")
        dialog.press("Escape")
        expect(page.get_by_text("This is not shown, since that needs the API key.").first).to_be_visible()
        expect(dialog).to_have_count(0)
        page.get_by_role("button", name="Retrain now").click()
        dialog.press("Escape")
        expect(page.get_by_role("alert").filter(has_text="that needs the API key")).to_be_visible()
        expect(page.get_by_role("button", name="Retrain now")).to_be_enabled()
        page.get_by_role("link", name="Models").first.click()
        expect(dialog).to_have_count(1)
        assert server.get("/retrain/jobs", headers={"X-API-Key": KEY}).json()["jobs"] == []


def test_a_key_that_no_request_can_carry_is_refused_where_it_is_typed(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, environment={"RELEARN_API_KEY": KEY}) as server:
        page = open_page(server.url)
        draw(page, THREE)
        answer(page, "3")
        page.get_by_role("button", name="It is a 5").click()
        dialog = page.get_by_role("dialog", name="This needs the API key")
        for strange in ("correct\u2014horse", "κ", "a\u200bb"):
            dialog.get_by_label("API key").fill(strange)
            page.keyboard.press("Enter")
            expect(dialog.get_by_role("alert")).to_contain_text("A key can't have")
        dialog.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(dialog.get_by_text("not the right one")).to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
        dialog.press("Escape")
        expect(page.get_by_role("button", name="It is a 5")).to_be_enabled()
        assert page.evaluate("sessionStorage.length") == 0
        page.get_by_role("button", name="It is a 5").click()
        dialog.get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page.locator(".filed")).to_contain_text("Filed as 5")
        assert page.evaluate("sessionStorage.getItem('relearn-key')") == KEY


def test_with_the_key_pictures_progress_and_reports_are_shown(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    report = b"<style>h1 { color: rgb(1, 2, 3) }</style><h1>All figures</h1><img src='mistakes.png' alt='Mistakes'>"
    candidate = with_file(tiny_candidate(), "report/report.html", report)
    version = publish(memory, with_file(candidate, "report/mistakes.png", digits.png(0)), "0", "a test")
    with LiveServer(tmp_path, "--trainer", "none", environment={"RELEARN_API_KEY": KEY}) as server:
        server.client.headers["X-API-Key"] = KEY
        assert server.upload([("a.png", digits.png(0))], ["3"]).json()["suspects"]
        assert server.post("/retrain", json={"force": True}).status_code == 202
        asked: list[str] = []
        page = open_page(server.url, "teach")
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_role("dialog").get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page.locator(".stage img")).to_have_js_property("naturalWidth", 28)
        expect(page.get_by_role("dialog")).to_have_count(0)

        page.get_by_role("link", name="Retrain").first.click()
        expect(page.get_by_text("Waiting: for a trainer to take it up.")).to_be_visible()
        assert server.client.delete(server.url + "/retrain/jobs/1").status_code == 202
        expect(page.locator(".verdict-title")).to_contain_text("Cancelled")

        page.get_by_role("link", name="Models").first.click()
        page.get_by_role("link", name=f"Version {version}", exact=True).first.click()
        article = page.get_by_role("article", name=f"Version {version}")
        article.get_by_text("The whole report").click()
        frame = page.frame_locator(f'iframe[title="Report of version {version}"]')
        expect(frame.get_by_role("heading", name="All figures")).to_have_css("color", "rgb(1, 2, 3)")
        expect(frame.get_by_alt_text("Mistakes")).to_have_js_property("naturalWidth", 28)
        assert page.locator("iframe").get_attribute("sandbox") == "allow-same-origin", "and so no scripts"
        assert asked
        assert not [url for url in asked if KEY in url]


def test_a_key_that_may_not_do_it_can_be_replaced(tmp_path: Path, open_page: OpenPage) -> None:
    command = [str(ROOT / ".venv-serve/bin/python"), "-m", "server", "key", "reader", "--scopes", "read"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    reader, line = made.stdout.splitlines()
    environment = {"RELEARN_API_KEY": KEY, "RELEARN_KEYS": line}
    with LiveServer(tmp_path, "--trainer", "none", environment=environment) as server:
        page = open_page(server.url, "retrain")
        dialog = page.get_by_role("dialog", name="This needs the API key")
        dialog.get_by_label("API key").fill(reader)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Its progress will be shown here")).to_be_visible()
        page.get_by_role("button", name="Retrain now").click()
        expect(dialog.get_by_text("may not do this")).to_be_visible()
        dialog.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(dialog.get_by_text("not the right one")).to_be_visible()
        dialog.press("Escape")
        expect(page.get_by_role("alert").filter(has_text="Nothing was changed")).to_be_visible()
        assert page.evaluate("sessionStorage.getItem('relearn-key')") == reader
        page.get_by_role("button", name="Retrain now").click()
        expect(dialog.get_by_text("may not do this")).to_be_visible()
        dialog.get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page.get_by_text("nothing new to learn from").first).to_be_visible()
