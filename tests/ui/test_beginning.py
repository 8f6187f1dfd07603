"""From nothing to a served model through the page: classes are named, shown by file and by camera, and changed."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.faults.stage import eventually
from tests.live import TRAINING_SECONDS, LiveServer
from tests.system.test_beginning import some
from tests.ui.conftest import OpenPage
from tests.ui.desk import said
from tests.ui.fit import crooked
from tests.ui.test_accessible import SERIOUS
from tests.ui.test_predict import answer, drop

EMPTY = ("--name", "things")  # a name of which nothing ships
DENIED = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
}"""
HELD_STREAM = """() => {
  const { getUserMedia } = navigator.mediaDevices;
  navigator.mediaDevices.getUserMedia = async function (...given) {
    return (globalThis.stream = await getUserMedia.apply(this, given));
  };
}"""


def begin(page: Page, *classes: str) -> None:
    page.get_by_label("Classes, one on each line").fill("\n".join(classes))
    page.get_by_role("button", name="Begin", exact=True).click()
    expect(page.locator("li.class")).to_have_count(len(classes))


def row(page: Page, name: str) -> Locator:
    return page.locator("li.class").filter(has_text=name)


def fits(page: Page, axe: str) -> None:
    page.evaluate(axe)
    assert page.evaluate(SERIOUS) == []
    assert crooked(page) == []


def test_from_nothing_to_a_served_model(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, *EMPTY) as server:
        page = open_page(server.url)
        expect(page.get_by_text("There is no model to answer with")).to_be_visible()
        page.goto(f"{server.url}/#teach")
        begin(page, "apple tree", "ring")
        assert server.get("/health").json()["labels"] == ["apple tree", "ring"]
        expect(page.get_by_text("12 more of “apple tree” and 12 more of “ring”, and a version")).to_be_visible()
        drop(page, "li.class:last-child", some("ring", 28, 1))
        expect(row(page, "ring")).to_contain_text("28 to be sent")
        files = [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in some("apple tree", 28, 1)]
        field = row(page, "apple tree").locator("input[type=file]")
        field.set_input_files(files[:4])  # type: ignore[arg-type]
        expect(page.get_by_text("8 more of “apple tree”, and a version can be trained.")).to_be_visible()
        page.get_by_role("button", name="Send 32 pictures").click()
        expect(page.get_by_text("32 new pictures stored.").first).to_be_visible()
        expect(row(page, "apple tree")).to_contain_text("4 pictures, 8 more needed")
        field.set_input_files(files[4:])  # type: ignore[arg-type]
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_role("button", name="Train it").click()
        expect(page.get_by_role("heading", level=1, name="Retrain")).to_be_visible()
        end = page.get_by_text("Version 1 has taken over.")
        expect(end).to_be_visible(timeout=TRAINING_SECONDS * 1000)
        expect(page.get_by_text("It is the first of its kind.")).to_be_visible()
        eventually(lambda: server.get("/health").json()["model_version"] == "1", "the take-over")
        page.goto(f"{server.url}/#predict")
        drop(page, ".predict", some("ring", 1, 5))
        answer(page, "ring")
        page.goto(f"{server.url}/#teach")
        expect(page.locator("details", has_text="Classes").first).not_to_have_attribute("open", "")


def test_a_folder_of_folders_names_the_classes(tmp_path: Path, open_page: OpenPage) -> None:
    for label in ("ring", "apple tree"):
        (tmp_path / "mine" / label).mkdir(parents=True)
        for name, data in some(label, 2, 3):
            (tmp_path / "mine" / label / name).write_bytes(data)
    with LiveServer(tmp_path / "server", *EMPTY, "--trainer", "none") as server:
        page = open_page(server.url, "teach")
        page.locator('input[data-for="Take them from a folder of folders"]').set_input_files(tmp_path / "mine")
        expect(page.get_by_label("Classes, one on each line")).to_have_value("apple tree\nring")
        page.get_by_role("button", name="Begin", exact=True).click()
        expect(row(page, "ring")).to_contain_text("2 to be sent, 10 more needed")
        expect(row(page, "apple tree")).to_contain_text("2 to be sent, 10 more needed")
        assert sorted(said(page, doubted=False).values()) == ["apple tree"] * 2 + ["ring"] * 2


