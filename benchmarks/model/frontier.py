"""The frontier: what networks cost in onnxruntime on one core, and how accurate they become.

python -m benchmarks.model.frontier [--train SEEDS --epochs N] [--only NAME ...] [--results FILE]

A network is written as its layers: c<kernel>[s<stride>]-<channels><v|s> is a convolution with valid or same padding,
batch normalisation and ReLU; w a depthwise one; max<n> pooling; a dense layer and softmax follow. Each is timed at
batches of 1, 8, 32 and 128 in turns with the reference network of 2.25 million multiply-adds, in one process. With
--train each is trained by the trainer's own recipe from so many seeds and judged by the validation part; what earlier
calls found is kept in the results file. The t10k files are never opened: seeds.py reports the chosen one's test figure.
It needs the train environment.
"""

import argparse
import json
import re
import statistics
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime

from benchmarks import mnist, shipped
from export.convert import to_onnx
from export.cost import cost_of
from server.models.model import session_options
from trainer.config import Recipe
from trainer.model import SCALE
from trainer.prepare import PARTS, Prepared
from trainer.replay import Replay
from trainer.train import Fit, OneCycle, batches, logits_of

REFERENCE = Path(__file__).with_name("reference-2.25MMAC.onnx")
SHIPPED = shipped.FOLDER / "model.onnx"
CHOSEN = "c5s2-16v c3s2-32s c3-48v c3-96v"
CANDIDATES = (
    CHOSEN,
    "c5s2-16v c3s2-32s c3-48v c3-64v",
    "c5s2-16v c3s2-32v c3-48v",
    "c3s2-16v c3s2-32v c3-48v c3-96v",
    "c3s2-16v c3s2-32v c3-64v c3-64v",
    "c5s2-16v c3-16v c3s2-32s c3-48v c3-64v",
    "c3s2-16v c3-16v c3s2-32v c3-64v c3-64v",
    "c5s2-16v c3-16v max2 c3-64v c3-64v",
    "c5s3-32v c3s2-64v c3-64v",
    "c5s2-16v w3s2-1v c1-64v w3-1v c1-128v",
    "c5s2-32v c3s2-48s c3-64v c3-128v",
    "c3-16v max2 c3-32v max2 c3-64v",
)
BATCHES = (1, 8, 32, 128)
ALTERNATIONS = 100
LAYER = re.compile(r"(?P<kind>[cw])(?P<kernel>\d)(s(?P<stride>\d))?-(?P<channels>\d+)(?P<padding>[vs])")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=0, metavar="SEEDS", help="train each from so many seeds")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--only", nargs="+", default=CANDIDATES, metavar="NAME")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/frontier.json"))
    arguments = parser.parse_args()
    known: dict[str, Any] = json.loads(arguments.results.read_bytes()) if arguments.results.exists() else {}
    prepared = parts() if arguments.train else None
    for name in arguments.only:
        known[name] = known.get(name, {"accuracy": {}}) | cost(*exported(network(name, scaled=False)))
        for seed in range(arguments.train):
            assert prepared is not None
            run = f"{arguments.epochs} epochs, seed {seed}"
            known[name]["accuracy"][run] = accuracy(name, Recipe(epochs=arguments.epochs, seed=seed), prepared)
        arguments.results.write_text(json.dumps(known, indent=1) + "\n")
    known["shipped, with its score"] = {"accuracy": {}} | cost(SHIPPED.read_bytes(), None)
    arguments.results.write_text(json.dumps(known, indent=1) + "\n")
    show(known)


def network(name: str, scaled: bool = True) -> keras.Model:
    """The network of a name, from uint8 images (N, 28, 28, 1) to logits (N, 10); exported ones need no scaling."""
    inputs = keras.Input((28, 28, 1), dtype="uint8", name="image")
    x = keras.ops.cast(inputs, "float32")
    x = x * SCALE if scaled else x
    for layer in name.split():
        if layer.startswith("max"):
            x = keras.layers.MaxPooling2D(int(layer[3:]))(x)
            continue
        found = LAYER.fullmatch(layer)
        assert found is not None, layer
        shape = {"strides": int(found["stride"] or 1), "padding": "same" if found["padding"] == "s" else "valid"}
        kernel, common = int(found["kernel"]), {"use_bias": False} | shape
        if found["kind"] == "w":
            x = keras.layers.DepthwiseConv2D(kernel, **common)(x)
        else:
            x = keras.layers.Conv2D(int(found["channels"]), kernel, kernel_initializer="he_normal", **common)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.95)(x))
    x = keras.ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def exported(model: keras.Model) -> tuple[bytes, int]:
    """The ONNX file, and the number of parameters before batch normalisation is folded into the convolutions."""
    body = keras.Model(model.input, {"probabilities": keras.ops.softmax(model.output)})
    return to_onnx(body, 28, 28, 1), model.count_params()


