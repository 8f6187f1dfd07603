"""How a job ends: what its row then says, and the only place that writes it."""

from typing import Any

from sqlalchemy import Connection, update

from server.store.tables import job


def conclude(connection: Connection, number: int, result: dict[str, Any], **more: Any) -> None:
    """Write down how a job ended, within a transaction that has seen that it is open."""
    values = {"state": result["state"], "result": result, "open": None, **more}
    connection.execute(update(job).where(job.c.id == number).values(values))


def outcome(
    state: str,
    version: str | None = None,
    report: dict[str, Any] | None = None,
    reason: str | None = None,
    tried: str | None = None,
) -> dict[str, Any]:
    """How a job ended, and the figures of what it trained, as far as it came.

    `tried`: what a version is at first that was published and does not serve yet, a shadow or a canary.
    """
    report = report or {}
    metrics, training = report.get("metrics"), report.get("training")
    test = metrics.get("test") if isinstance(metrics, dict) else None
    ended = {
        "state": state,
        "version": version,
        "reason": reason,
        "accuracy": test.get("accuracy") if isinstance(test, dict) else None,
        "epochs": training.get("epochs") if isinstance(training, dict) else None,
        "gate": report.get("gate"),
    }
    return ended if tried is None else ended | {"tried": tried}
