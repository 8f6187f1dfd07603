"""Every mutant, room by room."""

from tests.mutants import (
    access,
    artifacts,
    bounds,
    canaries,
    classes,
    client,
    connections,
    layouts,
    pictures,
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
    canaries,
    pictures,
    artifacts,
    store,
    classes,
    samples,
    training,
    process,
    client,
)
MUTANTS: tuple[Mutant, ...] = tuple(each for room in ROOMS for each in room.MUTANTS)
