"""Records out of drafts: what the node adds to what the clerk says, and the next version out of the last.

Besides the fields of ``license.draft`` a draft may have ``issue_date`` and ``decision_no``; both are about this very
version. The serial number and the licence's own id are random: they tell nothing and cannot collide.

What it leaves out: the rules of the record, and what two versions have to do with each other (``license``).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from ledger import canonical
from ledger.config import IssuerDefaults
from ledger.encoding import parse_date
from ledger.entry import Authority
from ledger.errors import FormatError, RecordError, TransitionError
from ledger.license import draft as drafts
from ledger.license import identifier
from ledger.license.record import LicenseRecord
from ledger.license.status import Event
from ledger.license.succession import check_succession
from ledger.services.model import Draft, Entropy, Operation
from ledger.store.rows import VersionRow

_SERIAL_BYTES = 10
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def first_record(
    draft: Draft, defaults: IssuerDefaults, event: Event, today: dt.date, entropy: Entropy
) -> LicenseRecord:
    """The record of a first version.

    Args:
        draft: fields of ``license.draft.FIELDS``, ``issue_date`` and ``decision_no``.
        defaults: the organ that issues where the draft names none.
        event: ESTABLISH or IMPORT_LEGACY.
        today: in Asia/Shanghai; the date of issue where the draft has none.
        entropy: for the licence's id and serial number.

    Raises:
        RecordError: the first rule that is broken.
    """
    fields = {"authority": organ(defaults), **draft}
    issued = _date(fields.pop("issue_date", None))
    if issued is None and event is Event.ESTABLISH:  # the first licence's date is the founding date (条例 art. 21)
        issued = _date(fields.get("establishment_date"))
    decision = fields.pop("decision_no", None)
    return drafts.complete(
        fields,
        licence_id=str(uuid.UUID(bytes=entropy(16), version=4)),
        serial=_serial(entropy(_SERIAL_BYTES)),
        version_no=1,
        supersedes=None,
        issue_date=issued or today,
        event=event,
        decision_no=decision,
    )


def next_record(newest: VersionRow, operation: Operation, version: int, today: dt.date) -> LicenseRecord:
    """The record of the version after the newest one.

    Args:
        newest: the newest version so far.
        operation: an event that makes a new version, with the fields that it changes.
        version: its number.
        today: in Asia/Shanghai, the date of issue.

    Raises:
        RecordError: the first rule that is broken.
        TransitionError: the newest version was erased; nothing can be made of it.
    """
    if newest.record is None:
        zh, en = "最新版本的明文已清除，无从换发", "the newest version was erased; no next one can be made of it"
        raise TransitionError(operation.event, "record.erased", zh, en)
    old = LicenseRecord.from_json(canonical.loads(newest.record.encode()))
    decision = operation.facts.get("decision_no")
    new = drafts.complete(
        _changed(old, operation.changes),
        licence_id=old.licence_id,
        serial=identifier.parse(old.cert_identifier).serial,
        version_no=version,
        supersedes=old.cert_identifier,
        issue_date=today,
        event=operation.event,
        decision_no=decision if isinstance(decision, str) else None,
    )
    check_succession(old, new, operation.event)
    return new


def authority_of(record: LicenseRecord) -> Authority:
    """Who decided, as an entry says it."""
    return Authority(record.authority.code, record.authority.division.code)


def default_authority(defaults: IssuerDefaults) -> Authority:
    """The node's own organ, as an entry says it."""
    return Authority(defaults.code, defaults.division)


def check_division(record: LicenseRecord, member: int) -> None:
    """An organ issues in its own province only; two digits name the province (GB/T 2260).

    Raises:
        RecordError: it is of another province than the log.
    """
    division = record.authority.division.code
    if division[:2] != f"{member:06d}"[:2]:
        zh, en = f"登记机关不在本日志所属的省级区划 {member}", f"the organ is not in this log's province {member}"
        raise RecordError("authority.division.code", "authority.province", zh, en)


def _changed(old: LicenseRecord, changes: Mapping[str, Any]) -> dict[str, Any]:
    draft = drafts.draft_of(old)
    if "subject_type_code" in changes:
        draft.pop("subject_type_label")  # follows from the new code
    if "scope_text" in changes and "scope_items" not in changes:
        draft.pop("scope_items", None)  # the rules say whether free text may take their place
    merged = {**draft, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def organ(defaults: IssuerDefaults) -> dict[str, Any]:
    """The node's own organ, as a draft's ``authority``."""
    division = {"code": defaults.division, "name": defaults.division_name}
    return {"code": defaults.code, "name": defaults.name, "division": division}


def _date(value: object) -> dt.date | None:
    """A date of a draft; what is no date stays for the record's rules, except the date of issue."""
    if value is None or isinstance(value, dt.date):
        return value
    try:
        return parse_date(value)
    except FormatError as error:
        zh, en = "发照日期应为日期（年-月-日）", "the date of issue must be a date such as 2024-03-15"
        raise RecordError("issue_date", "date", zh, en) from error


def _serial(random: bytes) -> str:
    number, text = int.from_bytes(random, "big"), ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
