"""Vectors of trust files: good ones, misspelled ones, and facts that cannot stand together, signed all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger import canonical, directory, trust
from ledger.keys import Purpose
from ledger.merkle.note import sign_note
from scripts.vectors.bundles import story, taken_back, told
from scripts.vectors.common import Case, Cases, bad, good
from tests.builders import CHONGQING, SICHUAN, World, ed25519_signer

Object = dict[str, Any]


def trust_cases() -> Cases:
    """Trust files that hold, and that are misspelled, contradict themselves or are not signed as they must be."""
    return _good_trust() | _contradictions() | _misspelled()


def _good_trust() -> Cases:
    world, _, both = told()
    suspended, _ = story()
    suspended.emit(directory.MemberSuspended, member=SICHUAN)
    rewound, cq = story()
    taken_back(rewound, cq)
    rewound.anchor(cq)
    rotated, _ = story()
    rotated.add_key(CHONGQING, Purpose.CHECKPOINT, ed25519_signer("rotated").public)
    cases = {
        "signed-by-both": ("signed by both members", both),
        "signed-by-one": ("signed by one member", world.trust_bytes(SICHUAN)),
        "suspended": ("one member is suspended, the other signs", suspended.trust_bytes()),
        "disowned": ("an anchor was taken back, and the log anchored again", rewound.trust_bytes()),
        "rotated": ("a second checkpoint key", rotated.trust_bytes()),
        "empty-log": ("no anchors yet", World.of(CHONGQING).trust_bytes()),
    }
    return {name: _trust_case(desc, data) for name, (desc, data) in cases.items()}


def _trust_case(desc: str, data: bytes) -> Case:
    parsed = trust.parse(data)
    anchors = {str(member.member): len(member.anchors) for member in parsed.members}
    signers = [member for member, _ in parsed.signers]
    return good(desc, input=data.decode(), block=parsed.block.number, anchors=anchors, signers=signers)


def _contradictions() -> Cases:
    """Facts that cannot stand together, signed all the same."""
    changes: dict[str, tuple[str, Callable[[Object], object]]] = {
        "members-unsorted": ("members not in order", lambda obj: obj["members"].reverse()),
        "key-id": ("a key's id is not its hash", lambda obj: _cq(obj)["keys"][0].update(id="00" * 32)),
        "key-too-new": ("a key added after the file's block", lambda obj: _cq(obj)["keys"][0].update(added=10**6)),
        "key-half-revoked": ("revoked without until_size", lambda obj: _cq(obj)["keys"][0].update(revoked=9)),
        "status": ("suspended without a suspension", lambda obj: _cq(obj).update(status="suspended")),
        "anchor-missing": ("an anchor left out", lambda obj: _cq(obj)["anchors"].pop(0)),
        "anchor-root": ("an anchor's root changed", lambda obj: _cq(obj)["anchors"][1].update(log_root="00" * 32)),
        "anchor-link": ("an anchor extends another", lambda obj: _cq(obj)["anchors"][1].update(previous="00" * 32)),
        "anchor-disowned": ("disowned without a range", lambda obj: _cq(obj)["anchors"][1].update(disowned=True)),
        "epoch": ("an epoch without a range", lambda obj: _cq(obj).update(epoch=1)),
        "range": ("a range that does not reach the end", lambda obj: _cq(obj).update(disowned=[{"from": 1, "to": 1}])),
        "witness": ("a witness of itself", lambda obj: _cq(obj)["anchors"][1].update(witnesses=[CHONGQING])),
    }
    return {
        f"contradiction-{name}": bad(desc, "TrustError", input=_resigned(change).decode())
        for name, (desc, change) in changes.items()
    }


def _cq(obj: Object) -> Object:
    found: Object = obj["members"][0]
    return found


def _resigned(change: Callable[[Object], object]) -> bytes:
    world, cq, data = told()
    obj = canonical.loads_object(data.split(b"\n")[1])
    change(obj)
    text = f"{trust.HEADER}\n{canonical.dumps(obj).decode()}\n"
    return sign_note(text, [(f"tongban-ledger/{cq.log.hex()}", world.provinces[CHONGQING].checkpoint_key)])


def _misspelled() -> Cases:
    world, cq, data = told()
    stranger = sign_note(data.decode().split("\n\n")[0] + "\n", [("tongban-ledger/" + "00" * 32, ed25519_signer("x"))])
    another = sign_note(
        data.decode().split("\n\n")[0] + "\n", [(f"tongban-ledger/{cq.log.hex()}", ed25519_signer("x"))]
    )
    text, lines = data.split(b"\n\n")
    first, second, _ = lines.split(b"\n")
    cases = {
        "header": ("another first line", "FormatError", data.replace(b"trust/v1", b"trust/v2")),
        "extension-line": ("a third line", "FormatError", data.replace(b"\n\n", b"\n\n\n", 1)),
        "unknown-field": ("an unknown field", "FormatError", data.replace(b'"v":1}', b'"v":1,"w":1}')),
        "unsigned": ("no signature", "FormatError", text + b"\n"),
        "lines-unsorted": ("signature lines not in order", "FormatError", b"\n".join((text, b"", second, first, b""))),
        "line-twice": ("a signature line twice", "FormatError", b"\n".join((text, b"", first, first, b""))),
        "fact-changed": ("a fact changed after signing", "SignatureError", data.replace(b"false", b"true", 1)),
        "stranger": ("signed by nobody's log", "TrustError", stranger),
        "another-key": ("signed by a key that is not the member's", "TrustError", another),
        "suspended-signer": ("signed by a suspended member", "TrustError", _suspended_signer(world)),
    }
    return {name: bad(desc, error, input=found.decode()) for name, (desc, error, found) in cases.items()}


def _suspended_signer(world: World) -> bytes:
    suspended, _ = story()
    suspended.emit(directory.MemberSuspended, member=SICHUAN)
    sc = world.provinces[SICHUAN]
    return sign_note(trust.to_text(suspended.unsigned_trust()), [(f"tongban-ledger/{sc.log.hex()}", sc.checkpoint_key)])
