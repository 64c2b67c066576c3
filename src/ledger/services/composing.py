"""Composing: what one event adds to a log and a database, ready to be stored, before anything is.

A first entry depends on nothing that is stored; a later one on the subject's entries and newest version. Both come
out as :class:`Composed`, whose bytes are final: sequencing gives the entry its place and changes nothing in it.

What it leaves out: the record's fields (``drafting``), and storing (``issuing``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger import canonical, entry
from ledger.config import IssuerDefaults
from ledger.encoding import shanghai_date
from ledger.entry import Authority, LicenseEntry
from ledger.errors import RecordError, TransitionError
from ledger.keys import Signer
from ledger.license import credential, lifecycle
from ledger.license.families import Family
from ledger.license.guards import Now, Request
from ledger.license.record import LicenseRecord
from ledger.license.status import NEW_VERSION_EVENTS, Event
from ledger.services import drafting
from ledger.services.model import Clock, Draft, Entropy, Issued, Operation
from ledger.store.rows import LicenseRow, VersionRow

SALT_SIZE = 16
"""Bytes of a disclosure's salt: 128 bits (RFC 9901 section 9.3)."""

COMMITMENT_SALT_SIZE = 32
MAX_FACTS = 16_384
"""Most bytes that an entry may commit to beside the licence: a decision's number and its reasons, not its text."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """What an entry's ``commit`` commits to. ``value`` is canonical JSON."""

    salt: bytes
    value: str


@dataclass(frozen=True, slots=True)
class History:
    """What a subject has so far.

    Attributes:
        row: the licence as it is.
        steps: its entries, in order.
        head: leaf hash of the newest one.
        newest: its newest version.
    """

    row: LicenseRow
    steps: Sequence[LicenseEntry]
    head: bytes
    newest: VersionRow


@dataclass(frozen=True, slots=True)
class Composed:
    """One event, ready to be stored.

    Attributes:
        entry: the entry.
        data: its bytes.
        leaf: their leaf hash.
        row: the licence as it is after it.
        version: the version that it makes or repeats.
        is_new_version: it makes it.
        commitment: what it commits to, if anything.
        erased_entries: entries whose commitments an ERASE destroys.
    """

    entry: LicenseEntry
    data: bytes
    leaf: bytes
    row: LicenseRow
    version: VersionRow
    is_new_version: bool
    commitment: Commitment | None = None
    erased_entries: tuple[int, ...] = ()


class _Remembering:
    """A signer whose public key is spelled once; spelling it takes as long as half a signature."""

    def __init__(self, signer: Signer) -> None:
        self.public = signer.public
        self.sign = signer.sign


