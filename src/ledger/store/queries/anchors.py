"""The outbox of transactions, and the anchors that the contract accepted."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ledger.encoding import parse_timestamp, timestamp
from ledger.store.rows import AnchorRow, TransactionRow, TxState
from ledger.store.tables import anchors, transactions

_ALIVE = (TxState.PREPARED.value, TxState.SENT.value, TxState.MINED.value)


def store_transaction(connection: Connection, log: int, row: TransactionRow, stored: dt.datetime) -> TransactionRow:
    """Keep a signed transaction before it is sent; gives it its id."""
    values = {"size": row.size, "sender": row.sender, "nonce": row.nonce, "hash": row.hash, "raw": row.raw}
    statement = insert(transactions).values(log=log, **values, state=row.state.value, stored=timestamp(stored))
    number = connection.execute(statement.returning(transactions.c.id)).scalar_one()
    return TransactionRow(number, row.size, row.sender, row.nonce, row.hash, row.raw, row.state)


def alive(connection: Connection, log: int) -> list[TransactionRow]:
    """Transactions that are or may still come to be in a block, oldest first."""
    statement = select(transactions).where(transactions.c.log == log, transactions.c.state.in_(_ALIVE))
    return [_transaction(row) for row in connection.execute(statement.order_by(transactions.c.id))]


def set_state(connection: Connection, number: int, state: TxState) -> None:
    """Note how far a transaction is."""
    connection.execute(update(transactions).where(transactions.c.id == number).values(state=state.value))


def next_nonce(connection: Connection, log: int, sender: bytes) -> int:
    """One more than the largest nonce that a living transaction of this sender uses; 0 if there is none."""
    where = (transactions.c.log == log, transactions.c.sender == sender, transactions.c.state.in_(_ALIVE))
    largest = connection.execute(select(func.max(transactions.c.nonce)).where(*where)).scalar_one()
    return 0 if largest is None else int(largest) + 1


def put(connection: Connection, log: int, row: AnchorRow) -> None:
    """Enter an anchor as seen on the chain, or bring its row up to date."""
    connection.execute(delete(anchors).where(anchors.c.log == log, anchors.c.seq == row.seq))
    values = asdict(row) | {"block_time": timestamp(row.block_time)}
    connection.execute(insert(anchors).values(log=log, **values))


def drop_from(connection: Connection, log: int, seq: int) -> int:
    """Forget anchors that the chain no longer has, from a ``seq`` on; how many."""
    return connection.execute(delete(anchors).where(anchors.c.log == log, anchors.c.seq >= seq)).rowcount


def newest(connection: Connection, log: int, *, final: bool | None = None) -> AnchorRow | None:
    """The newest anchor; only final or only unfinal ones if asked."""
    statement = select(anchors).where(anchors.c.log == log)
    if final is not None:
        statement = statement.where(anchors.c.final.is_(final))
    row = connection.execute(statement.order_by(anchors.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else _anchor(row)


def of_size(connection: Connection, log: int, size: int) -> AnchorRow | None:
    """The anchor of an exact size."""
    statement = select(anchors).where(anchors.c.log == log, anchors.c.size == size).order_by(anchors.c.seq.desc())
    row = connection.execute(statement.limit(1)).one_or_none()
    return None if row is None else _anchor(row)


def everything(connection: Connection, log: int) -> list[AnchorRow]:
    """All anchors in order."""
    statement = select(anchors).where(anchors.c.log == log).order_by(anchors.c.seq)
    return [_anchor(row) for row in connection.execute(statement)]


def kept_size(connection: Connection, log: int) -> int:
    """The largest size that is or may yet be anchored: proofs as of it will be asked for; 0 if none."""
    anchored = connection.execute(select(func.max(anchors.c.size)).where(anchors.c.log == log)).scalar_one()
    where = (transactions.c.log == log, transactions.c.state.in_(_ALIVE))
    waiting = connection.execute(select(func.max(transactions.c.size)).where(*where)).scalar_one()
    return max(anchored or 0, waiting or 0)


def _transaction(row: Row[Any]) -> TransactionRow:
    return TransactionRow(row.id, row.size, row.sender, row.nonce, row.hash, row.raw, TxState(row.state))


def _anchor(row: Row[Any]) -> AnchorRow:
    return AnchorRow(
        seq=row.seq,
        epoch=row.epoch,
        size=row.size,
        log_root=row.log_root,
        state_root=row.state_root,
        previous=row.previous,
        digest=row.digest,
        tx_hash=row.tx_hash,
        block=row.block,
        block_hash=row.block_hash,
        block_time=parse_timestamp(row.block_time),
        final=row.final,
    )
