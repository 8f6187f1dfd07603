"""Versions that are watched after their promotion: rows beside those of canaries."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("canary", sa.Column("role", sa.String(length=16), server_default="canary", nullable=False))
    op.add_column("canary", sa.Column("next_seconds", sa.Float(), server_default="0", nullable=False))
