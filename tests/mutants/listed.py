"""Every mutant, room by room."""

from tests.mutants import (
    access,
    artifacts,
    backup,
    bounds,
    canaries,
    classes,
    client,
    connections,
    doubts,
    drift,
    layouts,
    named,
    pictures,
    policy,
    process,
    samples,
    serving,
    store,
    tracing,
    training,
)
from tests.mutants.mutant import Mutant

ROOMS = (
    connections,
    bounds,
    layouts,
    access,
    serving,
    canaries,
    pictures,
    artifacts,
    backup,
    store,
    classes,
    named,
    samples,
    doubts,
    drift,
    policy,
    tracing,
    training,
    process,
    client,
)
MUTANTS: tuple[Mutant, ...] = tuple(each for room in ROOMS for each in room.MUTANTS)
