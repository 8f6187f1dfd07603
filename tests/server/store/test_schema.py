"""The migrations lead to the tables, on both databases, from nothing and from any older form."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url

from server.store import schema
from server.store.database import Database, Name
from server.store.engine import url_of
from tests.postgres import Cluster
from tests.server.store.memories import at_once


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """A database without anything in it."""
    if request.param == "sqlite":
        yield url_of("", tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    yield cluster.url(cluster.create())


Way = Callable[[Connection], None]


@pytest.mark.parametrize("way", [schema.make, schema.migrate])
def test_the_migrations_lead_to_the_tables_that_are_made(empty: URL, way: Way) -> None:
    engine = create_engine(empty)
    with engine.begin() as connection:
        way(connection)
        assert schema.version_of(connection) == schema.HEAD
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_sqlite_s_own_words_are_the_same_either_way(tmp_path: Path) -> None:
    """Such as AUTOINCREMENT, at which no comparison of Alembic's looks; a column that came later stands at the end."""

    def words(way: Way) -> list[list[str]]:
        engine = create_engine(url_of("", tmp_path / way.__name__))
        (tmp_path / way.__name__).mkdir()
        with engine.begin() as connection:
            way(connection)
            said = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")).scalars().all()
        engine.dispose()
        return sorted(sorted(re.split(r",\s*|\s*\n\s*", each)) for each in said)

    assert words(schema.make) == words(schema.migrate)


def test_a_first_start_does_not_load_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alembic", None)  # whoever imports it fails
    database = Database(url_of("", tmp_path), Name("digits"))
    database.open()
    database.close()


def test_the_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [schema.HEAD]
    for revision in scripts.walk_revisions():
        assert schema.is_known(revision.revision)
        assert Path(revision.path).name.startswith(f"{revision.revision}_")


def test_a_version_of_another_release_is_not_known() -> None:
    assert not schema.is_known("9999")


def test_one_of_many_makes_the_tables_and_fills_them(empty: URL) -> None:
    filled: list[int] = []

    def fill(connection: Connection) -> str:
        assert schema.version_of(connection) == schema.HEAD
        filled.append(1)
        return ""

    databases = [Database(empty, Name(f"model {each}"), fill) for each in range(5)]
    assert at_once(*[each.open for each in databases]) == [None] * 5
    assert filled == [1]
    for each in databases:
        each.close()


def test_a_database_that_could_not_be_filled_is_not_made(empty: URL) -> None:
    def fail(_: Connection) -> str:
        raise OSError("the old folder can't be read")

    database = Database(empty, Name("digits"), fail)
    with pytest.raises(OSError, match="the old folder"):
        database.open()
    database.close()
    filled: list[int] = []

    def fill(_: Connection) -> str:
        filled.append(1)
        return ""

    again = Database(empty, Name("digits"), fill)
    again.open()
    again.open()
    assert filled == [1]
    again.close()


def test_a_url_names_a_database_we_know(tmp_path: Path) -> None:
    assert url_of("", tmp_path).database == str(tmp_path / "relearn.sqlite3")
    assert url_of("sqlite:////a/b", tmp_path) == make_url("sqlite:////a/b")
    assert url_of("postgresql+psycopg://a@b/c", tmp_path).get_backend_name() == "postgresql"
    for wrong in (
        "x",
        "postgresql+asyncpg://a@b/c",
        "mysql://a@b/c",
        "/a/b",
        "sqlite+aiosqlite:////a/b",
        "sqlite://",
        "sqlite:///:memory:",
    ):
        with pytest.raises(ValueError, match="must be"):
            url_of(wrong, tmp_path)