def cost(onnx_file: bytes, parameters: int | None) -> dict[str, Any]:
    """Multiply-adds, microseconds an image, and their ratio to the reference's, by size of batch."""
    sessions = [session(onnx_file), session(REFERENCE.read_bytes())]
    times = {str(size): in_turns(sessions, size) for size in BATCHES}
    return {
        "parameters": parameters,
        "multiply_adds": cost_of(onnx_file).multiply_adds,
        "bytes": len(onnx_file),
        "microseconds": {size: round(ours, 2) for size, (ours, _) in times.items()},
        "of_reference": {size: round(ours / reference, 3) for size, (ours, reference) in times.items()},
    }


def session(onnx_file: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(onnx_file, session_options(), providers=["CPUExecutionProvider"])


def in_turns(sessions: list[onnxruntime.InferenceSession], size: int) -> tuple[float, ...]:
    """Microseconds an image of each session: medians over alternating runs, so that noise meets all alike."""
    images = np.random.default_rng(0).integers(0, 256, (size, 28, 28, 1), np.uint8)
    seconds: list[list[float]] = [[] for _ in sessions]
    for _ in range(ALTERNATIONS):
        for found, each in zip(seconds, sessions, strict=True):
            started = time.perf_counter()
            each.run(None, {each.get_inputs()[0].name: images})
            found.append(time.perf_counter() - started)
    return tuple(1e6 * statistics.median(found) / size for found in seconds)


def parts() -> Prepared:
    """The fit and validation parts in the trainer's form."""
    fit, validation = mnist.read("fit"), mnist.read("validation")
    rows: dict[str, Any] = {part: np.empty(0, np.int64) for part in PARTS}
    rows["fit"] = np.arange(len(fit.classes))
    rows["validation"] = len(fit.classes) + np.arange(len(validation.classes))
    images = np.concatenate([fit.images, validation.images])[..., None]
    classes = np.concatenate([fit.classes, validation.classes]).astype(np.int32)
    return Prepared(tuple("0123456789"), images, classes, rows, (), 0)


def accuracy(name: str, recipe: Recipe, prepared: Prepared) -> float:
    """Validation accuracy after the last epoch of the recipe."""
    keras.utils.set_random_seed(recipe.seed)
    model = network(name)
    replay = Replay(prepared, recipe.uploads_share, recipe.seed)
    steps = recipe.epochs * (len(replay) // recipe.batch_size)
    fit = Fit(model, OneCycle(recipe.learning_rate, steps), recipe.average)
    source = iter(batches(recipe, prepared, replay))
    for _ in range(steps):
        fit.step(*next(source))
    images, classes = prepared.part("validation")
    return float((logits_of(fit.averaged(), images).argmax(axis=1) == classes).mean())


def show(known: dict[str, Any]) -> None:
    heads = [f"us/image at {size}" for size in BATCHES]
    print("", "network", "parameters", "multiply-adds", *heads, "of reference at 32", "validation", "", sep=" | ")
    for name, found in sorted(known.items(), key=lambda item: item[1]["of_reference"]["32"]):
        figures = [found["parameters"], found["multiply_adds"], *found["microseconds"].values()]
        print("", name, *figures, found["of_reference"]["32"], words(found["accuracy"]), "", sep=" | ")


def words(accuracy: dict[str, float]) -> str:
    """Validation accuracy by number of epochs: mean, deviation, number of seeds."""
    by_epochs: dict[str, list[float]] = {}
    for run, value in accuracy.items():
        by_epochs.setdefault(run.split(",")[0], []).append(100 * value)
    return "; ".join(
        f"{epochs}: {statistics.fmean(values):.2f} +- {statistics.stdev(values) if len(values) > 1 else 0:.2f} %"
        f" ({len(values)})"
        for epochs, values in by_epochs.items()
    )


if __name__ == "__main__":
    main()
