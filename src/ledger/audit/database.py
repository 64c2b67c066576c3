"""A node's SQLite database as the audit reads it: opened read only, one snapshot, with SQL of its own.

Column names are those of ``ledger.store.tables``; its queries are the writer's and are not used. SQLite keeps a value
of any type in any column, so what is computed with is cast, and what is only compared may be anything.

What it leaves out: judging the rows (``rows``, ``content``); databases other than SQLite.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ledger.audit.source import Beside, Stored, UnreadableError


class NodeDatabase:
    """The database of a node, as it was at the first look.

    Args:
        path: the SQLite file.
        log: id of the log to audit, 32 bytes; None: the node's own.

    Raises:
        UnreadableError: no such file, not a database, or not a node's.
    """

    def __init__(self, path: Path, log: bytes | None = None) -> None:
        self.path = path
        with self._readable():
            self._connection = _open(path)
            where, values = ("own = 1", ()) if log is None else ("log = ?", (log,))
            self._connection.text_factory = _text
            rows = self._connection.execute(f"SELECT id, log, member FROM logs WHERE {where}", values).fetchall()  # noqa: S608 both are written above
        if len(rows) != 1:
            self._connection.close()
            raise UnreadableError(f"{path} 中没有要审计的日志", f"{path} does not hold the log to be audited")
        self.id, self.log, self.member = rows[0]

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def checkpoint(self) -> bytes | None:
        """The note of the newest checkpoint."""
        select = "SELECT CAST(note AS BLOB) FROM checkpoints WHERE log = ? ORDER BY size DESC LIMIT 1"
        rows = self.all(select, self.id)
        return rows[0][0] if rows else None

    def entries(self, size: int) -> Iterator[Stored]:  # noqa: ARG002 the table knows its own end
        """Every sequenced entry."""
        select = """SELECT CAST(idx AS INTEGER), CAST(data AS BLOB), kind, subject, n, leaf FROM entries
            WHERE log = ? AND idx IS NOT NULL ORDER BY idx"""
        for idx, data, *beside in self.each(select, self.id):
            yield Stored(idx, data, Beside(*beside))

    def pending(self) -> Iterator[Stored]:
        """Entries without a place yet, in the order of arrival, numbered from 0."""
        select = """SELECT CAST(data AS BLOB), kind, subject, n, leaf FROM entries
            WHERE log = ? AND idx IS NULL ORDER BY id"""
        for number, (data, *beside) in enumerate(self.each(select, self.id)):
            yield Stored(number, data, Beside(*beside))

    def tile(self, level: int, index: int, width: int) -> bytes | None:  # noqa: ARG002 a row is as wide as the log
        """The tile's row."""
        select = "SELECT CAST(data AS BLOB) FROM tiles WHERE log = ? AND level = ? AND idx = ?"
        rows = self.all(select, self.id, level, index)
        return rows[0][0] if rows else None

    def each(self, select: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Rows one by one.

        Raises:
            UnreadableError: the file is damaged, or has other tables.
        """
        with self._readable():
            for row in self._connection.execute(select, values):  # noqa: UP028 a cursor must not be closed by a late close()
                yield row

    def all(self, select: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows in a list; for those that are few. Raises as :meth:`each`."""
        return list(self.each(select, *values))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UnreadableError(
                f"无法读取数据库 {self.path}：{error}", f"cannot read {self.path}: {error}"
            ) from error


def _text(data: bytes) -> str:
    """Text that is no UTF-8 is a fault of its row, not of the file: it will not compare equal."""
    return data.decode("utf-8", "replace")


def _open(path: Path) -> sqlite3.Connection:
    """Open read only. On a medium where SQLite cannot make its lock files the file is taken as unchanging."""
    if not path.is_file():
        raise UnreadableError(f"没有数据库文件 {path}", f"there is no database {path}")
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        return _begin(sqlite3.connect(uri, uri=True, isolation_level=None))
    except sqlite3.OperationalError:
        if path.with_name(path.name + "-wal").exists():
            raise
        return _begin(sqlite3.connect(uri + "&immutable=1", uri=True, isolation_level=None))


def _begin(connection: sqlite3.Connection) -> sqlite3.Connection:
    """One snapshot for everything: a node may go on writing."""
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA temp_store = MEMORY")  # no personal value in a temporary file
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM logs").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
