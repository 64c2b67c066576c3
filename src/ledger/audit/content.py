"""A version's stored content against its signed credential: digest, disclosures, record, field by field.

The entry holds the digest of the JWT; the JWT holds the digest of each disclosure; each disclosure holds a salt, a
name and a value. So from the log down to a single field everything can be recomputed, with nothing of the code
that made the credential (RFC 9901 sections 4.2 and 7.1).

What it leaves out: whose key signed (step 7), and the other tables (``rows``).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

IN_PAYLOAD = {"cert_type_code": "license_type", "version_no": "version"}
"""Fields of the record that stand in the JWT itself, and their claims' names there."""


class Difference(NamedTuple):
    """A stored value that the signed credential does not bear out. Values may be personal."""

    code: str
    field: str
    got: object = None
    want: object = None


class Signed(NamedTuple):
    """What a credential proves.

    Attributes:
        claims: those in the clear.
        fields: every disclosed field that a digest in the payload bears out; head persons as ``heads[0]`` …
        spoilt: fields (as far as they can be told) of stored disclosures that no digest bears out.
        lost: how many digests have no stored disclosure at all.
    """

    claims: dict[str, Any]
    fields: dict[str, Any]
    spoilt: frozenset[str]
    lost: int


def jwt_digest(jwt: str) -> bytes:
    """What an entry says of a credential: SHA-256 over ``header.payload.signature``."""
    return hashlib.sha256(jwt.encode("utf-8", "surrogatepass")).digest()


def claims_of(jwt: str) -> dict[str, Any] | None:
    """The JWT's payload; None if it is not one."""
    parts = jwt.split(".")
    payload = _decode(parts[1]) if len(parts) == 3 else None
    return payload if isinstance(payload, dict) else None


def open_disclosures(claims: dict[str, Any], stored: str) -> Signed:
    """Match stored disclosures with the digests in the payload.

    Args:
        claims: the payload of a JWT whose digest was found right.
        stored: disclosures, each followed by ``~``.
    """
    heads = [head.get("...") for head in _list(claims.get("heads")) if isinstance(head, dict)]
    unseen = {digest for digest in [*_list(claims.get("_sd")), *heads] if isinstance(digest, str)}
    fields: dict[str, Any] = {}
    spoilt: list[str] = []
    for number, text in enumerate(stored.split("~")[:-1]):
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        parts = _decode(text)
        if digest not in unseen or _name(parts) is None:
            spoilt.append(_name(parts) or f"disclosures[{number}]")
            continue
        unseen.discard(digest)
        name = f"heads[{heads.index(digest)}]" if digest in heads else str(_name(parts))
        fields[name] = parts[-1]
    return Signed(claims, fields, frozenset(spoilt), max(0, len(unseen) - len(spoilt)))


def differences(signed: Signed, stored: str) -> Iterator[Difference]:
    """Compare the stored disclosures and the stored record with what the credential proves.

    Args:
        signed: from :func:`open_disclosures`.
        stored: the record's JSON.
    """
    yield from (Difference("row.disclosure", name) for name in sorted(signed.spoilt))
    record = read_object(stored)
    if record is None:
        yield Difference("row.record", "record", "not a JSON object")
        return
    persons = record.pop("heads", None)
    record |= {f"heads[{place}]": person for place, person in enumerate(_list(persons))}
    proved = signed.fields | {name: signed.claims.get(claim) for name, claim in IN_PAYLOAD.items()}
    unproved = sorted(record.keys() - proved.keys())
    if signed.lost:
        yield from (Difference("row.disclosure", name) for name in unproved or ["disclosures"])
    elif not signed.spoilt:
        yield from (Difference("row.record", name, record[name]) for name in unproved)
    for name in sorted(proved):
        yield from _compare(name, record.get(name), proved[name])


def _compare(path: str, got: object, want: object) -> Iterator[Difference]:
    """The innermost parts that differ."""
    if isinstance(got, dict) and isinstance(want, dict):
        for name in sorted(got.keys() | want.keys()):
            yield from _compare(f"{path}.{name}", got.get(name), want.get(name))
    elif isinstance(got, list) and isinstance(want, list) and len(got) == len(want):
        for place, pair in enumerate(zip(got, want, strict=True)):
            yield from _compare(f"{path}[{place}]", *pair)
    elif got != want or type(got) is not type(want):
        yield Difference("row.record", path, got, want)


def _name(parts: object) -> str | None:
    """The field that a disclosure is of: a property has three parts, a head person two; None for anything else."""
    if isinstance(parts, list) and len(parts) == 3 and isinstance(parts[1], str):
        return parts[1]
    return "heads" if isinstance(parts, list) and len(parts) == 2 else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None if it is none."""
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    return value if isinstance(value, dict) else None


def _decode(text: str) -> Any:
    """The JSON inside base64url; None if it is none."""
    try:
        return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
