"""Which label was in force from which decision on, until which: of what is in force now, since it is so."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# A label that a decision on many accepted is in force since that one; the others since their upload, or their own.
IN_FORCE = """
    WITH said AS (SELECT batch_id, MIN(id) AS number FROM decision WHERE batch_id IS NOT NULL GROUP BY batch_id)
    INSERT INTO lesson (model_id, sha256, split, label, batch_id, since)
    SELECT image.model_id, image.sha256, image.split, image.label, annotation.batch_id,
        COALESCE(
            annotation.accepted_by,
            (
                SELECT MAX(said.number) FROM annotation AS later
                JOIN batch ON batch.id = later.batch_id
                JOIN said ON said.batch_id = later.batch_id
                WHERE later.image_id = image.id AND later.id > annotation.id
                    AND annotation.probability IS NOT NULL AND batch.source = 'by hand: accept'
            ),
            said.number,
            0
        )
    FROM image
    JOIN annotation ON annotation.id = image.annotation_id
    LEFT JOIN said ON said.batch_id = annotation.batch_id
    WHERE image.label IS NOT NULL
    ORDER BY image.id
"""


def upgrade() -> None:
    op.create_table(
        "lesson",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("model_id", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("split", sa.String(length=8), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("batch_id", NUMBER, nullable=False),
        sa.Column("since", NUMBER, nullable=False),
        sa.Column("until", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_lesson_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_lesson_model_id_id"), "lesson", ["model_id", "id"], unique=False)
    op.create_index(op.f("ix_lesson_sha256_model_id"), "lesson", ["sha256", "model_id"], unique=False)
    op.create_index(op.f("ix_lesson_batch_id"), "lesson", ["batch_id"], unique=False)
    op.execute(IN_FORCE)
