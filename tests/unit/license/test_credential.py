"""The credential: what is issued is verified, shows what was chosen, and has one spelling."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import canonical
from ledger.encoding import b64url, parse_b64url
from ledger.errors import DisclosureError, FormatError, RecordError, SignatureError, VerificationError
from ledger.keys import key_id
from ledger.license import credential
from ledger.license.credential import Credential
from ledger.license.families import Family
from ledger.license.record import Head, LicenseRecord
from tests.unit.license.samples import OTHER_SIGNER, SIGNER, first, salts

IAT = 1_710_460_800
TWO = first(Family.PARTNERSHIP, heads=["样例人甲", "样例公司（委派代表：样例人乙）"])


def issued(record: LicenseRecord = TWO) -> Credential:
    return credential.issue(record, member=500000, signer=SIGNER, iat=IAT, salts=salts())


def payload_of(issued: Credential) -> dict[str, Any]:
    obj = canonical.loads_object(parse_b64url(issued.jwt.split(".")[1]))
    assert isinstance(obj, dict)
    return obj


def signed(payload: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A JWT that our own key signed over whatever somebody wants."""
    own = {"alg": "ES256", "kid": key_id(SIGNER.public).hex(), "typ": "dc+sd-jwt"}
    text = b64url(canonical.dumps(own if header is None else header)) + "." + b64url(canonical.dumps(payload))
    return text + "." + b64url(SIGNER.sign(text.encode()))


@pytest.mark.parametrize("family", Family)
def test_a_record_comes_back_whole(family: Family) -> None:
    record = first(family)
    claims = credential.verify(credential.parse(issued(record).compact()), SIGNER.public)
    assert claims.record() == record
    assert (claims.member, claims.iat, claims.version, claims.hidden) == (500000, IAT, 1, 0)
    assert claims.license_type == record.cert_type_code
    assert claims.kid == key_id(SIGNER.public)


def test_header_and_payload_are_exactly_these() -> None:
    made = issued()
    header = canonical.loads(parse_b64url(made.jwt.split(".")[0]))
    assert header == {"alg": "ES256", "kid": key_id(SIGNER.public).hex(), "typ": "dc+sd-jwt"}
    payload = payload_of(made)
    clear = {name: value for name, value in payload.items() if name not in ("_sd", "heads")}
    assert clear == {
        "_sd_alg": "sha-256",
        "iat": IAT,
        "iss": "urn:tongban:member:500000",
        "license_type": "11100000MB0143028R001",
        "vct": "urn:tongban:business-license:1",
        "version": 1,
    }
    assert [list(head) for head in payload["heads"]] == [["..."], ["..."]]


def test_nothing_of_the_record_stands_in_the_clear() -> None:
    made, record = issued(), TWO.to_json()
    text = json.dumps(payload_of(made), ensure_ascii=False)
    for value in (record["uscc"], record["name"], record["premises"], "样例人甲", record["cert_identifier"]):
        assert value not in text


def test_every_field_is_one_disclosure_with_its_own_salt() -> None:
    made = issued()
    parts = [canonical.loads(parse_b64url(encoded)) for encoded in made.disclosures]
    assert len({part[0] for part in parts}) == len(parts)
    names = [part[1] for part in parts if len(part) == 3]
    assert set(names) == set(TWO.to_json()) - {"heads", "cert_type_code", "version_no"}
    assert [part[1] for part in parts if len(part) == 2] == [head.to_json() for head in TWO.heads]
    digests = [b64url(hashlib.sha256(encoded.encode()).digest()) for encoded in made.disclosures]
    payload = payload_of(made)
    assert payload["_sd"] == sorted(digests[: len(names)])
    assert [head["..."] for head in payload["heads"]] == digests[len(names) :]


def test_the_digest_is_over_the_jwt_alone() -> None:
    made = issued()
    assert made.digest == hashlib.sha256(made.jwt.encode()).digest()
    assert made.select(["name"]).digest == made.digest
    assert credential.parse(made.compact()).digest == made.digest


@pytest.mark.parametrize(
    ("names", "heads"),
    [
        ([], (None, None)),
        (["name", "uscc"], (None, None)),
        (["heads"], TWO.heads),
        (["heads[1]", "premises"], (None, TWO.heads[1])),
        (["heads[0]"], (TWO.heads[0], None)),
    ],
)
def test_a_selection_shows_no_more(names: list[str], heads: tuple[Head | None, ...]) -> None:
    shown = credential.parse(issued().select(names).compact())
    claims = credential.verify(shown, SIGNER.public)
    assert set(claims.fields) == {name for name in names if not name.startswith("heads")}
    assert claims.heads == tuple(head and head.to_json() for head in heads)
    assert claims.hidden == len(issued().disclosures) - len(shown.disclosures)
    assert ("heads" in claims.record_json()) == (None not in heads)
    with pytest.raises(RecordError, match="required"):
        claims.record()


