"""docs/limits.md is true: it lists every limit, each with its default."""

import re
from dataclasses import fields
from pathlib import Path

from server.settings import Settings

PAGE = (Path(__file__).parents[1] / "docs/limits.md").read_text()


def test_the_page_lists_every_limit() -> None:
    listed = re.findall(r"^\| `--([a-z-]+)` \| `([^`]+)` \| ([a-z ]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert len(listed) == PAGE.count("\n| `--")
    there = [
        (field.name.replace("_", "-"), str(field.default), field.metadata["unit"])
        for field in fields(Settings)
        if field.metadata["is_limit"]
    ]
    assert listed == there


def test_every_setting_that_is_called_a_limit_is_one() -> None:
    inner = {
        "batch_limit",
        "job_limit_seconds",
        "load_limit_seconds",
        "load_limit_bytes",
        "held_out_limit",
    }  # by itself
    named = {field.name for field in fields(Settings) if "_limit" in field.name}
    assert named - inner <= Settings().limits.keys()
