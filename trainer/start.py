"""What a job starts from: the recipe, much of it the current version's, the images, and the version to go on from.

Without TensorFlow, so that what can be refused is refused before that is loaded.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from server.store.lease import Lease
from server.store.memory import Memory
from server.store.pointer import BASELINE
from trainer import dataset
from trainer.backbone import known
from trainer.config import Places, Recipe, as_json, recipe_of
from trainer.dataset import Dataset
from trainer.deal import check_enough
from trainer.first import first_recipe
from trainer.prepare import Prepared, prepare
from trainer.progress import Report

SAME_NETWORK = ("preprocessing", "height", "width", "channels", "channels_factor", "backbone")


@dataclass(frozen=True)
class Start:
    """All that training needs to know."""

    recipe: Recipe
    prepared: Prepared
    version: str | None  # whose weights to go on from; None: from scratch
    began: float  # time.monotonic()


def make_start(
    memory: Memory, lease: Lease, options: Mapping[str, Any], places: Places, report: Report, work: Path
) -> Start:
    """Read and check everything there is; raises DatasetError, or ValueError or TypeError for an option."""
    began = time.monotonic()
    found = base_of(memory, places, report)
    version = memory.pointer.current()
    earlier = _recipe_of_version(memory, version)
    recipe = _merged(earlier, options)
    if recipe.from_scratch:
        version = None
    if version is not None:
        obstacle = _obstacle(memory, version, earlier, recipe, found)
        if obstacle is not None:
            note = f"starting from scratch: {obstacle}"
            report("preparing", note, note=note)
            version = None
    if version is None:
        recipe = _with_weights(recipe, report)
    prepared = replace(prepare(found, memory, recipe.input, work), heard=_heard(memory))
    check_enough(prepared.counts(), found.classes, str(found.folder))
    lease.learn_from(prepared.decision)
    for note in (*found.notes, *prepared.notes):
        report("preparing", note, note=note)
    return Start(recipe, prepared, version, began)


def base_of(memory: Memory, places: Places, report: Report) -> Dataset:
    """The base dataset, with the classes as they are by now; raises DatasetError."""
    vocabulary = memory.classes.vocabulary()
    if vocabulary is not None and not vocabulary.has_base:
        report("preparing", "reading the uploads, since there is no base dataset")
        return dataset.nothing(vocabulary)
    report("preparing", f"reading {places.dataset}")
    found = dataset.find(places.dataset)
    return found if vocabulary is None else replace(found, decided=vocabulary)


def recipe_for(memory: Memory, options: Mapping[str, Any]) -> Recipe:
    """The recipe of a job with these options, if it started now; raises ValueError or TypeError as recipe_of does.

    A backbone that is asked for, and would begin with weights that are not here, is such a ValueError too.
    """
    earlier = _recipe_of_version(memory, memory.pointer.current())
    recipe = _merged(earlier, options)
    if recipe.backbone not in (known.AUTO, known.NONE) and (
        recipe.from_scratch or recipe.backbone != _backbone(earlier)
    ):
        known.weights_file(recipe.backbone, recipe.backbone_weights)
    return recipe


def _with_weights(recipe: Recipe, report: Report) -> Recipe:
    """The recipe, if the weights that it begins with are there; without them `auto` has nothing to choose from."""
    if recipe.backbone == known.NONE:
        return recipe
    try:
        known.weights_file(recipe.backbone, recipe.backbone_weights)
    except ValueError as error:
        if recipe.backbone != known.AUTO or recipe.backbone_weights:
            raise
        report("preparing", str(error), note=f"no pretrained network is tried: {error}")
        return replace(recipe, backbone=known.NONE)
    return recipe


def _heard(memory: Memory) -> int:
    """The decision that the version that serves was trained at; 0 where that is not known."""
    current = memory.pointer.current()
    if current is None or current == BASELINE:  # which learned elsewhere, of other uploads
        return 0
    training = memory.versions.report(current).get("training")
    decision = training.get("decision") if isinstance(training, dict) else None
    return decision if isinstance(decision, int) else 0


def _recipe_of_version(memory: Memory, version: str | None) -> dict[str, Any]:
    """The recipe in a version's report, or what a first one's follows from; empty if there is none."""
    if version is None:
        vocabulary = memory.classes.vocabulary()
        return {} if vocabulary is None or vocabulary.has_base else first_recipe(memory)
    training = memory.versions.report(version).get("training")
    recipe = training.get("recipe") if isinstance(training, dict) else None
    return recipe if isinstance(recipe, dict) else {}


def _merged(earlier: dict[str, Any], options: Mapping[str, Any]) -> Recipe:
    inherited = {f.name: earlier[f.name] for f in fields(Recipe) if f.metadata["inherited"] and f.name in earlier}
    asked = options.get("backbone", known.NONE)
    if asked not in (known.NONE, _backbone(earlier)):
        inherited |= known.SUITED
    return recipe_of(inherited | dict(options))


def _backbone(earlier: dict[str, Any]) -> str:
    return str(earlier.get("backbone", known.NONE))  # versions from before there were any do not say it


def _obstacle(memory: Memory, version: str, earlier: dict[str, Any], recipe: Recipe, found: Dataset) -> str | None:
    """Why the weights of a version are none to go on from."""
    if not earlier:
        return f"the report of version {version} does not say how it was trained"
    asked, earlier = as_json(recipe), earlier | {"backbone": _backbone(earlier)}
    differ = [name for name in SAME_NETWORK if earlier.get(name) != asked[name]]
    if differ:
        words = ", ".join(f"its {name} is {earlier.get(name)}, not {asked[name]}" for name in differ)
        return f"version {version} is another network: {words}"
    if memory.versions.manifest(version).labels != found.classes and found.decided is None:
        return f"version {version} has other labels than the dataset"
    return None
