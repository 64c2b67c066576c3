"""Looking: licences, their histories and the node's state, as they are in the database now.

Nothing here is a proof. Whether an entry is anchored (已上链) or waits (待上链) is what this node noted of the chain.

What it leaves out: bundles (``proving``).
"""

from __future__ import annotations

from ledger import canonical, entry
from ledger.errors import NotFoundError, StorageError
from ledger.services.model import HistoryLine, NodeState, Shown
from ledger.store.engine import Store
from ledger.store.queries import anchors, entries, licenses, logs, tree
from ledger.store.rows import EntryRow, LicenseRow
from ledger.store.transaction import Transaction


def show(store: Store, log: bytes, subject: bytes, uscc: str) -> Shown:
    """One licence by its subject; ``uscc`` is what was asked for, since an erased licence does not say it any more.

    Raises:
        NotFoundError: there is none.
    """
    with store.read() as transaction:
        number = logs.get(transaction, log).id
        row = licenses.find(transaction, number, subject)
        if row is None:
            raise NotFoundError(f"本节点没有该执照 / no licence of {uscc} here")
        return _shown(transaction, number, row, uscc)


def search(store: Store, log: bytes, text: str, limit: int) -> list[Shown]:
    """Licences whose number begins with, or whose name contains, a text."""
    with store.read() as transaction:
        number = logs.get(transaction, log).id
        rows = licenses.search(transaction, number, text, limit)
        return [_shown(transaction, number, row, row.uscc or "") for row in rows]


def history(store: Store, log: bytes, subject: bytes, uscc: str) -> list[HistoryLine]:
    """Everything that happened to a licence, oldest first.

    Raises:
        NotFoundError: there is none.
    """
    with store.read() as transaction:
        number = logs.get(transaction, log).id
        lines = entries.history(transaction, number, subject)
        kept = entries.commitments_of(transaction, number, subject)
        final = _final_size(transaction, number)
    if not lines:
        raise NotFoundError(f"本节点没有该执照 / no licence of {uscc} here")
    values = {n: value for n, (_, value) in kept.items()}
    return [_line(row, final, values) for row in lines]


def state(store: Store, log: bytes) -> NodeState:
    """How far log and anchors are."""
    with store.read() as transaction:
        row = logs.get(transaction, log)
        newest = tree.newest_checkpoint(transaction, row.id)
        unfinal = anchors.newest(transaction, row.id, final=False)
        return NodeState(
            entries=entries.size(transaction, row.id),
            pending=entries.count_pending(transaction, row.id),
            licenses=licenses.count(transaction, row.id),
            checkpoint=0 if newest is None else newest.size,
            anchored=_final_size(transaction, row.id),
            unfinal=0 if unfinal is None else unfinal.size,
            guard=row.guard,
        )


def _final_size(transaction: Transaction, log: int) -> int:
    final = anchors.newest(transaction, log, final=True)
    return 0 if final is None else final.size


def _shown(transaction: Transaction, log: int, row: LicenseRow, uscc: str) -> Shown:
    newest = entries.one(transaction, log, row.subject, row.n)
    version = licenses.version(transaction, log, row.subject, row.version)
    if newest is None or version is None:
        raise StorageError(f"licence, versions and entries of subject {row.subject.hex()} do not fit together")
    return Shown(
        license_type=row.license_type,
        uscc=uscc,
        subject=row.subject,
        name=row.name,
        version=row.version,
        identifier=version.identifier,
        status=row.status,
        until=row.until,
        record=None if version.record is None else canonical.loads_object(version.record.encode()),
        entries=row.n + 1,
        index=newest.index,
        anchored=_is_anchored(newest, _final_size(transaction, log)),
    )


def _is_anchored(row: EntryRow, final: int) -> bool:
    return row.index is not None and row.index < final


def _line(row: EntryRow, final: int, values: dict[int, str]) -> HistoryLine:
    parsed = entry.parse(row.data)
    if not isinstance(parsed, entry.LicenseEntry):
        raise StorageError(f"entry {row.n} of a licence is of another kind")
    value = values.get(parsed.n)
    return HistoryLine(
        n=parsed.n,
        event=parsed.event,
        version=parsed.version,
        status=parsed.status,
        until=parsed.until,
        effective=parsed.effective,
        recorded=parsed.recorded,
        index=row.index,
        anchored=_is_anchored(row, final),
        leaf=row.leaf,
        facts=None if value is None else canonical.loads_object(value.encode()),
    )
