"""The argument, step by step: each step refuted once, and nothing that depends on a refuted step is ever ``ok``."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ledger import bundle, canonical, directory, trust
from ledger.bundle import Report
from ledger.encoding import b64url, parse_b64url
from ledger.entry import Authority
from ledger.keys import Purpose, key_id
from ledger.license.status import Event, SubjectState
from tests.builders import (
    ABSENT,
    ACTIVE,
    CHANGED,
    CHONGQING,
    GONE,
    REVOKED,
    SICHUAN,
    SUSPENDED,
    FixedEs256,
    Province,
    World,
    credit_code,
    ed25519_signer,
    record,
    sample,
    seed,
)

OK = {"integrity": "intact", "issuer": "entitled", "logged": "logged", "anchored": "anchored", "freshness": "fresh"}


def judge(found: bundle.Bundle, world: World, **options: Any) -> Report:
    trusted = options.pop("trusted", None) or world.trust()
    return bundle.verify(bundle.encode(found), trusted, now=options.pop("now", world.now), **options)


def reasons(report: Report) -> dict[str, str]:
    """Each verdict that is not as usual, with its reason."""
    pairs = zip(bundle.NAMES, report.verdicts, strict=True)
    return {name: f"{item.verdict}:{item.reason}" for name, item in pairs if OK.get(name) != item.reason}


def small() -> tuple[World, Province]:
    """A world of one's own to change: one licence in a log of three, not anchored yet."""
    world = World.of(CHONGQING, SICHUAN)
    cq = world.provinces[CHONGQING]
    cq.event(credit_code(900), Event.ESTABLISH, digest=seed("filler"))
    cq.issue(record(ACTIVE, "样例有限公司"))
    cq.event(credit_code(901), Event.ESTABLISH, digest=seed("filler"))
    return world, cq


# --- everything holds -------------------------------------------------------------------------------------------------


def test_a_genuine_licence_has_six_times_ok() -> None:
    world = sample()
    report = judge(world.provinces[CHONGQING].license_bundle(ACTIVE), world)
    assert reasons(report) == {"status": "ok:active"}
    assert report.exit_code == 0
    assert report.as_of is not None
    assert (report.as_of.seq, report.as_of.size) == (3, len(world.provinces[CHONGQING].entries))
    assert report.disclosed["heads"] == [{"kind": "natural", "name": "张样例"}]


def test_fewer_fields_shown_change_no_verdict() -> None:
    world = sample()
    report = judge(world.provinces[CHONGQING].license_bundle(ACTIVE, disclose=["name"]), world)
    assert report.exit_code == 0
    assert set(report.disclosed) == {"license_type", "version", "name"}


def test_an_older_anchor_proves_what_was_then() -> None:
    world = sample()
    cq = world.provinces[CHONGQING]
    assert reasons(judge(cq.license_bundle(REVOKED, which=0), world)) == {"status": "ok:active"}
    assert reasons(judge(cq.license_bundle(REVOKED, which=1), world)) == {"status": "failed:revoked"}


def test_absence_and_history() -> None:
    world = sample()
    cq = world.provinces[CHONGQING]
    absent = judge(cq.absence_bundle(ABSENT), world)
    assert reasons(absent) == {"integrity": "ok:no-credential", "status": "ok:never-issued"}
    assert absent.exit_code == 0
    gone = judge(cq.history_bundle(GONE), world)
    assert reasons(gone) == {"integrity": "ok:no-credential", "status": "failed:deregistered"}


def test_an_embedded_chain_is_named() -> None:
    world, cq = small()
    world.embedded = True
    world.anchor(cq)
    report = judge(cq.license_bundle(ACTIVE), world)
    assert reasons(report) == {"anchored": "ok:anchored-embedded", "status": "ok:active"}
    assert "演示链" in report.anchored.zh
    assert report.to_json()["as_of"]["chain"]["name"] == "演示链"


# --- without trust, or with too little of it --------------------------------------------------------------------------


