"""When a retrain begins by itself, and what was decided about that."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "policy",
        sa.Column("model_id", NUMBER, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("stopped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("counts_from", NUMBER, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_policy_model_id")),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_policy")),
    )
    op.create_table(
        "policy_decision",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("model_id", NUMBER, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("time", sa.String(length=40), nullable=False),
        sa.Column("last_time", sa.String(length=40), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("decision", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("ended", sa.String(length=16), nullable=True),
        sa.Column("open", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_policy_decision_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_decision")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_policy_decision_open", "policy_decision", ["open", "model_id"], unique=True)
    op.create_index(op.f("ix_policy_decision_model_id_id"), "policy_decision", ["model_id", "id"], unique=False)
    op.create_index(op.f("ix_lesson_model_id_since"), "lesson", ["model_id", "since"], unique=False)
