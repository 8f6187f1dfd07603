"""The end of a run: the gate's verdict over the candidate, then publication or the candidates' folder, then pruning."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from export.cost import cost_of
from export.gate import Contender, Judging, judge
from export.publish import Candidate, keep_refused, publish, with_file
from export.verify import Parity, batch_for
from server.models.card import CARD, card
from server.models.model import Model, load
from server.store.canary import Role
from server.store.doubts import Doubt, doubt
from server.store.errors import BrokenArtifact, CurrentMoved
from server.store.lease import Lease
from server.store.memory import Memory
from server.store.outcome import outcome
from trainer.anchors import earlier, times_judged
from trainer.policy import Policy
from trainer.progress import Report
from trainer.report import report_files


def conclude(
    memory: Memory,
    lease: Lease,
    candidate: Candidate,
    model: Model,
    parity: Parity,
    figures: dict[str, Any],
    judging: Judging,
    doubts: Sequence[Doubt],
    policy: Policy,
    report: Report,
) -> None:
    """Publish or refuse, which concludes the job; gates again if another version became current in between.

    A version serves at once, unless the retrain policy has it tried first beside the one that it was compared with. The
    version, the move to it or its trial, the job's end and the labels that are doubted become lasting together, under
    the lease, or not at all: raises LeaseLost.
    """

    def tell_doubts(connection: Connection) -> None:
        doubt(connection, memory.name.id, doubts, f"job {lease.job}")

    def end(connection: Connection, new: str) -> None:
        lease.conclude(connection, outcome("published", new, figures, tried=tried))
        tell_doubts(connection)
        if trial is not None:
            memory.canaries.begin_in(connection, trial.role, new, current, trial.wish, by, f"job {lease.job}")

    by = memory.jobs.get(lease.job).by
    contender = Contender(model, cost_of(candidate.contents["model.onnx"]))
    while True:
        report("gating")
        current = memory.pointer.current()
        said = earlier(memory, model, judging)
        judged = times_judged(memory, judging.part) + 1
        other = _contender(memory, current)
        verdict = judge(contender, other, parity, judging, policy.limits, said, judged)
        figures["gate"] = verdict.to_json()
        report("gating", verdict.known, note=verdict.known)
        final = candidate
        for file, data in report_files(figures).items():
            final = with_file(final, file, data)
        about = memory.versions.name, candidate.labels, candidate.preprocessing, candidate.outputs
        final = with_file(final, CARD, card(*about, figures))
        if not verdict.passed:
            keep_refused(memory, final, lease, outcome("refused", None, figures, verdict.reason), tell_doubts)
            break
        trial = memory.policies.current().policy.trial if other is not None else None
        tried = trial.role.value if trial is not None and trial.role is not Role.WATCH else None
        try:
            publish(
                memory,
                final,
                current,
                by=by,
                reason=f"job {lease.job}",
                job=lease.job,
                announce=lambda new: report("publishing", f"publishing {new}", version=new),
                also=end,
                serves=tried is None,
            )
        except CurrentMoved as error:
            print(f"gating again: {error}", flush=True)
        else:
            break
    memory.versions.prune(policy.keep_versions, spare=verdict.anchors)
    memory.jobs.prune(policy.keep_jobs)


def _contender(memory: Memory, version: str | None) -> Contender | None:
    """The current model to compare with; None if there is none, or it can't be loaded and so is no loss."""
    if version is None:
        return None
    versions = memory.versions
    try:
        manifest = versions.manifest(version)
        model = load(versions.folder(version), manifest, batch_for(manifest.preprocessing))
        return Contender(model, cost_of(versions.read(manifest, "model.onnx")))
    except BrokenArtifact as error:
        print(f"the current version can't be loaded, so there is nothing to compare with: {error}", flush=True)
        return None