def test_without_a_trust_file_everything_is_unknown_and_nothing_ok() -> None:
    found = sample().provinces[CHONGQING].license_bundle(ACTIVE)
    report = bundle.verify(bundle.encode(found), None, now=sample().now)
    assert {item.verdict for item in report.verdicts} == {bundle.Answer.UNKNOWN}
    assert report.exit_code == 2
    assert report.to_json()["as_of"] == {}


def test_a_forged_name_fails_even_without_a_trust_file() -> None:
    report = bundle.verify(forged_name(), None, now=sample().now)
    assert report.integrity.reason == "disclosure-mismatch"
    assert report.exit_code == 1


def forged_name() -> bytes:
    """A licence whose holder gave himself another name."""
    obj = canonical.loads_object(bundle.encode(sample().provinces[CHONGQING].license_bundle(ACTIVE)))
    parts = obj["credential"].split("~")
    for position, part in enumerate(parts[1:-1], start=1):
        salt, *rest = canonical.loads(parse_b64url(part))
        if rest[0] == "name":
            parts[position] = b64url(canonical.dumps([salt, "name", "样例假冒有限公司"]))
    obj["credential"] = "~".join(parts)
    return canonical.dumps(obj)


def test_a_forged_name_fails_integrity_and_nothing_else() -> None:
    report = bundle.verify(forged_name(), sample().trust(), now=sample().now)
    assert reasons(report) == {"integrity": "failed:disclosure-mismatch", "status": "ok:active"}
    assert "name" not in report.disclosed


def test_a_trust_file_from_before_the_anchor_leaves_it_unknown() -> None:
    world, cq = small()
    world.anchor(cq)
    old = world.trust()
    cq.event(ACTIVE, Event.REVOKE, subject=SubjectState.REVOKED)
    world.anchor(cq)
    report = judge(cq.license_bundle(ACTIVE), world, trusted=old)
    assert reasons(report) == {
        "issuer": "unknown:needs-anchored",
        "anchored": "unknown:trust-older",
        "status": "unknown:needs-anchored",
        "freshness": "unknown:needs-anchored",
    }
    assert report.exit_code == 2


def test_a_member_that_the_trust_file_does_not_list_is_unknown() -> None:
    world, cq = small()
    world.anchor(cq)
    report = judge(cq.license_bundle(ACTIVE), world, trusted=World.of(SICHUAN).trust())
    assert reasons(report)["anchored"] == "unknown:member-unknown"
    assert report.exit_code == 2


# --- 1 anchored -------------------------------------------------------------------------------------------------------


def claim(found: bundle.LicenseBundle, **changes: Any) -> bundle.LicenseBundle:
    return replace(found, anchor=replace(found.anchor, **changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state_root": bytes(32)}, "failed:anchor-differs"),
        ({"seq": 2}, "failed:anchor-differs"),
        ({"seq": 4}, "failed:anchor-differs"),
        ({"seq": 4, "size": 10_000}, "failed:anchor-differs"),
        ({"seq": 5, "size": 10_000}, "unknown:trust-older"),
        ({"seq": 4, "epoch": 1}, "unknown:trust-older"),
    ],
)
def test_1_an_anchor_that_the_chain_does_not_have(changes: dict[str, Any], reason: str) -> None:
    world = sample()
    report = judge(claim(world.provinces[CHONGQING].license_bundle(ACTIVE), **changes), world)
    assert reasons(report)["anchored"] == reason
    for dependent in (report.issuer, report.status, report.freshness):
        assert not dependent.ok


def test_1_an_anchor_taken_back_by_vote() -> None:
    world, cq = small()
    world.anchor(cq)
    found = cq.license_bundle(ACTIVE)
    world.emit(directory.Disowned, member=CHONGQING, from_seq=1, to_seq=1, epoch=1, seq=0, size=0)
    report = judge(found, world)
    assert reasons(report)["anchored"] == "failed:anchor-disowned"
    assert not report.status.ok
    world.anchor(cq)
    assert judge(cq.license_bundle(ACTIVE), world).exit_code == 0
    claimed = claim(found, seq=3)
    assert reasons(judge(claimed, world))["anchored"] == "failed:anchor-differs"


