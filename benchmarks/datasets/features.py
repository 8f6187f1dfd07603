"""`python -m benchmarks.datasets.features FOLDER`: what a plain logistic regression makes of the backbone's features.

scikit-learn's, as it comes, on the features of all pictures in train/, asked about those in test/; it prints the
percent that are right. The trainer has fewer to learn from, since some of them choose and judge. It needs the train
environment.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from server.pictures.image import Limits
from server.settings import Settings
from trainer.backbone.known import LITE0, SUITED, weights_file
from trainer.backbone.network import take_pretrained
from trainer.calibrate import Features, outputs_of
from trainer.config import recipe_of
from trainer.model import build_model


def main() -> None:
    folder, limits = Path(sys.argv[1]), Limits.of(Settings())
    recipe = recipe_of(SUITED | {"backbone": LITE0})
    model = build_model(recipe, 2)
    take_pretrained(model, LITE0, weights_file(LITE0, ""))

    def half(name: str) -> tuple[Features, list[str]]:
        files = sorted((folder / name).glob("*/*"))
        images = np.stack([recipe.input.read(file.read_bytes(), limits) for file in files])
        return outputs_of(model, images)[0], [file.parent.name for file in files]

    (learnt, labels), (asked, right) = half("train"), half("test")
    regression = LogisticRegression(max_iter=2000).fit(learnt, labels)
    print(100 * float((regression.predict(asked) == np.array(right)).mean()))


if __name__ == "__main__":
    main()
