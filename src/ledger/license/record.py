"""The licence record: one version of one licence, complete, immutable, in canonical types.

:func:`errors` says everything that is wrong with a record's JSON; :meth:`LicenseRecord.from_json` takes only a record
without errors. Absent and null are not the same: what a licence does not have is absent.

What it leaves out: the rules (``rules``, ``shapes``), what a clerk enters (``draft``), and what two versions of one
licence have to do with each other (``succession``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ledger.errors import RecordError
from ledger.license import rules
from ledger.license.families import Family, HeadRole
from ledger.license.identifier import BUSINESS_LICENSE
from ledger.license.rules import errors, warnings
from ledger.license.shapes import SCHEMA_VERSION
from ledger.license.status import Event

__all__ = [
    "BUSINESS_LICENSE", "SCHEMA_VERSION", "Cause", "Copies", "Division", "Head", "LicenseRecord", "Organ", "ScopeItem",
    "errors", "warnings",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """A person at the head: ``kind`` is ``natural`` or ``org``; an organisation acts through a named delegate."""

    name: str
    kind: str = "natural"
    delegate_name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Its object in the record."""
        return _present(name=self.name, kind=self.kind, delegate_name=self.delegate_name)


@dataclass(frozen=True, slots=True)
class ScopeItem:
    """One item of the business scope: ``kind`` is 许可 or 一般, ``code`` that of the catalogue where it has one."""

    text: str
    kind: str = "一般"
    code: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Its object in the record."""
        return _present(text=self.text, kind=self.kind, code=self.code)


@dataclass(frozen=True, slots=True)
class Division:
    """A GB/T 2260 code with its name as it was when the licence was issued."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Organ:
    """The registration organ: its own credit code, its name, and the division it acts in."""

    code: str
    name: str
    division: Division


@dataclass(frozen=True, slots=True)
class Copies:
    """One original (正本) and so many duplicates (副本)."""

    originals: int = 1
    duplicates: int = 1


@dataclass(frozen=True, slots=True)
class Cause:
    """What the version was made for, and the number of the decision where there is one."""

    event: Event
    decision_no: str | None = None


