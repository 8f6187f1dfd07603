"""The rows of a large store, a table at a time: every count, hash and fingerprint is right, as if each upload and job
had come by itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, update

from server.store import decisions, fingerprint, tables
from server.store.decisions import FIRST, Decision, now
from server.store.figures import figures_of
from server.store.manifest import Manifest
from server.store.outcome import outcome
from server.store.split import split_of

DOUBT = 0.004  # the probability of a suspect's label


@dataclass(frozen=True)
class Upload:
    """One image with the one thing that was ever said of it."""

    number: int  # of the image, and of its annotation
    batch: int
    sha256: str
    bytes: int
    label: str
    doubted: bool

    @property
    def split(self) -> str:
        return split_of(self.sha256)


def insert_uploads(connection: Connection, model_id: int, uploads: Sequence[Upload]) -> None:
    """Images, what is said of them, and the counts of both."""
    images = [
        {
            "id": each.number, "model_id": model_id, "sha256": each.sha256, "bytes": each.bytes, "split": each.split,
            "label": None if each.doubted else each.label,
            "annotation_id": None if each.doubted else each.number,
            "suspect_id": each.number if each.doubted else None,
        }
        for each in uploads
    ]  # fmt: skip
    annotations = [
        {
            "id": each.number, "image_id": each.number, "batch_id": each.batch, "label": each.label,
            "probability": DOUBT if each.doubted else None, "predicted": "0" if each.doubted else None,
        }
        for each in uploads
    ]  # fmt: skip
    batches = [
        {"id": number, "model_id": model_id, "time": now(), "source": "upload", "images": size}
        for number, size in Counter(each.batch for each in uploads).items()
    ]
    sure = [each for each in uploads if not each.doubted]
    tallies = [
        {"model_id": model_id, "split": split, "label": label, "images": count}
        for (split, label), count in Counter((each.split, each.label) for each in sure).items()
    ]
    totals = {
        "images": len(uploads),
        "bytes": sum(each.bytes for each in uploads),
        "suspects": len(uploads) - len(sure),
        "batches": len(batches),
        "decision": len(batches),
        "fingerprint": fingerprint.changed(
            fingerprint.EMPTY, sum(fingerprint.member(each.sha256, each.split, each.label) for each in sure)
        ),
    }
    connection.execute(insert(tables.batch), batches)
    connection.execute(insert(tables.image), images)
    connection.execute(insert(tables.annotation), annotations)
    connection.execute(insert(tables.tally), tallies)
    connection.execute(update(tables.model).where(tables.model.c.id == model_id).values(totals))


def insert_decisions(connection: Connection, model_id: int, uploads: Sequence[Upload]) -> None:
    """The chain of decisions, one for each batch."""
    said: defaultdict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for each in uploads:
        said[each.batch].append((each.sha256, each.label, str(DOUBT if each.doubted else None)))
    chain: list[dict[str, Any]] = []
    before = FIRST
    for batch, words in said.items():
        made = Decision(model_id, now(), "api", "upload", batch_id=batch, content=decisions.hash_of(words))
        before = made.hash_after(before)
        chain.append(vars(made) | {"id": batch, "hash": before})
    connection.execute(insert(tables.decision), chain)


def insert_versions(
    connection: Connection, model_id: int, contracts: Mapping[int, Manifest], report: Mapping[str, Any]
) -> None:
    """A version for each contract, published by the job of twice its number, and the pointer's moves to them."""
    versions = [
        {
            "model_id": model_id, "number": number, "created_at": contract.created_at, "job_id": 2 * number,
            "bytes": contract.files["model.onnx"][1], "manifest": contract.sha256, "figures": figures_of(report),
        }
        for number, contract in contracts.items()
    ]  # fmt: skip
    moves = [
        {
            "model_id": model_id, "time": now(), "from_version": number - 1, "to_version": number,
            "kind": "published", "by": f"job {2 * number}", "reason": "",
        }
        for number in contracts
    ]  # fmt: skip
    connection.execute(insert(tables.version), versions)
    connection.execute(insert(tables.move), moves)


def insert_jobs(connection: Connection, model_id: int, count: int, events: int, report: dict[str, Any]) -> None:
    """Jobs that are over, with so many events each: the even ones published, the candidates of the others are kept."""
    jobs = [
        {
            "id": number, "model_id": model_id, "created_at": now(), "by": "api", "options": {}, "policy": {},
            "decision": 1, "lease": 1, "holder": "benchmark", "events": events, "open": None,
            "state": "refused" if number % 2 else "published",
            "candidate": figures_of(report) if number % 2 else None,
            "result": outcome("refused", None, report, "it is less accurate than the current version")
            if number % 2
            else outcome("published", str(number // 2), report),
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    connection.execute(insert(tables.job), jobs)
    insert_events(connection, range(1, count + 1), events)


def insert_events(connection: Connection, jobs: Iterable[int], count: int) -> None:
    """What each of some jobs told of its training."""
    told = [{"stage": "training", "time": 0.0, **progress(number)} for number in range(1, count + 1)]
    events = [
        {"job_id": job, "number": number, "content": content} for job in jobs for number, content in enumerate(told, 1)
    ]
    connection.execute(insert(tables.event), events)


def progress(step: int) -> dict[str, Any]:
    """What a training tells every two seconds."""
    return {
        "epoch": step // 100 + 1, "epochs": 101, "step": step % 100, "steps": 100, "seconds_left": 20_000.0 - step,
        "epoch_done": False, "loss": 0.01234, "accuracy": 0.98765,
    }  # fmt: skip
