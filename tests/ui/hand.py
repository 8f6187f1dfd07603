"""Fingers, palms and a pen, which Chromium takes from its debugger: places are in parts of the sheet's side."""

from playwright.sync_api import CDPSession, Page

from tests.ui.browser import place_on_sheet

Contact = tuple[int, float, float]  # which finger, and where


class Hand:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)

    def touch(self, kind: str, *contacts: Contact, radius: float = 5) -> None:
        """All that touch the sheet from now on."""
        places = [(finger, place_on_sheet(self.page, x, y)) for finger, x, y in contacts]
        points = [{"id": finger, "x": x, "y": y, "radiusX": radius, "radiusY": radius} for finger, (x, y) in places]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def pen(self, kind: str, x: float, y: float) -> None:
        left, top = place_on_sheet(self.page, x, y)
        down = {"button": "left", "buttons": 0 if kind == "mouseReleased" else 1, "clickCount": 1}
        event = {"type": kind, "x": left, "y": top, "pointerType": "pen", **down}
        self.session.send("Input.dispatchMouseEvent", event)
