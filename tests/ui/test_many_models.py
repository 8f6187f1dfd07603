"""The page of each model of a service, the way from one to another; one is made and deleted there."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import LiveServer
from tests.system.test_beginning import some
from tests.ui.conftest import OpenPage
from tests.ui.desk import tile
from tests.ui.fit import crooked
from tests.ui.test_accessible import SERIOUS
from tests.ui.test_predict import drop


def test_each_model_has_its_page_its_desk_and_a_way_to_the_others(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "teach")
        expect(page.get_by_label("Language")).to_be_visible()
        expect(page.get_by_role("combobox", name="Models")).to_have_count(0)
        for name in ("pets", "p" * 64):
            assert server.post("/m", json={"name": name, "classes": ["cat", "dog"]}).status_code == 201
        page.reload()
        drop(page, ".teach", [("photo 1.png", digits.png(1))])
        expect(tile(page, "photo 1.png")).to_be_visible()
        chosen = page.get_by_role("combobox", name="Models")
        expect(chosen).to_have_value("digits")
        chosen.select_option("pets")
        expect(page).to_have_url(re.compile(r"/m/pets/"))
        expect(page.get_by_role("combobox", name="Models")).to_have_value("pets")
        page.goto(f"{server.url}/m/pets/#teach")
        expect(page.get_by_text("12 more of “cat”", exact=False).first).to_be_visible()
        expect(tile(page, "photo 1.png")).to_have_count(0)
        page.get_by_role("combobox", name="Models").select_option("digits")
        expect(page).to_have_url(re.compile(r"/m/digits/"))
        page.goto(f"{server.url}/#teach")
        expect(tile(page, "photo 1.png")).to_be_visible()
        page.set_viewport_size({"width": 320, "height": 700})
        expect(page.get_by_role("combobox", name="Models")).to_be_visible()
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")


def fits(page: Page, axe: str) -> None:
    page.evaluate(axe)
    assert page.evaluate(SERIOUS) == []
    assert crooked(page) == []


def test_a_model_is_made_and_deleted_by_keyboard_on_a_phone(tmp_path: Path, open_page: OpenPage, axe: str) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "models", width=360, scheme="dark", locale="de-DE")
        page.locator("summary", has_text="Modelle dieses Dienstes").press("Enter")
        name, classes = page.get_by_label("Name", exact=True), page.get_by_label("Klassen, eine in jeder Zeile")
        expect(page.get_by_role("button", name="Das Modell digits löschen")).to_have_count(0)
        wrong = page.locator(".models form .failure")
        for typed, lines, told, place in (
            ("Haus tiere", "Hund\nKatze", "So kann es nicht heißen", name),
            ("stats", "Hund\nKatze", "So kann es nicht heißen", name),
            ("DIGITS", "Hund\nKatze", "Ein Modell DIGITS gibt es schon", name),
            ("pets", "Hund\n Hund ", "wenigstens zwei Klassen", classes),
            ("pets", f"Hund\n{'a' * 101}", "höchstens 100 Zeichen", classes),
        ):
            name.fill(typed)
            classes.fill(lines)
            name.press("Enter")
            expect(wrong).to_contain_text(told)
            expect(place).to_be_focused()
        fits(page, axe)
        assert [each["name"] for each in server.get("/m").json()["models"]] == ["digits"]
        classes.fill("")
        page.keyboard.type("apple tree\n ring\n\nring")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/m/pets/#teach$"))
        expect(page.locator("li.class strong")).to_have_text(["apple tree", "ring"])
        expect(page.get_by_role("button", name="Kamera für „ring“")).to_be_visible()
        drop(page, "li.class:first-child", some("apple tree", 12, 1))
        drop(page, "li.class:last-child", some("ring", 12, 1))
        page.get_by_role("button", name="Senden", exact=True).click()
        page.get_by_role("button", name="Lernen lassen").click()
        expect(page.get_by_role("heading", level=1, name="Lernen")).to_be_visible()
        expect(page.get_by_role("heading", level=2, name="Lernen 1")).to_be_visible()

        page.goto(f"{server.url}/m/pets/#models")
        page.locator("summary", has_text="Modelle dieses Dienstes").press("Enter")
        gone = page.get_by_role("button", name="Das Modell pets löschen")
        expect(page.get_by_role("listitem").filter(has_text="pets")).to_contain_text("24 Bilder, Lernen 1 läuft")
        gone.press("Enter")
        expect(page.locator("#notices")).to_contain_text("Lernen 1 von pets dauert noch.")
        assert server.client.delete(f"{server.url}/m/pets/retrain/jobs/1").status_code == 202
        eventually(lambda: server.get("/m/pets").json()["job"] is None, "the end of it")
        gone.press("Enter")  # the list is of before
        page.get_by_role("dialog").locator("#model-gone").fill("Pets")
        page.keyboard.press("Enter")
        expect(page.get_by_text("So heißt es nicht.")).to_be_visible()
        fits(page, axe)
        page.keyboard.press("Escape")
        expect(gone).to_be_focused()
        gone.press("Enter")
        expect(page.locator("#model-gone")).to_be_focused()
        page.keyboard.type("pets")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{server.url}/")
        assert [each["name"] for each in server.get("/m").json()["models"]] == ["digits"]


def test_what_the_server_refuses_is_told_in_the_readers_language(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--name", "things") as server:
        make = {"name": "pets", "classes": ["cat", "dog"]}
        assert server.post("/m", json=make).status_code == 201
        page = open_page(server.url, "models", locale="de-DE")
        page.locator("summary", has_text="Modelle dieses Dienstes").click()
        gone = page.get_by_role("button", name="Das Modell pets löschen")
        expect(gone).to_be_visible()
        page.get_by_label("Name", exact=True).fill("digits")  # the one that ships, of which the list knows nothing
        page.get_by_label("Klassen, eine in jeder Zeile").fill("cat\ndog")
        page.get_by_role("button", name="Anlegen und Bilder zeigen").click()
        expect(page.get_by_role("alert").filter(has_text="Ein Modell digits gibt es schon")).to_be_visible()
        gone.click()
        page.locator("#model-gone").fill("pets")
        assert server.client.delete(f"{server.url}/m/pets").status_code == 200
        page.get_by_role("dialog").get_by_role("button", name="Löschen").click()
        expect(page.locator("#notices")).to_contain_text("Ein Modell pets gibt es nicht mehr.")
        expect(gone).to_have_count(0)
