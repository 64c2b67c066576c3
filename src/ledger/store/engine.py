"""Opening the database: transactions that keep what they promise.

SQLite runs in WAL mode with ``synchronous=FULL``: what was committed survives a power cut. A writing transaction
begins with ``BEGIN IMMEDIATE``, so that two writers wait for each other instead of failing half-way; a reading one
sees one state from beginning to end. Freed pages are overwritten (``secure_delete``): erasing means erasing.

What it leaves out: SQL and tables; and PostgreSQL's own settings.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ledger.errors import ConfigError, ConflictError, FormatError, StorageError
from ledger.store.migrate import migrate

_WRITING = "ledger_writing"
BUSY_TIMEOUT = 30
"""Seconds that a writer waits for another one. A bulk import commits about four times a second."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT * 1000}",
    "PRAGMA secure_delete=ON",
    "PRAGMA cache_size=-65536",  # 64 MiB: the map's pages and the indices' inner nodes of a million licences
    "PRAGMA temp_store=MEMORY",  # no personal value in a temporary file
)


def _no_rows(record: logging.LogRecord) -> bool:
    """Keep the rows that SQLAlchemy prints at its most talkative out of every log: they hold licences."""
    return record.levelno > logging.DEBUG


class Store:
    """One database, migrated to the newest schema when it is opened.

    Args:
        url: SQLAlchemy URL, such as ``sqlite:////path/ledger.sqlite``.

    Raises:
        ConfigError: not a usable URL, or a database of a newer program.
        StorageError: the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        try:
            # Parameters would put personal values into messages and tracebacks, and rows into a talkative log.
            self.engine = create_engine(url, hide_parameters=True)
            logging.getLogger("sqlalchemy.engine.Engine").addFilter(_no_rows)
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(f"not a usable database URL: {type(error).__name__}") from error
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        with self.write() as connection:
            migrate(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A reading transaction: one consistent state.

        Raises:
            FormatError: a value that no database can hold was looked for.
            StorageError: the database failed.
        """
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A writing transaction: all of it is on disk when this returns, or none of it.

        Raises:
            ConflictError: somebody else wrote the same at the same time.
            FormatError: a value that no database can hold; nothing was written.
            StorageError: the database failed; nothing was written.
        """
        with _translated(), self.engine.connect() as connection:
            connection.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection

    def purge(self) -> None:
        """Empty the write-ahead log, where values that were just erased would still stand."""
        if self.engine.dialect.name != "sqlite":
            return
        with _translated(), closing(self.engine.raw_connection()) as connection:
            busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StorageError("the write-ahead log could not be emptied: another reader is busy; try again")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITING) else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the database library's errors into ours. Messages carry no values: see ``hide_parameters``."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(f"the database holds a contradicting row: {error.orig}") from error
    except DBAPIError as error:
        raise StorageError(f"the database failed: {error.orig}") from error
    except (OverflowError, UnicodeEncodeError) as error:  # what was asked for, not the database, is at fault
        raise FormatError("数值过大，或文字不是 Unicode / a number too large, or text that is not Unicode") from error
    except sqlite3.Error as error:
        raise StorageError(f"the database failed: {error}") from error
