"""Entries of a log, and what they commit to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from ledger.store.rows import EntryRow, PendingRow
from ledger.store.tables import commitments, entries

_ENTRY = (entries.c.idx, entries.c.n, entries.c.data, entries.c.leaf)


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Enter pending entries: ``log, kind, subject, n, data, leaf`` each, in the order of arrival."""
    connection.execute(insert(entries), [{"idx": None, **row} for row in rows])


def history(connection: Connection, log: int, subject: bytes, size: int | None = None) -> list[EntryRow]:
    """A subject's entries in order, pending ones included unless a ``size`` of the log is given."""
    statement = select(*_ENTRY).where(entries.c.log == log, entries.c.subject == subject).order_by(entries.c.n)
    if size is not None:
        statement = statement.where(entries.c.idx < size)
    return [EntryRow(*row) for row in connection.execute(statement)]


def one(connection: Connection, log: int, subject: bytes, n: int) -> EntryRow | None:
    """A subject's entry by its number."""
    where = (entries.c.log == log, entries.c.subject == subject, entries.c.n == n)
    row = connection.execute(select(*_ENTRY).where(*where)).one_or_none()
    return None if row is None else EntryRow(*row)


def pending(connection: Connection, log: int, limit: int) -> list[PendingRow]:
    """The first pending entries in the order of arrival."""
    columns = (entries.c.id, entries.c.kind, entries.c.subject, entries.c.leaf)
    statement = select(*columns).where(entries.c.log == log, entries.c.idx.is_(None)).order_by(entries.c.id)
    return [PendingRow(*row) for row in connection.execute(statement.limit(limit))]


def count_pending(connection: Connection, log: int) -> int:
    """How many entries wait to be sequenced."""
    statement = select(func.count()).select_from(entries).where(entries.c.log == log, entries.c.idx.is_(None))
    return int(connection.execute(statement).scalar_one())


def size(connection: Connection, log: int) -> int:
    """How many entries have a place in the log, from the largest one: places have no gaps."""
    statement = select(func.max(entries.c.idx)).where(entries.c.log == log)
    largest = connection.execute(statement).scalar_one()
    return 0 if largest is None else int(largest) + 1


def assign(connection: Connection, log: int, ids: Sequence[int], first: int) -> int:
    """Give entries their places in the log, from ``first`` on, in the order of ``ids`` (ascending).

    Returns:
        How many rows were changed: as many as there are ids, else something else sequences this log.
    """
    changed = 0
    for start, end in _runs(ids):  # one statement for each gapless run of ids, as a batch normally is
        statement = (
            update(entries)
            .where(entries.c.log == log, entries.c.id >= ids[start], entries.c.id < ids[start] + (end - start))
            .where(entries.c.idx.is_(None))
            .values(idx=entries.c.id + (first + start - ids[start]))
        )
        changed += connection.execute(statement).rowcount
    return changed


def read(connection: Connection, log: int, first: int, limit: int) -> list[EntryRow]:
    """Entries of the log from a place on, in order."""
    statement = select(*_ENTRY).where(entries.c.log == log, entries.c.idx >= first, entries.c.idx < first + limit)
    return [EntryRow(*row) for row in connection.execute(statement.order_by(entries.c.idx))]


def add_commitment(connection: Connection, log: int, subject: bytes, n: int, salt: bytes, value: str) -> None:
    """Keep what an entry commits to."""
    connection.execute(insert(commitments).values(log=log, subject=subject, n=n, salt=salt, value=value))


def commitments_of(connection: Connection, log: int, subject: bytes) -> dict[int, tuple[bytes, str]]:
    """Salt and value of each of a subject's commitments, by ``n``; erased ones are missing."""
    columns = (commitments.c.n, commitments.c.salt, commitments.c.value)
    statement = select(*columns).where(commitments.c.log == log, commitments.c.subject == subject)
    return {row.n: (row.salt, row.value) for row in connection.execute(statement)}


def erase_commitments(connection: Connection, log: int, subject: bytes, numbers: Sequence[int]) -> None:
    """Destroy salt and value of some of a subject's commitments."""
    where = (commitments.c.log == log, commitments.c.subject == subject, commitments.c.n.in_(numbers))
    connection.execute(delete(commitments).where(*where))


def _runs(ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Positions of gapless runs: 5,6,7,9 → (0, 3), (3, 4)."""
    cuts = [at for at, (left, right) in enumerate(pairwise(ids), 1) if right != left + 1]
    if ids:
        yield from pairwise([0, *cuts, len(ids)])
