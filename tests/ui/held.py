"""What the page asks of the server, held on its way until a test lets it go."""

import time

from playwright.sync_api import Page, Route

from tests.ui.conftest import PATIENCE_MS


class Held:
    """Requests of a path: they wait until `go`, and pass from then on."""

    def __init__(self, page: Page, path: str) -> None:
        self.page = page
        self.routes: list[Route] = []
        self.holding = True
        page.route(path, self._take)

    def wait(self) -> None:
        """Until there is one."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.routes:
            assert time.monotonic() < deadline, "nothing was asked"
            self.page.wait_for_timeout(10)

    def go(self) -> None:
        self.wait()
        self.holding = False
        for each in self.routes:
            each.continue_()

    def _take(self, route: Route) -> None:
        if self.holding:
            self.routes.append(route)
        else:
            route.continue_()
