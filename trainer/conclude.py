"""The end of a run: the gate's verdict over the candidate, then publication or the candidates' folder, then pruning."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from export.cost import cost_of
from export.gate import Contender, Judging, Limits, judge
from export.prune import prune_folders, prune_versions
from export.publish import Candidate, keep_refused, publish, with_file
from export.verify import Parity
from server.models.model import Model, load
from server.store.artifacts import ArtifactStore, BrokenArtifact, CurrentMoved
from server.store.files import Json
from server.store.jobs import outcome
from trainer.progress import Report
from trainer.report import report_files

BATCH = 256


@dataclass(frozen=True)
class Policy:
    """What a job's request says beside its options: the gate's limits, and how much is kept."""

    limits: Limits = field(default_factory=Limits)
    keep_versions: int = 20
    keep_jobs: int = 50

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Policy":
        """Raises TypeError for a name that is none of its own."""
        rest = {name: value for name, value in content.items() if name != "limits"}
        return cls(Limits(**content.get("limits", {})), **rest)


def conclude(
    job: Path,
    store: ArtifactStore,
    candidate: Candidate,
    model: Model,
    parity: Parity,
    figures: dict[str, Any],
    judging: Judging,
    policy: Policy,
    report: Report,
) -> dict[str, Json]:
    """The outcome of the job in the folder `job`; gates again if another version became current in between."""
    contender = Contender(model, cost_of(candidate.contents["model.onnx"]))
    while True:
        report("gating")
        current = store.current()
        verdict = judge(contender, _contender(store, current), parity, judging, policy.limits)
        figures["gate"] = verdict.to_json()
        final = candidate
        for file, data in report_files(figures).items():
            final = with_file(final, file, data)
        if not verdict.passed:
            keep_refused(store, final, job.name)
            result = outcome("refused", None, figures, verdict.reason)
            break
        try:
            published = publish(
                store,
                final,
                current,
                f"job {job.name}",
                lambda new: report("publishing", f"publishing {new}", version=new),
            )
        except CurrentMoved as error:
            print(f"gating again: {error}", flush=True)
            continue
        result = outcome("published", published, figures)
        break
    prune_versions(store, policy.keep_versions)
    prune_folders(store.candidates, policy.keep_jobs)
    prune_folders(job.parent, policy.keep_jobs)
    return result


def _contender(store: ArtifactStore, version: str | None) -> Contender | None:
    """The current model to compare with; None if there is none, or it can't be loaded and so is no loss."""
    if version is None:
        return None
    try:
        manifest = store.manifest(version)
        return Contender(load(store.folder(version), manifest, BATCH), cost_of(store.read(manifest, "model.onnx")))
    except BrokenArtifact as error:
        print(f"the current version can't be loaded, so there is nothing to compare with: {error}", flush=True)
        return None
