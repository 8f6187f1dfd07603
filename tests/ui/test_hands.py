"""Who draws on the sheet: one pointer at a time, and never a palm."""

from playwright.sync_api import expect

from tests.live import LiveServer
from tests.ui.browser import THREE, draw
from tests.ui.conftest import OpenPage
from tests.ui.hand import Hand
from tests.ui.test_predict import answer
from tests.ui.test_sheet import ink_of

# The sheet once it shows every move so far, which come to a page by the frame.
SHOWN = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
  return document.querySelector("canvas.sheet").toDataURL();
}"""


def inked(hand: Hand) -> float:
    """How much of the sheet is inked, in parts of it."""
    return float(ink_of(hand.page.evaluate(SHOWN)).mean() / 255)


def test_a_second_finger_draws_nothing(server: LiveServer, open_page: OpenPage) -> None:
    hand = Hand(open_page(server.url))
    hand.touch("touchStart", (0, 0.2, 0.2))
    hand.touch("touchMove", (0, 0.2, 0.5))
    alone = inked(hand)
    assert alone > 0.01
    hand.touch("touchStart", (0, 0.2, 0.5), (1, 0.8, 0.2))
    hand.touch("touchMove", (0, 0.2, 0.5), (1, 0.8, 0.8))
    assert inked(hand) == alone
    hand.touch("touchMove", (0, 0.2, 0.8), (1, 0.8, 0.8))
    whole = inked(hand)
    assert whole > alone
    hand.touch("touchEnd", (1, 0.8, 0.8))
    hand.touch("touchMove", (1, 0.5, 0.5))
    assert inked(hand) == whole
    hand.touch("touchEnd")
    hand.touch("touchStart", (0, 0.5, 0.2))
    hand.touch("touchMove", (0, 0.5, 0.8))
    hand.touch("touchEnd")
    assert inked(hand) > whole


def test_a_palm_draws_nothing(server: LiveServer, open_page: OpenPage) -> None:
    hand = Hand(open_page(server.url))
    hand.touch("touchStart", (0, 0.5, 0.5), radius=40)
    hand.touch("touchMove", (0, 0.7, 0.7), radius=40)
    assert inked(hand) == 0
    hand.touch("touchEnd")
    hand.touch("touchStart", (0, 0.5, 0.5))
    hand.touch("touchMove", (0, 0.6, 0.6))
    hand.touch("touchMove", (0, 0.7, 0.7), radius=40)  # it rolled down
    hand.touch("touchEnd")
    assert inked(hand) == 0


def test_a_finger_that_moves_beats_one_that_rests(server: LiveServer, open_page: OpenPage) -> None:
    hand = Hand(open_page(server.url))
    hand.touch("touchStart", (0, 0.9, 0.9))
    hand.touch("touchStart", (0, 0.9, 0.9), (1, 0.2, 0.2))
    for step in range(7):
        hand.touch("touchMove", (0, 0.9, 0.9), (1, 0.2, 0.2 + 0.1 * step))
    hand.touch("touchEnd")
    answer(hand.page, "1")
    hand.page.get_by_role("button", name="Undo").click()
    assert inked(hand) == 0


def test_a_pen_takes_the_place_of_a_resting_palm(server: LiveServer, open_page: OpenPage) -> None:
    hand = Hand(open_page(server.url))
    hand.touch("touchStart", (0, 0.8, 0.8))
    hand.touch("touchMove", (0, 0.8, 0.6))
    palm = inked(hand)
    hand.pen("mousePressed", 0.3, 0.3)
    assert inked(hand) < palm
    hand.touch("touchMove", (0, 0.6, 0.6))
    hand.pen("mouseMoved", 0.3, 0.7)
    pen = inked(hand)
    hand.touch("touchMove", (0, 0.5, 0.9))
    assert inked(hand) == pen
    hand.pen("mouseReleased", 0.3, 0.7)
    hand.touch("touchEnd")
    hand.pen("mouseMoved", 0.4, 0.7)
    hand.touch("touchStart", (0, 0.9, 0.9))
    hand.touch("touchEnd")
    hand.page.get_by_role("button", name="Undo").click()
    assert inked(hand) == 0


def test_a_lone_dot_stays_and_says_that_it_is_one(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    draw(page, [(0.5, 0.5)])
    hint = page.locator(".verdict .hint")
    expect(hint).to_contain_text("That is only a dot")
    expect(page.locator("#spoken")).to_contain_text("only a dot")
    assert inked(Hand(page)) > 0
    draw(page, THREE)
    answer(page, "3")
    page.get_by_role("button", name="Clear").click()
    draw(page, [(0.5, 0.5)])
    page.get_by_role("button", name="Undo").click()
    expect(hint).to_contain_text("Draw, and the answer appears")
