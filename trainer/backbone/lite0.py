"""EfficientNet-Lite0 without its last layer, and the weights of a torch file for it.

https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite has the original.
Inverted residuals (Sandler et al. 2018, https://arxiv.org/abs/1801.04381) with neither squeeze-and-excite nor swish, so
that the server runs it with the operators that it knows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from trainer.backbone.torch_file import NotTensors, read_tensors

EPSILON = 1e-3
STEM, HEAD = 32, 1280  # channels


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind; the first has the stride, and the channels of the stage before to begin with."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def lite0(height: int, width: int) -> keras.Model:
    """Pictures as the network saw them, float32 (N, height, width, 3) -> its last map of features, none below 0."""
    inputs = keras.Input((height, width, 3))
    x = _activated(_convolved(inputs, STEM, 3, 2, "stem"), "stem")
    channels, number = STEM, 0
    for stage in STAGES:
        for stride in (stage.stride, *[1] * (stage.blocks - 1)):
            x = _block(x, channels, stage, stride, f"block_{number}")
            channels, number = stage.channels, number + 1
    x = _activated(_convolved(x, HEAD, 1, 1, "head"), "head")
    return keras.Model(inputs, x, name="lite0")


def _block(x: Any, channels: int, stage: Stage, stride: int, name: str) -> Any:
    before, wide = x, channels * stage.expansion
    if stage.expansion > 1:
        x = _activated(_convolved(x, wide, 1, 1, f"{name}_expand"), f"{name}_expand")
    depthwise = keras.layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )
    x = _activated(_normalised(depthwise(x), f"{name}_depthwise"), f"{name}_depthwise")
    x = _convolved(x, stage.channels, 1, 1, f"{name}_project")
    return keras.layers.Add(name=f"{name}_add")([x, before]) if stride == 1 and channels == stage.channels else x


def _convolved(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    convolution = keras.layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=name)
    return _normalised(convolution(x), name)


def _normalised(x: Any, name: str) -> Any:
    return keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_normalization")(x)


def _activated(x: Any, name: str) -> Any:
    return keras.layers.ReLU(6.0, name=f"{name}_activation")(x)


def take_weights(model: keras.Model, path: Path) -> None:
    """Give the network the weights of a torch file; raises NotTensors for another network's, or OSError."""
    tensors = read_tensors(path)
    weights: list[NDArray[Any]] = []
    for convolution, normalization in _names():
        if f"{convolution}.weight" not in tensors:
            raise NotTensors(f"it has no {convolution}.weight, so that it is another network's")
        kernel = tensors[f"{convolution}.weight"]  # (out, in, rows, columns); Keras has (rows, columns, in, out),
        axes = (
            (2, 3, 0, 1) if "depthwise" in convolution else (2, 3, 1, 0)
        )  # of a depthwise one (rows, columns, out, 1)
        weights.append(kernel.transpose(axes).astype(np.float32))
        weights += [tensors[f"{normalization}.{each}"] for each in ("weight", "bias", "running_mean", "running_var")]
    if [each.shape for each in weights] != [tuple(each.shape) for each in model.weights]:
        raise NotTensors("its tensors have other shapes, so that it is another network's")
    if not all(np.isfinite(each).all() for each in weights):
        raise NotTensors("not all of its weights are numbers")
    model.set_weights(weights)


def _names() -> Iterator[tuple[str, str]]:
    """The torch names of each convolution and its normalization, in the order of the network."""
    yield "_conv_stem", "_bn0"
    number = 0
    for stage in STAGES:
        parts = (
            ("expand_conv", "depthwise_conv", "project_conv")
            if stage.expansion > 1
            else ("depthwise_conv", "project_conv")
        )
        for _ in range(stage.blocks):
            for part in parts:
                place = ("expand_conv", "depthwise_conv", "project_conv").index(part)
                yield f"_blocks.{number}._{part}", f"_blocks.{number}._bn{place}"
            number += 1
    yield "_conv_head", "_bn1"
