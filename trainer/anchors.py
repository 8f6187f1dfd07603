"""What the versions that are kept say of the images that judge, of which the gate takes its anchors."""

from export.answers import Said
from export.gate import Judging, same_contract
from export.verify import batch_for
from server.models.model import Model, load
from server.store.errors import BrokenArtifact
from server.store.memory import Memory


def earlier(memory: Memory, candidate: Model, judging: Judging) -> list[Said]:
    """The oldest first; of a version that can't be loaded or compared there is nothing to learn."""
    found = []
    for version in memory.versions.all():
        try:
            manifest = memory.versions.manifest(version)
            model = load(memory.versions.folder(version), manifest, batch_for(manifest.preprocessing))
        except BrokenArtifact as error:
            print(f"version {version} can't be loaded, so nothing is held to it: {error}", flush=True)
            continue
        if same_contract(candidate, model):
            found.append(judging.seen_by(model, candidate).asked(model))
    return found


def times_judged(memory: Memory, part: str) -> int:
    """How often this gate part has judged before, as the newest verdict that names it says."""
    verdicts = [(job.result or {}).get("gate") for job in memory.jobs.page(limit=1000)]
    current = memory.pointer.current()
    if current is not None:
        verdicts.append(memory.versions.report(current).get("gate"))
    found = [verdict for verdict in verdicts if isinstance(verdict, dict) and verdict.get("part") == part]
    return max((each for verdict in found if isinstance(each := verdict.get("judged"), int)), default=0)
