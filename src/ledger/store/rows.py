"""Rows as the services see them: frozen values, decoded, with no trace of the database.

What it leaves out: how they are found and kept (``queries``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from ledger.license.status import Status


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log that this database knows.

    Attributes:
        id: key of the log in every other table.
        log: the log's id, 32 bytes.
        member: its member's code.
        secret: keys the digests of requests; the own log has one.
        guard: why issuing is refused; None if it is not.
    """

    id: int
    log: bytes
    member: int
    secret: bytes | None
    guard: str | None


@dataclass(frozen=True, slots=True)
class LicenseRow:
    """A licence as it is now. ``uscc`` and ``name`` are None once erased (and ``name`` where there never was one)."""

    subject: bytes
    license_type: str
    uscc: str | None
    name: str | None
    family: str
    version: int
    n: int
    status: Status
    until: dt.date | None
    effective: dt.date
    recorded: dt.datetime


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a licence. ``record`` and ``disclosures`` are None once erased.

    Attributes:
        subject, version: which.
        n: the entry that made it.
        identifier: 电子证照标识.
        digest: of the credential, 32 bytes.
        jwt: ``header.payload.signature``.
        record: canonical JSON of the whole record.
        disclosures: each followed by ``~``.
    """

    subject: bytes
    version: int
    n: int
    identifier: str
    digest: bytes
    jwt: str
    record: str | None
    disclosures: str | None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of a log.

    Attributes:
        index: place in the log; None while pending.
        n: in the subject's history; None for a heartbeat.
        data: the entry's bytes.
        leaf: their leaf hash, 32 bytes.
    """

    index: int | None
    n: int | None
    data: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class PendingRow:
    """What sequencing needs of a pending entry."""

    id: int
    kind: str
    subject: bytes | None
    leaf: bytes


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A signed checkpoint with the state root that belongs to it."""

    size: int
    root: bytes
    state_root: bytes
    note: str
    signed: dt.datetime


class TxState(StrEnum):
    """How far a stored transaction is."""

    PREPARED = "prepared"
    """Stored; perhaps never sent."""

    SENT = "sent"
    """A node took it, or answered nothing."""

    MINED = "mined"
    """In a block, and the contract accepted it; back to SENT if that block goes away."""

    FINAL = "final"
    """Its anchor is final; nobody looks at it any more."""

    DROPPED = "dropped"
    """Will never count: another one with its nonce was mined, or the contract refused it."""


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A signed transaction that anchors the checkpoint of ``size``: the very bytes that are sent, and sent again."""

    id: int
    size: int
    sender: bytes
    nonce: int
    hash: bytes
    raw: bytes
    unsigned: str
    state: TxState
    stored: dt.datetime


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """An anchor that the contract accepted, as last seen on the chain."""

    seq: int
    epoch: int
    size: int
    log_root: bytes
    state_root: bytes
    previous: bytes
    digest: bytes
    tx_hash: bytes | None
    block: int
    block_hash: bytes
    block_time: dt.datetime
    final: bool
