"""The API key is asked for when it is needed, and kept for the tab only."""

from pathlib import Path

from playwright.sync_api import expect

from tests.live import LiveServer
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
        assert page.evaluate("localStorage.length") == 0
        assert page.context.cookies() == []
        assert KEY not in page.content()


def test_without_the_key_nothing_is_changed_and_the_page_says_so(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, environment={"RELEARN_API_KEY": KEY}) as server:
        page = open_page(server.url, "retrain")
        page.get_by_role("button", name="Retrain now").click()
        page.get_by_role("dialog").press("Escape")
        expect(page.get_by_role("alert").filter(has_text="that needs the API key")).to_be_visible()
        expect(page.get_by_role("button", name="Retrain now")).to_be_enabled()
        assert server.get("/retrain/jobs").json()["jobs"] == []


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
