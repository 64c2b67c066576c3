"""Credentials against an independent SD-JWT implementation, the OpenWallet Foundation's ``sd-jwt``, in both directions.

It spells JSON with spaces and in the order in which it meets keys; RFC 9901 lets an issuer do that, our one spelling
does not. So its issuer is given a canonical encoder where it takes Python's, and a last test shows that without it
the same credential is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import InvalidJWSSignature
from sd_jwt import disclosure as sd_disclosure
from sd_jwt import issuer as sd_issuer
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from ledger.encoding import b64url
from ledger.errors import DisclosureError, FormatError, SignatureError
from ledger.keys import key_id
from ledger.license import credential
from ledger.license.credential import Credential
from ledger.license.families import Family
from ledger.license.record import LicenseRecord
from tests.unit.license.samples import OTHER_SIGNER, SIGNER, first, salts

TWO = first(Family.PARTNERSHIP, heads=["样例人甲", "样例公司（委派代表：样例人乙）"])
CLEAR = {
    "iat": 1_710_460_800,
    "iss": "urn:tongban:member:500000",
    "vct": "urn:tongban:business-license:1",
    "license_type": "11100000MB0143028R001",
    "version": 1,
}
canonical_dumps = partial(json.dumps, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def jwk(signer: Any = SIGNER, *, private: bool = False) -> JWK:
    """The key as the other implementation wants it."""
    key = JWK.from_pyca(signer.private)
    return key if private else JWK.from_json(key.export_public())


def theirs_say(compact: str, key: JWK | None = None) -> Any:
    """What the other implementation reads out of a credential."""
    return SDJWTVerifier(compact, lambda *_: key or jwk()).get_verified_payload()


def issued(record: LicenseRecord = TWO) -> Credential:
    return credential.issue(record, member=500000, signer=SIGNER, iat=CLEAR["iat"], salts=salts())  # type: ignore[arg-type]  # an int among strings


def expected(record: LicenseRecord) -> dict[str, Any]:
    """The claims that a verifier must see when everything is shown."""
    fields = record.to_json()
    del fields["cert_type_code"], fields["version_no"]
    return {**fields, **CLEAR}


@pytest.mark.parametrize("family", Family)
def test_theirs_verifies_ours_with_everything_shown(family: Family) -> None:
    assert theirs_say(issued(first(family)).compact()) == expected(first(family))


@pytest.mark.parametrize("names", [[], ["name", "uscc"], ["heads"], ["heads[1]", "scope_items"]])
def test_theirs_verifies_ours_with_a_selection_shown(names: list[str]) -> None:
    claims = theirs_say(issued().select(names).compact())
    fields = TWO.to_json()
    wanted = {name: fields[name] for name in names if not name.startswith("heads")}
    heads = {"heads": fields["heads"], "heads[1]": fields["heads"][1:]}
    shown: list[Any] = next((heads[name] for name in names if name in heads), [])
    assert claims == {**wanted, **CLEAR, "heads": shown}


def test_a_holders_wallet_of_theirs_selects_from_ours() -> None:
    holder = SDJWTHolder(issued().compact())
    holder.create_presentation({"name": True, "heads": [False, True]})
    claims = credential.verify(credential.parse(holder.sd_jwt_presentation), SIGNER.public)
    assert claims.fields == {"name": TWO.name}
    assert claims.heads == (None, TWO.heads[1].to_json())


@pytest.fixture
def _canonical(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sd_issuer, sd_disclosure):
        monkeypatch.setattr(module, "dumps", canonical_dumps)


def theirs(record: LicenseRecord = TWO, signer: Any = SIGNER) -> str:
    """A credential that the other implementation issued, with our claims and header."""
    fields = record.to_json()
    heads = [SDObj(head) for head in fields.pop("heads")]
    del fields["cert_type_code"], fields["version_no"]
    claims: dict[Any, Any] = {**CLEAR, "heads": heads, **{SDObj(name): value for name, value in fields.items()}}
    header = {"kid": key_id(signer.public).hex(), "typ": "dc+sd-jwt"}
    made = sd_issuer.SDJWTIssuer(claims, jwk(signer, private=True), extra_header_parameters=header)
    return str(made.sd_jwt_issuance)


@pytest.mark.usefixtures("_canonical")
@pytest.mark.parametrize("family", Family)
def test_ours_verifies_theirs(family: Family) -> None:
    claims = credential.verify(credential.parse(theirs(first(family))), SIGNER.public)
    assert claims.record() == first(family)
    assert (claims.member, claims.iat, claims.hidden) == (500000, CLEAR["iat"], 0)


@pytest.mark.usefixtures("_canonical")
def test_ours_selects_from_theirs_and_theirs_verifies_that() -> None:
    shown = credential.parse(theirs()).select(["premises"])
    assert theirs_say(shown.compact()) == {**CLEAR, "premises": TWO.premises, "heads": []}


def test_their_own_spelling_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match="canonical"):
        credential.parse(theirs())


def replace_disclosure(compact: str, value: Any) -> str:
    """Another value of the first disclosure, in the same salt."""
    jwt, _, *rest = compact.split("~")
    parts = [b64url((1).to_bytes(16, "big")), "schema_version", value]
    return "~".join((jwt, b64url(canonical_dumps(parts).encode()), *rest))


def replace_payload(compact: str) -> str:
    head, payload, rest = compact.split(".", 2)
    return ".".join((head, payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1], rest))


def repeat_disclosure(compact: str) -> str:
    return compact + compact.split("~")[1] + "~"


TAMPERED: list[tuple[Callable[[str], str], tuple[type[Exception], ...]]] = [
    (replace_payload, (SignatureError, FormatError, DisclosureError)),
    (repeat_disclosure, (DisclosureError,)),
]


@pytest.mark.parametrize(("tamper", "ours"), TAMPERED)
def test_what_is_tampered_with_is_refused_by_both(tamper: Callable[[str], str], ours: Any) -> None:
    compact = tamper(issued().compact())
    with pytest.raises(ours):
        credential.verify(credential.parse(compact), SIGNER.public)
    with pytest.raises((InvalidJWSSignature, ValueError)):
        theirs_say(compact)


def test_a_changed_disclosure_is_refused_by_ours_and_dropped_by_theirs() -> None:
    """RFC 9901 section 7.1 step 5 wants a refusal; the other implementation only leaves the claim out."""
    compact = replace_disclosure(issued().compact(), "lic/2")
    with pytest.raises(DisclosureError):
        credential.parse(compact)
    assert "schema_version" not in theirs_say(compact)
    assert theirs_say(issued().compact())["schema_version"] == "lic/1"


def test_another_key_is_refused_by_both() -> None:
    with pytest.raises(SignatureError):
        credential.verify(issued(), OTHER_SIGNER.public)
    with pytest.raises(InvalidJWSSignature):
        theirs_say(issued().compact(), jwk(OTHER_SIGNER))
