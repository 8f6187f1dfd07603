"""The report's diagrams, drawn by matplotlib from the report's figures alone, as small SVG files."""

import io
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.style import context

# Text stays text, so that a file is small and can be searched; the salt makes the same figures the same file.
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "relearn",
    "text.parse_math": False,  # a class may be called $1
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
NUMBERED_CLASSES = 20  # beyond so many the confusion matrix has no room for numbers
NAMED_CLASSES = 60  # beyond so many a diagram of all classes has no room for their names

P = ParamSpec("P")


def _drawn(draw: Callable[P, Figure]) -> Callable[P, bytes]:
    """The SVG file of the figure that a function makes."""

    @wraps(draw)
    def drawn(*arguments: P.args, **options: P.kwargs) -> bytes:
        file = io.BytesIO()
        with context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a browser has fonts for every script
            FigureCanvasSVG(draw(*arguments, **options)).print_svg(file, metadata={"Date": None})  # type: ignore[no-untyped-call]
        return file.getvalue()

    return drawn


def pictures(figures: dict[str, Any]) -> dict[str, bytes]:
    """File name -> SVG, of the report's figures."""
    test = figures["metrics"]["test"]
    labels = list(test["classes"])
    return {
        "curves.svg": curves(figures["training"]["history"]),
        "confusion.svg": confusion(*_matrix(test, labels)),
        "reliability.svg": reliability(test["reliability"]),
        "classes.svg": class_distribution(figures["dataset"], labels),
    }


def _matrix(test: dict[str, Any], labels: list[str]) -> tuple[list[list[int]], list[str]]:
    """The counts and labels to draw: of all classes, or of many the most confused ones."""
    folded = test.get("folded")
    return (test["confusion"], labels) if folded is None else (folded["counts"], folded["labels"])


@_drawn
def curves(history: list[dict[str, float]]) -> Figure:
    """Loss and error by epoch; training is on changed images, which are harder than the validation part's."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    epochs = range(1, len(history) + 1)
    losses, errors = figure.subplots(1, 2)
    for prefix, label in (("", "training, changed images"), ("validation_", "validation")):
        losses.plot(epochs, [epoch[f"{prefix}loss"] for epoch in history], ".-", markersize=3, label=label)
        wrong = [100 * (1 - epoch[f"{prefix}accuracy"]) for epoch in history]
        errors.plot(epochs, wrong, ".-", markersize=3, label=label)
    losses.set(xlabel="epoch", ylabel="loss", yscale="log")
    errors.set(xlabel="epoch", ylabel="errors, %", ylim=(0, None))
    losses.legend()
    errors.legend()
    return figure


@_drawn
def confusion(counts: list[list[int]], labels: list[str]) -> Figure:
    """How many images of each true class, in rows, were taken for which; mistakes are red."""
    side = 1.5 + min(0.35 * len(labels), 8)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    mistakes = [[0 if row == column else count for column, count in enumerate(line)] for row, line in enumerate(counts)]
    darkest = 1.6 * max(1, *map(max, mistakes))  # so that numbers stay readable on it
    axes.pcolormesh(mistakes, cmap="Reds", vmax=darkest, edgecolors="#dddddd", linewidth=0.3)
    if len(labels) <= NUMBERED_CLASSES:
        for row, line in enumerate(counts):
            for column, count in enumerate(line):
                if count:
                    axes.text(column + 0.5, row + 0.5, str(count), ha="center", va="center", fontsize=7)
    places = [number + 0.5 for number in range(len(labels))]
    axes.set_xticks(places, labels, rotation=0 if max(map(len, labels)) < 3 else 90)
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set(xlabel="predicted", ylabel="true")
    return figure


@_drawn
def reliability(bins: list[dict[str, float]]) -> Figure:
    """Accuracy over confidence; beside it the same near 1, where the bins of a good classifier are."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    confidence, accuracy = [each["confidence"] for each in bins], [each["accuracy"] for each in bins]
    least = min(0.99, *sorted(confidence + accuracy)[1:2])
    for axes, start in zip(figure.subplots(1, 2), (0.0, least), strict=True):
        axes.plot([start, 1], [start, 1], "--", color="grey", label="perfectly calibrated")
        axes.plot(confidence, accuracy, "o", markersize=4, label="bins of equal mass")
        axes.set(xlabel="mean confidence", ylabel="accuracy", xlim=(start, 1.0005), ylim=(start, 1.0005))
        axes.legend(loc="upper left")
    return figure


@_drawn
def class_distribution(dataset: dict[str, dict[str, int]], labels: list[str]) -> Figure:
    """How many images of each class the base dataset and the uploads have to train on."""
    figure = Figure(figsize=(8, 2.8), layout="constrained")
    axes_of = figure.subplots(1, 2)
    for axes, title, parts in zip(
        axes_of,
        ("base dataset", "uploads"),
        (("fit", "validation", "gate", "test"), ("uploads", "held out")),
        strict=True,
    ):
        bottom = [0] * len(labels)
        for part in parts:
            counts = [dataset[part].get(label, 0) for label in labels]
            top = [low + count for low, count in zip(bottom, counts, strict=True)]
            if len(labels) <= NAMED_CLASSES:
                axes.bar(labels, counts, bottom=bottom, label=part)
            else:  # one area a part, however many classes
                axes.fill_between(range(len(labels)), bottom, top, step="mid", label=part)
            bottom = top
        axes.set(title=title, ylabel="images", ylim=(0, max(1, *bottom) * 1.05))
        if len(labels) <= NAMED_CLASSES:
            axes.tick_params(axis="x", rotation=0 if max(map(len, labels)) < 3 else 90)
        else:
            axes.set_xlabel(f"{len(labels):,} classes, in the model's order")
        axes.legend(fontsize=7)
    return figure