@pytest.mark.parametrize("names", [["phone"], ["heads[2]"], ["version_no"], ["name", "term_from"]])
def test_what_is_not_there_cannot_be_selected(names: list[str]) -> None:
    with pytest.raises(DisclosureError):
        issued().select(names)
    with pytest.raises(DisclosureError):
        issued().select(["name"]).select(["premises"])


def test_another_key_is_refused() -> None:
    with pytest.raises(SignatureError, match="another key"):
        credential.verify(issued(), OTHER_SIGNER.public)
    forged = credential.issue(TWO, member=500000, signer=OTHER_SIGNER, iat=IAT, salts=salts())
    header = issued().jwt.split(".")[0]
    stolen = ".".join((header, *forged.jwt.split(".")[1:]))
    with pytest.raises(SignatureError, match="does not verify"):
        credential.verify(credential.parse(Credential(stolen, forged.disclosures).compact()), SIGNER.public)


def test_a_salt_of_another_size_is_refused() -> None:
    for size in (0, 15, 17):
        with pytest.raises(FormatError, match="16 bytes"):
            credential.issue(TWO, member=500000, signer=SIGNER, iat=IAT, salts=partial(bytes, size))


def disclosure(*parts: Any) -> str:
    return b64url(canonical.dumps(list(parts)))


def digest(encoded: str) -> str:
    return b64url(hashlib.sha256(encoded.encode()).digest())


SALT = b64url(bytes(16))
NAME = disclosure(SALT, "name", "样例单位")
OTHER = disclosure(b64url(b"\1" * 16), "name", "别的单位")
HEAD = disclosure(SALT, {"kind": "natural", "name": "样例人甲"})


def base(**changes: Any) -> dict[str, Any]:
    return {**payload_of(issued()), "_sd": [digest(NAME)], "heads": [{"...": digest(HEAD)}], **changes}


def test_a_hand_made_credential_is_right_before_it_is_made_wrong() -> None:
    made = credential.parse(f"{signed(base())}~{NAME}~{HEAD}~")
    assert credential.verify(made, SIGNER.public).fields == {"name": "样例单位"}


PAYLOADS: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"_sd_alg": "sha-512"}, FormatError),
    ({"vct": "urn:tongban:business-license:2"}, FormatError),
    ({"iss": "urn:tongban:member:50000"}, FormatError),
    ({"iss": "https://example.org"}, FormatError),
    ({"license_type": "11100000MB0143028R"}, FormatError),
    ({"license_type": "11100000MB01430280001"}, FormatError),
    ({"license_type": 7}, FormatError),
    ({"version": 0}, FormatError),
    ({"version": 1000}, FormatError),
    ({"version": "1"}, FormatError),
    ({"version": True}, FormatError),
    ({"iat": -1}, FormatError),
    ({"iat": "1"}, FormatError),
    ({"name": "样例单位"}, FormatError),
    ({"cnf": {"jwk": {}}}, FormatError),
    ({"_sd": {}}, FormatError),
    ({"_sd": sorted([digest(NAME), digest(OTHER)], reverse=True)}, FormatError),
    ({"_sd": [digest(NAME)[:-1]]}, FormatError),
    ({"_sd": [digest(NAME)[:-1] + "B"]}, FormatError),
    ({"_sd": [7]}, FormatError),
    ({"_sd": [digest(NAME), digest(NAME)]}, DisclosureError),
    ({"heads": []}, FormatError),
    ({"heads": [digest(HEAD)]}, FormatError),
    ({"heads": [{"...": digest(HEAD), "name": "样例人甲"}]}, FormatError),
    ({"heads": [{"...": digest(HEAD)}, {"...": digest(HEAD)}]}, DisclosureError),
    ({"_sd": [digest(HEAD)]}, DisclosureError),
]


@pytest.mark.parametrize(("changes", "error"), PAYLOADS, ids=[str(n) for n in range(len(PAYLOADS))])
def test_a_signed_payload_of_another_form_is_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        credential.parse(signed(base(**changes)) + "~")


@pytest.mark.parametrize("missing", sorted(payload_of(issued())))
def test_no_claim_may_be_missing(missing: str) -> None:
    payload = base()
    del payload[missing]
    with pytest.raises(FormatError, match=missing):
        credential.parse(signed(payload) + "~")


@pytest.mark.parametrize(
    "change",
    [{"alg": "none"}, {"alg": "ES384"}, {"typ": "JWT"}, {"kid": "00"}, {"kid": "AB" * 32}, {"crit": ["b64"]}],
)
def test_another_header_is_refused(change: dict[str, Any]) -> None:
    header = {"alg": "ES256", "kid": key_id(SIGNER.public).hex(), "typ": "dc+sd-jwt", **change}
    with pytest.raises(FormatError):
        credential.parse(signed(base(), header) + "~")


