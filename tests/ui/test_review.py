"""Predictions that the server kept, reviewed on the desk: by keyboard, taken back, in two tabs, over a lost server."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.digits import Digits, encoded
from tests.faults.stage import eventually
from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.desk import ORDER, expect_said, tile, under_cursor

FLAGS = ("--trainer", "none", "--collect", "--collect-share", "1", "--collect-an-hour", "1000")


@pytest.fixture(scope="module")
def collecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("review"), *FLAGS) as server:
        yield server


def kept(server: LiveServer, state: str = "any") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(f"/samples?state={state}&limit=1000").json()["samples"]
    return found


def fill(server: LiveServer, digits: Digits, chosen: Sequence[int]) -> dict[str, str]:
    """Have just these digits predicted and kept: what each sample shows, by its name on the desk."""
    server.client.delete(f"{server.url}/samples").raise_for_status()
    files = [("files", ("a", digits.png(n))) for n in chosen]
    server.client.post(f"{server.url}/predict/batch", files=files).raise_for_status()
    samples = eventually(lambda: found if len(found := kept(server)) == len(chosen) else None, "the samples")
    return {name_of(each): str(digits.classes[chosen[each["position"]]]) for each in samples}


def name_of(sample: dict[str, Any]) -> str:
    return f"prediction {sample['sample']}"


def reviewed(server: LiveServer) -> dict[str, str | None]:
    return {name_of(each): each["reviewed"] for each in kept(server)}


def ready(page: Page, count: int) -> None:
    expect(page.get_by_role("button", name=f"To review {count}")).to_be_visible()
    expect(page.locator(".strip .here")).to_be_visible()


def test_thirty_are_labelled_by_keyboard_in_the_order_of_the_server(
    collecting: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    true = fill(collecting, digits, range(30))
    page = open_page(collecting.url, "teach")
    ready(page, 30)
    expect(page.get_by_text("30 predictions wait for a look.").first).to_be_visible()
    queue = kept(collecting, "waiting")
    names = [name_of(each) for each in queue]
    shown = [name for name, _ in page.evaluate(ORDER)]
    assert len(shown) > 8
    assert shown == names[: len(shown)]
    expect(page.locator(".standing")).to_contain_text("Drawn by chance")
    for each in queue:
        name = under_cursor(page)
        assert name == name_of(each)
        page.keyboard.press("Enter" if each["label"] == true[name] else true[name])
    assert set(reviewed(collecting).values()) == {None}  # nothing is stored until it is sent
    page.get_by_role("button", name="Send 30 pictures").click()
    expect(page.get_by_text("30 predictions reviewed.")).to_be_visible()
    expect(page.locator(".desk")).to_be_hidden()
    expect(page.get_by_text("30 drawn and reviewed")).to_be_visible()
    assert reviewed(collecting) == true
    images = collecting.get("/dataset/images?limit=1000").json()["images"]
    labels = {each["sha256"]: each["label"] for each in images if each["source"] == "review"}
    doubted = {each["sha256"] for each in collecting.get("/dataset").json()["suspects"]}
    for each in kept(collecting):
        assert each["sha256"] in doubted or labels[each["sha256"]] == true[name_of(each)]


def test_skipped_none_of_these_undone_kept_and_taken_back(
    collecting: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    fill(collecting, digits, range(40, 44))
    page = open_page(collecting.url, "teach")
    ready(page, 4)
    first, second, third, last = [name_of(each) for each in kept(collecting, "waiting")]
    open_ = {first: f"{suggested(collecting, first)}?", last: f"{suggested(collecting, last)}?"}
    page.keyboard.press("ArrowRight")
    expect(tile(page, second)).to_have_class("tile ghost here")
    page.get_by_role("button", name="None of these").click()
    page.keyboard.press("3")
    words = {first: "?", second: "?", third: "3", last: "?"}
    expect_said(page, words)
    expect(tile(page, second)).to_contain_text("✕")
    for _ in range(2):
        page.keyboard.press("Control+z")
    expect_said(page, dict.fromkeys(words, "?"))
    expect(tile(page, second)).not_to_contain_text("✕")
    for _ in range(2):
        page.keyboard.press("Control+Shift+Z")
    page.reload()
    expect_said(page, words)
    expect(tile(page, second)).to_contain_text("✕")
    for name, text in open_.items():
        expect(tile(page, name)).to_contain_text(text)
    page.get_by_role("button", name="Send 2 pictures").click()
    expect(page.get_by_text("2 predictions reviewed.")).to_be_visible()
    ready(page, 2)
    told = {name_of(each): (each["reviewed"], each["skipped"]) for each in kept(collecting)}
    nothing = (None, None)
    assert told == {first: nothing, second: (None, "none of these"), third: ("3", None), last: nothing}
    page.get_by_role("button", name="Take back").click()
    ready(page, 4)
    assert len(kept(collecting, "waiting")) == 4
    assert "review" not in [
        each["source"]
        for each in collecting.get("/dataset/images?limit=1000").json()["images"]
        if each["sha256"] in {sample["sha256"] for sample in kept(collecting)}
    ]


def suggested(server: LiveServer, name: str) -> str:
    return next(str(each["label"]) for each in kept(server) if name_of(each) == name)


def test_of_two_tabs_the_last_word_holds(collecting: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    fill(collecting, digits, range(50, 53))
    page = open_page(collecting.url, "teach")
    other = open_page(collecting.url, "teach")
    for each in (page, other):
        ready(each, 3)
    first = under_cursor(page)
    other.keyboard.press("Enter")
    expect(other.get_by_role("button", name="Send 1 picture")).to_be_enabled()
    for _ in range(3):
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Send 3 pictures").click()
    expect(page.get_by_text("3 predictions reviewed.")).to_be_visible()
    tile(other, first).click()
    other.keyboard.press("Delete")
    other.get_by_role("button", name="Send 1 picture").click()
    expect(other.get_by_text("1 prediction reviewed.")).to_be_visible()
    expect(other.locator(".desk")).to_be_hidden()  # the other two are no more to be reviewed
    told = {name_of(each): each["skipped"] for each in kept(collecting)}
    assert told.pop(first) == "none of these"
    assert set(told.values()) == {None}


def test_words_outlive_a_server_that_is_gone(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, *FLAGS) as server:
        true = fill(server, digits, range(2))
        page = open_page(server.url, "teach")
        ready(page, 2)
        for _ in range(2):
            page.keyboard.press(true[under_cursor(page)])
        server.stop()
        page.get_by_role("button", name="Send 2 pictures").click()
        expect(page.get_by_text("No answer; sending again")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("alert").filter(has_text="2 pictures are still to be sent")).to_be_visible()
        expect_said(page, true)
        server.flags += ("--port", server.url.rpartition(":")[2])
        server.start()
        page.get_by_role("button", name="Send 2 pictures").click()
        expect(page.get_by_text("2 predictions reviewed.")).to_be_visible()
        assert reviewed(server) == true


def test_what_was_removed_meanwhile_is_named_and_no_hindrance(
    collecting: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    true = fill(collecting, digits, range(60, 62))
    page = open_page(collecting.url, "teach")
    ready(page, 2)
    gone = under_cursor(page)
    for _ in range(2):
        page.keyboard.press(true[under_cursor(page)])
    expect_said(page, true)
    collecting.client.delete(f"{collecting.url}/samples/{gone.split()[1]}").raise_for_status()
    page.get_by_role("button", name="Send 2 pictures").click()
    expect(page.get_by_text("1 prediction reviewed.")).to_be_visible()
    expect(page.locator(".outcome").get_by_text(gone)).to_be_visible()
    expect(page.locator(".desk")).to_be_hidden()
    del true[gone]
    assert reviewed(collecting) == true


def test_more_than_a_hundred_come_as_they_are_asked_for(
    collecting: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    fill(collecting, digits, range(100, 212))
    page = open_page(collecting.url, "teach")
    ready(page, 100)
    page.get_by_role("button", name="Show more of the 112 predictions to review").click()
    ready(page, 112)
    expect(page.get_by_role("button", name="Show more of the 112 predictions")).to_have_count(0)


def test_health_says_how_often_it_was_right_and_what_that_is_worth(
    collecting: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    true = fill(collecting, digits, range(80, 86))
    page = open_page(collecting.url, "health")
    expect(page.get_by_text("shows once drawn ones are reviewed")).to_be_visible()
    for each in kept(collecting):
        word = [{"sample": each["sample"], "label": true[name_of(each)]}]
        collecting.post("/feedback", json=word).raise_for_status()
    page.reload()
    expect(page.get_by_text(re.compile(r"Right in production: .* 6 drawn and reviewed"))).to_be_visible()
    found = collecting.get("/samples/accuracy").json()
    valid = page.get_by_text("that is not valid while so many pictures are unlike")
    expect(valid).to_have_count(0 if found["estimate_is_valid"] else 1)
    page.route(
        "**/samples/accuracy",
        lambda route: route.fulfill(json=found | {"estimate_is_valid": not found["estimate_is_valid"]}),
    )
    page.reload()
    expect(valid).to_have_count(1 if found["estimate_is_valid"] else 0)


def test_what_is_left_is_removed_where_nothing_is_kept_any_more(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--collect", "--collect-share", "0.001") as server:
        noise = np.random.default_rng(4).integers(0, 256, (28, 28), np.uint8)
        server.predict(encoded(Image.fromarray(noise), "PNG")).raise_for_status()
        left = eventually(lambda: kept(server), "an unfamiliar picture")
        words = [{"sample": each["sample"], "skip": "noise"} for each in left]
        server.post("/feedback", json=words).raise_for_status()
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "teach")
        expect(page.get_by_text("start the server with --collect")).to_be_visible()
        page.get_by_role("button", name="Remove all that is kept").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_role("button", name="Remove all that is kept")).to_have_count(0)
        assert kept(server) == []


def test_all_that_is_kept_is_removed_on_the_page(
    collecting: LiveServer, open_page: OpenPage, digits: Digits, axe: str
) -> None:
    fill(collecting, digits, range(70, 73))
    page = open_page(collecting.url, "teach")
    ready(page, 3)
    expect(page.get_by_text("Some predictions are kept as the model saw them")).to_be_visible()
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations.map(({ id, impact }) => [id, impact])")
    assert not [each for each in found if each[1] in ("serious", "critical")]
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Send 1 picture")).to_be_enabled()
    page.get_by_role("button", name="Remove all that is kept").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Uploads that were made of them stay")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".desk")).to_be_hidden()
    assert kept(collecting) == []


def test_where_nothing_is_kept_a_line_says_how_to(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url, "teach")
    expect(page.get_by_text("start the server with --collect")).to_be_visible()
    expect(page.get_by_role("button", name="Remove all that is kept")).to_have_count(0)
    expect(page.get_by_role("button", name="To review")).to_be_hidden()
