"""Which form a database has, and how it comes to this release's. Alembic is loaded only where there is work for it."""

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from server.store.tables import HEAD, metadata

__all__ = ["HEAD", "is_known", "metadata", "upgrade", "version_of"]

MIGRATIONS = Path(__file__).with_name("migrations")


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
    if version_of(connection) == HEAD:
        return
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells even what it imports
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
