"""Proving: everything that a stranger needs about one licence, put together from the database.

All proofs of a bundle are against one anchored size: the newest final anchor, or an earlier one that was asked for. The
log and the map run on meanwhile; tiles never change, and the map's pages are kept for every anchored size.

What it leaves out: verifying (``ledger.bundle``), and trust files, which come from the chain alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import entry
from ledger.bundle.model import (
    AbsenceBundle,
    BundleAnchor,
    BundleEntry,
    HistoryBundle,
    LicenseBundle,
    Located,
    SignedCheckpoint,
)
from ledger.errors import ConflictError, NotFoundError, StorageError
from ledger.license.credential import Credential
from ledger.license.uscc import validate_license_subject
from ledger.merkle import statemap, tree
from ledger.merkle.stateproof import StateProof
from ledger.services.model import LICENSE_TYPE
from ledger.store.engine import Store
from ledger.store.queries import anchors, entries, licenses, logs
from ledger.store.queries import tree as tree_rows
from ledger.store.queries.tree import SqlMapReader, SqlTileReader
from ledger.store.rows import AnchorRow, EntryRow, VersionRow
from ledger.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class _View:
    """The log as of one anchor, inside one reading transaction."""

    transaction: Transaction
    log: int
    anchor: AnchorRow
    bundled: BundleAnchor
    checkpoint: SignedCheckpoint

    def state(self, subject: bytes) -> tuple[bytes | None, StateProof]:
        """What the map says of a subject, and the proof."""
        return statemap.prove(SqlMapReader(self.transaction, self.log, self.anchor.size), subject)

    def history(self, subject: bytes) -> list[EntryRow]:
        """The subject's entries under the anchor.

        Raises:
            NotFoundError: there are none.
        """
        found = entries.history(self.transaction, self.log, subject, self.anchor.size)
        if not found:
            raise NotFoundError(
                f"在已锚定的 {self.anchor.size} 条内没有该执照（可能待上链） / nothing of this licence in the first "
                f"{self.anchor.size} entries; it may wait to be anchored"
            )
        return found

    def located(self, row: EntryRow) -> Located:
        """An entry with the proof of its place."""
        if row.index is None:
            raise StorageError("an entry under an anchor has no place in the log")
        proof = tree.inclusion_proof(SqlTileReader(self.transaction, self.log), row.index, self.anchor.size)
        return Located(_held(row), row.index, tuple(proof))


class Prover:
    """Makes bundles about the licences of one log.

    Args:
        store: the database.
        log: id of the log, 32 bytes.
        member: its member's province code.
    """

    def __init__(self, store: Store, log: bytes, member: int) -> None:
        self._store = store
        self._log = log
        self._member = member

    def bundle(
        self,
        uscc: str,
        *,
        disclose: Iterable[str] | None = None,
        version: int | None = None,
        size: int | None = None,
        license_type: str = LICENSE_TYPE,
    ) -> dict[str, Any]:
        """A licence with its proofs.

        Args:
            uscc: credit code.
            disclose: names of the fields to show, ``heads`` for all head persons; all of them where None.
            version: which version; the newest as of the anchor where None.
            size: an anchored size of the log; the newest final anchor's where None.
            license_type: licence type code.

        Raises:
            NotFoundError: nothing of it is anchored, or there is no such version or anchor.
            ConflictError: what that version says was erased.
            DisclosureError: a field to show is not on this licence.
        """
        subject = entry.license_subject(license_type, uscc)
        with self._store.read() as transaction:
            view = self._view(transaction, size)
            history = view.history(subject)
            number = _held(history[-1]).entry.version if version is None else version
            stored = licenses.version(transaction, view.log, subject, number)
            issued = _issued(history, stored, number)
            shown = _credential(stored, disclose)
            _, state = view.state(subject)
            made = LicenseBundle(
                credential=shown,
                issued=view.located(issued),
                current=view.located(history[-1]),
                state=state,
                anchor=view.bundled,
                checkpoint=view.checkpoint,
            )
        return made.to_json()

    def absence(self, uscc: str, *, size: int | None = None, license_type: str = LICENSE_TYPE) -> dict[str, Any]:
        """The proof that this log holds nothing of a licence.

        Raises:
            FormatError: it is no licence holder's credit code: absence of a mistyped one would mislead.
            ConflictError: it does.
            NotFoundError: nothing is anchored yet, or no such size.
        """
        validate_license_subject(uscc)
        with self._store.read() as transaction:
            view = self._view(transaction, size)
            value, state = view.state(entry.license_subject(license_type, uscc))
            if value is not None:
                raise ConflictError(f"本日志有该执照 / this log has a licence of {uscc}")
            made = AbsenceBundle(license_type, uscc, state, view.bundled, view.checkpoint)
        return made.to_json()

    def history_bundle(self, uscc: str, *, size: int | None = None, license_type: str = LICENSE_TYPE) -> dict[str, Any]:
        """The proof of everything that this log says of a licence.

        Raises:
            NotFoundError: nothing of it is anchored, or no such size.
        """
        subject = entry.license_subject(license_type, uscc)
        with self._store.read() as transaction:
            view = self._view(transaction, size)
            held = tuple(view.located(row) for row in view.history(subject))
            _, state = view.state(subject)
            made = HistoryBundle(held, state, view.bundled, view.checkpoint)
        return made.to_json()

    def _view(self, transaction: Transaction, size: int | None) -> _View:
        log = logs.get(transaction, self._log).id
        anchor = (
            anchors.newest(transaction, log, final=True) if size is None else anchors.of_size(transaction, log, size)
        )
        if anchor is None:
            what = (
                "尚未锚定 / nothing is anchored yet"
                if size is None
                else f"没有锚定 {size} 条 / no anchor of size {size}"
            )
            raise NotFoundError(what)
        checkpoint = tree_rows.checkpoint(transaction, log, anchor.size)
        if checkpoint is None or checkpoint.root != anchor.log_root:
            raise StorageError(f"the checkpoint of the anchored size {anchor.size} is missing or another one")
        roots = (anchor.log_root, anchor.state_root, anchor.previous)
        bundled = BundleAnchor(self._member, anchor.epoch, anchor.seq, anchor.size, *roots)
        return _View(transaction, log, anchor, bundled, SignedCheckpoint.parse(checkpoint.note))


def _held(row: EntryRow) -> BundleEntry:
    parsed = entry.parse(row.data)
    if not isinstance(parsed, entry.LicenseEntry):
        raise StorageError(f"entry {row.n} of a licence is of another kind")
    return BundleEntry(parsed, row.data)


def _issued(history: Sequence[EntryRow], stored: VersionRow | None, number: int) -> EntryRow:
    """The entry that made a version, if it is under the anchor."""
    if stored is None or stored.n >= len(history):
        raise NotFoundError(f"没有已锚定的第 {number} 版 / no version {number} that is anchored")
    return history[stored.n]


def _credential(stored: VersionRow | None, disclose: Iterable[str] | None) -> Credential:
    if stored is None or stored.disclosures is None:
        raise ConflictError("该版本的明文已清除 / what this version says was erased")
    whole = Credential(stored.jwt, tuple(stored.disclosures.split("~")[:-1]))
    return whole if disclose is None else whole.select(disclose)
