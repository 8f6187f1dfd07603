"""Doubted labels on the desk: right as they are, given the right one, or taken away, and nothing before it is sent."""

from pathlib import Path

from playwright.sync_api import expect

from server.store.doubts import Doubt, doubt
from tests.digits import Digits
from tests.live import LiveServer
from tests.tiny import memory_in
from tests.ui.conftest import OpenPage
from tests.ui.desk import expect_said, tile
from tests.ui.test_desk import labels_of


def test_doubts_are_settled_on_the_desk(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    """One is right as it was labelled, one is given its right label, one goes; undo is for all of it."""
    with LiveServer(tmp_path) as server:
        slips = {0: "8", 2: "2", 4: "5"}  # a 7, a 1 and a 4
        server.upload([(f"{n}.png", digits.png(n)) for n in slips], list(slips.values()))
        page = open_page(server.url, "teach")
        names = {n: f"labelled {label}" for n, label in slips.items()}
        expect(page.get_by_role("button", name="Doubted 3")).to_be_visible()
        tile(page, names[0]).click()
        expect(page.get_by_alt_text("A picture labelled 8")).to_have_js_property("naturalWidth", 28)
        expect(page.locator(".standing")).to_contain_text("Somebody labelled it 8")
        expect(page.locator(".standing")).to_contain_text("It reads 7")
        page.keyboard.press("Enter")
        tile(page, names[2]).click()
        page.keyboard.press("2")
        tile(page, names[4]).click()
        page.get_by_role("button", name="Remove").click()
        expect_said(page, {names[0]: "7", names[2]: "2", names[4]: "?"})
        for _ in range(3):
            page.keyboard.press("Control+z")
        expect_said(page, dict.fromkeys(names.values(), "?"))
        for _ in range(3):
            page.keyboard.press("Control+Shift+Z")
        page.reload()
        expect_said(page, {names[0]: "7", names[2]: "2", names[4]: "?"})
        assert server.get("/dataset").json()["suspects_count"] == 3  # nothing is stored until it is sent
        page.get_by_role("button", name="Send 3 pictures").click()
        expect(page.get_by_text("3 doubts settled.")).to_be_visible()
        expect(page.locator(".desk")).to_be_hidden()
        assert server.get("/dataset").json()["suspects_count"] == 0
        assert labels_of(server) == ["2", "7"]


def test_a_doubted_label_leaves_the_one_in_force_alone(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        server.upload([("right.png", digits.png(0))], ["7"])
        server.upload([("slip.png", digits.png(0))], ["8"])
        page = open_page(server.url, "teach")
        expect(page.get_by_text("Until you say, it counts as 7.")).to_be_visible()
        page.get_by_role("button", name="It stays 7").click()
        page.get_by_role("button", name="Send 1 picture").click()
        expect(page.get_by_text("1 doubt settled.")).to_be_visible()
        assert labels_of(server) == ["7"]


def test_what_a_training_doubts_is_shown_with_the_label_that_it_would_have(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    """A slip that nothing doubted when it came; Enter takes what the training offers."""
    with LiveServer(tmp_path) as server:
        server.upload([("slip.png", digits.png(0))], ["8"], source="correction")
        (slip,) = server.get("/dataset/images").json()["images"]
        memory = memory_in(tmp_path)
        with memory.database.write() as connection:
            doubt(connection, memory.name.id, [Doubt(slip["sha256"], "8", 0.01, "7")], "job 1")
        page = open_page(server.url, "teach")
        tile(page, "labelled 8").click()
        expect(page.locator(".standing")).to_contain_text("Labelled 8, and like pictures labelled 7")
        expect(page.locator(".standing")).to_contain_text("Until you say, it counts as 8.")
        expect(page.get_by_text("Doubts of a training")).to_be_attached()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Send 1 picture").click()
        expect(page.get_by_text("1 doubt settled.")).to_be_visible()
        assert labels_of(server) == ["7"]


def test_a_doubt_that_somebody_else_settled_is_no_hindrance(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path) as server:
        server.upload([("a.png", digits.png(0)), ("b.png", digits.png(2))], ["8", "2"])
        page = open_page(server.url, "teach")
        tile(page, "labelled 8").click()
        page.keyboard.press("7")
        for each in server.get("/dataset").json()["suspects"]:
            server.post(f"/dataset/images/{each['sha256']}/reject")
        page.get_by_role("button", name="Send 1 picture").click()
        expect(page.get_by_text("1 doubt settled.")).to_be_visible()
        expect(page.locator(".desk")).to_be_hidden()


def test_many_doubts_come_some_at_a_time_and_few_are_made(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        chosen = range(130)
        slips = [str((digits.classes[n] + 5) % 10) for n in chosen]
        server.upload([(f"{n}.png", digits.png(n)) for n in chosen], slips)
        count = server.get("/dataset").json()["suspects_count"]
        assert count > 110
        page = open_page(server.url, "teach")
        expect(page.get_by_role("button", name="Doubted 100")).to_be_visible()
        page.get_by_role("button", name=f"Show more of the {count} doubted labels").click()
        expect(page.get_by_role("button", name=f"Doubted {count}")).to_be_visible()
        assert page.locator(".strip .tile").count() < 40
        page.keyboard.press("End")
        expect(page.locator(".stage-place")).to_have_text(f"{count} of {count}")
        expect(page.locator(".strip .here")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollHeight") < 3000
