"""The parts of an SD-JWT (RFC 9901) of our type: its grammar, salts and digests, written and read in one spelling.

What it leaves out: signing and verifying (``credential``).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from ledger import canonical
from ledger.encoding import b64url, parse_b64url, parse_hex
from ledger.errors import DisclosureError, FormatError
from ledger.license import shapes
from ledger.license.identifier import MAX_VERSION, check_type_code

VCT = "urn:tongban:business-license:1"
ISSUER = "urn:tongban:member:"
ALGORITHM, TYPE, HASH = "ES256", "dc+sd-jwt", "sha-256"
SALT_BYTES = 16
"""128 bits: RFC 9901 section 9.3."""

_CLEAR = {"_sd", "_sd_alg", "heads", "iat", "iss", "license_type", "vct", "version"}
_HEADER = {"alg", "kid", "typ"}
_NAMES = frozenset(shapes.FIELDS) - {"cert_type_code", "version_no", "heads"}
"""Fields that are object-property disclosures; the other three stand in the payload."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""32 bytes in base64url; the last character's two spare bits are zero."""

_SALT = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")
"""16 bytes in base64url; the last character's four spare bits are zero."""

_MEMBER = re.compile(re.escape(ISSUER) + r"([0-9]{6})")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure, decoded.

    Attributes:
        encoded: base64url, as it stands in the compact form.
        digest: base64url SHA-256 over ``encoded``, as it stands in the payload.
        name: of the field; None for a head person.
        value: of the field, or the head person's object.
    """

    encoded: str
    digest: str
    name: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class Content:
    """What a credential says. True only once :func:`verify` has passed.

    Attributes:
        kid: id of the key that it names, 32 bytes.
        member: GB/T 2260 province code of the issuing member.
        iat: seconds since 1970, UTC, when it was signed.
        license_type: type code of the licence.
        version: version number of the licence.
        digests: of the fields, as in ``_sd``.
        heads: digests of the head persons, in order.
        disclosures: those that are shown.
    """

    kid: bytes
    member: int
    iat: int
    license_type: str
    version: int
    digests: frozenset[str]
    heads: tuple[str, ...]
    disclosures: tuple[Disclosure, ...]


# A bulk import makes dozens of base64 values for each of a million licences, so each step below takes all of a
# licence's values in one call. Bytes are padded to whole groups of three, so that every value's characters stand by
# themselves; the characters that the padding made are cut off.


def draw(salts: Callable[[], bytes], count: int) -> list[str]:
    """So many salts, each in base64url: 16 bytes and 2 of padding are 24 characters, of which 22 are the salt's."""
    drawn = [salts() for _ in range(count)]
    for salt in drawn:
        if len(salt) != SALT_BYTES:
            raise FormatError(f"a disclosure's salt has {SALT_BYTES} bytes, got {len(salt)}")
    joined = b64url(b"".join([salt + b"\0\0" for salt in drawn]))
    return [joined[start : start + 22] for start in range(0, len(joined), 24)]


def encode_all(values: list[list[Any]]) -> list[bytes]:
    """Base64url of each value's canonical JSON; alphabet and padding are seen to in one pass over all of them."""
    joined = b"~".join([binascii.b2a_base64(canonical.dumps(value), newline=False) for value in values])
    return joined.translate(_URL_SAFE, b"=").split(b"~")


def digests_of(disclosures: Iterable[bytes]) -> list[str]:
    """Base64url SHA-256 of each: 32 bytes and 1 of padding are 44 characters, of which 43 are the digest's."""
    joined = b64url(b"".join([hashlib.sha256(encoded).digest() + b"\0" for encoded in disclosures]))
    return [joined[start : start + 43] for start in range(0, len(joined), 44)]


def decode(jwt: str, encoded_disclosures: tuple[str, ...]) -> Content:
    """Decode a credential strictly.

    Args:
        jwt: ``header.payload.signature``.
        encoded_disclosures: those that are shown, base64url.

    Raises:
        FormatError: not in the one accepted spelling.
        DisclosureError: a disclosure does not belong to it, or is shown twice.
    """
    if not (jwt + "".join(encoded_disclosures)).isascii():
        raise FormatError("a credential is ASCII")
    parts = jwt.split(".")
    if len(parts) != 3:
        raise FormatError(f"a JWT has three parts, got {len(parts)}")
    kid = _decode_header(parts[0])
    payload = _decode_payload(_decode_json(parts[1]))
    if len(parse_b64url(parts[2])) != 64:
        raise FormatError("an ES256 signature has 64 bytes")
    heads = tuple(_head_digest(head) for head in payload["heads"])
    digests = frozenset(payload["_sd"])
    if len(digests.union(heads)) != len(payload["_sd"]) + len(heads):
        raise DisclosureError("a digest stands twice in the credential")
    computed = digests_of(encoded.encode("ascii") for encoded in encoded_disclosures)
    shown = zip(encoded_disclosures, computed, strict=True)
    disclosures = tuple(_decode_disclosure(encoded, digest) for encoded, digest in shown)
    _check_belonging(disclosures, digests, heads)
    member = _MEMBER.fullmatch(payload["iss"])
    return Content(
        kid=kid,
        member=int(member[1]) if member else 0,
        iat=payload["iat"],
        license_type=payload["license_type"],
        version=payload["version"],
        digests=digests,
        heads=heads,
        disclosures=disclosures,
    )