@dataclass(frozen=True, slots=True)
class LicenseRecord:
    """One version of one licence. Fields as in ``docs/records.md``; only :meth:`from_json` checks them.

    Attributes:
        licence_id: UUID version 4; the same in every version.
        cert_identifier: 电子证照标识 of this version.
        version_no: 1..999.
        uscc: credit code of the subject.
        family: which set of labels and rules holds.
        subject_type_code: four digits.
        subject_type_label: as printed.
        head_role: follows from the family.
        heads: one, or several in a partnership.
        premises: domicile or place of business; its label follows from the family.
        scope_text: as printed; rendered from ``scope_items`` where there are any.
        establishment_date: the same in every version (条例 art. 21).
        issue_date: of this version.
        authority: who issued this version.
        cause: why it was made.
        supersedes: identifier of the version before; None iff ``version_no`` is 1.
        name: None only for a household without one.
        composition: 个人经营 or 家庭经营; not None iff a household.
        capital_amount: decimal string in the currency's main unit; None iff the family has no capital.
        capital_currency: three digits (156 is CNY); None iff the family has no capital.
        scope_items: empty where an older licence bears free text.
        term_from: None where no term is shown.
        term_to: None where the term has no end (长期).
    """

    licence_id: str
    cert_identifier: str
    version_no: int
    uscc: str
    family: Family
    subject_type_code: str
    subject_type_label: str
    head_role: HeadRole
    heads: tuple[Head, ...]
    premises: str
    scope_text: str
    establishment_date: dt.date
    issue_date: dt.date
    authority: Organ
    cause: Cause
    supersedes: str | None = None
    name: str | None = None
    composition: str | None = None
    capital_amount: str | None = None
    capital_currency: str | None = None
    capital_label: str | None = None
    scope_items: tuple[ScopeItem, ...] = ()
    term_from: dt.date | None = None
    term_to: dt.date | None = None
    copies: Copies = Copies()
    media: str = "both"
    cert_type_code: str = BUSINESS_LICENSE

    def to_json(self) -> dict[str, Any]:
        """The record as one JSON object, in the order of the schema; what is absent is not in it."""
        organ = self.authority
        return _present(
            schema_version=SCHEMA_VERSION,
            licence_id=self.licence_id,
            cert_identifier=self.cert_identifier,
            cert_type_code=self.cert_type_code,
            version_no=self.version_no,
            supersedes=self.supersedes,
            uscc=self.uscc,
            name=self.name,
            family=self.family.value,
            subject_type_code=self.subject_type_code,
            subject_type_label=self.subject_type_label,
            composition=self.composition,
            head_role=self.head_role.value,
            heads=[head.to_json() for head in self.heads],
            capital_amount=self.capital_amount,
            capital_currency=self.capital_currency,
            capital_label=self.capital_label,
            premises=self.premises,
            scope_items=[item.to_json() for item in self.scope_items] or None,
            scope_text=self.scope_text,
            establishment_date=self.establishment_date.isoformat(),
            issue_date=self.issue_date.isoformat(),
            term_from=None if self.term_from is None else self.term_from.isoformat(),
            term_to=None if self.term_to is None else self.term_to.isoformat(),
            authority={
                "code": organ.code,
                "name": organ.name,
                "division": {"code": organ.division.code, "name": organ.division.name},
            },
            copies={"originals": self.copies.originals, "duplicates": self.copies.duplicates},
            media=self.media,
            cause=_present(event=self.cause.event.value, decision_no=self.cause.decision_no),
            display_labels=self.display_labels,
        )

    @property
    def display_labels(self) -> dict[str, str]:
        """The labels on the face: field → Chinese label. They follow from the family and are stored all the same."""
        return rules.display_labels(self.family)

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """Read a record.

        Raises:
            RecordError: the first of :func:`errors`.
        """
        found = errors(obj)
        if found or not isinstance(obj, dict):
            raise found[0]
        return cls._from_valid(obj)

    @classmethod
    def _from_valid(cls, obj: Mapping[str, Any]) -> Self:
        division = obj["authority"]["division"]
        return cls(
            licence_id=obj["licence_id"],
            cert_identifier=obj["cert_identifier"],
            version_no=obj["version_no"],
            uscc=obj["uscc"],
            family=Family(obj["family"]),
            subject_type_code=obj["subject_type_code"],
            subject_type_label=obj["subject_type_label"],
            head_role=HeadRole(obj["head_role"]),
            heads=tuple(Head(**head) for head in obj["heads"]),
            premises=obj["premises"],
            scope_text=obj["scope_text"],
            establishment_date=dt.date.fromisoformat(obj["establishment_date"]),
            issue_date=dt.date.fromisoformat(obj["issue_date"]),
            authority=Organ(
                obj["authority"]["code"], obj["authority"]["name"], Division(division["code"], division["name"])
            ),
            cause=Cause(Event(obj["cause"]["event"]), obj["cause"].get("decision_no")),
            supersedes=obj.get("supersedes"),
            name=obj.get("name"),
            composition=obj.get("composition"),
            capital_amount=obj.get("capital_amount"),
            capital_currency=obj.get("capital_currency"),
            capital_label=obj.get("capital_label"),
            scope_items=tuple(ScopeItem(**item) for item in obj.get("scope_items", ())),
            term_from=_date(obj.get("term_from")),
            term_to=_date(obj.get("term_to")),
            copies=Copies(**obj["copies"]),
            media=obj["media"],
            cert_type_code=obj["cert_type_code"],
        )

    def validate_all(self) -> list[RecordError]:
        """Everything that is wrong with this record."""
        return errors(self.to_json())

    def validate(self) -> None:
        """Check this record.

        Raises:
            RecordError: the first of :meth:`validate_all`.
        """
        found = self.validate_all()
        if found:
            raise found[0]


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
