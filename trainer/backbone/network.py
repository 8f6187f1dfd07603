"""A pretrained network between a picture and the last layer: normalised as it was trained, its map averaged."""

from math import prod
from pathlib import Path
from typing import Any

import keras

from trainer.backbone import lite0
from trainer.backbone.known import KERAS, LITE0
from trainer.backbone.torch_file import NotTensors
from trainer.errors import TrainingError

BACKBONE = "backbone"  # the layer
MIDDLE, HALF_RANGE = (127.0, 128.0), (127.5, 127.5)  # of pixels: Lite0's, and that of Keras' networks


def features(pixels: Any, name: str) -> Any:
    """Pixels from 0 to 255, float32 (N, height, width, 1 or 3) -> features (N, features), none below 0."""
    _, height, width, channels = pixels.shape
    if channels == 1:
        pixels = keras.ops.concatenate([pixels] * 3, axis=-1)
    middle, scale = MIDDLE if name == LITE0 else HALF_RANGE
    x = _network(name, height, width)((pixels - middle) * (1 / scale))
    return keras.layers.GlobalAveragePooling2D()(x)


def _network(name: str, height: int, width: int) -> keras.Model:
    if name == LITE0:
        made = lite0.lite0(height, width)
    else:
        made = getattr(keras.applications, KERAS[name])(input_shape=(height, width, 3), include_top=False, weights=None)
    return keras.Model(made.input, made.output, name=BACKBONE)


def take_pretrained(model: keras.Model, name: str, file: Path) -> None:
    """Give the backbone of a network its weights; raises TrainingError if the file has none for it."""
    backbone = model.get_layer(BACKBONE)
    try:
        if name == LITE0:
            lite0.take_weights(backbone, file)
        else:
            backbone.load_weights(file)
    except (NotTensors, ValueError, OSError, KeyError) as error:
        raise TrainingError(f"{file.name} has no weights for {name}: {str(error)[:300]}") from None


def hold_normalization(model: keras.Model) -> None:
    """Keep what the normalizations know of many pictures, of which few say nothing."""
    for layer in model.get_layer(BACKBONE).layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def multiply_adds(model: keras.Model) -> int:
    """Of one picture, in the backbone's convolutions; export/cost.py counts the same in the exported graph."""
    total = 0
    for layer in model.get_layer(BACKBONE).layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            total += prod(layer.output.shape[1:]) * prod(layer.kernel.shape[:2])
        elif isinstance(layer, keras.layers.Conv2D):
            total += prod(layer.output.shape[1:]) * prod(layer.kernel.shape[:3])
    return total
