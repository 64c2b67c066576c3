"""From what a clerk enters to a complete record, and back.

A draft holds only what somebody has to know: code, name, type, people, money, place, scope, authority. Family, labels,
roles, the rendered scope, identifier and defaults follow from it. Texts are brought to NFC and trimmed here, because
a person types them; a record is only ever compared.

What it leaves out: reading files (``import_mapping`` and the services).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ledger.errors import FormatError, RecordError
from ledger.license import divisions, identifier, uscc
from ledger.license.families import FAMILIES, GENERAL, Family, subject_types
from ledger.license.identifier import BUSINESS_LICENSE
from ledger.license.record import LicenseRecord
from ledger.license.rules import display_labels, errors, scope_text
from ledger.license.shapes import SCHEMA_VERSION
from ledger.license.status import Event

FIELDS = frozenset(
    {
        "uscc", "name", "subject_type_code", "subject_type_label", "composition", "heads", "capital_amount",
        "capital_currency", "premises", "scope_items", "scope_text", "establishment_date", "term_from", "term_to",
        "authority", "copies", "media", "cert_type_code",
    }
)  # fmt: skip
"""What a draft may have."""

MAX_DEPTH = 8
"""How deep a field's lists and objects may lie in each other; a record's own lie three deep."""

CNY = "156"
_DELEGATE = re.compile(r"(.+?)\s*[（(]\s*委派代表\s*[：:]\s*(.+?)\s*[）)]")


def complete(
    draft: Mapping[str, Any],
    *,
    licence_id: str,
    serial: str,
    version_no: int,
    supersedes: str | None,
    issue_date: dt.date,
    event: Event,
    decision_no: str | None = None,
) -> LicenseRecord:
    """Make a record of a draft.

    Args:
        draft: fields of :data:`FIELDS`. ``heads`` is a name, or a list of names or of the record's objects;
            ``scope_items`` a list of texts (general items) or of the record's objects; ``capital_amount`` a decimal
            string or an integer; ``authority.division`` a code or the record's object; ``establishment_date`` is
            the issue date where it is absent.
        licence_id: UUID version 4.
        serial: 1..40 digits and capitals, unique at the authority.
        version_no: 1..999.
        supersedes: identifier of the version before; None iff ``version_no`` is 1.
        issue_date: of this version, in Asia/Shanghai.
        event: why the version is made.
        decision_no: of the decision, where there is one.

    Raises:
        RecordError: the first of :func:`draft_errors`.
    """
    record = _fill(
        draft,
        licence_id=licence_id,
        serial=serial,
        version_no=version_no,
        supersedes=supersedes,
        issue_date=issue_date,
        cause={"event": event.value} if decision_no is None else {"event": event.value, "decision_no": decision_no},
    )
    return LicenseRecord.from_json(record)


def draft_errors(draft: Mapping[str, Any], *, issue_date: dt.date, event: Event) -> list[RecordError]:
    """Everything that is wrong with a draft, as if it were to be issued as a first version.

    Args:
        draft: as for :func:`complete`.
        issue_date: on which it would be issued.
        event: ESTABLISH or IMPORT_LEGACY.
    """
    stand_in = {"licence_id": "00000000-0000-4000-8000-000000000000", "serial": "1", "version_no": 1}
    try:
        record = _fill(draft, **stand_in, supersedes=None, issue_date=issue_date, cause={"event": event.value})
    except RecordError as error:
        return [error]
    return errors(record)


def draft_of(record: LicenseRecord) -> dict[str, Any]:
    """What of a record a clerk would enter: the start of the next version, to be changed and completed again."""
    obj = record.to_json()
    draft = {name: value for name, value in obj.items() if name in FIELDS}
    if "scope_items" in draft:
        del draft["scope_text"]
    return draft


def check_depth(draft: Mapping[str, Any]) -> None:
    """Refuse nesting that no record has, before anything goes down into it.

    Raises:
        RecordError: a field is nested too deep.
    """
    for name, value in draft.items():
        level = [value]
        for _ in range(MAX_DEPTH):
            level = [inner for item in level for inner in _inside(item)]
        if level:
            zh, en = f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH}"
            raise RecordError(str(name), "depth", zh, en)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _fill(draft: Mapping[str, Any], *, issue_date: dt.date, cause: dict[str, Any], **given: Any) -> dict[str, Any]:
    for name in draft:
        if name not in FIELDS:
            raise RecordError(str(name), "unknown_field", f"不认识的字段 {name}", f"unknown field {name}")
    check_depth(draft)
    entered = {name: _clean(value) for name, value in draft.items() if value is not None}
    family = _family(entered)
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "licence_id": given["licence_id"],
        "version_no": given["version_no"],
        "cert_type_code": BUSINESS_LICENSE,
        "family": family.value,
        "subject_type_label": subject_types()[entered["subject_type_code"]].label,
        "head_role": FAMILIES[family].head_role.value,
        "establishment_date": issue_date.isoformat(),
        "copies": {"originals": 1, "duplicates": 1},
        "media": "both",
        **entered,
        "issue_date": issue_date.isoformat(),
        "cause": cause,
        "display_labels": display_labels(family),
    }
    if given["supersedes"] is not None:
        record["supersedes"] = given["supersedes"]
    _spell(record, family)
    record["cert_identifier"] = _identifier(record, given["serial"])
    return record


def _clean(value: Any) -> Any:
    """Texts as a person typed them, in NFC and trimmed; everything else as it is."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {name: _clean(item) for name, item in value.items() if item is not None}
    return value.isoformat() if isinstance(value, dt.date) else value


