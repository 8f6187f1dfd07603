"""What was decided about the classes of a model."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "class_change",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("model_id", NUMBER, nullable=False),
        sa.Column("batch_id", NUMBER, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("becomes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_class_change_batch_id")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_class_change_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_class_change_model_id_id"), "class_change", ["model_id", "id"], unique=False)
    op.create_index(op.f("ix_class_change_batch_id"), "class_change", ["batch_id"], unique=False)
