"""What the libraries raise of a database that fails, as what the store's callers know: errors.py."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError

from server.store.errors import Locked, NoSpace, Unavailable, Uncertain

logger = logging.getLogger("relearn")


@contextmanager
def told(quiet: bool = False) -> Iterator[None]:
    """Raise it so; or not at all, if the caller has said what failed already."""
    try:
        yield
    except (DBAPIError, InterfaceError) as error:
        if not quiet:
            raise _failure(error) from None
    except sqlite3.Error as error:
        if not quiet:
            raise Unavailable(f"the database can't be used: {error}") from None
    except SQLAlchemyError as error:
        if not quiet:
            raise Unavailable(f"the database can't be used: {str(error).splitlines()[0]}") from None


def _failure(error: DBAPIError) -> Exception:
    words = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if "locked" in words or "lock timeout" in words:
        return Locked("another call is changing the same thing; try again shortly")
    if isinstance(error.orig, sqlite3.IntegrityError) or type(error.orig).__name__.endswith("Violation"):
        return error  # a fault of ours: it has no place among what a disk can do
    if "disk is full" in words or "No space left" in words:
        return NoSpace("the disk that the database is on is full")
    if isinstance(error.orig, sqlite3.Error):
        return Unavailable(f"the database can't be used: {words}")
    logger.error("the database can't be used: %s", words)  # it may name host, user and more, for no client to read
    return Unavailable(f"the database can't be used ({type(error.orig).__name__}); the log says more")


def failed_commit(error: SQLAlchemyError) -> Exception:
    """What a failure means that came when a change was to be made lasting."""
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.OperationalError) and ("locked" in str(original) or "full" in str(original)):
        return _failure(cast(DBAPIError, error))  # SQLite says so before it changed anything
    return Uncertain(
        f"the database failed at the last step ({original or error}): look before you do it again, which does no harm"
    )
