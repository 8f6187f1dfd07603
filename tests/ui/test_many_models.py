"""The page of each model of a service, and the way from one to another."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.desk import tile
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
