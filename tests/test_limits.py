"""docs/limits.md is true: its limits are the settings', with their defaults, and /health tells the same ones."""

import re
from pathlib import Path

from server.routes.status import LIMITS
from server.settings import Settings
from tests.live import LiveServer

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| .+ \| ([0-9,.]+) [^|]*\| `--([a-z-]+)` \| [45]\d\d", re.MULTILINE)


def test_the_table_has_every_limit_and_its_default() -> None:
    rows = ROW.findall((ROOT / "docs/limits.md").read_text())
    defaults = {name: float(getattr(Settings(), name)) for name in LIMITS}
    assert {flag.replace("-", "_"): float(number.replace(",", "")) for number, flag in rows} == defaults


def test_health_tells_the_limits(server: LiveServer) -> None:
    told = server.get("/health").json()["limits"]
    assert told == {name: getattr(Settings(), name) for name in LIMITS}