SHOWN: list[tuple[list[str], list[str], type[Exception]]] = [
    ([NAME], [NAME, NAME], DisclosureError),
    ([NAME, OTHER], [NAME, OTHER], DisclosureError),
    ([NAME], [OTHER], DisclosureError),
    ([NAME], [HEAD, HEAD], DisclosureError),
    ([disclosure(SALT, "样例单位")], [disclosure(SALT, "样例单位")], DisclosureError),
    *[
        ([bad], [bad], DisclosureError)
        for bad in (
            disclosure(SALT, "_sd", "x"),
            disclosure(SALT, "...", "x"),
            disclosure(SALT, "iss", "x"),
            disclosure(SALT, "version", 2),
            disclosure(SALT, "heads", []),
            disclosure(SALT, "version_no", 2),
            disclosure(SALT, "phone", "x"),
            disclosure(SALT, 7, "x"),
            disclosure(SALT, "name", {"_sd": []}),
            disclosure(SALT, "name", [{"...": "x"}]),
        )
    ],
    *[
        ([bad], [bad], FormatError)
        for bad in (
            NAME + "=",
            disclosure(b64url(bytes(15)), "name", "x"),
            disclosure(SALT[:-1] + "B", "name", "x"),
            disclosure(7, "name", "x"),
            disclosure(SALT),
            disclosure(SALT, "name", "x", "y"),
            b64url(canonical.dumps({"salt": SALT})),
            b64url(b'["' + SALT.encode() + b'", "name","x"]'),
            b64url(b'["' + SALT.encode() + b'","name",null]'),
            b64url(b'["' + SALT.encode() + b'","name",1.5]'),
            b64url(b'["' + SALT.encode() + b'","name","\\u0041"]'),
            b64url(b'["' + SALT.encode() + b'","name",{"a":1,"a":2}]'),
            b64url(b'["' + SALT.encode() + b'","name","x"]\n'),
            "!!!",
            "",
        )
    ],
]


@pytest.mark.parametrize(("promised", "shown", "error"), SHOWN, ids=[str(n) for n in range(len(SHOWN))])
def test_a_disclosure_that_does_not_belong_is_refused(promised: list[str], shown: list[str], error: Any) -> None:
    """The issuer itself signed the digests: only the form is wrong."""
    payload = base(_sd=sorted(digest(encoded) for encoded in promised))
    with pytest.raises(error):
        credential.parse("~".join((signed(payload), *shown, "")))


BENT: list[Callable[[str], str]] = [
    lambda text: text[:-1],
    lambda text: text + "~",
    lambda text: text + "eyJ0eXAiOiJrYitqd3QifQ.e30.AA",
    lambda text: text.replace("~", ".", 1),
    lambda text: " " + text,
    lambda text: text + "\n",
    lambda text: text.replace(".", ".=", 1),
    lambda text: text.replace("~", "~é~", 1),
    lambda text: text.split("~", 1)[0],
    lambda _: "",
    lambda _: "~",
    lambda _: "..~",
    lambda text: text + "~" * 300_000,
]


@pytest.mark.parametrize("bend", BENT, ids=[str(n) for n in range(len(BENT))])
def test_another_compact_form_is_refused(bend: Callable[[str], str]) -> None:
    with pytest.raises((FormatError, DisclosureError)):
        credential.parse(bend(issued().compact()))


def test_parts_of_another_kind_are_refused() -> None:
    header, payload, signature = issued().jwt.split(".")
    listed = b64url(canonical.dumps(["x"]))
    for jwt in (f"{header}.{payload}", f"{header}.{listed}.{signature}", f"{listed}.{payload}.{signature}"):
        with pytest.raises(FormatError):
            credential.parse(jwt + "~")
    with pytest.raises(FormatError, match="64 bytes"):
        credential.parse(f"{header}.{payload}.{b64url(bytes(63))}~")
    with pytest.raises(FormatError, match="ASCII"):
        _ = Credential(issued().jwt, ("é",)).content


@pytest.mark.parametrize("text", [None, b"~", 7])
def test_what_is_no_text_is_refused(text: object) -> None:
    with pytest.raises(FormatError):
        credential.parse(text)


def test_padding_and_spare_bits_are_refused() -> None:
    header, payload, signature = issued().jwt.split(".")
    padded = base64.urlsafe_b64encode(parse_b64url(signature)).decode()
    spare = signature[:-1] + chr(ord(signature[-1]) + 1)
    for bent in (padded, spare):
        with pytest.raises(FormatError):
            credential.parse(f"{header}.{payload}.{bent}~")


MADE = issued().compact()


@settings(max_examples=300)
@given(st.integers(0, len(MADE) - 1), st.integers(0, 6))
def test_one_flipped_bit_is_always_refused(position: int, bit: int) -> None:
    flipped = MADE[:position] + chr(ord(MADE[position]) ^ (1 << bit)) + MADE[position + 1 :]
    with pytest.raises((FormatError, VerificationError)):
        credential.verify(credential.parse(flipped), SIGNER.public)


@given(st.permutations(issued().disclosures))
def test_the_order_of_disclosures_is_free(order: list[str]) -> None:
    made = credential.parse(Credential(issued().jwt, tuple(order)).compact())
    assert credential.verify(made, SIGNER.public).record() == TWO
