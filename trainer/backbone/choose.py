"""Which network a run fits: the small one, a pretrained one, or, with `auto`, whichever validates better.

By the log loss, which of few pictures tells more than how many are right.
"""

from dataclasses import replace
from pathlib import Path

from trainer.backbone.fit import TUNED_MOST, fit_backbone, said
from trainer.backbone.known import AUTO, LITE0, NONE
from trainer.backbone.network import multiply_adds
from trainer.config import Recipe
from trainer.model import build_model
from trainer.prepare import Prepared
from trainer.progress import Report
from trainer.train import Trained, train


def fit(recipe: Recipe, prepared: Prepared, start: Path | None, report: Report) -> tuple[Recipe, Trained]:
    """What was trained, and the recipe with the network that it has; raises what fit_backbone raises."""
    if recipe.backbone == NONE:
        return recipe, train(recipe, prepared, start, report)
    if recipe.backbone != AUTO:
        return recipe, fit_backbone(recipe, prepared, start, report)
    small, large = replace(recipe, backbone=NONE), replace(recipe, backbone=LITE0)
    against = _obstacle(large, prepared)
    if against is not None:
        report("training", against, note=f"no pretrained network: {against}")
        return small, train(small, prepared, None, report)
    trained = train(small, prepared, None, report)
    other = fit_backbone(large, prepared, None, report)
    first, second = said(trained.model, prepared), said(other.model, prepared)
    taken = second.log_loss < first.log_loss
    note = f"validation part, by the small network: {first}; by {LITE0}: {second}"
    report("training", note, note=f"{note}; the {'second' if taken else 'first'} is taken")
    return (large, other) if taken else (small, trained)


def _obstacle(recipe: Recipe, prepared: Prepared) -> str | None:
    """Why the pretrained network is not tried."""
    needed, images = multiply_adds(build_model(recipe, len(prepared.labels))), len(prepared.rows["fit"])
    if needed > recipe.backbone_limit:
        return f"{recipe.backbone} takes {needed} multiply-adds a picture, and the limit is {recipe.backbone_limit}"
    if images > TUNED_MOST:
        return f"there are {images} pictures, enough for a network of our own"
    return None