def _family(entered: Mapping[str, Any]) -> Family:
    code = entered.get("subject_type_code")
    if code is None:
        raise RecordError("subject_type_code", "required", "类型代码：缺少必填项", "type code: is missing")
    kind = subject_types().get(code) if isinstance(code, str) else None
    if kind is None:
        zh, en = f"类型：类型代码表中没有 {code}", f"type code: {code} is not in the type table"
        raise RecordError("subject_type_code", "subject_type.unknown", zh, en)
    if kind.family is None:
        zh, en = f"类型：{kind.label}不发营业执照", f"type code: {code} gets no business licence"
        raise RecordError("subject_type_code", "subject_type.not_licence", zh, en)
    return kind.family


def _spell(record: dict[str, Any], family: Family) -> None:
    """Bring what was entered in a short form to the record's own."""
    if "heads" in record:
        heads = record["heads"] if isinstance(record["heads"], list) else [record["heads"]]
        record["heads"] = [_head(head, family) for head in heads]
    if isinstance(record.get("scope_items"), list):
        items = [{"text": item, "kind": GENERAL} if isinstance(item, str) else item for item in record["scope_items"]]
        record["scope_items"] = items
        if "scope_text" not in record and all(isinstance(i, dict) and {"text", "kind"} <= i.keys() for i in items):
            record["scope_text"] = scope_text(items)
    if "capital_amount" in record:
        record["capital_amount"] = _amount(record["capital_amount"])
        record.setdefault("capital_currency", CNY)
        if (label := FAMILIES[family].capital) is not None:
            record["capital_label"] = label.zh
    authority = record.get("authority")
    if isinstance(authority, dict) and isinstance(authority.get("division"), str):
        code = authority["division"]
        record["authority"] = {**authority, "division": {"code": code, "name": divisions.name_of(code) or code}}


def _head(head: Any, family: Family) -> Any:
    """A name as printed: ``X`` or, in a partnership, ``X（委派代表：Y）`` for an organisation."""
    if not isinstance(head, str):
        return {"kind": "natural", **head} if isinstance(head, dict) else head
    match = _DELEGATE.fullmatch(head) if FAMILIES[family].organisation_heads else None
    if match:
        return {"name": match[1], "kind": "org", "delegate_name": match[2]}
    return {"name": head, "kind": "natural"}


def _amount(value: Any) -> Any:
    """One spelling of an amount; what is no amount, or is too fine, stays for the rules to refuse."""
    if type(value) not in (str, int) or not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,6})?", str(value)):
        return value
    return spell_amount(Decimal(value))


def spell_amount(amount: Decimal) -> str:
    """An amount without exponent, leading zeros or needless zeros behind the point: ``10000.5``."""
    whole, _, fraction = f"{amount:f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _identifier(record: Mapping[str, Any], serial: str) -> str:
    """The 电子证照标识. Parts that are wrong have fields of their own, which the rules then refuse."""
    authority, type_code, version = record.get("authority"), record["cert_type_code"], record["version_no"]
    issuer = authority.get("code") if isinstance(authority, dict) else None
    if uscc.organ_fault(issuer) is not None:
        issuer = BUSINESS_LICENSE[:18]
    try:
        return identifier.build(type_code, str(issuer), serial, version)
    except FormatError as error:
        zh, _, en = str(error).partition(" / ")
        raise RecordError("cert_identifier", "identifier", f"电子证照标识：{zh}", f"identifier: {en}") from error
