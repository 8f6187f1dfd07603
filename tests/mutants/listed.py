"""Every mutant, room by room."""

from tests.mutants import (
    access,
    artifacts,
    bounds,
    classes,
    connections,
    layouts,
    pictures,
    process,
    serving,
    store,
    training,
)
from tests.mutants.mutant import Mutant

ROOMS = (connections, bounds, layouts, access, serving, pictures, artifacts, store, classes, training, process)
MUTANTS: tuple[Mutant, ...] = tuple(each for room in ROOMS for each in room.MUTANTS)
