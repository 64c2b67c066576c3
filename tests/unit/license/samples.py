"""Drafts and records that the tests of the licence core begin with: one right example of each family."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.keys import Es256Signer
from ledger.license.draft import complete, draft_of
from ledger.license.families import Family
from ledger.license.record import LicenseRecord
from ledger.license.status import Event
from ledger.license.uscc import check_character, organisation_check

LICENCE_ID = "123e4567-e89b-42d3-a456-426614174000"
DAY = dt.date(2024, 3, 15)
ORGAN = {"code": "11100000MB0143028R", "name": "样例登记机关", "division": {"code": "500106", "name": "沙坪坝区"}}
SIGNER = Es256Signer(ec.derive_private_key(2024, ec.SECP256R1()))
OTHER_SIGNER = Es256Signer(ec.derive_private_key(2025, ec.SECP256R1()))


def code(prefix: str, number: int = 1) -> str:
    """A made-up credit code of department and category ``prefix``: both check characters added."""
    body = f"{prefix}500106MA{number:06d}"
    most = body + organisation_check(body[8:])
    return most + check_character(most)


_BASE: dict[str, Any] = {
    "name": "样例单位",
    "heads": "样例人甲",
    "premises": "样例市样例路1号",
    "scope_items": ["软件开发", {"text": "食品销售", "kind": "许可"}],
    "authority": ORGAN,
}

DRAFTS: dict[Family, dict[str, Any]] = {
    Family.COMPANY: {**_BASE, "uscc": code("91"), "subject_type_code": "1151", "capital_amount": "1000000"},
    Family.NONCORP_LEGAL: {**_BASE, "uscc": code("91"), "subject_type_code": "3100", "capital_amount": "500000"},
    Family.SOLE_PROP: {**_BASE, "uscc": code("91"), "subject_type_code": "4540", "capital_amount": "100000"},
    Family.PARTNERSHIP: {**_BASE, "uscc": code("91"), "subject_type_code": "4531", "capital_amount": "0.5"},
    Family.COOP: {**_BASE, "uscc": code("93"), "subject_type_code": "9100", "capital_amount": "30000"},
    Family.BRANCH: {**_BASE, "uscc": code("91"), "subject_type_code": "2212"},
    Family.COOP_BRANCH: {**_BASE, "uscc": code("93"), "subject_type_code": "9200"},
    Family.HOUSEHOLD: {**_BASE, "uscc": code("92"), "subject_type_code": "9500", "composition": "个人经营"},
}


def first(family: Family = Family.COMPANY, /, **changes: Any) -> LicenseRecord:
    """Version 1 of a licence, established on :data:`DAY`."""
    return complete(
        {**DRAFTS[family], **changes},
        licence_id=LICENCE_ID,
        serial="2024000001",
        version_no=1,
        supersedes=None,
        issue_date=DAY,
        event=Event.ESTABLISH,
    )


def following(old: LicenseRecord, event: Event = Event.CHANGE, **changes: Any) -> LicenseRecord:
    """The next version of a licence, a year later. ``None`` takes a field of the draft away."""
    draft = {name: value for name, value in {**draft_of(old), **changes}.items() if value is not None}
    return complete(
        draft,
        licence_id=old.licence_id,
        serial="2025000001",
        version_no=old.version_no + 1,
        supersedes=old.cert_identifier,
        issue_date=old.issue_date + dt.timedelta(days=365),
        event=event,
    )


def salts() -> Any:
    """A source of salts that are all different and always the same."""
    counter = itertools.count(1)
    return lambda: next(counter).to_bytes(16, "big")
