"""Is the input pipeline the bottleneck? Training steps fed by it, and fed by one batch of random data in memory.

python -m benchmarks.model.pipeline [--steps N] [--results FILE]

Both run in turns in one process, as the trainer sets TensorFlow up; the third figure is the pipeline alone. The fit
part of MNIST is read from memory, the t10k files are not opened. It needs the train environment.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from benchmarks.model.frontier import parts
from trainer.config import Recipe
from trainer.model import build_model
from trainer.replay import Replay
from trainer.run import set_threads
from trainer.train import Fit, OneCycle, batches

ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60, help="steps in each of five rounds")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/pipeline.json"))
    arguments = parser.parse_args()
    steps = arguments.steps
    set_threads()
    recipe, prepared = Recipe(), parts()
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    fit = Fit(build_model(recipe, 10), OneCycle(recipe.learning_rate, 10_000), recipe.average)
    source = iter(batches(recipe, prepared, Replay(prepared, recipe.uploads_share, recipe.seed)))
    random = np.random.default_rng(0)
    bare = (
        tf.constant(random.integers(0, 256, (recipe.batch_size, 28, 28, 1), np.uint8)),
        tf.constant(random.integers(0, 10, recipe.batch_size, np.int32)),
    )
    ways: dict[str, Callable[[], object]] = {
        "fed by the pipeline": lambda: fit.step(*next(source)),
        "bare, one random batch": lambda: fit.step(*bare),
        "the pipeline alone": lambda: next(source),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for step in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            for _ in range(steps):
                way()
            if step:  # the first round traces and compiles
                rates[name].append(steps * recipe.batch_size / (time.perf_counter() - started))
    for name, found in rates.items():
        print(f"{name}: {statistics.median(found):,.0f} images/s ({min(found):,.0f} to {max(found):,.0f})")
    arguments.results.write_text(json.dumps({"images_per_second": rates}, indent=1) + "\n")


if __name__ == "__main__":
    main()
