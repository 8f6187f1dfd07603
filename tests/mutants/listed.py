"""Every mutant, room by room."""

from tests.mutants import (
    access,
    artifacts,
    bounds,
    classes,
    client,
    connections,
    layouts,
    pictures,
    policy,
    process,
    samples,
    serving,
    store,
    training,
)
from tests.mutants.mutant import Mutant

ROOMS = (
    connections,
    bounds,
    layouts,
    access,
    serving,
    pictures,
    artifacts,
    store,
    classes,
    samples,
    policy,
    training,
    process,
    client,
)
MUTANTS: tuple[Mutant, ...] = tuple(each for room in ROOMS for each in room.MUTANTS)