@pytest.mark.parametrize("language", ["en-US", "de-DE"])
def test_one_begins_by_keyboard_on_a_phone_and_nothing_is_cut(
    tmp_path: Path, open_page: OpenPage, axe: str, language: str
) -> None:
    with LiveServer(tmp_path, *EMPTY, "--trainer", "none") as server:
        page = open_page(server.url, "teach", width=360, scheme="dark", locale=language)
        field = page.locator("#classes-begin")
        field.focus()
        page.keyboard.type("cat")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(visible=True)).to_have_count(1)  # one class is none
        expect(field).to_be_focused()
        fits(page, axe)
        page.keyboard.press("Control+End")
        page.keyboard.type("\nan owl that sits in a tree all night and looks at the moon")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("li.class")).to_have_count(2)
        fits(page, axe)
        page.locator("[data-key='camera-cat']").press("Enter")
        page.locator("dialog .shooting .primary:not(:disabled)").press("Enter")
        expect(page.locator("dialog .sample")).to_have_count(12)
        fits(page, axe)
        page.keyboard.press("Escape")
        expect(page.locator("[data-key='camera-cat']")).to_be_focused()
        page.locator("[data-key='change-cat']").press("Enter")
        fits(page, axe)
        page.keyboard.press("Escape")
        expect(page.locator(".desk")).to_be_hidden()  # nothing was taken over


def test_a_burst_of_the_camera_is_pictures_of_a_class(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, *EMPTY, "--trainer", "none") as server:
        page = open_page(server.url, "teach")
        page.evaluate(HELD_STREAM)
        begin(page, "cat", "ring")
        page.get_by_role("button", name="Camera for “ring”").click()
        page.get_by_role("button", name="Use them").click()
        expect(page.get_by_text("Take a picture first.")).to_be_visible()
        page.get_by_role("button", name="12 in a row").click()
        expect(page.locator("dialog .sample")).to_have_count(12)
        page.get_by_role("button", name="Leave out picture 3").click()
        expect(page.locator("dialog .sample")).to_have_count(11)
        page.get_by_role("button", name="Use them").click()
        expect(row(page, "ring")).to_contain_text("11 to be sent, 1 more needed")
        assert page.evaluate("stream.getTracks().every(({ readyState }) => readyState === 'ended')")
        page.get_by_role("button", name="Send 11 pictures").click()
        expect(row(page, "ring")).to_contain_text("11 pictures, 1 more needed")
        stored = server.get("/dataset/images?limit=20").json()["images"]
        assert [each["label"] for each in stored] == ["ring"] * 11
        page.evaluate(DENIED)
        page.get_by_role("button", name="Camera for “cat”").click()
        expect(page.get_by_text("The browser may not use the camera.")).to_be_visible()
        expect(page.get_by_role("button", name="12 in a row")).to_be_disabled()


def test_classes_are_changed_and_changed_back(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "teach")
        page.locator("summary", has_text="Classes").click()
        page.get_by_label("Another class").fill("owl")
        page.get_by_label("Another class").press("Enter")
        expect(row(page, "owl")).to_contain_text("0 pictures, 12 more needed")
        expect(page.get_by_text("12 more of “owl”, and a version can be trained.")).to_be_visible()
        change(page, "9", "Give it another name", "nine")
        expect(row(page, "nine")).to_be_visible()
        change(page, "8", "Make it a part of another class", "3")
        expect(page.get_by_text("“8” is a part of “3”.")).to_be_visible()
        change(page, "0", "Remove it", None)
        names = ["1", "2", "3", "4", "5", "6", "7", "nine", "owl"]
        expect(page.locator("li.class strong")).to_have_text(names)
        drop(page, "li.class:last-child", some("ring", 2, 4))
        expect(page.get_by_role("button", name="Label it ")).to_have_count(len(names))
        page.get_by_role("button", name="Send 2 pictures").click()
        expect(row(page, "owl")).to_contain_text("2 pictures, 10 more needed")
        for left in (4, 3, 2):  # of what was decided, the newest first
            decided = page.get_by_role("heading", name="What was decided").locator("+ ul li")
            expect(decided).to_have_count(left)
            decided.first.get_by_role("button").click()
        expect(page.locator("li.class strong")).to_have_text([*"0123456789", "owl"])
        assert server.get("/dataset").json()["labels"] == [*"0123456789", "owl"]


def change(page: Page, name: str, way: str, other: str | None) -> None:
    page.get_by_role("button", name=f"Change “{name}”").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Change", exact=True).select_option(way)
    if way == "Give it another name":
        dialog.get_by_label("New name").fill(other or "")
    elif other is not None:
        dialog.get_by_label("Which class").select_option(other)
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(dialog).to_have_count(0)
