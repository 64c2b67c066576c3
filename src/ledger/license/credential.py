"""The credential: a licence record as an SD-JWT (RFC 9901) that its holder can show in part.

Issuer-signed JWT with ES256, type ``dc+sd-jwt``, flat: in the clear stand who issued it and when, licence type and
version; every other field of the record is one disclosure with its own 128-bit salt, every head person one array
element. There is no key binding: a licence is public, and whoever holds a copy may show it.

Every part has one spelling: header, payload and disclosures are canonical JSON, base64url without spare bits. So the
JWT's bytes are a function of what it says, and :attr:`Credential.digest` over them is what the log holds.

What it leaves out: whose key it is and whether it was entitled (``directory``), whether the credential is in a log,
current and in force (``bundle``), and whether the record obeys the rules (:meth:`DisclosedClaims.record`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ledger import canonical
from ledger.encoding import b64url, parse_b64url
from ledger.errors import DisclosureError, FormatError, SignatureError
from ledger.keys import Signer, key_id, verify_es256
from ledger.license import sdjwt, shapes
from ledger.license.record import LicenseRecord
from ledger.license.sdjwt import ALGORITHM, HASH, ISSUER, TYPE, VCT, Content, Disclosure

__all__ = ["VCT", "Content", "Credential", "DisclosedClaims", "Disclosure", "issue", "parse", "verify"]

MAX_COMPACT = 262_144
"""Longest compact form accepted, in characters: four times what the largest record needs."""


@dataclass(frozen=True)
class Credential:
    """An SD-JWT with the disclosures that are shown.

    Attributes:
        jwt: ``header.payload.signature``.
        disclosures: base64url, in the order in which they are spelled.
    """

    jwt: str
    disclosures: tuple[str, ...]

    def compact(self) -> str:
        """``jwt~d1~…~dn~`` (RFC 9901 section 4)."""
        return "~".join((self.jwt, *self.disclosures, ""))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over the ASCII of the JWT, 32 bytes: what the log holds. It does not depend on what is shown."""
        return hashlib.sha256(self.jwt.encode("ascii")).digest()

    @cached_property
    def content(self) -> Content:
        """What it says, decoded strictly; nothing of it is verified yet.

        Raises:
            FormatError: not in the one accepted spelling.
            DisclosureError: a disclosure does not belong to it, or is shown twice.
        """
        return sdjwt.decode(self.jwt, self.disclosures)

    def select(self, names: Iterable[str]) -> Credential:
        """The same credential showing fewer fields.

        Args:
            names: of fields; ``heads`` for all head persons, ``heads[0]`` for one of them.

        Raises:
            DisclosureError: a name is not among the disclosures at hand.
        """
        wanted, heads = set(names), self.content.heads
        chosen = []
        for disclosure in self.content.disclosures:
            aliases = _names_of(disclosure, heads)
            if not wanted.isdisjoint(aliases):
                chosen.append((disclosure.encoded, aliases))
        missing = wanted.difference(*(aliases for _, aliases in chosen))
        if missing:
            raise DisclosureError(f"no disclosure of {', '.join(sorted(missing))}")
        return Credential(self.jwt, tuple(encoded for encoded, _ in chosen))


@dataclass(frozen=True, slots=True)
class DisclosedClaims:
    """What a verified credential shows.

    Attributes:
        member: GB/T 2260 province code of the member whose key signed.
        kid: id of that key, 32 bytes.
        iat: seconds since 1970, UTC, by the issuer's word.
        license_type: type code of the licence.
        version: version number of the licence.
        fields: disclosed fields of the record, without ``heads``.
        heads: head persons in order; None where one is not shown.
        hidden: how many fields and head persons are not shown.
    """

    member: int
    kid: bytes
    iat: int
    license_type: str
    version: int
    fields: Mapping[str, Any]
    heads: tuple[dict[str, Any] | None, ...]
    hidden: int

    def record_json(self) -> dict[str, Any]:
        """The record as far as it is shown; ``heads`` only where every head person is."""
        record = {"cert_type_code": self.license_type, "version_no": self.version, **self.fields}
        if None not in self.heads:
            record["heads"] = list(self.heads)
        return {name: record[name] for name in shapes.FIELDS if name in record}

    def record(self) -> LicenseRecord:
        """The whole record.

        Raises:
            RecordError: a field is not shown, or the record breaks a rule.
        """
        return LicenseRecord.from_json(self.record_json())