class _Salts:
    """Salts drawn from the system a few kilobytes at a time: one call for two hundred of them."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._drawn: list[bytes] = []

    def __call__(self) -> bytes:
        try:
            return self._drawn.pop()  # one step, so that no two threads get the same
        except IndexError:
            drawn = self._entropy(256 * SALT_SIZE)
            salts = [drawn[at : at + SALT_SIZE] for at in range(0, len(drawn), SALT_SIZE)]
            salt = salts.pop()
            self._drawn = salts
            return salt


class Composer:
    """Composes the entries of one log.

    Args:
        log: id of the log, 32 bytes.
        member: province code of the log's member.
        defaults: the organ that decides unless a draft names another.
        signer: the credential key.
        clock: the node's clock.
        entropy: random bytes, for salts and serial numbers.
    """

    def __init__(
        self, log: bytes, member: int, *, defaults: IssuerDefaults, signer: Signer, clock: Clock, entropy: Entropy
    ) -> None:
        self._log = log
        self._member = member
        self._defaults = defaults
        self._signer = _Remembering(signer)
        self._salts = _Salts(entropy)
        self._clock = clock
        self._entropy = entropy

    def first(self, draft: Draft, *, legacy: bool) -> Composed:
        """The event that opens a subject's history.

        Raises:
            RecordError: the draft breaks a rule (the first one broken).
        """
        event = Event.IMPORT_LEGACY if legacy else Event.ESTABLISH
        recorded = self._now()
        record = drafting.first_record(draft, self._defaults, event, shanghai_date(recorded), self._entropy)
        drafting.check_division(record, self._member)
        effective = _not_after(event, record.issue_date, shanghai_date(recorded))
        after = lifecycle.apply(None, Request(event, effective))
        subject = entry.license_subject(record.cert_type_code, record.uscc)
        version = self._version(record, subject, 0, recorded)
        item = self._entry(event, subject, after, version.digest, drafting.authority_of(record), recorded, effective)
        return self._composed(item, _row(record, item), version, is_new=True)

    def later(self, operation: Operation, history: History) -> Composed:
        """Any later event.

        Raises:
            RecordError: the changed record breaks a rule.
            TransitionError: the event is not legal now.
        """
        recorded = max(self._now(), history.steps[-1].recorded)
        today = shanghai_date(recorded)
        effective = _not_after(operation.event, operation.effective or today, today)
        now = lifecycle.fold(history.steps)
        after = lifecycle.apply(now, _request(operation, effective, Family(history.row.family)))
        number, record, version = history.steps[-1].n + 1, None, history.newest
        if operation.event in NEW_VERSION_EVENTS:
            record = drafting.next_record(history.newest, operation, after.version, today)
            drafting.check_division(record, self._member)
            version = self._version(record, history.row.subject, number, recorded)
        elif operation.changes:
            raise TransitionError(operation.event, "request.changes", "该事项不换发执照", "it makes no new version")
        authority = drafting.authority_of(record) if record else drafting.default_authority(self._defaults)
        commitment = self._commitment(operation)
        item = self._entry(operation.event, history.row.subject, after, version.digest, authority, recorded, effective)
        item = replace(
            item,
            n=number,
            prev=history.head,
            commit=None if commitment is None else _commit(commitment),
            erased=tuple(sorted(set(operation.versions))),
        )
        row = _next_row(history.row, record, item)
        composed = self._composed(item, row, version, is_new=record is not None)
        erased = _entries_of(history.steps, item.erased)
        return replace(composed, commitment=commitment, erased_entries=erased)

    def _now(self) -> dt.datetime:
        return self._clock().replace(microsecond=0)

    def _entry(
        self,
        event: Event,
        subject: bytes,
        after: Now,
        digest: bytes,
        authority: Authority,
        recorded: dt.datetime,
        effective: dt.date,
    ) -> LicenseEntry:
        return LicenseEntry(
            log=self._log,
            event=event,
            subject=subject,
            n=0,
            prev=None,
            digest=digest,
            version=after.version,
            status=after.status,
            authority=authority,
            effective=effective,
            recorded=recorded,
            until=after.until,
        )

    def _version(self, record: LicenseRecord, subject: bytes, n: int, recorded: dt.datetime) -> VersionRow:
        made = credential.issue(
            record,
            member=self._member,
            signer=self._signer,
            iat=int(recorded.timestamp()),
            salts=self._salts,
        )
        return VersionRow(
            subject=subject,
            version=record.version_no,
            n=n,
            identifier=record.cert_identifier,
            digest=made.digest,
            jwt=made.jwt,
            record=canonical.dumps(record.to_json()).decode(),
            disclosures="".join(f"{disclosure}~" for disclosure in made.disclosures),
        )

    def _composed(self, item: LicenseEntry, row: LicenseRow, version: VersionRow, *, is_new: bool) -> Composed:
        data = item.encode()
        return Composed(item, data, entry.leaf_hash(data), row, version, is_new)

    def _commitment(self, operation: Operation) -> Commitment | None:
        if not operation.facts:
            return None
        value = canonical.dumps(dict(operation.facts))
        if len(value) > MAX_FACTS:
            zh, en = (
                f"文书号、事由等合计超过 {MAX_FACTS} 字节",
                f"decision, reason and so on are over {MAX_FACTS} bytes",
            )
            raise RecordError("facts", "facts.length", zh, en)
        return Commitment(self._entropy(COMMITMENT_SALT_SIZE), value.decode())


def issued(item: LicenseEntry, leaf: bytes, license_type: str, uscc: str, identifier: str) -> Issued:
    """The answer about an entry."""
    return Issued(
        license_type=license_type,
        uscc=uscc,
        subject=item.subject,
        event=item.event,
        n=item.n,
        version=item.version,
        status=item.status,
        until=item.until,
        identifier=identifier,
        digest=item.digest,
        leaf=leaf,
        effective=item.effective,
        recorded=item.recorded,
    )


def _not_after(event: Event, effective: dt.date, today: dt.date) -> dt.date:
    if effective > today:
        zh, en = f"生效日 {effective} 晚于今日", f"it would take effect after today ({effective})"
        raise TransitionError(event, "date.future", zh, en)
    return effective


def _request(operation: Operation, effective: dt.date, family: Family) -> Request:
    known = {"has_live_branch", "simple", "ordered_closed", "published", "household_may_move"}
    if unknown := set(operation.guards) - known:
        raise TransitionError(operation.event, "request.guards", "未知的条件", f"unknown guard {sorted(unknown)}")
    facts: dict[str, Any] = dict(operation.guards)
    return Request(
        event=operation.event,
        effective=effective,
        until=operation.until,
        flag=operation.flag,
        versions=operation.versions,
        family=family,
        **facts,
    )


def _commit(commitment: Commitment) -> bytes:
    return entry.commitment(commitment.salt, canonical.loads(commitment.value.encode()))


def _entries_of(steps: Sequence[LicenseEntry], versions: Sequence[int]) -> tuple[int, ...]:
    """The entries during which versions were the newest: their reasons may name whom the versions named."""
    return tuple(step.n for step in steps if step.version in versions)


def _row(record: LicenseRecord, item: LicenseEntry) -> LicenseRow:
    return LicenseRow(
        subject=item.subject,
        license_type=record.cert_type_code,
        uscc=record.uscc,
        name=record.name,
        family=record.family.value,
        version=item.version,
        n=item.n,
        status=item.status,
        until=item.until,
        effective=item.effective,
        recorded=item.recorded,
    )


def _next_row(row: LicenseRow, record: LicenseRecord | None, item: LicenseEntry) -> LicenseRow:
    if record is not None:
        return _row(record, item)
    kept = replace(
        row,
        version=item.version,
        n=item.n,
        status=item.status,
        until=item.until,
        effective=item.effective,
        recorded=item.recorded,
    )
    return replace(kept, uscc=None, name=None) if item.version in item.erased else kept
