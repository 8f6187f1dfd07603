"""A version as MLflow reads models: what makes its folder one, and its figures and recipe as metrics and parameters.

All of it is read from the version's own files, its manifest and its report, which may have less than is looked for.
"""

import importlib.metadata
import json
import math
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REQUIRED = ("numpy", "onnxruntime")  # of the versions that are here; onnx, which only looks a graph through, of any


def make_model(folder: Path, manifest: dict[str, Any], run: str) -> None:
    """Add what `mlflow.pyfunc` and `mlflow.onnx` load the version's graph by; it needs neither them nor onnx."""
    environment = {"virtualenv": "python_env.yaml"}
    loader = {"loader_module": "mlflow.onnx", "data": "model.onnx", "env": environment}
    outputs = [{"name": name, **found} for name, found in manifest["outputs"].items()]
    model = {
        "run_id": run,
        "utc_time_created": manifest["created_at"],
        "flavors": {
            "onnx": {"data": "model.onnx", "providers": ["CPUExecutionProvider"], "code": None},
            "python_function": {**loader, "python_version": platform.python_version()},
        },
        "signature": {"inputs": _tensors([manifest["input"]]), "outputs": _tensors(outputs), "params": None},
    }
    python = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
    needed = ["mlflow", "onnx", *(f"{name}=={importlib.metadata.version(name)}" for name in REQUIRED)]
    _write(folder / "MLmodel", json.dumps(model, indent=1))  # YAML, of which JSON is a part
    _write(folder / "python_env.yaml", json.dumps(python, indent=1))
    _write(folder / "requirements.txt", "\n".join(needed))


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:  # nothing of the version's is written over
        file.write(text + "\n")


def _tensors(found: list[dict[str, Any]]) -> str:
    """As MLflow writes a signature: JSON in a string, any number of rows as -1."""
    shapes = [[-1, *each["shape"][1:]] for each in found]
    return json.dumps(
        [
            {"name": each["name"], "type": "tensor", "tensor-spec": {"dtype": each["dtype"], "shape": shape}}
            for each, shape in zip(found, shapes, strict=True)
        ]
    )


def metrics(report: dict[str, Any]) -> Iterator[tuple[str, float, int]]:
    """Name, value and epoch: `test/accuracy` and all figures of a part, and how the training went."""
    parts = _found(report, "metrics") | {name: _found(report, name) for name in ("calibration", "timing", "parity")}
    for part, found in parts.items():
        yield from ((f"{part}/{name}", float(value), 0) for name, value in found.items() if _is_figure(value))
    history = _found(report, "training").get("history") or []
    for epoch, found in enumerate(history, 1):
        yield from ((f"epoch/{name}", float(value), epoch) for name, value in found.items() if _is_figure(value))


def parameters(report: dict[str, Any]) -> dict[str, str]:
    """The recipe, with what became of what it left open, and what was learnt from."""
    training = _found(report, "training")
    said = _found(training, "recipe") | training
    return {name: str(value) for name, value in said.items() if isinstance(value, str | int | float)}


def _found(content: dict[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
