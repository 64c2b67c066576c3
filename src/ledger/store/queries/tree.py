"""The log's tiles, the state map's pages, and checkpoints; readers for the Merkle code over them.

A page is stored once for each size at which it changed. The version that holds at a size is the newest one not beyond
it; :func:`write_pages` drops versions that served only sizes which never were anchored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select

from ledger.encoding import parse_timestamp, timestamp
from ledger.entry import MAPPED_KINDS
from ledger.errors import StorageError
from ledger.store.rows import CheckpointRow
from ledger.store.tables import checkpoints, entries, map_pages, tiles

_TILE = select(tiles.c.data).where(
    tiles.c.log == bindparam("log"), tiles.c.level == bindparam("level"), tiles.c.idx == bindparam("idx")
)
_PAGE = (
    select(map_pages.c.page)
    .where(
        map_pages.c.log == bindparam("log"),
        map_pages.c.prefix == bindparam("prefix"),
        map_pages.c.size <= bindparam("size"),
    )
    .order_by(map_pages.c.size.desc())
    .limit(1)
)
_LEAVES = (
    select(entries.c.subject, entries.c.leaf)
    .where(
        entries.c.log == bindparam("log"),
        entries.c.subject >= bindparam("low"),
        entries.c.subject <= bindparam("high"),
        entries.c.idx < bindparam("size"),
        or_(*(entries.c.kind == kind for kind in sorted(MAPPED_KINDS))),  # IN is expanded anew for each call
    )
    .order_by(entries.c.subject, entries.c.n)
)


class SqlTileReader:
    """A log's tiles, for ``merkle.tree``."""

    def __init__(self, connection: Connection, log: int) -> None:
        self._connection = connection
        self._log = log

    def read(self, level: int, index: int) -> bytes:
        """The tile as wide as it is now.

        Raises:
            StorageError: there is none.
        """
        values = {"log": self._log, "level": level, "idx": index}
        data: bytes | None = self._connection.execute(_TILE, values).scalar_one_or_none()
        if data is None:
            raise StorageError(f"the database has no tile {index} of level {level}")
        return data


class SqlMapReader:
    """The state map as of one size of the log, for ``merkle.statemap``.

    Args:
        connection: in a transaction.
        log: row id of the log.
        size: an anchored size, or that of the newest checkpoint: pages of others are not kept.
    """

    def __init__(self, connection: Connection, log: int, size: int) -> None:
        self._connection = connection
        self._log = log
        self._size = size

    def page(self, prefix: str) -> bytes | None:
        """The page of a prefix as of the size; None if it had none."""
        values = {"log": self._log, "prefix": prefix, "size": self._size}
        page: bytes | None = self._connection.execute(_PAGE, values).scalar_one_or_none()
        return page

    def leaves(self, prefix: str) -> list[tuple[bytes, bytes]]:
        """Subjects that begin with the prefix, in order, each with the leaf of its newest entry as of the size."""
        low, high = bytes.fromhex(prefix.ljust(64, "0")), bytes.fromhex(prefix.ljust(64, "f"))
        values = {"log": self._log, "low": low, "high": high, "size": self._size}
        # In the order of n: of several entries of a subject the last one stays.
        newest: dict[bytes, bytes] = dict(self._connection.execute(_LEAVES, values).all())
        return list(newest.items())


def write_tiles(connection: Connection, log: int, changed: Mapping[tuple[int, int], bytes]) -> None:
    """Write the whole content of tiles by (level, index)."""
    rows = [{"log": log, "level": level, "idx": index, "data": data} for (level, index), data in changed.items()]
    _replace_tiles(connection, [row for row in rows if row["data"]])


def _replace_tiles(connection: Connection, rows: list[dict[str, object]]) -> None:
    keys = [{"b_log": row["log"], "b_level": row["level"], "b_idx": row["idx"]} for row in rows]
    where = (
        tiles.c.log == bindparam("b_log"),
        tiles.c.level == bindparam("b_level"),
        tiles.c.idx == bindparam("b_idx"),
    )
    if rows:
        connection.execute(delete(tiles).where(*where), keys)
        connection.execute(insert(tiles), rows)


def write_pages(connection: Connection, log: int, size: int, changed: Mapping[str, bytes], keep: int) -> None:
    """Write pages as of a size.

    Args:
        connection: in a writing transaction.
        log: row id of the log.
        size: of the checkpoint that is being made.
        changed: pages by prefix.
        keep: largest earlier size that is or may yet be anchored; 0 if none. Versions of the same pages made after
            it served only sizes that nobody will ask for, and are dropped.
    """
    if not changed:
        return
    where = (
        map_pages.c.log == bindparam("b_log"),
        map_pages.c.prefix == bindparam("b_prefix"),
        map_pages.c.size > bindparam("b_keep"),
    )
    keys = [{"b_log": log, "b_prefix": prefix, "b_keep": keep} for prefix in changed]
    connection.execute(delete(map_pages).where(*where), keys)
    rows = [{"log": log, "prefix": prefix, "size": size, "page": page} for prefix, page in changed.items()]
    connection.execute(insert(map_pages), rows)


def add_checkpoint(connection: Connection, log: int, row: CheckpointRow) -> None:
    """Keep a signed checkpoint."""
    values = {"size": row.size, "root": row.root, "state_root": row.state_root, "note": row.note}
    connection.execute(insert(checkpoints).values(log=log, **values, signed=timestamp(row.signed)))


def newest_checkpoint(connection: Connection, log: int) -> CheckpointRow | None:
    """The newest signed checkpoint."""
    statement = select(checkpoints).where(checkpoints.c.log == log).order_by(checkpoints.c.size.desc()).limit(1)
    return _checkpoint(connection.execute(statement).one_or_none())


def checkpoint(connection: Connection, log: int, size: int) -> CheckpointRow | None:
    """The checkpoint of a size."""
    statement = select(checkpoints).where(checkpoints.c.log == log, checkpoints.c.size == size)
    return _checkpoint(connection.execute(statement).one_or_none())


def _checkpoint(row: Row[Any] | None) -> CheckpointRow | None:
    if row is None:
        return None
    return CheckpointRow(row.size, row.root, row.state_root, row.note, parse_timestamp(row.signed))
