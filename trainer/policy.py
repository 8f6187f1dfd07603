"""What a job is held to, which no client decides: the gate's limits, and how much is kept."""

from dataclasses import dataclass, field
from typing import Any

from export.gate import Limits


@dataclass(frozen=True)
class Policy:
    """What a job's row says beside its options."""

    limits: Limits = field(default_factory=Limits)
    keep_versions: int = 20
    keep_jobs: int = 50

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Policy":
        """Raises TypeError for a name that is none of its own."""
        rest = {name: value for name, value in content.items() if name != "limits"}
        return cls(Limits(**content.get("limits", {})), **rest)
