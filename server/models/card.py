"""What a version is, for people: the card that is published with it, as report/card.md, in the Hugging Face hub's form.

Of figures that are not in a report nothing is said: versions of before, and a test's, have fewer.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from server.pictures.preprocessing import Preprocessing

CARD = "report/card.md"
FIGURES = ("images", "accuracy", "precision", "recall", "f1", "log_loss", "calibration_error")
OF_CLASS = ("precision", "recall", "f1", "images")
INDEXED = ("accuracy", "precision", "recall", "f1")  # that the hub reads out of the front matter
TRAINING = (
    *("epochs", "batch_size", "seconds", "images", "decision", "uploads_fingerprint", "warm_start", "job"),
    "code_revision",
)
PARTS = {"validation": "chose the weights", "held out": "uploads, which judge", "test": "decided nothing"}
USE = """\
```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
images = np.zeros({shape}, np.uint8)  # of as many pictures as you like
answers = session.run({names}, {{"image": images}})
```"""


def card(
    name: str, labels: Sequence[str], inputs: Preprocessing, outputs: Sequence[str], figures: dict[str, Any]
) -> bytes:
    """The card of a model of that name, from its contract and the figures of its report alone."""
    metrics = _part(figures, "metrics")
    test = _part(metrics, "test")
    classes = _found(_part(test, "classes"))
    parts = [
        _front_matter(name, test),
        f"# {_text(name)}",
        f"An image classifier of {len(labels)} classes: {', '.join(map(_text, labels))}.",
        "## Use",
        _contract(inputs, outputs, len(labels)),
        "## Figures",
        _table(("part", *FIGURES), ([part, *map(found.get, FIGURES)] for part, found in _found(metrics))),
        " ".join(f"The {part} part: {PARTS[part]}." for part, _ in _found(metrics) if part in PARTS),
        str(_part(figures, "gate").get("known") or ""),
        "### Classes, on the test part",
        _table(("label", *OF_CLASS), ([label, *map(found.get, OF_CLASS)] for label, found in classes)),
        "## Limits",
        _limits(_part(figures, "calibration").get("score_threshold")),
        "## Training",
        _table(("what", "value"), _origin(_part(figures, "training"), _part(figures, "dataset"))),
    ]
    return "\n\n".join(filter(None, parts)).encode() + b"\n"


def _contract(inputs: Preprocessing, outputs: Sequence[str], classes: int) -> str:
    """What the graph takes and gives, and a program that runs it."""
    said = {
        "probabilities": f"`probabilities` [N, {classes}] in the order of the labels",
        "score": "`score` [N] that says how far each answer may be believed",
    }
    return (
        f"`model.onnx` takes `image`, UINT8 [N, {', '.join(map(str, inputs.shape))}], and answers "
        f"{' and '.join(said[name] for name in outputs)}. A picture becomes such an image by the preprocessing "
        f"`{inputs.mode}` of Relearn, number {inputs.number}. `manifest.json` has the whole contract, with the labels "
        f"in order and a hash of each file.\n\n" + USE.format(shape=(1, *inputs.shape), names=json.dumps(list(outputs)))
    )


def _front_matter(name: str, test: dict[str, Any]) -> str:
    """For programs, as YAML; https://huggingface.co/docs/hub/model-cards."""
    found = [{"type": each, "value": test[each]} for each in INDEXED if _is_number(test.get(each))]
    dataset = {"name": "the test part of its base dataset", "type": "imagefolder", "split": "test"}
    result = {"task": {"type": "image-classification"}, "dataset": dataset, "metrics": found}
    lines = ["library_name: onnx", "pipeline_tag: image-classification", "tags: [image-classification, onnx, relearn]"]
    if found:
        lines += [
            f"metrics: [{', '.join(each['type'] for each in found)}]",
            "model-index:",
            f"- name: {json.dumps(name)}",
        ]
        lines += ["  results:", f"  - {json.dumps(result)}"]
    return "\n".join(["---", *lines, "---"])


def _limits(threshold: Any) -> str:
    words = (
        "It knows its classes alone, and says one of them of any picture. Its probabilities hold for pictures like "
        "those that it was trained on; the figures are of such, and of no other source."
    )
    if not _is_number(threshold):
        return words
    return f"{words} Where the score is under {_number(threshold)}, do not believe the answer."


def _origin(training: dict[str, Any], dataset: dict[str, Any]) -> list[list[Any]]:
    """What it was made of, and how."""
    counts = [[f"images, {part}", sum(filter(_is_number, found.values()))] for part, found in _found(dataset)]
    made = [[name.replace("_", " "), training[name]] for name in TRAINING if training.get(name) is not None]
    parts = {part: _part(training, part) for part in ("backbone", "recipe")}
    said = [
        [f"{part}: {name.replace('_', ' ')}", value] for part, found in parts.items() for name, value in found.items()
    ]
    return counts + made + said


def _part(content: Any, name: str) -> dict[str, Any]:
    found = content.get(name) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}


def _found(content: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, found) for name, found in content.items() if isinstance(found, dict)]


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; nothing where it would have no row."""
    lines = [[head.replace("_", " ") for head in heads], ["---"] * len(heads), *(map(_cell, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if len(lines) > 2 else ""


def _cell(value: Any) -> str:
    return _number(value) if _is_number(value) else _text(None if isinstance(value, float) else value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _text(value: Any) -> str:
    """Words of others, of which none is Markdown or HTML."""
    words = "-" if value is None else " ".join(str(value).split())
    return "".join(each if each.isalnum() or each in " .,-" else f"&#{ord(each)};" for each in words)
