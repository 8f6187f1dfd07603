"""Predictions whose pictures were kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXED = (("model_id", "id"), ("model_id", "hour", "why", "rank"), ("model_id", "request_id"), ("sha256", "model_id"))


def upgrade() -> None:
    op.create_table(
        "sample",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("model_id", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("time", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("predicted", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("score_threshold", sa.Float(), nullable=True),
        sa.Column("likeness", sa.String(length=100), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("reviewed", sa.Text(), nullable=True),
        sa.Column("skipped", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_sample_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
        sqlite_autoincrement=True,
    )
    for columns in INDEXED:
        op.create_index(op.f(f"ix_sample_{'_'.join(columns)}"), "sample", columns, unique=False)
