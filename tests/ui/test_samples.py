"""Six pictures to begin with, for who has none at hand: real ones, that the model never learnt from."""

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.test_predict import answer

READ = ("0", "2", "4", "6", "3", "3")  # the last is a 5, so that there is something to correct


def test_the_samples_are_of_the_test_set(digits: Digits) -> None:
    known = {picture.tobytes() for picture in digits.images}
    files = sorted((ROOT / "ui/samples").glob("*.png"))
    assert len(files) == len(READ)
    for path in files:
        assert path.stat().st_size < 400
        with Image.open(path) as picture:
            assert np.asarray(picture).tobytes() in known, path.name


def test_a_sample_is_read_with_one_click_and_kept_once(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    for number, label in enumerate(READ, 1):
        page.get_by_role("button", name=f"Try sample {number}").click()
        answer(page, label)
        expect(page.locator(".chosen-name")).to_have_text(f"sample {number}")
    page.get_by_role("button", name="Try sample 1").click()
    answer(page, "0")
    expect(page.locator(".gallery .tile")).to_have_count(len(READ))
