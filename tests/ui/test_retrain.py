"""Retrain: one button, a curve that grows by epoch, a verdict in words; a reload or a restart changes nothing of it."""

import re
import signal
from pathlib import Path

from playwright.sync_api import Route, expect

from tests.digits import Digits, write_small_mnist
from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.held import Held
from tests.ui.test_connection import free_port

TRAINING_MS = 240_000  # a bound for a slow machine that does other things as well


def test_a_retraining_is_watched_to_its_verdict_over_reload_and_restart(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    write_small_mnist(tmp_path / "mnist", 1200, 200)
    with LiveServer(tmp_path, "--port", free_port(), "--dataset", str(tmp_path / "mnist")) as server:
        server.upload([(f"{n}.png", digits.png(n)) for n in range(5)], [str(n) for n in digits.classes[:5]])
        page = open_page(server.url, "retrain")
        expect(page.get_by_text("5 pictures of yours")).to_be_visible()
        page.get_by_label("Epochs").fill("2")
        page.get_by_label("Start from scratch").check()
        page.get_by_role("button", name="Retrain now").click()
        expect(page.get_by_role("heading", name="Retraining 1")).to_be_visible()
        expect(page.get_by_role("button", name="It is learning")).to_be_disabled()

        page.reload()
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        server.stop(signal.SIGKILL)
        expect(page.get_by_role("alert").filter(has_text="can't be reached")).to_be_visible()
        server.start()
        expect(page.get_by_role("alert").filter(has_text="can't be reached")).to_be_hidden()

        accuracy = page.get_by_role("group", name="Accuracy: larger is better. learning: now")
        expect(accuracy.first).to_be_visible(timeout=TRAINING_MS)
        verdict = page.locator(".verdict-title")
        expect(verdict).to_be_visible(timeout=TRAINING_MS)
        job = server.get("/retrain/jobs/1").json()
        assert job["state"] in ("published", "refused"), job
        told = {"published": "has taken over", "refused": "version 0 stays"}[job["state"]]
        expect(verdict).to_contain_text(told)
        missed = [check for check in job["result"]["gate"]["checks"] if not check["passed"]]
        expect(page.locator(".checks li.missed")).to_have_count(len(missed))
        expect(page.locator(".checks li.passed").first).to_be_visible()
        line = page.locator(".curves path.line").first
        expect(line).to_have_attribute("d", re.compile("L"))  # two epochs are one line
        page.get_by_text("Log", exact=True).click()
        expect(page.get_by_label("Log")).to_contain_text("epoch 2/2")


def test_with_nothing_new_it_says_so_and_can_be_overruled_and_cancelled(tmp_path: Path, open_page: OpenPage) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "retrain")
        page.get_by_role("button", name="Retrain now").click()
        expect(page.get_by_role("alert").filter(has_text="nothing new to learn from")).to_be_visible()
        page.get_by_role("button", name="Retrain all the same").click()
        expect(page.get_by_text("Waiting: for a trainer to take it up.")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".verdict-title")).to_contain_text("Cancelled")
        expect(page.get_by_role("button", name="Retrain now")).to_be_enabled()


def test_what_was_learnt_is_not_thrown_away_unasked(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    def as_learning(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"queued"', '"training"'))

    with LiveServer(tmp_path, "--trainer", "none") as server:
        server.upload([("a.png", digits.png(0))], ["7"])
        assert server.post("/retrain", json={}).status_code == 202
        page = open_page(server.url)
        page.route("**/retrain/jobs?limit=*", as_learning)
        page.goto(f"{server.url}/#retrain")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert server.get("/retrain/jobs/1").json()["state"] == "queued"
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("dialog", name="Stop retraining 1?").get_by_role("button", name="Stop it").click()
        expect(page.get_by_text("It is asked to stop.")).to_be_visible()
        assert server.get("/retrain/jobs/1").json()["state"] == "cancelled"


def test_a_retraining_that_somebody_else_started_is_followed(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "retrain")
        expect(page.get_by_text("Its progress will be shown here")).to_be_visible()
        server.upload([("a.png", digits.png(0))], ["7"])
        assert server.post("/retrain", json={}).status_code == 202
        expect(page.get_by_role("heading", name="Retraining 1")).to_be_visible()
        expect(page.get_by_role("button", name="It is learning")).to_be_disabled()


def test_a_second_retraining_is_refused_with_the_reason(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        page = open_page(server.url, "retrain")
        nothing: dict[str, list[object] | None] = {"jobs": [], "next": None}
        page.route("**/retrain/jobs?limit=*", lambda route: route.fulfill(json=nothing))  # so that it does not know
        server.upload([("a.png", digits.png(0))], ["7"])
        assert server.post("/retrain", json={}).status_code == 202
        page.get_by_role("button", name="Retrain now").click()
        expect(page.get_by_role("alert").filter(has_text="Job 1 is queued")).to_be_visible()


def test_how_much_there_is_of_yours_is_said_once_it_is_known(
    server: LiveServer, open_page: OpenPage, digits: Digits
) -> None:
    page = open_page(server.url)
    held = Held(page, "**/dataset")
    page.goto(f"{server.url}/#retrain")
    held.wait()
    expect(page.get_by_text("Counting your pictures")).to_be_visible()
    expect(page.get_by_text("There are no pictures of yours yet")).to_have_count(0)
    server.upload([(f"{n}.png", digits.png(n)) for n in range(12)], [str(each) for each in digits.classes[:12]])
    held.go()
    uploads = server.get("/dataset").json()["uploads"]
    learnt, apart = (sum(uploads[part].values()) for part in ("train", "test"))
    words = f"{learnt + apart} pictures of yours: {learnt} to learn from, {apart} held out as a test."
    expect(page.get_by_text(words)).to_be_visible()


def test_an_invalid_value_is_seen_although_the_options_are_closed(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server.url, "retrain")
    page.get_by_text("More options").click()
    page.get_by_label("Batch size").fill("3")
    page.get_by_text("More options").click()
    expect(page.get_by_label("Batch size")).to_be_hidden()
    page.get_by_role("button", name="Retrain now").click()
    expect(page.get_by_label("Batch size")).to_be_visible()
    expect(page.get_by_label("Batch size")).to_be_focused()
