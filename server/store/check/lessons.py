"""Is what is in force written down as a lesson that goes on, and nothing else? It tells what a version learned."""

from collections.abc import Iterator

from sqlalchemy import select

from server.store.check.look import Look
from server.store.tables import annotation, image, lesson


def findings(look: Look) -> Iterator[str]:
    """Labels in force without their lesson, and lessons that go on without their label."""
    same = (lesson.c.sha256 == image.c.sha256) & (lesson.c.model_id == image.c.model_id) & lesson.c.until.is_(None)
    word = annotation.c.id == image.c.annotation_id
    columns = image.c.sha256, image.c.label, lesson.c.label.label("taught")
    labels = (
        select(*columns)
        .select_from(image)
        .join(annotation, word)
        .join(lesson, same & (lesson.c.batch_id == annotation.c.batch_id), isouter=True)
        .where(image.c.label.is_not(None), (lesson.c.id.is_(None)) | (lesson.c.label != image.c.label))
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
            yield (
                f"image {row.sha256}: its label is {row.label!r}, and the lesson that goes on says {row.taught!r}; "
                "remove it, and upload it again"
            )
        for row in connection.execute(ended):
            yield (
                f"lesson {row.id} says that image {row.sha256} shows {row.label!r}, and it has no label any more; set "
                "lesson.until to the newest decision"
            )
