"""The report opens from disk alone, and shows what a label or figure holds, whatever that is."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from trainer.report import report_files

BASELINE = Path(__file__).parents[2] / "artifacts" / "baseline"


class Page(HTMLParser):
    """The tags of a page and every address it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def figures() -> dict[str, Any]:
    found = json.loads((BASELINE / "report" / "report.json").read_text())
    assert isinstance(found, dict)
    return found


def test_the_page_holds_all_it_shows(figures: dict[str, Any]) -> None:
    page = Page(report_files(figures)["report/report.html"].decode())
    assert page.addresses
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not page.tags & {"script", "link", "iframe"}
    for title in ("Classes", "reliability", "Confusion", "Training", "Class distribution", "mistakes", "Gate", "Time"):
        assert title in page.text
    assert f"{100 * figures['metrics']['test']['accuracy']:.2f} %" in page.text


def test_every_diagram_is_a_small_svg_and_the_same_each_time(figures: dict[str, Any]) -> None:
    files = report_files(figures)
    pictures = {name: data for name, data in files.items() if name.endswith(".svg")}
    assert set(pictures) == {f"report/{name}.svg" for name in ("classes", "confusion", "curves", "reliability")}
    for data in pictures.values():
        assert ElementTree.fromstring(data).tag.endswith("svg")  # noqa: S314 - made here
        assert len(data) < 100_000
    assert report_files(figures) == files


def test_a_label_can_not_write_into_the_page(figures: dict[str, Any]) -> None:
    evil = "<script>alert(1)</script>"
    text = json.dumps(figures).replace('"7":', json.dumps(evil) + ":").replace('"label": "7"', '"label": "<script>"')
    page = Page(report_files(json.loads(text))["report/report.html"].decode())
    assert "script" not in page.tags
    assert evil in page.text
