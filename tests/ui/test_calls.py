"""/docs: every call to be read and searched, by the page's own files and from the service's own document."""

import re

from playwright.sync_api import expect

from tests.live import LiveServer
from tests.ui.conftest import OpenPage


def operations(server: LiveServer) -> list[tuple[str, str]]:
    paths = server.get("/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def test_every_call_is_there_and_unfolds_to_what_it_takes_and_answers(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.goto(f"{server.url}/docs")
    calls = page.locator("details")
    expect(calls).to_have_count(len(operations(server)))
    begin = page.locator("#post-m")
    begin.locator("summary").click()
    expect(begin).to_contain_text("Body")
    expect(begin.locator("pre").first).to_contain_text('"cat"')
    expect(begin).to_contain_text("201 Created")
    for each in calls.all():
        each.evaluate("(call) => { call.open = true; }")
    expect(page.locator("details h3", has_text="Any other answer")).to_have_count(len(operations(server)))
    assert "undefined" not in page.locator("main").inner_text()


def test_words_find_calls_and_an_address_unfolds_one(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.goto(f"{server.url}/docs#post-models-version-promote")
    expect(page.locator("#post-models-version-promote")).to_have_attribute("open", "")
    page.get_by_label("Find").fill("post canary")
    expect(page.locator("details:visible")).to_have_count(1)
    expect(page.locator("details:visible")).to_contain_text("/models/{version}/canary")


def test_it_is_readable_for_everybody(server: LiveServer, open_page: OpenPage, axe: str) -> None:
    for scheme in ("light", "dark"):
        page = open_page(server.url, width=360, scheme=scheme)
        page.goto(f"{server.url}/docs#post-retrain")
        expect(page.locator("#post-retrain h3").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.evaluate(axe)
        found = page.evaluate("axe.run()")
        assert not found["violations"], [each["id"] for each in found["violations"]]


def test_a_document_that_does_not_come_is_told(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.route("**/openapi.json", lambda route: route.abort())
    page.goto(f"{server.url}/docs")
    expect(page.get_by_role("alert")).to_have_text(re.compile("could not be loaded"))
