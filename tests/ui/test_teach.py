"""Teach: many pictures at once, labelled by where they lie, what they are called, or one key each."""

from pathlib import Path

from playwright.sync_api import expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.desk import ORDER, expect_said, tile, under_cursor
from tests.ui.held import Held
from tests.ui.test_predict import drop


def test_ten_dropped_files_are_labelled_by_their_names_and_stored(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "teach")
        drop(page, ".teach", [(f"{digits.classes[n]}_{n}.png", digits.png(n)) for n in range(10)])
        expect_said(page, {f"{digits.classes[n]}_{n}.png": str(digits.classes[n]) for n in range(10)})
        held = Held(page, "**/upload")
        page.get_by_role("button", name="Send 10 pictures").click()
        expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
        expect(page.get_by_role("button", name="Sending, ")).to_be_disabled()
        held.go()
        expect(page.get_by_role("main").get_by_text("10 new pictures stored.")).to_be_visible()
        expect(page.get_by_role("progressbar", name="Upload")).to_be_hidden()
        expect(page.get_by_text("10 uploaded pictures")).to_be_visible()
        assert len([*server.data.glob("train/*/*.png"), *server.data.glob("test/*/*.png")]) == 10
        expect(page.get_by_role("listitem", name="7: 1 to learn from")).to_be_attached()


def test_a_folder_names_its_labels(server: LiveServer, open_page: OpenPage, digits: Digits, tmp_path: Path) -> None:
    for number in range(4):
        folder = tmp_path / "mine" / str(digits.classes[number])
        folder.mkdir(parents=True)
        (folder / f"IMG_000{number}.png").write_bytes(digits.png(number))
    (tmp_path / "mine" / ".DS_Store").write_bytes(b"not a picture")
    page = open_page(server.url, "teach")
    page.locator('input[data-for="Choose a folder"]').set_input_files(tmp_path / "mine")
    expect_said(page, {f"mine/{digits.classes[n]}/IMG_000{n}.png": str(digits.classes[n]) for n in range(4)})


def test_labels_are_guessed_only_where_a_name_says_them(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url, "teach")
    guess = """async ([path, labels]) => (await import("/app/teach/pictures.js")).guess(path, labels)?.label ?? null"""
    numbers, pets = [str(n) for n in range(10)], ["Cat", "Dog"]
    for path, labels, label in [
        ("set/7/IMG_3.png", numbers, "7"),
        ("3/old/a.png", numbers, "3"),
        ("7_0001.png", numbers, "7"),
        ("7.png", numbers, "7"),
        ("digit-4 (2).png", numbers, "4"),
        ("IMG_5.png", numbers, None),
        ("0007.png", numbers, None),
        ("photo.png", numbers, None),
        ("Cat/x.jpg", pets, "Cat"),
        ("dog.1.jpg", pets, "Dog"),
        ("catalogue.jpg", pets, None),
    ]:
        assert page.evaluate(guess, [path, labels]) == label, path


def test_pictures_are_labelled_with_one_key_each(server: LiveServer, open_page: OpenPage, digits: Digits) -> None:
    page = open_page(server.url, "teach")
    drop(page, ".teach", [(f"photo {n}.png", digits.png(n)) for n in range(20, 24)])
    tiles = page.locator(".strip .tile").filter(has_text="photo")
    expect(page.get_by_text("4 pictures have no label yet")).to_be_visible()
    expect(page.get_by_role("button", name="Send 0 pictures")).to_be_disabled()
    expect(page.locator(".strip .tile-label:text-is('?')")).to_have_count(0)  # each has its suggestion
    names = [name for name, _ in page.evaluate(ORDER) if name.startswith("photo")]
    tile(page, names[0]).focus()
    page.keyboard.press("9")
    page.keyboard.press("6")
    expect(tile(page, names[2])).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    expect(tiles).to_have_count(3)
    tile(page, names[0]).click()
    page.keyboard.press("0")
    expect_said(page, {names[0]: "0", names[1]: "6", names[2]: "?"})
    assert under_cursor(page) == names[2]
    expect(page.get_by_role("button", name="Send 2 pictures")).to_be_enabled()


def test_duplicates_and_refusals_are_named_one_by_one(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        page = open_page(server.url, "teach")
        server.upload([("a.png", digits.png(0))], ["7"])
        drop(page, ".teach", [("7_again.png", digits.png(0)), ("2_new.png", digits.png(1)), ("3_bad.png", b"nothing")])
        page.get_by_role("button", name="Send 3 pictures").click()
        outcome = page.locator(".outcome")
        expect(outcome.get_by_text("1 new picture stored.")).to_be_visible()
        expect(outcome.locator("details", has_text="known already").locator("code")).to_have_text("7_again.png")
        expect(outcome.locator("details", has_text="refused").locator("code")).to_have_text("3_bad.png")


def test_when_nothing_can_be_used_each_file_is_still_named(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url, "teach")
    drop(page, ".teach", [("1_a.png", b"nothing"), ("2_b.png", b"nothing")])
    page.get_by_role("button", name="Send 2 pictures").click()
    expect(page.get_by_text("Nothing new was stored.")).to_be_visible()
    expect(page.locator(".outcome code")).to_have_text(["1_a.png", "2_b.png"])


def test_all_uploads_are_shown_on_demand(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        for number in range(131):
            server.upload([(f"{number}.png", digits.png(number))], [str(digits.classes[number])])
        page = open_page(server.url, "teach")
        undo = page.get_by_role("button", name="Undo upload")
        expect(undo).to_have_count(30)
        more = page.get_by_role("button", name="Show more of the 131 uploads")
        more.click()
        expect(undo).to_have_count(130)
        more.click()
        expect(undo).to_have_count(131)
        expect(undo.last).to_have_accessible_name("Undo upload 1")
        expect(more).to_have_count(0)


def test_an_upload_is_undone_with_a_confirmation(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        server.upload([("a.png", digits.png(0))], ["7"])
        server.upload([("b.png", digits.png(1)), ("c.png", digits.png(2))], ["2", "1"])
        page = open_page(server.url, "teach")
        expect(page.get_by_text("3 uploaded pictures")).to_be_visible()
        page.get_by_role("button", name="Undo upload 2").click()
        page.get_by_role("dialog").get_by_role("button", name="Take back").click()
        expect(page.get_by_text("1 uploaded picture", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Undo upload 2")).to_have_count(0)
        assert len([*server.data.glob("train/*/*.png"), *server.data.glob("test/*/*.png")]) == 1
