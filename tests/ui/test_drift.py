"""A person sees under Health that the world has moved, by how much, what shows it, and has the watch begin anew."""

import re
from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from tests.digits import Digits, png_of
from tests.faults.stage import eventually
from tests.live import LiveServer
from tests.ui.conftest import OpenPage


def test_an_alarm_opens_by_itself_and_is_seen(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--collect", "--collect-share", "1") as server:
        eventually(lambda: server.get("/drift").json()["watching"], "the watch")
        page = open_page(server.url, "health")
        told = page.locator("details", has_text="Has the world moved?")
        told.locator("summary").click()
        expect(told).to_contain_text("once in 100,000 predictions")
        told.locator("summary").click()

        images = digits.images[:400]
        thin = np.minimum(images, np.roll(images, 1, axis=2))
        files = [("files", (f"{number}.png", png_of(image))) for number, image in enumerate(thin)]
        server.post("/predict/batch", files=files).raise_for_status()
        expect(told).to_contain_text("the answers of version 0 are no longer what they were", timeout=30_000)
        expect(told.get_by_role("listitem").first).to_contain_text(
            re.compile(r"ink up to 0\.\d+: \d+\.\d\s% of the last \d+")
        )
        expect(told.get_by_role("group", name=re.compile("Distance from those answers"))).to_be_visible()
        eventually(lambda: server.get("/samples?state=any").json()["count"], "samples")
        told.get_by_role("button", name="Show pictures").click()
        expect(told.get_by_role("img", name="a picture that shows it").first).to_be_visible()
        told.get_by_role("button", name="Seen: watch anew").click()
        expect(told).to_contain_text("once in 100,000 predictions", timeout=30_000)
        assert server.get("/drift").json()["alarm"] is None
