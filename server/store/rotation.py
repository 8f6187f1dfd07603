"""Held-out uploads rotate in: the newest so many judge, and what is older is learnt from.

An image goes from judging to learning once, for ever, also where it is removed and comes again: no version that was
trained on it is ever judged by it, nor compared by it with another. Which it does is its split in the image's row, and
since when is a lesson's (lessons.py), so that it is known of every version which it was.
docs/decisions/0062-held-out-uploads-rotate.md
"""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from server.store.annotations import CHUNK, Ledger
from server.store.classes import vocabulary_in
from server.store.split import split_of
from server.store.tables import lesson, tally


def splits(connection: Connection, model_id: int, sha256s: Collection[str]) -> dict[str, str]:
    """What new images are for: as their hashes say, unless they were learnt from before they were removed."""
    found = {sha256: split_of(sha256) for sha256 in sha256s}
    judging = [sha256 for sha256, split in found.items() if split == "test"]
    for first in range(0, len(judging), CHUNK):
        mine = (lesson.c.model_id == model_id) & lesson.c.sha256.in_(judging[first : first + CHUNK])
        learnt = select(lesson.c.sha256).where(mine, lesson.c.split == "train")
        found |= dict.fromkeys(connection.execute(learnt).scalars(), "train")
    return found


def retire(ledger: Ledger, model_id: int, most: int) -> int:
    """Learn from the oldest of more than so many that judge; how many. The ledger has to be closed before and after.

    Of a model that began from nothing none is: its uploads are parted as a base dataset is, by training.
    """
    mine = (tally.c.model_id == model_id) & (tally.c.split == "test")
    judging = ledger.connection.execute(select(func.sum(tally.c.images)).where(mine)).scalar() or 0
    if judging <= most:
        return 0
    vocabulary = vocabulary_in(ledger.connection, model_id)
    if vocabulary is not None and not vocabulary.has_base:
        return 0
    oldest = select(lesson.c.sha256).where(
        lesson.c.model_id == model_id, lesson.c.split == "test", lesson.c.until.is_(None)
    )
    chosen = ledger.connection.execute(oldest.order_by(lesson.c.id).limit(judging - most)).scalars().all()
    ledger.learn_from(chosen)
    return len(chosen)
