"""A retraining that runs, its runner being the test: one bar, curves from the first steps on, seen everywhere."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import Connection

from export.publish import publish, with_file
from server.store import living
from server.store.canary import Role, Wish
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.outcome import outcome
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, tiny_candidate
from tests.ui.conftest import OpenPage


@dataclass
class Runner:
    """Runs the server's open job."""

    server: LiveServer
    memory: Memory
    lease: Lease = field(init=False)

    def take(self) -> None:
        job = self.server.post("/retrain", json={"force": True}).json()["job"]
        lease = take(self.memory.database, job, living.own(), living.Heartbeats())
        assert lease is not None
        self.lease = lease

    def step(self, epoch: int, step: int, loss: float, **checked: float) -> None:
        far = {"epoch": epoch, "epochs": 2, "step": step, "steps": 10, "seconds_left": 30.0}
        self.lease.tell("training", far | {"loss": loss, "accuracy": 1 - loss / 2} | checked)

    def publish(self, tried: Role | None = None) -> str:
        """Publish what serves from then on, or is tried first."""
        current = self.memory.pointer.current()

        def conclude(connection: Connection, new: str) -> None:
            self.lease.conclude(connection, outcome("published", new, figures, tried=tried))
            if tried is not None:
                self.memory.canaries.begin_in(
                    connection, tried, new, current, Wish(20, 3600, 100, 3600), "api", "job 1"
                )

        figures = {"metrics": {"test": {"accuracy": 0.9}}, "gate": {"passed": True, "against": "0", "checks": []}}
        candidate = with_file(tiny_candidate(), "report/report.json", json.dumps(figures).encode())
        return publish(
            self.memory,
            candidate,
            current,
            by=f"job {self.lease.job}",
            job=self.lease.job,
            also=conclude,
            serves=tried is None,
        )

    def refuse(self, *missed: str) -> None:
        checks = [{"name": name, "value": 0.0, "limit": 1.0, "images": 9, "passed": False} for name in missed]
        figures = {"metrics": {"test": {"accuracy": 0.9}}, "gate": {"passed": False, "against": "0", "checks": checks}}
        self.lease.end(outcome("refused", None, figures, "missed"))


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path, "--trainer", "none") as server:
        yield Runner(server, memory)


def expect_points(line: Locator, count: int) -> None:
    """Wait until it goes on to so many points from its first."""
    expect(line).to_have_attribute("d", re.compile(f"^[^L]*(L[^L]*){{{count}}}$"))


def test_one_bar_and_one_sentence_say_how_far_it_is(runner: Runner, open_page: OpenPage) -> None:
    runner.take()
    page = open_page(runner.server.url, "retrain")
    runner.lease.tell("preparing", {})
    expect(page.get_by_text("Preparing: pictures are brought into the model's form.")).to_be_visible()
    expect(page.locator(".curves")).to_have_count(0)
    expect(page.get_by_label("Stages")).to_be_hidden()
    runner.step(1, 5, 0.8)
    expect(page.get_by_text("Learning: epoch 1 of 2, about 30 s left.")).to_be_visible()
    bar = page.get_by_role("progressbar", name="The retraining")
    far = int(bar.get_attribute("aria-valuenow") or 0)
    runner.lease.tell("gating", {})
    expect(page.get_by_text("Comparing: with the model that serves now")).to_be_visible()
    assert int(bar.get_attribute("aria-valuenow") or 0) > far > 5
    page.get_by_text("Its stages").click()
    expect(page.get_by_label("Stages").locator(".now")).to_contain_text("Comparing")


def test_curves_grow_from_the_first_steps_on_and_say_their_values(runner: Runner, open_page: OpenPage) -> None:
    runner.take()
    page = open_page(runner.server.url, "retrain")
    runner.step(1, 2, 0.9)
    runner.step(1, 6, 0.7)
    lines = page.locator(".curves .chart").first.locator("path.line")
    expect(lines).to_have_count(2)
    learning, checking = lines.first, lines.last
    expect_points(learning, 1)
    expect_points(checking, 0)
    runner.step(1, 10, 0.6, validation_loss=0.5, validation_accuracy=0.75)
    runner.step(2, 10, 0.4, validation_loss=0.3, validation_accuracy=0.85)
    now = page.locator(".chart-now").first
    expect(now).to_have_text("0.3000")
    swatch = now.locator(".swatch")
    expect(swatch).to_have_class("swatch second")
    expect_points(learning, 3)
    expect_points(checking, 1)
    plot = page.locator(".curves .plot").first
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 40)
    expect(plot.locator(".readout")).to_have_text("epoch 2learning 0.400checking 0.300")
    runner.lease.tell("calibrating", {})
    expect(page.get_by_text("Calibrating:")).to_be_visible()
    expect(page.locator(".curves .plot").first.locator(".readout")).to_be_visible()  # made anew under the pointer


