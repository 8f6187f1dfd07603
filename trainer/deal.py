"""Which part each base picture falls into, for ever: by the hash of its pixels, or, in a class of few, dealt out.

Hashes leave a class of a dozen pictures without one that judges, or without one to learn from. So such a class is dealt
out in the order of its hashes: as much of the same pictures is always the same, and one more moves few of them. Near
copies among uploads go where the oldest of them goes, as long as enough is left to learn from and to judge by.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from server.layouts.errors import DatasetError
from server.layouts.layout import Half
from server.store.enough import LEAST, advice
from server.store.split import split_of

TWENTIETHS = {0: "validation", 1: "gate", 2: "gate"}  # of the base training images; the others are `fit`
DEALT_BELOW = 100  # pictures of a class; of more than that where hashes leave a part short all the same


@dataclass(frozen=True)
class Member:
    """A base picture."""

    row: int
    label: str
    half: Half | None
    sha256: str  # of its pixels
    group: bytes  # of pictures that are the same to the model: they stay together
    leader: str | None = None  # hash of the oldest that it is a near copy of, where it was looked for: groups.py


def part_of(sha256: str) -> str:
    """The lasting part of a base training image of a class with many."""
    return TWENTIETHS.get(int(sha256[:16], 16) % 20, "fit")


def dealt(members: Iterable[Member]) -> Iterator[tuple[int, str]]:
    """Each picture's row with its part."""
    pools: dict[tuple[str, Half | None], list[Member]] = defaultdict(list)
    for member in members:
        pools[member.label, member.half].append(member)
    for (_, half), pool in pools.items():
        if half in ("validation", "test"):
            yield from ((member.row, half) for member in pool)
            continue
        judging = ("validation", "gate") if half else ("test", "validation", "gate")
        in_groups = dict(_parted([_as_its_leader(member) for member in pool], judging))
        counts = Counter(in_groups.values())
        enough = counts["fit"] >= len(pool) / 2 and all(counts[part] >= LEAST[part] for part in judging)
        yield from (in_groups if enough else dict(_parted(pool, judging))).items()


def _as_its_leader(member: Member) -> Member:
    """As one that has the hash of its group's oldest, and so its part."""
    if member.leader is None:
        return member
    return replace(member, sha256=member.leader, group=member.leader.encode())


def _parted(pool: Sequence[Member], judging: Sequence[str]) -> Iterator[tuple[int, str]]:
    by_hash = {member.row: _by_hash(member) for member in pool}
    counts = Counter(by_hash.values())
    if len(pool) >= DEALT_BELOW and all(counts[part] >= LEAST[part] for part in judging):
        yield from by_hash.items()
    else:
        yield from _of_few(pool, judging)


def _by_hash(member: Member) -> str:
    return "test" if member.half is None and split_of(member.sha256) == "test" else part_of(member.sha256)


def _of_few(pool: Sequence[Member], judging: Sequence[str]) -> Iterator[tuple[int, str]]:
    """A sixth for each part that judges, or two where that is less, as far as something is left to learn from."""
    groups: dict[bytes, list[Member]] = defaultdict(list)
    for member in sorted(pool, key=lambda member: member.sha256):
        groups[member.group].append(member)
    each = max(len(groups) // 6, min(2, len(groups) // (len(judging) + 2)))
    for place, group in enumerate(groups.values()):
        part = judging[place // each] if place < each * len(judging) else "fit"
        yield from ((member.row, part) for member in group)


def check_enough(counts: dict[str, dict[str, int]], labels: Sequence[str], where: str) -> None:
    """Raise DatasetError for a class of which too few pictures learn or judge, with how many more it takes."""
    short = {}
    for label in labels:
        learnt = counts["fit"].get(label, 0) + counts["uploads"].get(label, 0)
        judging = {part: counts[part].get(label, 0) for part in ("validation", "gate", "test")}
        lacking = max(0, LEAST["fit"] - learnt) + sum(max(0, LEAST[part] - judging[part]) for part in judging)
        if lacking:
            short[label] = (learnt + sum(judging.values()), lacking)
    if short:
        label, (there, lacking) = max(short.items(), key=lambda each: each[1][1])
        others = f"; so is it with {len(short) - 1} more of the classes" if len(short) > 1 else ""
        raise DatasetError(
            f"{where}: too few different pictures of {label!r} to learn from and to judge by, {there} in all; "
            f"{advice({label: lacking})}{others}"
        )
