"""Pins: whom a verifier believes after it saw a registry for the first time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger import canonical, directory, trust
from ledger.errors import FormatError, TrustError
from ledger.keys import Purpose, key_id
from tests.builders import CHONGQING, SICHUAN, World, ed25519_signer, sample, seed

THIRD = 520000


def test_pins_survive_the_round_trip_and_hold_several_registries() -> None:
    pins = trust.pin(sample().trust())
    other = World.of(SICHUAN, embedded=True).unsigned_trust()
    chain = trust.ChainInfo(7, other.chain.genesis, other.chain.registry, embedded=True)
    elsewhere = trust.TrustFile(chain, other.block, other.members, ((SICHUAN, bytes(32)),))
    both = trust.pin(elsewhere, pins)
    assert trust.Pins.from_json(both.to_json()) == both
    assert len(both.registries) == 2
    assert both.of(sample().trust()) == pins.of(sample().trust())


def test_a_later_file_needs_as_many_pinned_members_as_signed_the_first() -> None:
    world = World.of(CHONGQING, SICHUAN)
    pins = trust.pin(world.trust())
    world.place()
    with pytest.raises(TrustError, match="too few"):
        trust.check(world.trust(CHONGQING), pins)
    assert trust.check(world.trust(), pins).of(world.trust()) != pins.of(world.trust())
    lower = trust.pin(world.trust(), k=1)
    trust.check(world.trust(SICHUAN), lower)
    with pytest.raises(TrustError, match="cannot vouch"):
        trust.pin(world.trust(), k=3)


def test_a_registry_that_is_not_pinned_is_refused() -> None:
    world = World.of(CHONGQING, SICHUAN)
    pins = trust.pin(world.trust())
    other = world.unsigned_trust()
    for chain in (
        trust.ChainInfo(1, other.chain.genesis, other.chain.registry, embedded=False),
        trust.ChainInfo(other.chain.id, bytes(32), other.chain.registry, embedded=False),
        trust.ChainInfo(other.chain.id, other.chain.genesis, "00" * 20, embedded=False),
    ):
        with pytest.raises(TrustError, match="not pinned"):
            trust.check(trust.TrustFile(chain, other.block, other.members), pins)


def test_an_older_file_is_a_rollback_and_another_block_a_fork() -> None:
    world = World.of(CHONGQING, SICHUAN)
    old = world.trust()
    world.place()
    pins = trust.pin(world.trust())
    with pytest.raises(TrustError, match="older"):
        trust.check(old, pins)
    assert trust.check(world.trust(), pins) == pins
    new = world.trust()
    block = trust.BlockInfo(new.block.number, seed("fork"), new.block.time)
    with pytest.raises(TrustError, match="another block"):
        trust.check(trust.TrustFile(new.chain, block, new.members, new.signers), pins)


def test_a_rotated_key_is_believed_once_pinned_keys_vouched_for_it() -> None:
    world = World.of(CHONGQING, SICHUAN)
    pins = trust.pin(world.trust())
    cq = world.provinces[CHONGQING]
    old, new = cq.checkpoint_key, ed25519_signer("rotated")
    world.add_key(CHONGQING, Purpose.CHECKPOINT, new.public)
    introduced = world.trust()
    cq.checkpoint_key = new
    with pytest.raises(TrustError, match="too few"):
        trust.check(world.trust(), pins)
    renewed = trust.check(introduced, pins)
    world.emit(directory.KeyRevoked, member=CHONGQING, key_id=key_id(old.public))
    final = trust.check(world.trust(), renewed)
    pinned = final.of(world.trust())
    assert pinned is not None
    assert pinned.members[CHONGQING] == {new.public}


def _pinned(pins: trust.Pins) -> trust.RegistryPins:
    (found,) = pins.registries.values()
    return found


def test_members_admitted_later_do_not_count() -> None:
    world = World.of(CHONGQING)
    pins = trust.pin(world.trust())
    new = World.of(THIRD).provinces[THIRD]
    world.provinces[THIRD] = new
    addresses = {"admin": seed("a")[:20], "anchorer": seed("b")[:20]}
    world.emit(directory.MemberAdmitted, member=THIRD, log_id=new.log, endpoint="", **addresses)
    world.add_key(THIRD, Purpose.CHECKPOINT, new.checkpoint_key.public)
    with pytest.raises(TrustError, match="too few"):
        trust.check(world.trust(THIRD), pins)
    assert set(_pinned(trust.check(world.trust(CHONGQING), pins)).members) == {CHONGQING}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"k":2', b'"k":0'),
        (b'"k":2', b'"k":3'),
        (b'"registries":[', b'"registries":[{},'),
        (b'"number":', b'"height":'),
        (b'{"block"', b' {"block"'),
    ],
)
def test_a_pins_file_has_one_spelling(old: bytes, new: bytes) -> None:
    data = trust.pin(sample().trust()).to_json()
    assert data.count(old)
    with pytest.raises(FormatError):
        trust.Pins.from_json(data.replace(old, new, 1))


@pytest.mark.parametrize(
    "path", [("registries",), ("registries", 0, "members"), ("registries", 0, "members", 0, "keys")]
)
def test_a_pins_file_is_in_order(path: tuple[Any, ...]) -> None:
    world = World.of(CHONGQING, SICHUAN)
    world.add_key(CHONGQING, Purpose.CHECKPOINT, ed25519_signer("second").public)
    plain = world.trust()
    other = replace(plain, chain=replace(plain.chain, id=7))
    obj = canonical.loads_object(trust.pin(other, trust.pin(plain)).to_json())
    assert len(trust.Pins.from_json(canonical.dumps(obj)).registries) == 2
    spot: Any = obj
    for step in path:
        spot = spot[step]
    assert len(spot) == 2
    spot.reverse()
    with pytest.raises(FormatError, match="ascending"):
        trust.Pins.from_json(canonical.dumps(obj))