@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_seen_in_the_header_and_in_the_title_of_the_tab_and_its_end_is_told(
    runner: Runner, open_page: OpenPage, width: int
) -> None:
    page = open_page(runner.server.url, "predict", width=width)
    expect(page.locator("#pulse")).to_have_text("version 0")
    expect(page).to_have_title("Predict \N{EN DASH} Relearn")
    before = page.get_by_role("banner").bounding_box()
    runner.take()
    runner.step(2, 5, 0.5)
    running = page.get_by_role("banner").get_by_role("link", name="learning, ")
    expect(running).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\([4-9]\d\s%\) Predict"))  # the second of two epochs has begun
    percent = (running.text_content() or "").removeprefix("learning, ")
    assert page.get_by_role("banner").bounding_box() == before
    expect(page).to_have_title(f"({percent}) Predict \N{EN DASH} Relearn")
    page.get_by_role("navigation").get_by_role("link", name="Health").click()
    expect(page).to_have_title(f"({percent}) Health \N{EN DASH} Relearn")
    version = runner.publish()
    expect(page.get_by_text(f"Version {version} has learnt what you taught")).to_be_visible()
    expect(running).to_be_hidden()
    expect(page).to_have_title("Health \N{EN DASH} Relearn")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("article", name=f"Version {version}")).to_be_visible()


def test_a_version_that_took_over_is_celebrated_once(runner: Runner, open_page: OpenPage) -> None:
    runner.take()
    page = open_page(runner.server.url, "retrain")
    expect(page.get_by_text("Waiting:").or_(page.get_by_text("Starting:"))).to_be_visible()
    version = runner.publish()
    verdict = page.locator(".outcome-card.good")
    expect(verdict).to_contain_text(f"Version {version} has taken over.")
    expect(verdict).to_have_class("outcome-card good celebrated")
    page.reload()
    expect(verdict).to_have_class("outcome-card good ")
    page.get_by_role("link", name="What it reads now").click()
    expect(page).to_have_url(f"{runner.server.url}/#models/{version}..0")


def test_a_version_that_is_tried_first_is_not_said_to_serve(runner: Runner, open_page: OpenPage) -> None:
    runner.take()
    page = open_page(runner.server.url, "retrain")
    expect(page.get_by_text("Waiting:").or_(page.get_by_text("Starting:"))).to_be_visible()
    version = runner.publish(Role.SHADOW)
    verdict = page.locator(".outcome-card.good")
    expect(verdict).to_contain_text(f"Version {version} is ready.")
    expect(verdict).to_contain_text("is tried beside it before it serves")
    expect(page.get_by_text("has taken over")).to_have_count(0)
    expect(page.locator("#pulse")).to_have_text("version 0")
    page.get_by_role("navigation").get_by_role("link", name="Models").click()
    expect(page.get_by_role("region", name=f"Shadow of version {version}")).to_be_visible()


@pytest.mark.parametrize(
    ("missed", "advice"),
    [
        ("same labels and preprocessing", "No training mends that"),
        ("nodes", "choose a smaller one"),
        ("parity", "no retraining mends it"),
        ("class 8 change since version 0", "More pictures of 8"),
        ("calibration error", "It is too sure of itself, or not sure enough"),
    ],
)
def test_the_advice_after_a_refusal_is_about_what_was_missed(
    runner: Runner, open_page: OpenPage, missed: str, advice: str
) -> None:
    runner.take()
    runner.refuse(missed)
    page = open_page(runner.server.url, "retrain")
    expect(page.locator(".outcome-card")).to_contain_text(advice)