def test_1_an_adopted_head_is_as_good_as_an_anchor_and_what_was_before_is_unlisted() -> None:
    world, cq = small()
    world.anchor(cq)
    found = claim(cq.license_bundle(ACTIVE), seq=9)
    successor = World.of(CHONGQING)
    anchor = found.anchor
    roots = {"log_root": anchor.log_root, "state_root": anchor.state_root, "digest": anchor.digest}
    successor.emit(
        directory.Adopted, member=CHONGQING, chain_id=7, registry=bytes(20), epoch=0, seq=9, size=anchor.size, **roots
    )
    successor.now = world.now
    assert judge(found, successor).anchored.ok
    assert reasons(judge(claim(found, seq=8), successor))["anchored"] == "unknown:anchor-unlisted"


# --- 2 logged ---------------------------------------------------------------------------------------------------------


def test_2_1_a_log_of_another_member() -> None:
    world = sample()
    report = judge(claim(world.provinces[CHONGQING].license_bundle(ACTIVE), member=SICHUAN), world)
    assert reasons(report)["logged"] == "failed:wrong-log"
    assert reasons(report)["integrity"] == "failed:claims-mismatch"


def test_2_1_entries_of_two_logs() -> None:
    world, cq = small()
    other = World.of(CHONGQING)
    stranger = replace(cq.entries[1], log=seed("another log"))
    world.anchor(cq)
    found = cq.license_bundle(ACTIVE)
    held = replace(found.issued, held=bundle.BundleEntry.of(stranger))
    assert reasons(judge(replace(found, issued=held), other))["logged"] == "failed:wrong-log"


def test_2_2_the_checkpoint_of_another_size() -> None:
    world = sample()
    cq = world.provinces[CHONGQING]
    found = replace(cq.license_bundle(ACTIVE), checkpoint=cq.bundle_parts(1)["checkpoint"])
    assert reasons(judge(found, world))["logged"] == "failed:checkpoint-differs"


def test_2_3_an_entry_that_is_not_there() -> None:
    world = sample()
    cq = world.provinces[CHONGQING]
    found = cq.license_bundle(CHANGED, 1)
    for place in (found.issued, found.current):
        for wrong in (
            replace(place, index=place.index - 1),
            replace(place, index=10_000),
            replace(place, inclusion=place.inclusion[:-1]),
        ):
            issued = wrong if place is found.issued else found.issued
            current = wrong if place is found.current else found.current
            report = judge(replace(found, issued=issued, current=current), world)
            assert reasons(report)["logged"] == "failed:not-included"


def test_2_3_a_current_entry_that_is_not_the_newest_fails_the_status() -> None:
    world = sample()
    found = world.provinces[CHONGQING].license_bundle(CHANGED, 1)
    report = judge(replace(found, current=found.issued), world)
    assert reasons(report) == {"status": "failed:state-proof"}


def _altered(cq: Province, position: int, **changes: Any) -> None:
    cq.entries[position] = replace(cq.entries[position], **changes)


@dataclass(frozen=True)
class Incoherent:
    """A change of the last entry, which follows the one that issued the licence."""

    changes: dict[str, Any]
    detail: str


INCOHERENT = {
    "another subject": Incoherent({"subject": seed("another")}, "two subjects"),
    "prev of something else": Incoherent({"prev": seed("another")}, "prev is not"),
    "recorded earlier": Incoherent({"recorded": dt.datetime(2026, 11, 1, 1, 1, tzinfo=dt.UTC)}, "comes before"),
    "digest changed": Incoherent({"digest": seed("another")}, "two credentials"),
    "version changed": Incoherent({"version": 2}, "two credentials"),
    "n too large": Incoherent({"n": 0, "prev": None, "event": Event.ESTABLISH}, "two entries with n"),
}


@pytest.mark.parametrize("name", INCOHERENT)
def test_2_4_entries_that_do_not_fit(name: str) -> None:
    world, cq = small()
    issued = len(cq.entries) - 2
    cq.event(ACTIVE, Event.FILE)
    _altered(cq, -1, **INCOHERENT[name].changes)
    world.anchor(cq)
    size = len(cq.entries)
    shown, _ = cq.credentials[ACTIVE, 1]
    state = bundle.parse(bundle.encode(cq.history_bundle(credit_code(900)))).state
    found = bundle.LicenseBundle(
        shown, cq.located(issued, size), cq.located(size - 1, size), state, **cq.bundle_parts()
    )
    report = judge(found, world)
    assert reasons(report)["logged"] == "failed:entries-incoherent"
    assert INCOHERENT[name].detail in report.logged.en
    assert not report.status.ok


