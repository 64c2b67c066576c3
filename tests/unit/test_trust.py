"""The trust file: its one spelling, its signatures, what it may not contradict, and whom a verifier pins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import canonical, directory, trust
from ledger.errors import FormatError, LedgerError, SignatureError, TrustError
from ledger.keys import key_id
from ledger.license.status import Event
from ledger.merkle.note import sign_note
from tests.builders import CHONGQING, SICHUAN, World, credit_code, ed25519_signer, sample, seed

THIRD = 520000


def resigned(change: Callable[[dict[str, Any]], None], world: World | None = None) -> bytes:
    """The sample's trust file with something changed in it, signed again by its members."""
    world = world or sample()
    data = world.trust_bytes()
    obj = canonical.loads_object(data.split(b"\n")[1])
    change(obj)
    text = f"{trust.HEADER}\n{canonical.dumps(obj).decode()}\n"
    signers = [(world.provinces[code].checkpoint_key, world.provinces[code].log) for code in (CHONGQING, SICHUAN)]
    return sign_note(text, [(f"tongban-ledger/{log.hex()}", signer) for signer, log in signers])


def test_a_trust_file_survives_the_round_trip() -> None:
    world = sample()
    data = world.trust_bytes()
    parsed = trust.parse(data)
    assert parsed.to_json() == world.unsigned_trust().to_json()
    assert [code for code, _ in parsed.signers] == [CHONGQING, SICHUAN]
    assert trust.sign(parsed, [(c, world.provinces[c].checkpoint_key) for c in (SICHUAN, CHONGQING)]) == data
    assert canonical.dumps(trust.TrustFile.from_json(parsed.to_json()).to_json()) == data.split(b"\n")[1]


def test_cosigning_gives_what_signing_together_gives() -> None:
    world = sample()
    alone = world.trust_bytes(SICHUAN)
    assert trust.cosign(alone, [(CHONGQING, world.provinces[CHONGQING].checkpoint_key)]) == world.trust_bytes()
    with pytest.raises(FormatError):
        trust.cosign(alone, [(SICHUAN, world.provinces[SICHUAN].checkpoint_key)])


def test_only_a_key_in_use_of_an_active_member_may_sign() -> None:
    world = World.of(CHONGQING, SICHUAN)
    with pytest.raises(TrustError, match="not in use"):
        trust.sign(world.unsigned_trust(), [(CHONGQING, ed25519_signer("stranger"))])
    with pytest.raises(TrustError, match="not a member"):
        trust.sign(world.unsigned_trust(), [(THIRD, ed25519_signer("stranger"))])
    key = world.provinces[CHONGQING].checkpoint_key
    world.emit(directory.KeyRevoked, member=CHONGQING, key_id=key_id(key.public))
    with pytest.raises(TrustError, match="not in use"):
        world.trust_bytes(CHONGQING)
    world.emit(directory.MemberSuspended, member=SICHUAN)
    with pytest.raises(TrustError, match="no active member"):
        world.trust_bytes(SICHUAN)


def test_a_stolen_key_may_not_sign_even_before_it_is_revoked() -> None:
    world = World.of(CHONGQING)
    key = world.provinces[CHONGQING].checkpoint_key
    world.emit(directory.KeyCompromised, member=CHONGQING, key_id=key_id(key.public), from_size=0)
    with pytest.raises(TrustError, match="not in use"):
        world.trust_bytes()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"trust/v1", b"trust/v2"),
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v": 1'),
        (b'"v":1}\n', b'"v":1,"w":1}\n'),
        (b'"v":1}\n', b'"v":1}\n\n'),
        (b'"embedded":false', b'"embedded":0'),
        (b'"revoked":-1', b'"revoked":-2'),
        (b'"status":"active"', b'"status":"retired"'),
        (b'"id":"20261122"', b'"id":"0"'),
        (b'"id":"20261122"', b'"id":20261122'),
        (b'"registry":"87', b'"registry":"8A'),
        (b'"registry":"87', b'"registry":"0x'),
        (b'"suspensions":[]', b'"suspensions":{}'),
        (b'"suspensions":[]', b'"suspensions":[[1,2,3]]'),
        (b'"suspensions":[]', b'"suspensions":[1]'),
        (b'"purpose":1', b'"purpose":4'),
    ],
)
def test_another_spelling_or_grammar_is_refused(old: bytes, new: bytes) -> None:
    data = sample().trust_bytes()
    assert data.count(old)
    with pytest.raises(FormatError):
        trust.parse(data.replace(old, new, 1))


def test_a_changed_fact_breaks_every_signature() -> None:
    data = sample().trust_bytes()
    with pytest.raises(SignatureError):
        trust.parse(data.replace(b'"embedded":false', b'"embedded":true'))


def _member(obj: dict[str, Any]) -> dict[str, Any]:
    found = obj["members"][0]
    assert isinstance(found, dict)
    return found


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(obj: dict[str, Any]) -> None:
        spot: Any = _member(obj)
        for step in path[:-1]:
            spot = spot[step]
        assert spot[path[-1]] != to
        spot[path[-1]] = to

    return change


