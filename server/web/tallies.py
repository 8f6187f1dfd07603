"""Counts that all workers of a server share: the memory of `limits`, laid in a file that each of them maps.

A place is found by a hash of its key with the name of the folder, which nobody outside knows: so nobody can choose
whose place to take. Of those that a key may have, the one that ends first is given away when all are taken.
"""

import contextlib
import fcntl
import hashlib
import mmap
import struct
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from limits.storage import MemoryStorage

NAME = "rates"  # of the file; process/counts.py makes it, with all the room that it takes
CHOICES = 8  # places that a key may have, one after another
LOCK_SECONDS = 0.002  # a count takes microseconds: whoever keeps the file longer stands still, and is not waited for

_PLACE = struct.Struct("=QdQ")  # the key's hash, the time of day at which it ends, the count


class SharedStorage(MemoryStorage):
    """A storage for sliding windows."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError without the file, ValueError without room in it."""
        super().__init__()
        self._salt = folder.name.encode()[-hashlib.blake2b.SALT_SIZE :]
        self._file = (folder / NAME).open("r+b")
        weakref.finalize(self, self._file.close)
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._places = len(self._map) // _PLACE.size - CHOICES

    def get(self, key: str) -> int:
        return self._find(self._hash(key))[2]

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        with self._alone():
            name = self._hash(key)
            place, end, count = self._find(name)
            count = max(count + amount, 0)
            _PLACE.pack_into(self._map, place, name, end or time.time() + expiry, count)
        return count

    def decr(self, key: str, amount: int = 1) -> int:
        return self.incr(key, 0, -amount)

    def _hash(self, key: str) -> int:
        return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8, salt=self._salt).digest())

    def _find(self, name: int) -> tuple[int, float, int]:
        """The place of a key, when it ends, and its count; one that is free, or is to be given away, has 0 and 0."""
        now = time.time()
        free, earliest = 0, float("inf")
        start = name % self._places * _PLACE.size
        for place in range(start, start + CHOICES * _PLACE.size, _PLACE.size):
            there, end, count = _PLACE.unpack_from(self._map, place)
            if there == name and end > now:
                return place, end, count
            if end < earliest:
                free, earliest = place, end
        return free, 0.0, 0

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        deadline = time.monotonic() + LOCK_SECONDS
        held = False
        while not held and time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = True
        try:
            yield
        finally:
            if held:
                fcntl.flock(self._file, fcntl.LOCK_UN)
