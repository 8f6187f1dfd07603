"""A real Prometheus scrapes two workers, one of which is killed: what it answers stays true."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.digits import Digits
from tests.faults.stage import eventually, workers_of
from tests.live import PLAIN, ROOT, LiveServer
from tests.programs import needed

DASHBOARD = ROOT / "docs/grafana.json"
PAGE = ROOT / "docs/metrics.md"
SCRAPED = """
global: {scrape_interval: 500ms}
scrape_configs:
  - job_name: relearn
    static_configs: [{targets: ["%s"]}]
"""


class Prometheus:
    """A Prometheus that scrapes one server."""

    def __init__(self, server: LiveServer, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._url = f"http://127.0.0.1:{free.getsockname()[1]}"
        (folder / "prometheus.yml").write_text(SCRAPED % server.url.removeprefix("http://"))
        flags = [
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/prometheus",
            f"--web.listen-address={self._url.removeprefix('http://')}",
        ]
        with (folder / "prometheus.log").open("w") as log:
            self.process = subprocess.Popen([needed("prometheus"), *flags], stdout=log, stderr=log)

    def ask(self, query: str) -> dict[str, float]:
        """What a query gives now, by the version's label; nothing while it can't be asked yet."""
        try:
            answer = httpx.get(f"{self._url}/api/v1/query", params={"query": query}, **PLAIN, timeout=30)
        except httpx.TransportError:
            return {}
        if answer.status_code == 503:
            return {}
        found = json.loads(answer.text)["data"]["result"]
        return {each["metric"].get("version", ""): float(each["value"][1]) for each in found}


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path, "--workers", "2") as live:
        yield live


@pytest.fixture
def prometheus(crew: LiveServer, tmp_path: Path) -> Iterator[Prometheus]:
    made = Prometheus(crew, tmp_path)
    yield made
    made.process.terminate()
    made.process.wait(60)


def ask_for_predictions(server: LiveServer, digits: Digits, number: int) -> None:
    for position in range(number):  # each over a connection of its own, which either worker may take
        url, png = f"{server.url}/predict", digits.png(position)
        answer = httpx.post(url, content=png, headers={"Content-Type": "image/png"}, **PLAIN, timeout=60)
        assert answer.status_code == 200


def test_counts_times_and_versions_are_true_through_a_kill(
    crew: LiveServer, prometheus: Prometheus, digits: Digits
) -> None:
    predictions = 'sum(relearn_requests_total{route="/predict"})'
    ask_for_predictions(crew, digits, 40)
    eventually(lambda: prometheus.ask(predictions) == {"": 40.0}, "all that was asked")
    eventually(lambda: prometheus.ask("sum by (version) (relearn_model_info)") == {"0": 2.0}, "two workers")
    (victim, _) = workers_of(crew)
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: set(workers_of(crew)) - {victim} and victim not in workers_of(crew), "a new worker")
    ask_for_predictions(crew, digits, 20)
    eventually(lambda: prometheus.ask(predictions) == {"": 60.0}, "what the dead one answered, and all since")
    eventually(lambda: prometheus.ask("sum by (version) (relearn_model_info)") == {"0": 2.0}, "two workers again")
    eventually(lambda: prometheus.ask("relearn_model_version") == {"": 0.0}, "one version")
    eventually(lambda: prometheus.ask("sum(relearn_worker_deaths_total)") == {"": 1.0}, "one death")
    slowest = 'histogram_quantile(0.99, sum by (le, version) (relearn_stage_seconds_bucket{stage="infer"}))'
    assert 0 < prometheus.ask(slowest)["0"] < 60


def test_all_that_the_dashboard_asks_for_is_there(server: LiveServer, digits: Digits, tmp_path: Path) -> None:
    ask_for_predictions(server, digits, 1)
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(queries) >= len(dashboard["panels"]) > 5
    rules = [{"record": f"panel:query:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = subprocess.run(
        [needed("promtool"), "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    asked = {re.sub("_(bucket|count)$", "", name) for query in queries for name in re.findall(r"relearn_\w+", query)}
    eventually(lambda: asked <= {*re.findall(r"^# TYPE (\w+)", server.get("/metrics").text, re.MULTILINE)}, f"{asked}")


def test_the_page_tells_of_every_metric_its_type_and_its_labels(server: LiveServer, digits: Digits) -> None:
    ask_for_predictions(server, digits, 1)
    server.get("/nothing")
    families = list(text_string_to_metric_families(server.get("/metrics").text))
    told = {
        name: (kind, {label for label in labels.split(", ") if label})
        for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*?) *\| ", PAGE.read_text(), re.MULTILINE)
    }
    assert {name: kind for name, (kind, _) in told.items()} == {
        family.name + "_total" * (family.type == "counter"): family.type for family in families
    }
    for family in families:
        _, labels = told[family.name + "_total" * (family.type == "counter")]
        assert all(each.labels.keys() - {"le"} == labels for each in family.samples), family.name


def test_the_dashboard_is_of_grafanas_form() -> None:
    """Of the fields that Grafana's importer needs (https://grafana.com/docs: the dashboard's JSON model)."""
    dashboard = json.loads(DASHBOARD.read_text())
    assert {"title", "uid", "schemaVersion", "panels", "time", "templating", "__inputs"} <= set(dashboard)
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    identities = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identities)) == len(identities)
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        assert {"title", "type", "gridPos", "fieldConfig", "targets"} <= set(panel)
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["datasource"] == source
        assert all(target["datasource"] == source for target in panel["targets"])
