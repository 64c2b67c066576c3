"""What the services take and give: plain frozen values, free of database and chain.

What it leaves out: the record's rules (``license.record``) and the legal transitions (``license.lifecycle``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.license.status import Event, Flag, Status

Clock = Callable[[], dt.datetime]
"""The node's clock: aware, UTC. Handed in, so that tests and the demo choose the time."""

Entropy = Callable[[int], bytes]
"""Random bytes, ``secrets.token_bytes`` in earnest."""

Draft = Mapping[str, Any]
"""A licence as the clerk gives it: the record's face fields by their own names (``license.record``), as JSON values.

The node fills in what is its own to decide (version, identifier, cause) and, where absent, what has a default
(licence type, issuing organ, issue date)."""

LICENSE_TYPE = "11100000MB0143028R001"
"""电子证照类型代码 of the business licence: the defining organ's credit code and 001."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An event that is asked for on a licence that exists.

    Attributes:
        event: any but the first events of a history.
        uscc: the subject's credit code.
        license_type: its licence type code.
        changes: face fields to replace (CHANGE, CORRECT, ANNUL_PARTIAL) or to set anew (REISSUE: normally none);
            a field set to None is removed.
        effective: legal date, Asia/Shanghai; today where None.
        until: last day of a suspension (SUSPEND, EXTEND_SUSPEND).
        flag: which public remark (FLAG_ON, FLAG_OFF).
        versions: whose disclosures to destroy (ERASE).
        facts: anything else that must be provable later and stays off the ledger: decision number, reasons,
            legal grounds. Goes into the salted commitment.
        guards: answers that the life cycle's guards ask of the clerk, such as ``{"has_live_branch": False}``.
    """

    event: Event
    uscc: str
    license_type: str = LICENSE_TYPE
    changes: Mapping[str, Any] = field(default_factory=dict)
    effective: dt.date | None = None
    until: dt.date | None = None
    flag: Flag | None = None
    versions: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    guards: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issued:
    """What was entered: the answer to ``issue`` and ``apply``.

    Attributes:
        license_type: licence type code.
        uscc: the subject's credit code.
        subject: id in log and map, 32 bytes.
        event: what happened.
        n: the entry's number in the subject's history.
        version: version in force after it.
        status: after it.
        until: last day of a suspension.
        identifier: 电子证照标识 of that version.
        digest: of that version's credential, 32 bytes.
        leaf: leaf hash of the entry, 32 bytes.
        effective: legal date.
        recorded: the node's clock.
        replayed: the same request had been entered before under this idempotency key; nothing was done now.
    """

    license_type: str
    uscc: str
    subject: bytes
    event: Event
    n: int
    version: int
    status: Status
    until: dt.date | None
    identifier: str
    digest: bytes
    leaf: bytes
    effective: dt.date
    recorded: dt.datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Anchored:
    """One anchor as this node knows it: what the contract accepted.

    Attributes:
        member, epoch, seq, size, log_root, state_root, previous, digest: as in the anchor digest.
        transaction: hash of the transaction that made it; empty where another database sent it.
        block: number of its block.
        block_hash: hash of that block.
        block_time: time of that block.
        final: past the finality rule of this node's settings.
    """

    member: int
    epoch: int
    seq: int
    size: int
    log_root: bytes
    state_root: bytes
    previous: bytes
    digest: bytes
    transaction: bytes
    block: int
    block_hash: bytes
    block_time: dt.datetime
    final: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One entry of a subject's history, with where it stands.

    Attributes:
        n, event, version, status, until, effective, recorded: as in the entry.
        index: place in the log; None while pending (待上链).
        anchored: covered by a final anchor (已上链).
        leaf: leaf hash, 32 bytes.
        facts: what the entry commits to, where there is something and it was not erased.
    """

    n: int
    event: Event
    version: int
    status: Status
    until: dt.date | None
    effective: dt.date
    recorded: dt.datetime
    index: int | None
    anchored: bool
    leaf: bytes
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One licence as it is in this node now.

    Attributes:
        license_type, uscc, subject: which licence.
        name: as on the face; None where there is none (some households) or it was erased.
        version: number of the newest version.
        identifier: its 电子证照标识.
        status: of the newest entry.
        until: last day of a suspension.
        record: the newest version's fields; None once erased.
        entries: how many entries the history has.
        index: of the newest entry in the log; None while pending.
        anchored: the newest entry is covered by a final anchor.
    """

    license_type: str
    uscc: str
    subject: bytes
    name: str | None
    version: int
    identifier: str
    status: Status
    until: dt.date | None
    record: Mapping[str, Any] | None
    entries: int
    index: int | None
    anchored: bool


@dataclass(frozen=True, slots=True)
class NodeState:
    """How far a node's log and anchors are.

    Attributes:
        entries: entries in the log.
        pending: entries waiting to be sequenced.
        licenses: subjects with a history.
        checkpoint: size of the newest checkpoint; 0 if none.
        anchored: size of the newest final anchor; 0 if none.
        unfinal: size of the newest anchor that is not final yet; 0 if none.
        guard: why issuing is refused (a restored backup); None if it is not.
    """

    entries: int
    pending: int
    licenses: int
    checkpoint: int
    anchored: int
    unfinal: int
    guard: str | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        rows: rows read.
        issued: licences made now.
        known: rows that had been imported before, skipped.
        refused: rows in the error file.
        errors: the error file; None when nothing was refused.
    """

    rows: int
    issued: int
    known: int
    refused: int
    errors: str | None
