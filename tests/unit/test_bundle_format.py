"""The bundle's one spelling: what is written is read back, everything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger import bundle, canonical
from ledger.encoding import b64url, parse_b64url
from ledger.errors import FormatError
from ledger.merkle.checkpoint import Checkpoint, origin, sign_note
from tests.builders import ABSENT, ACTIVE, CHONGQING, GONE, ed25519_signer, sample, seed

Change = Callable[[dict[str, Any]], Any]


def made(kind: str) -> bundle.Bundle:
    cq = sample().provinces[CHONGQING]
    if kind == "license":
        return cq.license_bundle(ACTIVE)
    return cq.absence_bundle(ABSENT) if kind == "absence" else cq.history_bundle(GONE)


@pytest.mark.parametrize("kind", ["license", "absence", "history"])
def test_a_bundle_survives_the_round_trip(kind: str) -> None:
    data = bundle.encode(made(kind))
    assert bundle.parse(data) == made(kind)
    assert bundle.encode(bundle.parse(data)) == data


def put(*path: Any, to: Any) -> Change:
    def change(obj: dict[str, Any]) -> None:
        spot: Any = obj
        for step in path[:-1]:
            spot = spot[step]
        spot[path[-1]] = to

    return change


REFUSED: dict[str, tuple[str, Change]] = {
    "version 2": ("license", put("v", to=2)),
    "version true": ("license", put("v", to=True)),
    "unknown type": ("license", put("type", to="licence")),
    "type of another bundle": ("license", put("type", to="absence")),
    "unknown field": ("license", put("note", to="x")),
    "missing field": ("license", lambda obj: obj.pop("state")),
    "unknown field in the anchor": ("license", put("anchor", "block", to=1)),
    "anchor 0": ("license", put("anchor", "seq", to=0)),
    "size 0": ("license", put("anchor", "size", to=0)),
    "member 0": ("license", put("anchor", "member", to=0)),
    "negative index": ("license", put("issued", "index", to=-1)),
    "index as text": ("license", put("issued", "index", to="1")),
    "root in capitals": ("license", put("anchor", "log_root", to="A" * 64)),
    "short hash": ("license", put("issued", "inclusion", 0, to="00")),
    "inclusion too long": ("license", put("issued", "inclusion", to=["00" * 32] * 65)),
    "inclusion not a list": ("license", put("issued", "inclusion", to={})),
    "entry not an object": ("license", put("issued", "entry", to="x")),
    "entry of another kind": ("license", put("issued", "entry", to={"kind": "heartbeat"})),
    "heartbeat": (
        "license",
        put("issued", "entry", to={"v": 1, "kind": "heartbeat", "log": "00" * 32, "recorded": "2026-11-01T00:00:00Z"}),
    ),
    "entry too long": ("license", put("issued", "entry", "extra", to="x" * 70_000)),
    "credential not text": ("license", put("credential", to=1)),
    "credential without an end": ("license", lambda obj: obj.update(credential=obj["credential"][:-1])),
    "checkpoint not text": ("license", put("checkpoint", to=1)),
    "checkpoint without signature": (
        "license",
        lambda obj: obj.update(checkpoint=obj["checkpoint"].split("\n\n")[0] + "\n"),
    ),
    "state of absence in a licence": ("license", put("state", to={"siblings": [], "end": "empty"})),
    "state of presence in an absence": ("absence", put("state", to={"siblings": [], "end": "present"})),
    "credit code with a wrong check": ("absence", put("uscc", to="91350100M000100Y4Z")),
    "type code in small letters": ("absence", put("license_type", to="11100000mb0143028r001")),
    "type code that ends in a letter": ("absence", put("license_type", to="11100000MB0143028R00A")),
    "type code with a wrong check": ("absence", put("license_type", to="11100000MB0143028X001")),
    "history without entries": ("history", put("entries", to=[])),
    "history that is no list": ("history", put("entries", to={})),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_grammar_is_refused(name: str) -> None:
    kind, change = REFUSED[name]
    obj = canonical.loads_object(bundle.encode(made(kind)))
    change(obj)
    with pytest.raises(FormatError):
        bundle.parse(canonical.dumps(obj))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b'{"v":1}', b'{"type":[],"v":1}', b"\xff", b'{"v":1,"v":1}', b"x" * 5_000_000]
)
def test_what_is_no_bundle_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        bundle.parse(data)


def test_spaces_and_other_orders_are_refused() -> None:
    data = bundle.encode(made("license"))
    obj = canonical.loads(data)
    with pytest.raises(FormatError):
        bundle.parse(data.replace(b'"v":1', b'"v": 1'))
    reordered = b"{" + b",".join(
        canonical.dumps(key) + b":" + canonical.dumps(obj[key]) for key in sorted(obj, reverse=True)
    )
    with pytest.raises(FormatError):
        bundle.parse(reordered + b"}")


def test_a_checkpoint_in_a_bundle_has_one_signature_by_its_log() -> None:
    log = seed("some log")
    text = Checkpoint(origin(log), 1, seed("root")).to_text()
    signer, witness = ed25519_signer("a"), ed25519_signer("b")
    assert bundle.SignedCheckpoint.parse(sign_note(text, [(origin(log), signer)]).decode()).log == log
    for signers in ([(origin(log), signer), ("witness", witness)], [("witness", witness)]):
        with pytest.raises(FormatError, match="one signature"):
            bundle.SignedCheckpoint.parse(sign_note(text, signers).decode())


def test_encoding_refuses_what_parsing_would_refuse() -> None:
    cq = sample().provinces[CHONGQING]
    good = cq.absence_bundle(ABSENT)
    with pytest.raises(FormatError):
        bundle.encode(bundle.AbsenceBundle("x", good.uscc, good.state, good.anchor, good.checkpoint))


def test_lengths_are_looked_at_before_anything_else() -> None:
    with pytest.raises(FormatError, match=f"at most {bundle.MAX_BUNDLE}"):
        bundle.parse(b" " * (bundle.MAX_BUNDLE + 1))
    with pytest.raises(FormatError, match="at most 65535"):
        bundle.BundleEntry.from_json({"v": 2, "note": "x" * 65_535})


def test_a_credential_with_a_digest_twice_is_misspelled_not_forged() -> None:
    obj = canonical.loads_object(bundle.encode(made("license")))
    jwt, *rest = obj["credential"].split("~")
    header, payload, signature = jwt.split(".")
    claims = canonical.loads_object(parse_b64url(payload))
    claims["heads"].append(claims["heads"][0])
    twice = ".".join((header, b64url(canonical.dumps(claims)), signature))
    obj["credential"] = "~".join((twice, *rest))
    with pytest.raises(FormatError, match="twice"):
        bundle.parse(canonical.dumps(obj))
