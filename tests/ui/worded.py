"""Baselines whose labels are no digits: the shipped model under other names, and tiny ones of any number of labels."""

import io
import json
from pathlib import Path

import numpy as np

from export.publish import Candidate, write
from tests.live import ROOT
from tests.tiny import INPUT, OPSET, answers, tiny_onnx

BASELINE = ROOT / "artifacts/baseline"
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
TWELVE = (*FASHION, "Handschuh (gefüttert)", LONG)
FORTY = (*TWELVE, "قميص بأكمام طويلة", "दस्ताने", "長袖のシャツと長いズボン", *(f"Kind {n} of thing" for n in range(25)))
SIXTY = tuple("αβγδεζηθικλμνξοπρστυφχψωабвгдежзийклмнопрстуфхцчшщыэюяあいうえおか")


def write_baseline(folder: Path, labels: tuple[str, ...]) -> Path:
    candidate = worded(labels)
    folder.mkdir(parents=True)
    write(folder, candidate, candidate.manifest("digits", "0"))
    return folder


def worded(labels: tuple[str, ...]) -> Candidate:
    return _renamed(labels) if len(labels) == 10 else _tiny(labels)


def _renamed(labels: tuple[str, ...]) -> Candidate:
    """The shipped model, which reads digits and calls them by these names."""
    names = [each.name for each in BASELINE.iterdir() if each.is_file() and each.name != "manifest.json"]
    contents = {name: (BASELINE / name).read_bytes() for name in names}
    report = json.loads((BASELINE / "report/report.json").read_bytes())
    for metrics in report["metrics"].values():
        metrics["classes"] = {labels[int(digit)]: figures for digit, figures in metrics["classes"].items()}
    for part, counts in report["dataset"].items():
        report["dataset"][part] = {labels[int(digit)]: count for digit, count in counts.items()}
    contents["report/report.json"] = json.dumps(report).encode()
    manifest = json.loads((BASELINE / "manifest.json").read_bytes())
    return Candidate(labels, INPUT, tuple(manifest["outputs"]), manifest["opset"], contents)


def _tiny(labels: tuple[str, ...]) -> Candidate:
    """A model that knows nothing, with figures that say so."""
    model = tiny_onnx(labels=len(labels))
    images = np.random.default_rng(1).integers(0, 256, (4, 28, 28, 1), np.uint8)
    file = io.BytesIO()
    np.savez(file, images=images, probabilities=answers(model, images, labels))
    figures = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "images": 20}
    count = len(labels)
    metrics = {
        "accuracy": 0.5,
        "classes": dict.fromkeys(labels, figures),
        "confusion": (np.eye(count, dtype=int) * 10 + 1).tolist(),
    }
    report = {"metrics": {"test": metrics}, "dataset": {"fit": dict.fromkeys(labels, 20)}}
    contents = {"model.onnx": model, "golden.npz": file.getvalue(), "report/report.json": json.dumps(report).encode()}
    return Candidate(labels, INPUT, ("probabilities",), OPSET, contents)
