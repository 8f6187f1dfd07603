"""The held-out uploads that judge, the oldest first, without a look at all that was ever taught."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    where = sa.text("split = 'test' AND until IS NULL")
    op.create_index("ix_lesson_judging", "lesson", ["model_id", "id"], sqlite_where=where, postgresql_where=where)
