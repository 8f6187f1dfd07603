"""Retrain, by itself: a person sets when, is asked, and begins it; what was decided stands there with its reasons."""

from pathlib import Path

from httpx import Response
from playwright.sync_api import Route, expect

from server.store.policies import AUTHOR
from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.conftest import OpenPage

ASKED_MS = 60_000  # a bound for a slow machine, not an expectation


def test_a_policy_is_set_and_its_proposal_accepted(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "retrain")
        page.get_by_text("By itself", exact=True).click()
        mode = page.get_by_label("When there is occasion")
        expect(mode).to_have_value("off")
        mode.select_option("Ask me")
        page.get_by_label("So many new labels").fill("3")
        page.get_by_label("A time of day").fill("03:00")
        page.get_by_label("On", exact=True).select_option("sunday")
        page.get_by_label("First, minutes without a new label").fill("0")
        page.get_by_label("Minutes that it is tried on a share of the requests").fill("2.5")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("It is saved.")).to_be_visible()
        policy = server.get("/retrain/policy").json()["policy"]
        expected = {"mode": "ask", "labels": 3, "time_of_day": "03:00", "weekday": "sunday", "quiet_minutes": 0}
        expected["canary_minutes"] = 2.5
        assert {name: policy[name] for name in expected} == expected
        expect(page.get_by_role("listitem").filter(has_text="0 of 3 new labels")).to_be_visible(timeout=ASKED_MS)

        labels = [str(digits.classes[position]) for position in range(3)]
        server.upload([(f"{n}.png", digits.png(n)) for n in range(3)], labels, source="correction")
        page.reload()
        proposal = page.locator(".outcome-card", has_text="A retraining is proposed: 3 of 3 new labels")
        expect(proposal).to_be_visible(timeout=ASKED_MS)
        proposal.get_by_role("button", name="Begin it").click()
        expect(page.get_by_role("heading", name="Retraining 1")).to_be_visible()
        expect(proposal).to_be_hidden()
        assert server.get("/retrain/jobs/1").json()["by"] == f"{AUTHOR}, accepted by api"


def show_again(route: Route, seen: Response) -> None:
    """Let the page see what it saw before."""
    if route.request.method == "GET":
        route.fulfill(json=seen.json(), headers={"ETag": seen.headers["ETag"]})
    else:
        route.continue_()


def test_who_saw_an_older_policy_changes_nothing(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "retrain")
        page.get_by_text("By itself", exact=True).click()
        runs = page.get_by_label("Retrains a day, at most")
        expect(runs).to_have_value("4")
        seen = server.get("/retrain/policy")
        page.route("**/retrain/policy", lambda route: show_again(route, seen))
        assert server.client.put(f"{server.url}/retrain/policy", json={"runs_a_day": 9}).status_code == 200
        runs.fill("2")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert").filter(has_text="Somebody has changed the policy")).to_be_visible()
        assert server.get("/retrain/policy").json()["policy"]["runs_a_day"] == 9
