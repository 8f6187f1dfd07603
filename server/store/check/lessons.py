"""Is what is in force written down as a lesson that goes on, and nothing else? It tells what a version learned."""

from collections.abc import Iterator

from sqlalchemy import select

from server.store.check.look import Look
from server.store.tables import annotation, image, lesson


def findings(look: Look) -> Iterator[str]:
    """Labels in force without their lesson, and lessons that go on without their label."""
    same = (lesson.c.sha256 == image.c.sha256) & (lesson.c.model_id == image.c.model_id) & lesson.c.until.is_(None)
    moved = lesson.c.split != image.c.split
    word = annotation.c.id == image.c.annotation_id
    columns = image.c.sha256, image.c.label, image.c.split, lesson.c.label.label("taught"), lesson.c.split.label("half")
    labels = (
        select(*columns)
        .select_from(image)
        .join(annotation, word)
        .join(lesson, same & (lesson.c.batch_id == annotation.c.batch_id), isouter=True)
        .where(image.c.label.is_not(None), lesson.c.id.is_(None) | (lesson.c.label != image.c.label) | moved)
        .order_by(image.c.id)
    )
    ended = (
        select(lesson.c.id, lesson.c.sha256, lesson.c.label)
        .join(image, same, isouter=True)
        .where(lesson.c.until.is_(None), image.c.label.is_(None))
        .order_by(lesson.c.id)
    )
    with look.read() as connection:
        for row in connection.execute(labels):
            if row.taught == row.label:
                yield (
                    f"image {row.sha256}: it is in {row.split}, and the lesson that goes on says {row.half}; set "
                    "image.split to that"
                )
            else:
                yield (
                    f"image {row.sha256}: its label is {row.label!r}, and the lesson that goes on says "
                    f"{row.taught!r}; remove it, and upload it again"
                )
        for late in connection.execute(ended):
            yield (
                f"lesson {late.id} says that image {late.sha256} shows {late.label!r}, and it has no label any more; "
                "set lesson.until to the newest decision"
            )
