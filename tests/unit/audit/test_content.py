"""Stored content against a credential that the test builds by hand from RFC 9901, sections 4.2.1 and 4.2.2."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from ledger.audit import content


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def disclosure(*claim: Any) -> str:
    return b64(json.dumps(["c2FsdHNhbHRzYWx0c2FsdA", *claim], ensure_ascii=False).encode())


def digest(text: str) -> str:
    return b64(hashlib.sha256(text.encode()).digest())


RECORD: dict[str, Any] = {"name": "样例", "copies": {"originals": 1, "duplicates": 2}, "scope": ["甲", "乙"]}
HEADS = [{"name": "样例人甲"}, {"name": "样例人乙"}]
PROPERTIES = [disclosure(name, value) for name, value in RECORD.items()]
PERSONS = [disclosure(head) for head in HEADS]
CLAIMS = {"_sd": sorted(map(digest, PROPERTIES)), "heads": [{"...": digest(person)} for person in PERSONS],
          "license_type": "T", "version": 3}  # fmt: skip
STORED = "".join(f"{part}~" for part in [*PROPERTIES, *PERSONS])
FULL = RECORD | {"heads": HEADS, "cert_type_code": "T", "version_no": 3}


def differences(record: Any = FULL, stored: str = STORED, claims: Any = None) -> list[tuple[str, str]]:
    signed = content.open_disclosures(CLAIMS if claims is None else claims, stored)
    text = record if isinstance(record, str) else json.dumps(record)
    return [(found.code, found.field) for found in content.differences(signed, text)]


def test_the_true_record_has_no_differences() -> None:
    assert differences() == []
    assert differences(stored="".join(f"{part}~" for part in [*PERSONS, *PROPERTIES])) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "别名"}, "name"),
        ({"name": None}, "name"),
        ({"copies": {"originals": 1, "duplicates": 3}}, "copies.duplicates"),
        ({"copies": {"originals": True, "duplicates": 2}}, "copies.originals"),
        ({"copies": {"originals": 1}}, "copies.duplicates"),
        ({"scope": ["甲", "丙"]}, "scope[1]"),
        ({"scope": ["甲"]}, "scope"),
        ({"heads": HEADS[::-1]}, "heads[0].name"),
        ({"heads": HEADS[:1]}, "heads[1]"),
        ({"heads": "x"}, "heads[0]"),
        ({"version_no": 4}, "version_no"),
        ({"cert_type_code": "U"}, "cert_type_code"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_changed_field_is_named_at_its_innermost(change: dict[str, Any], field: str) -> None:
    found = differences(FULL | change)
    assert found[0] == ("row.record", field)
    assert {code for code, _ in found} == {"row.record"}


def test_a_field_left_out_of_the_record() -> None:
    assert differences({key: value for key, value in FULL.items() if key != "name"}) == [("row.record", "name")]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1e999", "\ud800"])
def test_a_record_that_is_none(text: str) -> None:
    assert differences(text) == [("row.record", "record")]


@pytest.mark.parametrize(
    ("stored", "fields"),
    [
        (STORED.replace(PROPERTIES[0], disclosure("name", "别名")), ["name"]),
        (STORED.replace(PROPERTIES[0], "!!!"), ["disclosures[0]"]),
        (STORED.replace(PERSONS[1], disclosure({"name": "别人"})), ["heads"]),
        (STORED + PROPERTIES[0] + "~", ["name"]),
        (STORED + disclosure("extra", 1) + "~", ["extra"]),
        (STORED.replace(PROPERTIES[0] + "~", ""), ["name"]),
        (STORED.replace(PERSONS[1] + "~", ""), ["heads[1]"]),
        ("", ["copies", "heads[0]", "heads[1]", "name", "scope"]),
        (STORED[:-1], ["heads[1]"]),
    ],
)
def test_disclosures_at_fault(stored: str, fields: list[str]) -> None:
    assert differences(stored=stored) == [("row.disclosure", field) for field in fields]


@pytest.mark.parametrize("claims", [{}, {"_sd": 7, "heads": "x"}, {"_sd": [[], None], "heads": [7, {}, {"...": []}]}])
def test_odd_claims_crash_nothing(claims: dict[str, Any]) -> None:
    assert {code for code, _ in differences(claims=claims)} <= {"row.disclosure", "row.record"}


@pytest.mark.parametrize("jwt", ["", "a.b", "a.b.c.d", "a.!.c", f"a.{b64(b'[]')}.c", f"a.{b64(b'{')}.c"])
def test_what_is_no_jwt_has_no_claims(jwt: str) -> None:
    assert content.claims_of(jwt) is None


def test_claims_and_digest_of_a_jwt() -> None:
    jwt = f"h.{b64(json.dumps(CLAIMS).encode())}.s"
    assert content.claims_of(jwt) == CLAIMS
    assert content.jwt_digest(jwt) == hashlib.sha256(jwt.encode()).digest()
