"""Logs that the database knows, the guard on issuing, requests already answered, and imports."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, insert, select, update

from ledger.encoding import timestamp
from ledger.errors import NotFoundError
from ledger.store.rows import LogRow
from ledger.store.tables import imports, logs, requests

_COLUMNS = (logs.c.id, logs.c.log, logs.c.member, logs.c.secret, logs.c.guard)


def add(connection: Connection, log: bytes, member: int, *, secret: bytes | None = None) -> LogRow:
    """Enter a log; the own one has a ``secret``."""
    statement = insert(logs).values(log=log, member=member, own=secret is not None, secret=secret)
    row = connection.execute(statement.returning(logs.c.id)).one()
    return LogRow(row.id, log, member, secret, None)


def get(connection: Connection, log: bytes, *, lock: bool = False) -> LogRow:
    """A log by its id.

    Args:
        connection: in a transaction.
        log: 32 bytes.
        lock: keep other sequencers and anchorers of this log out until the transaction ends. SQLite's writing
            transactions keep every other writer out anyway.

    Raises:
        NotFoundError: the database has no such log.
    """
    statement = select(*_COLUMNS).where(logs.c.log == log)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise NotFoundError(f"this database has no log {log.hex()}")
    return LogRow(*row)


def set_guard(connection: Connection, log: int, reason: str | None) -> None:
    """Refuse issuing for a reason, or allow it again."""
    connection.execute(update(logs).where(logs.c.id == log).values(guard=reason))


def find_request(connection: Connection, log: int, key: str) -> tuple[bytes | None, bytes, int] | None:
    """What was answered under an idempotency key: digest of the request (None once erased), subject, n."""
    statement = select(requests.c.digest, requests.c.subject, requests.c.n)
    row = connection.execute(statement.where(requests.c.log == log, requests.c.key == key)).one_or_none()
    return None if row is None else (row.digest, row.subject, row.n)


def find_requests(connection: Connection, log: int, keys: list[str]) -> dict[str, tuple[bytes | None, bytes, int]]:
    """:func:`find_request` for many keys at once; only those that were used."""
    found: dict[str, tuple[bytes | None, bytes, int]] = {}
    statement = select(requests.c.key, requests.c.digest, requests.c.subject, requests.c.n)
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        rows = connection.execute(statement.where(requests.c.log == log, requests.c.key.in_(chunk)))
        found.update({row.key: (row.digest, row.subject, row.n) for row in rows})
    return found


def add_requests(connection: Connection, log: int, rows: list[tuple[str, bytes, bytes, int]]) -> None:
    """Remember answers: key, digest of the request, subject, n."""
    if rows:
        names = ("key", "digest", "subject", "n")
        connection.execute(insert(requests), [{"log": log, **dict(zip(names, row, strict=True))} for row in rows])


def begin_import(connection: Connection, log: int, started: dt.datetime) -> int:
    """Enter an import that begins; its id."""
    values = {"log": log, "started": timestamp(started), "rows": 0, "issued": 0, "known": 0, "refused": 0}
    number: int = connection.execute(insert(imports).values(**values).returning(imports.c.id)).scalar_one()
    return number


def update_import(connection: Connection, number: int, counts: dict[str, int], finished: dt.datetime | None) -> None:
    """Note how far an import is: ``rows``, ``issued``, ``known``, ``refused``."""
    at = None if finished is None else timestamp(finished)
    connection.execute(update(imports).where(imports.c.id == number).values(**counts, finished=at))
