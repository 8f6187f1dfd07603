"""The test images that the model is most sure about and wrong: what to look at first."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.prepare import Classes, Images

SHOWN = 100  # all that a good model makes, so that the page can tell what another one reads of them
LONGER_SIDE = 64  # pixels at most of a picture in the report


def mistakes(
    images: Images, classes: Classes, probabilities: NDArray[np.float32], labels: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The most confident ones first: true label, predicted label, confidence, the picture as a data URI."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != classes)
    first = wrong[np.argsort(-confidence[wrong], kind="stable")][:SHOWN]
    return [
        {
            "label": labels[classes[each]],
            "predicted": labels[predicted[each]],
            "confidence": round(float(confidence[each]), 4),
            "picture": _data_uri(images[each]),
        }
        for each in first
    ]


def _data_uri(image: NDArray[np.uint8]) -> str:
    """A PNG of an image (height, width, channels), as a page may hold it."""
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE))
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
