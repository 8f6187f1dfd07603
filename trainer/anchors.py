"""What a candidate is held to besides the current version, so that small losses do not add up.

docs/decisions/0018-anchors.md says why these.
"""

from export.gate import Judging, same_contract
from export.verify import in_batches
from server.models.model import Model, load
from server.store.errors import BrokenArtifact
from server.store.memory import Memory
from server.store.pointer import BASELINE

BATCH = 256


def anchors(memory: Memory, candidate: Model, current: str | None, judging: Judging) -> list[Model]:
    """The version that is best on the gate part, the oldest of equal ones, and the baseline; not the current one.

    Of a version that can't be loaded or compared there is nothing to learn.
    """
    best, most_right = None, -1
    baseline = None
    for version in memory.versions.all():
        try:
            model = load(memory.versions.folder(version), memory.versions.manifest(version), BATCH)
        except BrokenArtifact as error:
            print(f"version {version} can't be loaded, so nothing is held to it: {error}", flush=True)
            continue
        if same_contract(candidate, model):
            images, classes = judging.seen_by(model, candidate).gate
            right = int((in_batches(model, images, BATCH).argmax(axis=1) == classes).sum())
            if right > most_right:
                best, most_right = model, right
            baseline = model if version == BASELINE else baseline
    found = {model.version: model for model in (baseline, best) if model is not None}
    return [model for version, model in found.items() if version != current]


def times_judged(memory: Memory, part: str) -> int:
    """How often this gate part has judged before, as the newest verdict that names it says."""
    verdicts = [(job.result or {}).get("gate") for job in memory.jobs.page(limit=1000)]
    current = memory.pointer.current()
    if current is not None:
        verdicts.append(memory.versions.report(current).get("gate"))
    found = [verdict for verdict in verdicts if isinstance(verdict, dict) and verdict.get("part") == part]
    return max((each for verdict in found if isinstance(each := verdict.get("judged"), int)), default=0)