def test_2_4_a_licence_that_no_event_issued() -> None:
    world, cq = small()
    cq.event(ACTIVE, Event.FILE)
    world.anchor(cq)
    found = cq.license_bundle(ACTIVE)
    assert reasons(judge(replace(found, issued=found.current), world))["logged"] == "failed:entries-incoherent"


@pytest.mark.parametrize("drop", [0, 1, 2])
def test_2_4_a_history_with_an_entry_left_out(drop: int) -> None:
    world = sample()
    found = world.provinces[CHONGQING].history_bundle(GONE)
    assert len(found.entries) == 3
    entries = found.entries[:drop] + found.entries[drop + 1 :]
    report = judge(replace(found, entries=entries), world)
    assert report.exit_code == 1
    # Without its end it is a history all the same, but its last entry is not the newest one.
    assert report.logged.ok == (drop == 2)
    assert (report.status.reason == "state-proof") == (drop == 2)


def test_2_3_a_history_that_only_the_state_root_knows() -> None:
    world = sample()
    found = world.provinces[CHONGQING].history_bundle(GONE)
    last = found.entries[-1]
    invented = bundle.BundleEntry.of(replace(last.entry, commit=seed("never logged")))
    report = judge(replace(found, entries=(*found.entries[:-1], replace(last, held=invented))), world)
    assert reasons(report)["logged"] == "failed:not-included"


def test_2_5_the_checkpoint_signed_with_a_key_that_nobody_registered() -> None:
    world, cq = small()
    world.anchor(cq, signer=ed25519_signer("thief"))
    assert reasons(judge(cq.license_bundle(ACTIVE), world))["logged"] == "failed:key-unknown"
    world.add_key(CHONGQING, Purpose.CHECKPOINT, ed25519_signer("thief").public)
    assert reasons(judge(cq.license_bundle(ACTIVE), world))["logged"] == "failed:checkpoint-key"


def test_2_6_a_checkpoint_key_revoked_before_the_checkpoint() -> None:
    world, cq = small()
    world.emit(directory.KeyRevoked, member=CHONGQING, key_id=key_id(cq.checkpoint_key.public))
    world.anchor(cq)
    report = bundle.verify(bundle.encode(cq.license_bundle(ACTIVE)), world.trust(SICHUAN), now=world.now)
    assert reasons(report)["logged"] == "failed:checkpoint-key"


# --- 3 integrity ------------------------------------------------------------------------------------------------------


def test_3_2_a_genuine_credential_of_somebody_else() -> None:
    world = sample()
    cq = world.provinces[CHONGQING]
    found = replace(cq.license_bundle(ACTIVE), credential=cq.credentials[REVOKED, 1][0])
    assert reasons(judge(found, world)) == {"integrity": "failed:digest-mismatch", "status": "ok:active"}


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"version": 2}, "version"),
        ({"subject": seed("another")}, "uscc"),
        ({"authority": Authority("11500106MB0000027A", "500106")}, "authority"),
    ],
)
def test_3_3_a_credential_that_contradicts_its_entry(changes: dict[str, Any], detail: str) -> None:
    world, cq = small()
    _altered(cq, 1, **changes)
    world.anchor(cq)
    size = len(cq.entries)
    located = cq.located(1, size)
    state = cq.history_bundle(credit_code(900)).state
    found = bundle.LicenseBundle(cq.credentials[ACTIVE, 1][0], located, located, state, **cq.bundle_parts())
    report = judge(found, world)
    assert reasons(report)["integrity"] == "failed:claims-mismatch"
    assert detail in report.integrity.en


def test_3_4_and_4_1_a_key_that_nobody_registered() -> None:
    world, cq = small()
    cq.issue(record(SUSPENDED, "样例有限公司"), signer=FixedEs256.of("thief"))
    world.anchor(cq)
    report = judge(cq.license_bundle(SUSPENDED), world)
    assert reasons(report)["integrity"] == "unknown:key-unknown"
    assert reasons(report)["issuer"] == "failed:key-unknown"


