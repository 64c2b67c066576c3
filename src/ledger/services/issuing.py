"""Issuing: every event of a licence, each in one database transaction.

What an entry rests on is checked, composed and stored together::

    1 the idempotency key: the same request again gives the same answer, another one under it is refused
    2 the guard: a node whose database is an old backup issues nothing (see ``anchoring``)
    3 the transition, by folding the subject's entries; record, credential and entry (``composing``)
    4 version, entry, commitment and the licence's row are stored; the answer is remembered under the key

A chain that is down never matters here. Many licences at once (``issue_many``) are signed before the transaction
begins, so that clerks wait only for the writing.

What it leaves out: places in the log (``sequencing``), cases, and who may decide.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger import entry
from ledger.entry import LicenseEntry
from ledger.errors import ConflictError, LedgerError, NotFoundError, RecordError, RestoredBackupError, StorageError
from ledger.license import draft as drafts
from ledger.license import lifecycle
from ledger.license.guards import Request
from ledger.license.status import Event
from ledger.services.composing import Composed, Composer, History, issued
from ledger.services.model import Draft, Issued, Operation
from ledger.store.engine import Store
from ledger.store.queries import entries, licenses, logs
from ledger.store.rows import EntryRow, LogRow
from ledger.store.transaction import Transaction

MAX_KEY = 200
"""Longest idempotency key, in characters."""

Answer = Issued | LedgerError


@dataclass(slots=True)
class _Asked:
    """One draft of many, on its way to its answer."""

    draft: Draft
    key: str | None
    digest: bytes
    answer: Answer | None = None
    composed: Composed | None = None


class Issuer:
    """Issues into one log.

    Args:
        store: the database.
        log: id of the log, 32 bytes.
        composer: makes records, credentials and entries.
    """

    def __init__(self, store: Store, log: bytes, composer: Composer) -> None:
        self._store = store
        self._log = log
        self._composer = composer

    def issue(self, draft: Draft, *, legacy: bool = False, idempotency_key: str | None = None) -> Issued:
        """Open a subject's history: ESTABLISH, or IMPORT_LEGACY for a licence issued before the ledger.

        Args:
            draft: the face fields.
            legacy: the licence exists already, on paper or in another system.
            idempotency_key: chosen by the caller; a retry with the same key and draft gives the same answer.

        Raises:
            RecordError: the record breaks a rule (the first one broken).
            TransitionError: the subject has a licence here already.
            ConflictError: the idempotency key was used for another request.
            StorageError: the database failed, nothing is issued; RestoredBackupError: it is an old backup.
        """
        keys = None if idempotency_key is None else [idempotency_key]
        answer = self.issue_many([draft], legacy=legacy, keys=keys)[0]
        if isinstance(answer, LedgerError):
            raise answer
        return answer

    def issue_many(
        self, drafts: Sequence[Draft], *, legacy: bool = False, keys: Sequence[str] | None = None
    ) -> list[Answer]:
        """Issue many in one transaction. A draft that is refused gives its error and does not stop the others.

        Args:
            drafts: face fields of each.
            legacy: as for :meth:`issue`.
            keys: an idempotency key for each.

        Returns:
            An answer or an error for each draft, in order. When this returns, all answers are on disk.

        Raises:
            ConflictError, StorageError: of the database as a whole, or its guard; nothing was issued.
        """
        names: Sequence[str | None] = [None] * len(drafts) if keys is None else keys
        with self._store.read() as transaction:
            log = logs.get(transaction, self._log)
            _check_guard(log)
            asked = [_ask(log, draft, name, legacy=legacy) for draft, name in zip(drafts, names, strict=True)]
            self._answer_known(transaction, log, asked)
        for one in asked:
            if one.answer is None:
                self._compose(one, legacy=legacy)
        with self._store.write() as transaction:
            self._store_first(transaction, [one for one in asked if one.answer is None])
        return [_answer_of(one) for one in asked]

    def apply(self, operation: Operation, *, idempotency_key: str | None = None) -> Issued:
        """Enter any later event.

        Args:
            operation: what is to happen.
            idempotency_key: as for :meth:`issue`.

        Raises:
            NotFoundError: no such licence here.
            RecordError, TransitionError, ConflictError, StorageError: as :meth:`issue`.
        """
        with self._store.write() as transaction:
            log = logs.get(transaction, self._log)
            _check_guard(log)
            asked = _ask(log, _spelled(operation), idempotency_key, legacy=False)
            self._answer_known(transaction, log, [asked])
            if asked.answer is None:
                asked.answer = self._enter(transaction, log, operation, asked)
        if operation.event is Event.ERASE:
            self._store.purge()
        answer = _answer_of(asked)
        if isinstance(answer, LedgerError):
            raise answer
        return answer

    def _answer_known(self, transaction: Transaction, log: LogRow, asked: Sequence[_Asked]) -> None:
        """Answer what was asked before under the same key."""
        keys = [one.key for one in asked if one.key is not None]
        known = logs.find_requests(transaction, log.id, keys) if keys else {}
        for one in asked:
            if one.key is not None and one.key in known:
                digest, subject, n = known[one.key]
                same = digest is not None and hmac.compare_digest(digest, one.digest)
                one.answer = _replayed(transaction, log, subject, n, one.draft) if same else _other_request(one.key)

    def _compose(self, one: _Asked, *, legacy: bool) -> None:
        try:
            one.composed = self._composer.first(one.draft, legacy=legacy)
        except LedgerError as error:
            one.answer = error

    def _store_first(self, transaction: Transaction, asked: Sequence[_Asked]) -> None:
        log = logs.get(transaction, self._log)
        _check_guard(log)
        self._answer_known(transaction, log, asked)  # again: somebody may have asked the same meanwhile
        waiting = [(one, one.composed) for one in asked if one.answer is None and one.composed is not None]
        taken = licenses.existing(transaction, log.id, [made.row.subject for _, made in waiting])
        fresh: list[tuple[_Asked, Composed]] = []
        late: list[tuple[_Asked, Composed]] = []
        for one, made in waiting:
            (late if made.row.subject in taken else fresh).append((one, made))
            taken.add(made.row.subject)
        if fresh:
            _insert(transaction, log, fresh)
        self._answer_known(transaction, log, [one for one, _ in late])  # the same row twice among these
        for one, made in late:
            one.answer = one.answer or _refusal(transaction, log, made)

    def _enter(self, transaction: Transaction, log: LogRow, operation: Operation, asked: _Asked) -> Issued:
        history = _history(transaction, log, operation)
        made = self._composer.later(operation, history)
        subject = history.row.subject
        entries.add(transaction, [_entry_row(log, made)])
        if made.is_new_version:
            licenses.add_versions(transaction, log.id, [made.version])
        licenses.replace(transaction, log.id, made.row)
        if made.commitment is not None:
            made_of = (made.commitment.salt, made.commitment.value)
            entries.add_commitment(transaction, log.id, subject, made.entry.n, *made_of)
        if operation.event is Event.ERASE:
            licenses.erase(transaction, log.id, subject, made.entry.erased)
            entries.erase_commitments(transaction, log.id, subject, made.erased_entries)
        if asked.key is not None:
            logs.add_requests(transaction, log.id, [(asked.key, asked.digest, subject, made.entry.n)])
        return issued(made.entry, made.leaf, operation.license_type, operation.uscc, made.version.identifier)


def _check_guard(log: LogRow) -> None:
    if log.guard is not None:
        raise RestoredBackupError(f"本节点暂停发照 / this node issues nothing: {log.guard}")


def _ask(log: LogRow, draft: Draft, key: str | None, *, legacy: bool) -> _Asked:
    """Args: draft: of a licence, or an operation spelled out."""
    if key is None:
        return _Asked(draft, None, b"")
    if not 0 < len(key) <= MAX_KEY:
        raise ConflictError(f"an idempotency key has 1 to {MAX_KEY} characters, got {len(key)}")
    try:
        drafts.check_depth(draft)
    except RecordError as error:
        return _Asked(draft, None, b"", answer=error)
    text = json.dumps({"legacy": legacy, "request": dict(draft)}, sort_keys=True, default=str)  # never stored
    return _Asked(draft, key, hmac.digest(log.secret or b"", text.encode(), hashlib.sha256))


def _spelled(operation: Operation) -> dict[str, Any]:
    return {name: getattr(operation, name) for name in Operation.__slots__}


def _history(transaction: Transaction, log: LogRow, operation: Operation) -> History:
    subject = entry.license_subject(operation.license_type, operation.uscc)
    row = licenses.find(transaction, log.id, subject, lock=True)
    if row is None:
        raise NotFoundError(f"本节点没有该执照 / no licence of {operation.uscc} here")
    lines = entries.history(transaction, log.id, subject)
    newest = licenses.version(transaction, log.id, subject, row.version)
    if newest is None or not lines or lines[-1].n != row.n:
        raise StorageError(f"licence, versions and entries of subject {subject.hex()} do not fit together")
    return History(row, [_parsed(line) for line in lines], lines[-1].leaf, newest)


def _parsed(row: EntryRow) -> LicenseEntry:
    parsed = entry.parse(row.data)
    if not isinstance(parsed, LicenseEntry):
        raise StorageError(f"entry {row.n} of a licence is of another kind")
    return parsed


def _replayed(transaction: Transaction, log: LogRow, subject: bytes, n: int, draft: Draft) -> Answer:
    """The answer that was given under an idempotency key, read again from what is stored."""
    line = entries.one(transaction, log.id, subject, n)
    item = None if line is None else _parsed(line)
    version = None if item is None else licenses.version(transaction, log.id, subject, item.version)
    row = licenses.find(transaction, log.id, subject)
    if line is None or item is None or version is None or row is None:
        raise StorageError(f"entry {n} of subject {subject.hex()} was acknowledged, but is missing")
    answer = issued(item, line.leaf, row.license_type, str(draft["uscc"]), version.identifier)
    return replace(answer, replayed=True)


def _other_request(key: str) -> ConflictError:
    return ConflictError(f"该请求编号已用于另一请求 / idempotency key {key!r} was used for another request")


def _refusal(transaction: Transaction, log: LogRow, made: Composed) -> LedgerError:
    """Why a subject that has a history here cannot get another first entry: the life cycle's own words."""
    steps = [_parsed(line) for line in entries.history(transaction, log.id, made.row.subject)]
    try:
        lifecycle.apply(lifecycle.fold(steps), Request(made.entry.event, made.entry.effective))
    except LedgerError as error:
        return error
    raise StorageError(f"subject {made.row.subject.hex()} has a licence, but no entry")


def _insert(transaction: Transaction, log: LogRow, fresh: Sequence[tuple[_Asked, Composed]]) -> None:
    licenses.add(transaction, log.id, [made.row for _, made in fresh])
    licenses.add_versions(transaction, log.id, [made.version for _, made in fresh])
    entries.add(transaction, [_entry_row(log, made) for _, made in fresh])
    keyed = [(one.key, one.digest, made.row.subject, 0) for one, made in fresh if one.key is not None]
    logs.add_requests(transaction, log.id, keyed)
    for one, made in fresh:
        uscc = made.row.uscc or ""
        one.answer = issued(made.entry, made.leaf, made.row.license_type, uscc, made.version.identifier)


def _entry_row(log: LogRow, made: Composed) -> dict[str, Any]:
    item = made.entry
    row = {"log": log.id, "kind": entry.LICENSE, "subject": item.subject, "n": item.n}
    return row | {"data": made.data, "leaf": made.leaf}


def _answer_of(one: _Asked) -> Answer:
    if one.answer is None:
        raise StorageError("a request was left without an answer")
    return one.answer
