"""Which form a database has, and how it comes to this release's. Alembic is loaded only where there is work for it."""

import logging
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, text

from server.store.tables import HEAD, metadata

__all__ = ["HEAD", "is_known", "make", "metadata", "migrate", "upgrade", "version_of"]

MIGRATIONS = Path(__file__).with_name("migrations")
# As Alembic makes it.
VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def version_of(connection: Connection) -> str | None:
    """The version of a database's schema; None for one without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def is_known(version: str) -> bool:
    """Whether this release has heard of a version: it is its own or an older one."""
    return any(path.name.startswith(f"{version}_") for path in (MIGRATIONS / "versions").glob("*.py"))


def upgrade(connection: Connection) -> None:
    """Bring the schema to HEAD inside the caller's transaction; nothing if another process did meanwhile."""
    found = version_of(connection)
    if found is None:
        make(connection)
    elif found != HEAD:
        migrate(connection)


def make(connection: Connection) -> None:
    """Make the tables as they are now, which all migrations together lead to: a first start need not load Alembic."""
    metadata.create_all(connection, checkfirst=False)
    VERSION.create(connection, checkfirst=True)
    connection.execute(VERSION.insert().values(version_num=HEAD))


def migrate(connection: Connection) -> None:
    """Go through all migrations that a database has not had, which are all of them for one without tables."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells even what it imports
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
