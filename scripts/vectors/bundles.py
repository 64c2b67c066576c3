"""Vectors of bundles: a small consortium, what it proves, and the same with one wrong thing at a time.

A bundle's case has the six verdicts that a verifier must reach; only what no parser may accept has ``wantErr``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ledger import bundle, canonical, directory, trust
from ledger.encoding import b64, b64url, parse_b64, parse_b64url, timestamp
from ledger.entry import Authority
from ledger.keys import Purpose, key_id
from ledger.license.status import Event, Flag, Status, SubjectState, VersionState
from scripts.vectors.common import Case, Cases, bad, flip, good
from tests.builders import (
    ABSENT,
    ACTIVE,
    CHANGED,
    CHONGQING,
    FLAGGED,
    REVOKED,
    SICHUAN,
    SUSPENDED,
    SUSPENDED_UNTIL,
    FixedEs256,
    Province,
    World,
    credit_code,
    ed25519_signer,
    record,
    seed,
)

SHOWN = ("name", "uscc", "heads")
Object = dict[str, Any]


def story() -> tuple[World, Province]:
    """Two provinces; five licences, two anchors of the first log, the newer one witnessed."""
    world = World.of(CHONGQING, SICHUAN)
    cq, sc = world.provinces.values()
    for holder in (ACTIVE, CHANGED, SUSPENDED, REVOKED, FLAGGED):
        cq.issue(record(holder, f"样例{holder[8:16]}有限公司"))
    world.anchor(cq)
    cq.issue(record(CHANGED, "样例更名有限公司", version=2, event=Event.CHANGE), Event.CHANGE)
    cq.event(SUSPENDED, Event.SUSPEND, subject=SubjectState.SUSPENDED, until=SUSPENDED_UNTIL)
    cq.event(REVOKED, Event.REVOKE, subject=SubjectState.REVOKED)
    cq.event(FLAGGED, Event.FLAG_ON, flags=frozenset({Flag.ABNORMAL_LIST}))
    world.anchor(cq)
    world.witness(cq, by=sc)
    return world, cq


@cache
def told() -> tuple[World, Province, bytes]:
    """The story and its trust file; read only."""
    world, cq = story()
    return world, cq, world.trust_bytes()


def case(
    desc: str,
    found: bundle.Bundle | bytes,
    trusted: bytes | None,
    now: dt.datetime,
    *,
    hours: int = 72,
    min_basis: str = "issuer",
) -> Case:
    """A bundle that parses, with the verdicts reached."""
    data = found if isinstance(found, bytes) else bundle.encode(found)
    parsed = None if trusted is None else trust.parse(trusted)
    report = bundle.verify(data, parsed, now=now, max_age=dt.timedelta(hours=hours), min_basis=min_basis)
    pairs = zip(bundle.NAMES, report.verdicts, strict=True)
    return good(
        desc,
        input=data.decode(),
        trust="" if trusted is None else trusted.decode(),
        now=timestamp(now),
        maxAgeHours=hours,
        minBasis=min_basis,
        verdicts={name: {"verdict": item.verdict.value, "reason": item.reason} for name, item in pairs},
        basis=report.basis,
        words=[word.code for word in report.words],
        exit=report.exit_code,
    )


def bundle_cases() -> Cases:
    """Bundles that hold, that do not, that cannot be told, and that are none."""
    return _genuine() | _outcomes() | _forged() | _entitlement() | _unknown() | _malformed()


def _genuine() -> Cases:
    world, cq, trusted = told()
    now = world.now
    licences = {
        "license-active": ("a licence in force", ACTIVE, None),
        "license-superseded": ("the first version of a licence that was changed", CHANGED, 1),
        "license-changed": ("the second version of a licence that was changed", CHANGED, 2),
        "license-suspended": ("a suspended licence: valid", SUSPENDED, None),
        "license-revoked": ("a revoked licence", REVOKED, None),
        "license-flagged": ("a licence with a public remark", FLAGGED, None),
    }
    cases = {
        name: case(desc, cq.license_bundle(holder, version, disclose=SHOWN), trusted, now)
        for name, (desc, holder, version) in licences.items()
    }
    active, suspended = cq.license_bundle(ACTIVE, disclose=SHOWN), cq.license_bundle(SUSPENDED, disclose=SHOWN)
    ended = dt.datetime.combine(SUSPENDED_UNTIL, dt.time(16), dt.UTC)
    cases |= {
        "license-older-anchor": case("as of an older anchor", cq.license_bundle(REVOKED, which=0), trusted, now),
        "license-nothing-shown": case("no field disclosed", cq.license_bundle(ACTIVE, disclose=[]), trusted, now),
        "license-suspension-ended": case("a suspension that ended by itself", suspended, trusted, ended, hours=9999),
        "absence-other": case("never issued; the way ends at another leaf", cq.absence_bundle(ABSENT), trusted, now),
        "absence-empty": case("never issued; the way ends at nothing", _absent_at_nothing(cq), trusted, now),
        "history": case("everything about a revoked licence", cq.history_bundle(REVOKED), trusted, now),
        "basis-enough": case("a witness is demanded, and there is one", active, trusted, now, min_basis="witnessed:1"),
    }
    return cases


def _outcomes() -> Cases:
    """What else may have become of a licence."""
    voided = Status(VersionState.VOIDED, SubjectState.ACTIVE)
    moved = Status(VersionState.SUPERSEDED, SubjectState.MOVED)
    changes: dict[str, tuple[Event, Object]] = {
        "moving": (Event.MOVE_OFFER, {"subject": SubjectState.MOVING}),
        "moved": (Event.MOVE_OUT, {"status": moved}),
        "liquidating": (Event.LIQUIDATE, {"subject": SubjectState.LIQUIDATING}),
        "annulled": (Event.ANNUL, {"subject": SubjectState.ANNULLED}),
        "deregistered": (Event.DEREGISTER, {"subject": SubjectState.DEREGISTERED}),
        "voided": (Event.VOID, {"status": voided}),
    }
    cases = {}
    for name, (event, change) in changes.items():
        world, cq = story()
        cq.event(ACTIVE, event, **change)
        world.anchor(cq)
        found = cq.license_bundle(ACTIVE, disclose=[])
        cases[f"license-{name}"] = case(
            f"a licence whose newest entry is {event}", found, world.trust_bytes(), world.now
        )
    return cases


def _absent_at_nothing(cq: Province) -> bundle.AbsenceBundle:
    found = (cq.absence_bundle(credit_code(number)) for number in range(500, 600))
    return next(item for item in found if item.state.end.value == "empty")


def _forged() -> Cases:
    world, cq, trusted = told()
    genuine, other = cq.license_bundle(ACTIVE, disclose=SHOWN), cq.license_bundle(REVOKED, disclose=SHOWN)
    older = cq.bundle_parts(0)["checkpoint"]
    changed, revoked = cq.license_bundle(CHANGED, 1, disclose=SHOWN), cq.history_bundle(REVOKED)
    root = replace(genuine.anchor, state_root=seed("forged"))
    forged: dict[str, tuple[str, bundle.Bundle | bytes]] = {
        "forged-name": ("the name was changed in the disclosure", _renamed(genuine)),
        "forged-other-credential": ("the credential of another licence", replace(genuine, credential=other.credential)),
        "forged-state-root": ("an anchor that the chain does not have", replace(genuine, anchor=root)),
        "forged-index": ("another index", replace(genuine, issued=replace(genuine.issued, index=1))),
        "forged-checkpoint": ("the checkpoint of another size", replace(genuine, checkpoint=older)),
        "forged-current": ("an old entry passed off as the newest", replace(changed, current=changed.issued)),
        "forged-other-subject": ("the newest entry of another licence", replace(genuine, current=other.current)),
        "forged-member": ("passed off as another member's", replace(genuine, anchor=replace(root, member=SICHUAN))),
        "forged-state": ("the state proof of another licence", replace(genuine, state=other.state)),
        "forged-history-cut": ("a history without its end", replace(revoked, entries=revoked.entries[:-1])),
        "forged-history-gap": ("a history without its beginning", replace(revoked, entries=revoked.entries[1:])),
    }
    return {name: case(desc, item, trusted, world.now) for name, (desc, item) in forged.items()}


def _renamed(found: bundle.LicenseBundle) -> bytes:
    """The same file with another name in its disclosure."""
    obj = found.to_json()
    parts = obj["credential"].split("~")
    for position, part in enumerate(parts[1:-1], start=1):
        salt, *rest = canonical.loads(parse_b64url(part))
        if rest[0] == "name":
            parts[position] = b64url(canonical.dumps([salt, "name", "样例假冒有限公司"]))
    return canonical.dumps(obj | {"credential": "~".join(parts)})


def _entitlement() -> Cases:
    """Genuine signatures by keys and members that were not entitled."""
    told_by: dict[str, tuple[str, Callable[[World, Province], bundle.Bundle]]] = {
        "key-disowned": ("after the cut-off of a stolen key", _disowned),
        "key-before-cut-off": ("before the cut-off of a stolen key", _before_cut_off),
        "key-revoked": ("made after the key was revoked", _revoked_key),
        "key-never-registered": ("signed by a key that nobody registered", _stranger),
        "key-of-another-purpose": ("names a checkpoint key", _wrong_purpose),
        "signature-of-another-key": ("names a registered key, signed by another", _impostor),
        "checkpoint-signature": ("the checkpoint's signature changed", _changed_signature),
        "checkpoint-key-revoked": ("the checkpoint signed after its key was revoked", _old_checkpoint_key),
        "authority-outside": ("an authority of another province", _outside),
        "anchor-disowned": ("an anchor taken back by vote", taken_back),
        "checkpoint-of-a-stranger": ("the checkpoint signed by a key that nobody registered", _strange_checkpoint),
    }
    cases = {}
    for name, (desc, tell) in told_by.items():
        world, cq = story()
        found = tell(world, cq)
        cases[name] = case(desc, found, world.trust_bytes(), world.now)
    world = World.of(CHONGQING, embedded=True)
    cq = world.provinces[CHONGQING]
    cq.issue(record(ACTIVE, "样例有限公司"))
    world.anchor(cq)
    found = cq.license_bundle(ACTIVE, disclose=SHOWN)
    cases["embedded"] = case("on an embedded chain (演示链), one entry", found, world.trust_bytes(), world.now)
    return cases


def _disowned(world: World, cq: Province) -> bundle.Bundle:
    _compromise(world, cq, 0)
    return cq.license_bundle(ACTIVE, disclose=SHOWN)


def _before_cut_off(world: World, cq: Province) -> bundle.Bundle:
    _compromise(world, cq, 1)
    return cq.license_bundle(ACTIVE, disclose=SHOWN)


def _compromise(world: World, cq: Province, size: int) -> None:
    stolen = key_id(cq.credential_key.public)
    world.emit(directory.KeyCompromised, member=cq.code, key_id=stolen, from_size=size)


def _revoked_key(world: World, cq: Province) -> bundle.Bundle:
    world.emit(directory.KeyRevoked, member=cq.code, key_id=key_id(cq.credential_key.public))
    return _issue_more(world, cq)


def _stranger(world: World, cq: Province) -> bundle.Bundle:
    return _issue_more(world, cq, signer=FixedEs256.of("stranger"))


@dataclass(frozen=True)
class Impostor:
    """Signs with a key of its own and names another."""

    public: bytes

    def sign(self, message: bytes) -> bytes:
        """A good signature by the wrong key."""
        return FixedEs256.of("impostor").sign(message)


def _wrong_purpose(world: World, cq: Province) -> bundle.Bundle:
    return _issue_more(world, cq, signer=Impostor(cq.checkpoint_key.public))


def _impostor(world: World, cq: Province) -> bundle.Bundle:
    return _issue_more(world, cq, signer=Impostor(cq.credential_key.public))


def _changed_signature(_world: World, cq: Province) -> bundle.Bundle:
    found = cq.license_bundle(ACTIVE, disclose=SHOWN)
    head, space, line = found.checkpoint.data.rstrip("\n").rpartition(" ")
    changed = b64(flip(parse_b64(line), 0))
    return replace(found, checkpoint=bundle.SignedCheckpoint.parse(f"{head}{space}{changed}\n"))


def _old_checkpoint_key(world: World, cq: Province) -> bundle.Bundle:
    old, cq.checkpoint_key = cq.checkpoint_key, ed25519_signer("new")
    world.add_key(cq.code, Purpose.CHECKPOINT, cq.checkpoint_key.public)
    world.emit(directory.KeyRevoked, member=cq.code, key_id=key_id(old.public))
    cq.event(ACTIVE, Event.FILE)
    world.anchor(cq, signer=old)
    return cq.license_bundle(ACTIVE, disclose=SHOWN)


def _issue_more(world: World, cq: Province, **changes: Any) -> bundle.Bundle:
    cq.issue(record(credit_code(77), "样例有限公司"), **changes)
    world.anchor(cq)
    return cq.license_bundle(credit_code(77), disclose=SHOWN)


def _outside(world: World, cq: Province) -> bundle.Bundle:
    cq.event(ACTIVE, Event.FILE, authority=Authority("11510107MB0000018F", "510107"))
    world.anchor(cq)
    return cq.license_bundle(ACTIVE, disclose=SHOWN)


def taken_back(world: World, cq: Province) -> bundle.Bundle:
    """The newest anchor disowned, and a bundle that rests on it."""
    size = cq.anchored[0].size
    world.emit(directory.Disowned, member=cq.code, from_seq=2, to_seq=2, epoch=1, seq=1, size=size)
    return cq.license_bundle(ACTIVE, disclose=SHOWN)


def _strange_checkpoint(world: World, cq: Province) -> bundle.Bundle:
    cq.event(ACTIVE, Event.FILE)
    world.anchor(cq, signer=ed25519_signer("stranger"))
    return cq.license_bundle(ACTIVE, disclose=SHOWN)


def _unknown() -> Cases:
    """Genuine, but the verifier knows too little; and clocks."""
    world, cq, trusted = told()
    found, now, day = cq.license_bundle(ACTIVE, disclose=SHOWN), world.now, dt.timedelta(days=1)
    young, _ = story()
    young.events = young.events[:-2]
    old = young.trust_bytes()
    alone = World.of(SICHUAN).trust_bytes()
    return {
        "no-trust-file": case("without a trust file", found, None, now),
        "no-trust-file-forged-name": case("forged, without a trust file", _renamed(found), None, now),
        "trust-older": case("the trust file is from before the anchor", found, old, now),
        "member-unknown": case("the trust file does not list the member", found, alone, now),
        "basis-too-low": case("two witnesses are demanded", found, trusted, now, min_basis="witnessed:2"),
        "stale": case("an old anchor", found, trusted, now + 4 * day),
        "from-the-future": case("an anchor later than the clock", found, trusted, now - day),
    }


def _malformed() -> Cases:
    world, cq, trusted = told()
    text = bundle.encode(cq.license_bundle(ACTIVE, disclose=SHOWN)).decode()
    absent = bundle.encode(cq.absence_bundle(ABSENT)).decode()
    root = cq.anchored[-1].anchor.log_root.hex()
    replaced = {
        "malformed-space": ("a space after a colon", text, '"v":1}', '"v": 1}'),
        "malformed-newline": ("a newline at the end", text, '"v":1}', '"v":1}\n'),
        "malformed-version": ("another version", text, '"v":1}', '"v":2}'),
        "malformed-type": ("another type", text, '"type":"license"', '"type":"licence"'),
        "malformed-field": ("an unknown field", text, '"v":1}', '"v":1,"w":1}'),
        "malformed-capital-hex": ("a hash in capitals", text, root, root.upper()),
        "malformed-short-hash": ("a hash of 31 bytes", text, root, root[2:]),
        "malformed-null": ("null", text, f'"{root}"', "null"),
        "malformed-float": ("a number with a fraction", text, '"index":0', '"index":0.0'),
        "malformed-no-end": ("a credential without its last ~", text, '~","current"', '","current"'),
        "malformed-checkpoint": ("a checkpoint without a blank line", text, "\\n\\n", "\\n"),
        "malformed-uscc": ("a credit code with a wrong check character", absent, ABSENT, ABSENT[:-1] + "0"),
        "malformed-end": ("a licence with a proof of absence", text, '"end":"present"', '"end":"empty"'),
    }
    now = timestamp(world.now)
    cases = {}
    for name, (desc, whole, old, new) in replaced.items():
        if old not in whole:
            raise ValueError(f"{name}: nothing to replace")
        cases[name] = bad(desc, "FormatError", input=whole.replace(old, new, 1), trust=trusted.decode(), now=now)
    return cases