def _decode_json(encoded: str) -> Any:
    """Base64url of canonical JSON. Decoded leniently, encoded strictly, compared once: the same as both checks."""
    try:
        value = orjson.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_"))
    except ValueError as error:  # binascii.Error and JSONDecodeError are ones
        raise FormatError(f"not base64url of JSON: {encoded[:60]!r}") from error
    if b64url(canonical.dumps(value)) != encoded:
        raise FormatError(f"not the canonical spelling of a part: {encoded[:60]!r}")
    return value


@lru_cache(maxsize=64)
def _decode_header(encoded: str) -> bytes:
    header = _decode_json(encoded)
    if not isinstance(header, dict) or set(header) != _HEADER or (header["alg"], header["typ"]) != (ALGORITHM, TYPE):
        raise FormatError(f"a credential's header has alg {ALGORITHM}, typ {TYPE}, kid, and nothing else")
    return parse_hex(header["kid"], 32)


def _decode_payload(payload: Any) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise FormatError("a credential's payload is an object")
    if set(payload) != _CLEAR:
        missing, unknown = sorted(_CLEAR - payload.keys()), sorted(payload.keys() - _CLEAR)
        raise FormatError(f"credential claims: missing {missing}, unknown {unknown}")
    if payload["_sd_alg"] != HASH:
        raise FormatError(f"_sd_alg must be {HASH}, got {payload['_sd_alg']!r}")
    if payload["vct"] != VCT:
        raise FormatError(f"vct must be {VCT}, got {payload['vct']!r}")
    if not isinstance(payload["iss"], str) or not _MEMBER.fullmatch(payload["iss"]):
        raise FormatError(f"iss is malformed: {str(payload['iss'])[:60]!r}")
    check_type_code(payload["license_type"])
    _in_range(payload["version"], 1, MAX_VERSION, "version")
    _in_range(payload["iat"], 0, canonical.MAX_INTEGER, "iat")
    digests = payload["_sd"]
    if not isinstance(digests, list) or not isinstance(payload["heads"], list) or not payload["heads"]:
        raise FormatError("_sd must be a list, heads a list that is not empty")
    for digest in digests:
        _check_digest(digest)
    if digests != sorted(digests):
        raise FormatError("_sd must be sorted: an order would tell which digest is which field's")
    return payload


def _in_range(value: object, low: int, high: int, name: str) -> None:
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"{name} must be an integer in {low}..{high}, got {value!r}")


def _check_digest(digest: object) -> str:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise FormatError(f"not a SHA-256 digest in base64url: {str(digest)[:60]!r}")
    return digest


def _head_digest(head: object) -> str:
    if not isinstance(head, dict) or set(head) != {"..."}:
        raise FormatError('every element of heads must be {"...": digest}')
    return _check_digest(head["..."])


def _decode_disclosure(encoded: str, digest: str) -> Disclosure:
    parts = _decode_json(encoded)
    if not isinstance(parts, list) or len(parts) not in (2, 3):
        raise FormatError("a disclosure is [salt, value] or [salt, name, value]")
    salt, name, value = parts[0], parts[1] if len(parts) == 3 else None, parts[-1]
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise FormatError(f"a disclosure's salt has {SALT_BYTES} bytes")
    if len(parts) == 3 and (not isinstance(name, str) or name not in _NAMES):
        raise DisclosureError(f"no field of a licence is called {str(name)[:60]!r}, or it stands in the clear")
    _refuse_nested(value)
    return Disclosure(encoded, digest, name, value)


def _refuse_nested(value: Any) -> None:
    """Digests inside a disclosed value would open a second, unchecked level (RFC 9901 allows it; our type is flat)."""
    if isinstance(value, dict):
        if "_sd" in value or "..." in value:
            raise DisclosureError("a disclosed value holds digests of its own")
        for inner in value.values():
            _refuse_nested(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_nested(inner)


def _check_belonging(disclosures: tuple[Disclosure, ...], digests: frozenset[str], heads: tuple[str, ...]) -> None:
    seen: set[str | None] = set()
    for disclosure in disclosures:
        places: Iterable[str] = heads if disclosure.name is None else digests
        if disclosure.digest not in places:
            raise DisclosureError(f"a disclosure of {disclosure.name or 'a head person'} is not in the credential")
        key = disclosure.digest if disclosure.name is None else disclosure.name
        if key in seen:
            raise DisclosureError(f"{disclosure.name or 'a head person'} is disclosed twice")
        seen.add(key)
