"""Blocks in a SQLite file, each stored by one database transaction.

py-evm writes a block as a dozen separate puts into a key-value store. Here they are held in memory until the block
is complete and then written together with the block's own index rows, so that a process killed at any moment leaves
the old head or the new one, never something between. The event index answers ``eth_getLogs`` by address and topic
without scanning blocks.

What it leaves out: what the values mean (py-evm), and who may open the file (``holder``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from eth.abc import AtomicWriteBatchAPI
from eth.db.backends.base import BaseAtomicDB

from ledger.errors import StorageError

FORMAT = 1
"""Number of this layout. A file with another one is refused."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE node (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE block (number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, time INTEGER NOT NULL);
CREATE TABLE log (
    block INTEGER NOT NULL REFERENCES block (number), log_index INTEGER NOT NULL,
    tx_hash BLOB NOT NULL, tx_index INTEGER NOT NULL,
    address BLOB NOT NULL, topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, data BLOB NOT NULL,
    PRIMARY KEY (block, log_index)
) WITHOUT ROWID;
CREATE INDEX log_by_emitter ON log (address, topic0, block);
"""


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block's place in the index: number, hash (32 bytes), UNIX time in seconds."""

    number: int
    hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class LogRow:
    """One event: where, by whom, up to four topics of 32 bytes, and data."""

    block: int
    log_index: int
    tx_hash: bytes
    tx_index: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block_hash: bytes = b""
    time: int = 0


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which events: blocks ``first`` to ``last``; empty sets of addresses or topics match any."""

    first: int
    last: int
    addresses: Sequence[bytes] = ()
    topics: Sequence[Sequence[bytes]] = field(default_factory=tuple)


class BlockStore(BaseAtomicDB):
    """The key-value store that py-evm works on, and the index beside it.

    Not safe for several threads at once: :class:`ledger.chain.embedded.EmbeddedChain` lets in one at a time.

    Args:
        path: the SQLite file; made if it does not exist.

    Raises:
        StorageError: the file is not such a store.
    """

    def __init__(self, path: Path) -> None:
        self._pending: dict[bytes, bytes | None] = {}
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise StorageError(f"the embedded chain {path} cannot be opened: {error}") from error
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except (sqlite3.Error, StorageError) as error:
            self._db.close()
            raise StorageError(f"{path} is not an embedded chain: {error}") from error

    def _prepare(self) -> None:
        if self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            with self._transaction():
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO meta VALUES ('format', ?)", (FORMAT,))
        found = self.meta("format")
        if found != FORMAT:
            raise StorageError(f"layout {found!r} is not {FORMAT}")

    def close(self) -> None:
        """Close the file; what is pending is dropped."""
        self._db.close()

    def meta(self, name: str) -> bytes | int | None:
        """A fact about the chain as a whole; None if it was never set."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return cast("bytes | int", row[0]) if row else None

    # The key-value side, as py-evm sees it.

    def __getitem__(self, key: bytes) -> bytes:
        if key in self._pending:
            value = self._pending[key]
            if value is None:
                raise KeyError(key)
            return value
        row = self._db.execute("SELECT value FROM node WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return cast("bytes", row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._pending[key] = bytes(value)

    def __delitem__(self, key: bytes) -> None:
        if key not in self:
            raise KeyError(key)
        self._pending[key] = None

    def _exists(self, key: bytes) -> bool:
        if key in self._pending:
            return self._pending[key] is not None
        return self._db.execute("SELECT 1 FROM node WHERE key = ?", (key,)).fetchone() is not None

    @contextmanager
    def atomic_batch(self) -> Iterator[AtomicWriteBatchAPI]:
        """py-evm's small batches all end up in the block's one transaction."""
        yield cast("AtomicWriteBatchAPI", self)

    # The block side.

    def commit(
        self, block: BlockRow, logs: Iterable[LogRow] = (), meta: Iterable[tuple[str, bytes | int]] = ()
    ) -> None:
        """Store everything pending, the block and its events, in one transaction.

        Raises:
            StorageError: nothing was stored, such as on a full disk; what was pending is dropped.
        """
        written = [(key, value) for key, value in self._pending.items() if value is not None]
        deleted = [(key,) for key, value in self._pending.items() if value is None]
        rows = [
            (log.block, log.log_index, log.tx_hash, log.tx_index, log.address, *_four(log.topics), log.data)
            for log in logs
        ]
        try:
            with self._transaction():
                self._db.executemany("INSERT OR REPLACE INTO node VALUES (?, ?)", written)
                self._db.executemany("DELETE FROM node WHERE key = ?", deleted)
                self._db.execute("INSERT INTO block VALUES (?, ?, ?)", (block.number, block.hash, block.time))
                self._db.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
                self._db.executemany("INSERT INTO meta VALUES (?, ?)", meta)
        except sqlite3.Error as error:
            raise StorageError(f"block {block.number} could not be stored: {error}") from error
        finally:
            self._pending.clear()

    def discard(self) -> None:
        """Forget everything pending."""
        self._pending.clear()

    def newest(self) -> BlockRow | None:
        """The highest block; None in a new file."""
        row = self._db.execute("SELECT number, hash, time FROM block ORDER BY number DESC LIMIT 1").fetchone()
        return BlockRow(*row) if row else None

    def logs(self, wanted: LogFilter, limit: int) -> list[LogRow]:
        """Events in the chain's order, at most ``limit``."""
        clauses, values = ["l.block BETWEEN ? AND ?"], [wanted.first, wanted.last]
        arguments: list[int | bytes] = list(values)
        columns = ["l.address", *(f"l.topic{place}" for place in range(len(wanted.topics)))]
        for column, choices in zip(columns, [wanted.addresses, *wanted.topics], strict=True):
            if choices:
                clauses.append(f"{column} IN ({', '.join('?' * len(choices))})")
                arguments += choices
        query = (
            "SELECT l.*, b.hash, b.time FROM log l JOIN block b ON b.number = l.block WHERE "  # noqa: S608 no value from outside
            + " AND ".join(clauses)  # only names of columns and question marks join in
            + " ORDER BY l.block, l.log_index LIMIT ?"
        )
        return [_log_row(row) for row in self._db.execute(query, (*arguments, limit))]

    def block_logs(self, block: int) -> list[LogRow]:
        """All events of one block."""
        return self.logs(LogFilter(block, block), -1)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself where the disk is full
                self._db.execute("ROLLBACK")
            raise


def _four(topics: tuple[bytes, ...]) -> tuple[bytes | None, ...]:
    return (*topics, *(None for _ in range(4 - len(topics))))


def _log_row(row: Sequence[Any]) -> LogRow:
    block, log_index, tx_hash, tx_index, address, *topics, data, block_hash, time = row
    present = tuple(topic for topic in topics if topic is not None)
    return LogRow(block, log_index, tx_hash, tx_index, address, present, data, block_hash, time)