def _credential_key(obj: dict[str, Any]) -> dict[str, Any]:
    return next(key for key in _member(obj)["keys"] if key["purpose"] == 1)


CONTRADICTIONS = {
    "members unsorted": lambda obj: obj["members"].reverse(),
    "a log twice": lambda obj: obj["members"][1].update(log=obj["members"][0]["log"]),
    "keys unsorted": lambda obj: _member(obj)["keys"].reverse(),
    "key id of another key": _set("keys", 0, "id", to="00" * 32),
    "public key changed": lambda obj: _member(obj)["keys"][0].update(
        public=_member(obj)["keys"][0]["public"][:-2] + "00"
    ),
    "key added before the member": _set("keys", 0, "added", to=0),
    "key added after the file": _set("keys", 0, "added", to=10_000),
    "revoked without a size": _set("keys", 0, "revoked", to=9),
    "a size without being revoked": _set("keys", 0, "until_size", to=9),
    "suspended without a suspension": _set("status", to="suspended"),
    "a suspension that does not show": _set("suspensions", to=[[9, -1]]),
    "a suspension in the future": _set("suspensions", to=[[9, 10_000]]),
    "reinstated before suspended": _set("suspensions", to=[[9, 8]]),
    "epoch without a range": _set("epoch", to=1),
    "range of nothing": _set("disowned", to=[{"from": 9, "to": 9}]),
    "range that does not end at the last": _set("disowned", to=[{"from": 2, "to": 2}]),
    "anchor missing": lambda obj: _member(obj)["anchors"].pop(1),
    "anchor's size changed": _set("anchors", 0, "size", to=23),
    "anchor's root changed": _set("anchors", 2, "log_root", to="11" * 32),
    "anchor's state root changed": _set("anchors", 2, "state_root", to="11" * 32),
    "anchor's digest changed": _set("anchors", 2, "digest", to="11" * 32),
    "anchor extends another": _set("anchors", 1, "previous", to="11" * 32),
    "anchor in another epoch": _set("anchors", 2, "epoch", to=1),
    "anchor marked disowned": _set("anchors", 2, "disowned", to=True),
    "anchor after the file": _set("anchors", 2, "block", to=10_000),
    "anchor later than the file": _set("anchors", 2, "time", to="2027-01-01T00:00:00Z"),
    "anchor before the one before": _set("anchors", 2, "block", to=1),
    "witness of oneself": _set("anchors", 2, "witnesses", to=[CHONGQING]),
    "witness nobody knows": _set("anchors", 2, "witnesses", to=[THIRD]),
    "witness twice": _set("anchors", 2, "witnesses", to=[SICHUAN, SICHUAN]),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_file_that_contradicts_itself_is_refused_whoever_signed_it(name: str) -> None:
    with pytest.raises(TrustError):
        trust.parse(resigned(CONTRADICTIONS[name]))


def test_two_members_cannot_share_a_log() -> None:
    two = World.of(CHONGQING, SICHUAN).unsigned_trust()
    first, second = two.members
    with pytest.raises(TrustError, match="share a log"):
        trust.check_coherent(replace(two, members=(first, replace(second, log=first.log))))


def anchored(*steps: tuple[int, int, int], disowned: tuple[tuple[int, int], ...] = (), epoch: int = 0) -> None:
    """Check a member with anchors (seq, epoch, size) that extend one another and have right digests."""
    plain = World.of(CHONGQING).unsigned_trust()
    member, previous, anchors = plain.members[0], plain.members[0].log, []
    for seq, number, size in steps:
        digest = directory.anchor_digest(previous, CHONGQING, number, seq, size, bytes(32), bytes(32))
        place = (plain.block.number, plain.block.time)
        out = any(low <= seq <= high for low, high in disowned)
        roots = (bytes(32), bytes(32), previous, digest)
        anchors.append(directory.Anchor(CHONGQING, seq, number, size, *roots, *place, disowned=out))
        previous = digest
    changed = replace(member, anchors=tuple(anchors), disowned=disowned, epoch=epoch)
    trust.check_coherent(replace(plain, members=(changed,)))


def test_anchors_that_fold_are_accepted() -> None:
    anchored()
    anchored((1, 0, 5), (2, 0, 6))
    anchored((1, 0, 5), (2, 0, 6), disowned=((2, 2),), epoch=1)


@pytest.mark.parametrize(
    ("steps", "disowned", "epoch", "message"),
    [
        (((2, 0, 5),), (), 0, "not the next one"),
        (((1, 0, 5), (1, 0, 6)), (), 0, "not the next one"),
        (((1, 0, 5), (3, 0, 6)), (), 0, "not the next one"),
        (((1, 0, 5), (2, 0, 5)), (), 0, "does not grow"),
        (((1, 0, 5), (2, 0, 4)), (), 0, "does not grow"),
        (((1, 1, 5),), (), 1, "do not follow the ranges"),
        (((1, 0, 5), (2, 1, 6)), (), 1, "do not follow the ranges"),
        (((1, 0, 5),), ((1, 1),), 0, "does not count"),
        (((1, 0, 5), (2, 0, 6)), ((1, 1),), 1, "none that could be"),
        (((1, 0, 5), (2, 0, 6)), ((2, 3),), 1, "none that could be"),
        (((1, 0, 5), (2, 0, 6)), ((3, 3),), 1, "none that could be"),
        (((1, 0, 5), (2, 0, 6)), ((2, 2), (2, 2)), 2, "none that could be"),
    ],
)
def test_anchors_that_the_contract_cannot_have_accepted(
    steps: tuple[tuple[int, int, int], ...], disowned: tuple[tuple[int, int], ...], epoch: int, message: str
) -> None:
    with pytest.raises(TrustError, match=message):
        anchored(*steps, disowned=disowned, epoch=epoch)


def test_epochs_do_not_go_back() -> None:
    world = disowned_world()
    trusted = world.unsigned_trust()
    member = trusted.members[0]
    swapped = replace(member.anchors[4], epoch=0)
    changed = replace(member, anchors=(*member.anchors[:4], swapped))
    with pytest.raises(TrustError, match="epochs do not follow"):
        trust.check_coherent(replace(trusted, members=(changed, *trusted.members[1:])))


def test_the_resigned_sample_itself_is_accepted() -> None:
    assert trust.parse(resigned(lambda _: None)).signers


def disowned_world() -> World:
    """Anchors 1 to 3, the last two disowned, then 4 in epoch 1; disowned whole, then 5 in epoch 2."""
    world = World.of(CHONGQING, SICHUAN)
    cq = world.provinces[CHONGQING]
    sizes = []
    for number in range(3):
        cq.event(credit_code(number), Event.ESTABLISH, digest=seed(number))
        world.anchor(cq)
        sizes.append(len(cq.entries))
    take_back(world, 2, 3, 1, 1, sizes[0])
    world.anchor(cq)
    take_back(world, 1, 4, 2, 0, 0)
    world.anchor(cq)
    return world


def take_back(world: World, first: int, last: int, epoch: int, seq: int, size: int) -> None:
    world.emit(directory.Disowned, member=CHONGQING, from_seq=first, to_seq=last, epoch=epoch, seq=seq, size=size)


def test_anchors_fold_through_disowned_ranges() -> None:
    parsed = disowned_world().trust()
    member = parsed.member(CHONGQING)
    assert member is not None
    assert [anchor.disowned for anchor in member.anchors] == [True, True, True, True, False]
    assert (member.epoch, member.head_size, member.disowned) == (2, 3, ((2, 3), (1, 4)))
    first = member.first_covering(0)
    assert first is not None
    assert first.seq == 5
    assert first.previous == member.log
    assert member.first_covering(3) is None


def test_an_adopted_head_is_where_the_anchors_begin() -> None:
    world = World.of(CHONGQING)
    roots = {"log_root": seed("r"), "state_root": seed("s"), "digest": seed("d")}
    world.emit(directory.Adopted, member=CHONGQING, chain_id=7, registry=bytes(20), epoch=1, seq=9, size=1, **roots)
    cq = world.provinces[CHONGQING]
    for number in range(2):
        cq.event(credit_code(number), Event.ESTABLISH, digest=seed(number))
    world.anchor(cq)
    member = world.trust().member(CHONGQING)
    assert member is not None
    assert member.adopted is not None
    assert member.anchor(9) is member.adopted.head
    assert member.anchor(8) is None
    assert member.anchors[0].previous == seed("d")
    assert trust.TrustMember.from_json(member.to_json()) == member


@given(st.integers(0, 40))
def test_first_covering_is_the_smallest_anchor_that_holds_the_entry(index: int) -> None:
    member = sample().unsigned_trust().member(CHONGQING)
    assert member is not None
    found = member.first_covering(index)
    want = [anchor for anchor in member.anchors if anchor.size > index]
    assert found == (want[0] if want else None)


def test_a_member_is_active_except_between_suspension_and_reinstatement() -> None:
    world = World.of(CHONGQING, SICHUAN)
    world.emit(directory.MemberSuspended, member=SICHUAN)
    out = world.block
    world.place()
    world.emit(directory.MemberReinstated, member=SICHUAN)
    back = world.block
    member = world.trust().member(SICHUAN)
    assert member is not None
    assert [member.active_at(block) for block in (0, 1, out, out + 1, back)] == [False, True, True, False, True]


@given(st.binary(max_size=80))
def test_no_bytes_crash_the_parsers(data: bytes) -> None:
    text = f"{trust.HEADER}\n".encode() + data + b"\n\n" + sample().trust_bytes().rpartition(b"\n\n")[2]
    for parser in (trust.parse, trust.Pins.from_json):
        with pytest.raises(LedgerError):
            parser(data)
    with pytest.raises(LedgerError):
        trust.parse(text)
