"""Relearn for Python programs: `from relearn import Client`. In the wheel this is relearn/__init__.py.

Nothing is loaded before it is asked for: whoever serves needs no client.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from relearn.server import __version__

if TYPE_CHECKING:
    from relearn.server.client.answers import (
        Dataset,
        Models,
        Outcome,
        Prediction,
        Progress,
        Promoted,
        Uploaded,
        Version,
    )
    from relearn.server.client.async_client import AsyncClient
    from relearn.server.client.canaries import Arm, Asked, Canary, Shadow, Watch
    from relearn.server.client.client import Client
    from relearn.server.client.drift import Alarm, Drift, Moved
    from relearn.server.client.errors import (
        InConflict,
        NotPermitted,
        NotThere,
        Overloaded,
        Refused,
        RelearnError,
        ServerFailed,
        Unreachable,
        Unusable,
    )
    from relearn.server.client.policy import Decision, Policy, Reason
    from relearn.server.client.samples import Heard, Sample, Word

__all__ = [
    "Alarm",
    "Arm",
    "Asked",
    "AsyncClient",
    "Canary",
    "Client",
    "Dataset",
    "Decision",
    "Drift",
    "Heard",
    "InConflict",
    "Models",
    "Moved",
    "NotPermitted",
    "NotThere",
    "Outcome",
    "Overloaded",
    "Policy",
    "Prediction",
    "Progress",
    "Promoted",
    "Reason",
    "Refused",
    "RelearnError",
    "Sample",
    "ServerFailed",
    "Shadow",
    "Unreachable",
    "Unusable",
    "Uploaded",
    "Version",
    "Watch",
    "Word",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        for module in ("client", "async_client", "errors", "answers", "samples", "policy", "drift", "canaries"):
            found = vars(import_module(f"relearn.server.client.{module}")).get(name)
            if found is not None:
                return found
    raise AttributeError(f"module 'relearn' has no attribute {name!r}")
