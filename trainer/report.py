"""The report of a version: report.json with every figure, diagrams, and one page that opens from disk.

The page holds its pictures itself and runs no script, so that it can be mailed, and shown under a policy that lets it
do nothing.
"""

import base64
import json
from html import escape
from typing import Any

from trainer.pictures import pictures

HEADLINES = ("images", "accuracy", "precision", "recall", "f1", "log_loss", "calibration_error")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light }
table { border-collapse: collapse } th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left } img { max-width: 100% }
.mistakes { display: flex; flex-wrap: wrap; gap: .8rem } figure { margin: 0; font-size: .8rem; text-align: center }
figure img { width: 64px; height: 64px; image-rendering: pixelated; object-fit: contain }
"""


def report_files(figures: dict[str, Any]) -> dict[str, bytes]:
    """The files of the folder report/ by their names in the version, from the figures alone."""
    drawn = pictures(figures)
    files = {"report.json": json.dumps(figures, indent=1).encode(), **drawn, "report.html": _page(figures, drawn)}
    return {f"report/{name}": data for name, data in files.items()}


def _page(figures: dict[str, Any], drawn: dict[str, bytes]) -> bytes:
    training, test = figures["training"], figures["metrics"]["test"]
    verdict = figures["gate"]
    parts = [
        f"<h1>Report of job {escape(training['job'])}</h1>",
        f"<p>Test accuracy <strong>{100 * test['accuracy']:.2f} %</strong> on {test['images']} images. The gate "
        f"{'let it pass' if verdict['passed'] else 'refused it'}, compared with "
        f"{'version ' + escape(verdict['against']) if verdict['against'] else 'no version'}. "
        f"Verdicts of these images so far: {verdict.get('judged', 1)}. {escape(verdict.get('known', ''))}</p>",
        _table("Figures", ("part", *HEADLINES), _headlines(figures["metrics"])),
        _table("Classes, on the test part", ("label", "precision", "recall", "f1", "images"), _classes(test)),
        _picture("Calibration: reliability diagram", drawn["reliability.svg"]),
        _picture("Confusion matrix, on the test part", drawn["confusion.svg"]),
        _table("Most frequent mistakes, on the test part", ("label", "taken for", "images"), _confused(test)),
        _picture("Training", drawn["curves.svg"]),
        _picture("Class distribution", drawn["classes.svg"]),
        _mistakes(figures["mistakes"]),
        _table("Gate", ("check", "value", "limit", "images", "smallest loss they show", "passed"), _checks(verdict)),
        _table("ONNX model against the network", ("figure", "value"), _pairs(figures["parity"])),
        _table("Time, microseconds an image on one core", ("size", "time"), _pairs(figures["timing"])),
        _table("Calibration", ("figure", "value"), _pairs(figures["calibration"])),
        _table("Left out", ("picture, and why",), [[each] for each in training.get("left_out", [])]),
        _table("Recipe", ("option", "value"), _pairs(training["recipe"])),
        _table("Provenance", ("what", "value"), _pairs(_plain(training) | training["libraries"])),
    ]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Relearn: report</title><style>{STYLE}</style>"
    return "\n".join([head, *parts]).encode()


def _headlines(metrics: dict[str, Any]) -> list[list[Any]]:
    return [[part, *(found[name] for name in HEADLINES)] for part, found in metrics.items()]


def _classes(test: dict[str, Any]) -> list[list[Any]]:
    return [[label, *found.values()] for label, found in test["classes"].items()]


def _confused(test: dict[str, Any]) -> list[list[Any]]:
    return [list(each.values()) for each in test.get("confused", [])]


def _checks(verdict: dict[str, Any]) -> list[list[Any]]:
    names = ("name", "value", "limit", "images", "detectable", "passed")
    return [["" if check.get(name) is None else check[name] for name in names] for check in verdict["checks"]]


def _plain(training: dict[str, Any]) -> dict[str, Any]:
    """What of the training's figures is one value."""
    return {name: value for name, value in training.items() if not isinstance(value, list | dict)}


def _pairs(values: dict[str, Any]) -> list[list[Any]]:
    return [[name.replace("_", " "), value] for name, value in values.items()]


def _table(title: str, heads: tuple[str, ...], rows: list[list[Any]]) -> str:
    top = "".join(f"<th>{escape(head.replace('_', ' '))}</th>" for head in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(_text(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{top}</tr>{body}</table>"


def _text(cell: Any) -> str:
    return f"{cell:.5g}" if isinstance(cell, float) else str(cell)


def _picture(title: str, svg: bytes) -> str:
    uri = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    return f'<h2>{escape(title)}</h2><img src="{uri}" alt="{escape(title)}">'


def _mistakes(found: list[dict[str, Any]]) -> str:
    shown = "".join(
        f'<figure><img src="{escape(each["picture"])}" alt="an image of {escape(each["label"])}">'
        f"<figcaption>{escape(each['label'])} taken for {escape(each['predicted'])},<br>"
        f"{100 * each['confidence']:.1f} %</figcaption></figure>"
        for each in found
    )
    return f'<h2>Most confident mistakes, on the test part</h2><div class="mistakes">{shown or "none"}</div>'