def issue(record: LicenseRecord, *, member: int, signer: Signer, iat: int, salts: Callable[[], bytes]) -> Credential:
    """Sign a record.

    Args:
        record: valid; it is not checked again here.
        member: GB/T 2260 province code of the issuing member.
        signer: P-256 key of purpose ``credential``.
        iat: seconds since 1970, UTC.
        salts: gives 16 fresh random bytes at each call; called once per field, in the order of the schema, and then
            once per head person.

    Raises:
        FormatError: a salt has another size.
    """
    fields = record.to_json()
    heads = fields.pop("heads")
    version, license_type = fields.pop("version_no"), fields.pop("cert_type_code")
    fresh = sdjwt.draw(salts, len(fields) + len(heads))
    claims = [[*claim] for claim in fields.items()] + [[head] for head in heads]
    disclosures = sdjwt.encode_all([[salt, *claim] for salt, claim in zip(fresh, claims, strict=True)])
    digests = sdjwt.digests_of(disclosures)
    payload = {
        "_sd": sorted(digests[: len(fields)]),
        "_sd_alg": HASH,
        "heads": [{"...": digest} for digest in digests[len(fields) :]],
        "iat": iat,
        "iss": f"{ISSUER}{member:06d}",
        "license_type": license_type,
        "vct": VCT,
        "version": version,
    }
    signed = _header(signer.public) + "." + b64url(canonical.dumps(payload))
    jwt = signed + "." + b64url(signer.sign(signed.encode("ascii")))
    return Credential(jwt, tuple(encoded.decode("ascii") for encoded in disclosures))


@lru_cache(maxsize=64)
def _header(public: bytes) -> str:
    return b64url(canonical.dumps({"alg": ALGORITHM, "kid": key_id(public).hex(), "typ": TYPE}))


def parse(compact: object) -> Credential:
    """Parse the compact form, strictly: what is accepted is spelled as :func:`issue` spells it.

    The order of the disclosures is free; a holder's wallet may have its own.

    Raises:
        FormatError: not in the one accepted spelling, or of another type than a business licence.
        DisclosureError: a disclosure does not belong to the credential, or is shown twice.
    """
    if not isinstance(compact, str) or len(compact) > MAX_COMPACT:
        raise FormatError(f"a credential is text of at most {MAX_COMPACT} characters")
    jwt, *disclosures = compact.split("~")
    if not disclosures or disclosures.pop():
        raise FormatError("a credential ends with ~ (it has no key binding)")
    credential = Credential(jwt, tuple(disclosures))
    _ = credential.content
    return credential


def verify(credential: Credential, public_key: bytes) -> DisclosedClaims:
    """Verify that a key signed a credential, and that what is shown belongs to it.

    1. the credential names that key · 2. the key signed header and payload · 3. every disclosure's digest is in the
    payload, in its place, once (decoding saw to that). The caller still owes: that the key was entitled, that the
    credential is logged, that it is the newest and in force.

    Args:
        credential: parsed or issued.
        public_key: compressed P-256 point, 33 bytes, from the chain or a trust file and never from the bundle.

    Raises:
        SignatureError: another key, or not its signature.
        DisclosureError: a disclosure does not belong to the credential, or is shown twice.
        FormatError: not in the one accepted spelling.
    """
    content = credential.content
    if content.kid != key_id(public_key):  # 1
        raise SignatureError("the credential names another key", got=content.kid, want=key_id(public_key))
    signed, _, signature = credential.jwt.rpartition(".")
    verify_es256(public_key, signed.encode("ascii"), parse_b64url(signature))  # 2
    fields = {d.name: d.value for d in content.disclosures if d.name is not None}
    persons = {d.digest: d.value for d in content.disclosures if d.name is None}
    return DisclosedClaims(
        member=content.member,
        kid=content.kid,
        iat=content.iat,
        license_type=content.license_type,
        version=content.version,
        fields=fields,
        heads=tuple(persons.get(digest) for digest in content.heads),
        hidden=len(content.digests) + len(content.heads) - len(content.disclosures),
    )


def _names_of(disclosure: Disclosure, heads: tuple[str, ...]) -> set[str]:
    if disclosure.name is not None:
        return {disclosure.name}
    return {"heads", f"heads[{heads.index(disclosure.digest)}]"}