@dataclass(frozen=True)
class Impostor:
    """Signs with one key and names another."""

    key: FixedEs256
    public: bytes

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


def test_3_4_a_signature_by_another_key_than_it_names() -> None:
    world, cq = small()
    cq.issue(record(SUSPENDED, "样例有限公司"), signer=Impostor(FixedEs256.of("thief"), cq.credential_key.public))
    world.anchor(cq)
    assert reasons(judge(cq.license_bundle(SUSPENDED), world))["integrity"] == "failed:signature-invalid"


# --- 4 issuer ---------------------------------------------------------------------------------------------------------


def test_4_2_a_key_for_another_purpose() -> None:
    world, cq = small()
    cq.issue(record(SUSPENDED, "样例有限公司"), signer=Impostor(FixedEs256.of("x"), cq.checkpoint_key.public))
    world.anchor(cq)
    report = judge(cq.license_bundle(SUSPENDED), world)
    assert reasons(report)["issuer"] == "failed:key-purpose"
    assert reasons(report)["integrity"] == "failed:signature-invalid"


def test_4_3_an_authority_of_another_province() -> None:
    world, cq = small()
    cq.event(ACTIVE, Event.FILE, authority=Authority("11510107MB0000018F", "510107"))
    world.anchor(cq)
    assert reasons(judge(cq.license_bundle(ACTIVE), world))["issuer"] == "failed:authority-outside"


@pytest.mark.parametrize(("cutoff", "issuer"), [(1, "failed:key-disowned"), (2, None)])
def test_4_4_the_cut_off_of_a_stolen_key(cutoff: int, issuer: str | None) -> None:
    world, cq = small()
    world.anchor(cq)
    stolen = key_id(cq.credential_key.public)
    world.emit(directory.KeyCompromised, member=CHONGQING, key_id=stolen, from_size=cutoff)
    report = judge(cq.license_bundle(ACTIVE), world)
    assert reasons(report).get("issuer") == issuer
    assert report.integrity.ok


def test_4_4_a_key_speaks_for_what_was_made_while_it_was_registered() -> None:
    world, cq = small()
    world.anchor(cq)
    world.emit(directory.KeyRevoked, member=CHONGQING, key_id=key_id(cq.credential_key.public))
    cq.issue(record(SUSPENDED, "样例有限公司"))
    world.anchor(cq)
    assert judge(cq.license_bundle(ACTIVE), world).exit_code == 0
    assert reasons(judge(cq.license_bundle(SUSPENDED), world))["issuer"] == "failed:key-not-entitled"


def test_4_4_a_key_registered_too_late() -> None:
    world, cq = small()
    late = FixedEs256.of("late")
    cq.issue(record(SUSPENDED, "样例有限公司"), signer=late)
    world.anchor(cq)
    world.add_key(CHONGQING, Purpose.CREDENTIAL, late.public)
    assert reasons(judge(cq.license_bundle(SUSPENDED), world))["issuer"] == "failed:key-not-entitled"


def test_4_5_a_member_suspended_when_the_entry_was_anchored() -> None:
    world = sample()
    trusted = world.trust()
    member = trusted.member(CHONGQING)
    assert member is not None
    out = replace(member, suspensions=((member.anchors[0].block - 1, member.anchors[0].block + 1),))
    changed = trust.TrustFile(trusted.chain, trusted.block, (out, *trusted.members[1:]), trusted.signers)
    report = judge(world.provinces[CHONGQING].license_bundle(ACTIVE), world, trusted=changed)
    assert reasons(report) == {"issuer": "failed:member-suspended", "status": "ok:active"}


def test_4_5_a_member_suspended_later_does_not_lose_what_it_issued() -> None:
    world, cq = small()
    world.anchor(cq)
    world.emit(directory.MemberSuspended, member=CHONGQING)
    assert judge(cq.license_bundle(ACTIVE), world, trusted=world.trust(SICHUAN)).exit_code == 0
