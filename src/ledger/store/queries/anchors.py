"""The outbox of transactions, and the anchors that the contract accepted."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ledger.encoding import parse_timestamp, timestamp
from ledger.store.rows import AnchorRow, TransactionRow, TxState
from ledger.store.tables import anchors, transactions

_ALIVE = (TxState.PREPARED.value, TxState.SENT.value, TxState.MINED.value)


def store_transaction(connection: Connection, log: int, row: TransactionRow) -> TransactionRow:
    """Keep a signed transaction before it is sent; gives it its id."""
    values = asdict(row) | {"log": log, "state": row.state.value, "stored": timestamp(row.stored)}
    del values["id"]
    number = connection.execute(insert(transactions).values(**values).returning(transactions.c.id)).scalar_one()
    return replace(row, id=number)


def alive(connection: Connection, log: int) -> list[TransactionRow]:
    """Transactions that are or may still come to be in a block, oldest first."""
    statement = select(transactions).where(transactions.c.log == log, transactions.c.state.in_(_ALIVE))
    return [_transaction(row) for row in connection.execute(statement.order_by(transactions.c.id))]


def set_state(connection: Connection, number: int, state: TxState) -> None:
    """Note how far a transaction is."""
    connection.execute(update(transactions).where(transactions.c.id == number).values(state=state.value))


def set_final(connection: Connection, log: int, row: AnchorRow) -> None:
    """Note that an anchor is final, and with it the transaction that made it."""
    connection.execute(update(anchors).where(anchors.c.log == log, anchors.c.seq == row.seq).values(final=True))
    if row.tx_hash is not None:
        where = (transactions.c.log == log, transactions.c.hash == row.tx_hash)
        connection.execute(update(transactions).where(*where).values(state=TxState.FINAL.value))


def put(connection: Connection, log: int, row: AnchorRow) -> None:
    """Enter an anchor as seen on the chain, or bring its row up to date."""
    connection.execute(delete(anchors).where(anchors.c.log == log, anchors.c.seq == row.seq))
    values = asdict(row) | {"block_time": timestamp(row.block_time)}
    connection.execute(insert(anchors).values(log=log, **values))


def drop(connection: Connection, log: int, row: AnchorRow) -> None:
    """Forget an anchor that the chain does not have any more; the transaction that made it is to be looked up again."""
    connection.execute(delete(anchors).where(anchors.c.log == log, anchors.c.seq == row.seq))
    if row.tx_hash is not None:
        where = (transactions.c.log == log, transactions.c.hash == row.tx_hash)
        connection.execute(update(transactions).where(*where).values(state=TxState.SENT.value))


def newest(
    connection: Connection, log: int, *, final: bool | None = None, before: int | None = None
) -> AnchorRow | None:
    """The newest anchor; only final or unfinal ones, or before a ``seq``, if asked."""
    statement = select(anchors).where(anchors.c.log == log)
    if final is not None:
        statement = statement.where(anchors.c.final.is_(final))
    if before is not None:
        statement = statement.where(anchors.c.seq < before)
    row = connection.execute(statement.order_by(anchors.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else _anchor(row)


def of_size(connection: Connection, log: int, size: int) -> AnchorRow | None:
    """The anchor of an exact size."""
    statement = select(anchors).where(anchors.c.log == log, anchors.c.size == size).order_by(anchors.c.seq.desc())
    row = connection.execute(statement.limit(1)).one_or_none()
    return None if row is None else _anchor(row)


def unfinal(connection: Connection, log: int) -> list[AnchorRow]:
    """Anchors that are not final yet, in order."""
    where = (anchors.c.log == log, anchors.c.final.is_(False))
    statement = select(anchors).where(*where).order_by(anchors.c.seq)
    return [_anchor(row) for row in connection.execute(statement)]


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
    return TransactionRow(
        id=row.id,
        size=row.size,
        sender=row.sender,
        nonce=row.nonce,
        hash=row.hash,
        raw=row.raw,
        unsigned=row.unsigned,
        state=TxState(row.state),
        stored=parse_timestamp(row.stored),
    )


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
