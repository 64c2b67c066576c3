"""Whom a verifier believes: the members pinned when it saw a registry for the first time.

The first trust file of a registry is believed as it stands (so get it from somebody you trust, or compare it). Every
later one

1. is of the very same registry: chain id, genesis, address;
2. is not older than the newest one accepted, and at the same block it is of the same block hash;
3. is signed by at least ``k`` of the members pinned at first, each with a checkpoint key pinned for it.

When it is accepted, each pinned member's keys become those that the file lists for it: a rotated key is believed
because ``k`` pinned keys vouched for the file that introduces it. So a member that rotates adds its new key, lets a
file with both keys go out signed by the old one, and only then revokes the old one. Members admitted later are never
pinned by a file; somebody who wants to rely on them pins anew.

What it leaves out: keeping the pins (they are a small JSON file) and asking the person at first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ledger import canonical
from ledger.encoding import parse_hex
from ledger.errors import FormatError, TrustError
from ledger.trust import parts
from ledger.trust.model import MemberStatus, TrustFile

Identity = tuple[int, str, str]
"""Chain id, genesis hash in hex, registry address."""


@dataclass(frozen=True, slots=True)
class RegistryPins:
    """What is pinned of one registry.

    Attributes:
        k: how many pinned members must sign a later file.
        block: number of the newest block accepted.
        block_hash: its hash, 32 bytes.
        members: checkpoint keys of each pinned member.
    """

    k: int
    block: int
    block_hash: bytes
    members: Mapping[int, frozenset[bytes]]


@dataclass(frozen=True, slots=True)
class Pins:
    """Everything that a verifier has pinned, by registry."""

    registries: Mapping[Identity, RegistryPins] = field(default_factory=dict)

    def of(self, trust: TrustFile) -> RegistryPins | None:
        """The pins of a file's registry; None at first use."""
        return self.registries.get(trust.chain.identity)

    def to_json(self) -> bytes:
        """The pins file: canonical JSON."""
        return canonical.dumps(
            {"v": 1, "registries": [_to_json(key, self.registries[key]) for key in sorted(self.registries)]}
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse a pins file; raises FormatError."""
        obj = parts.fields(canonical.loads_object(data), "pins", {"v", "registries"})
        if parts.integer(obj["v"], "v") != 1:
            raise FormatError(f"pins file version {obj['v']} is not known")
        found = [_from_json(item) for item in parts.items(obj, "registries")]
        identities = [identity for identity, _ in found]
        if identities != sorted(set(identities)):
            raise FormatError("pinned registries are in ascending order, each once")
        return cls(dict(found))


def pin(trust: TrustFile, pins: Pins | None = None, *, k: int | None = None) -> Pins:
    """Pin a registry at first use (or anew): its active members with their checkpoint keys.

    Args:
        trust: a parsed file that the caller chose to believe.
        pins: of other registries, kept.
        k: how many of the members must sign later files; as many as signed this one unless given.

    Raises:
        TrustError: ``k`` cannot be reached, or the file is not signed.
    """
    members = {
        member.member: frozenset(key.public for key in member.signing_keys())
        for member in trust.members
        if member.status is MemberStatus.ACTIVE and member.signing_keys()
    }
    needed = len(trust.signers) if k is None else k
    if not 0 < needed <= len(members):
        raise TrustError("that many members cannot vouch for a trust file", got=needed, want=f"1 to {len(members)}")
    known = dict(pins.registries) if pins else {}
    known[trust.chain.identity] = RegistryPins(needed, trust.block.number, trust.block.hash, members)
    return Pins(known)


def check(trust: TrustFile, pins: Pins) -> Pins:
    """Check a parsed trust file against the pins of its registry.

    Returns:
        The pins to keep: with the file's block, and the pinned members' keys as the file has them.

    Raises:
        TrustError: the registry is not pinned, the file is older, or too few pinned members signed it.
    """
    pinned = pins.of(trust)
    if pinned is None:
        raise TrustError("this registry is not pinned: another chain, genesis or contract", got=trust.chain.identity)
    block = trust.block
    if block.number < pinned.block:
        raise TrustError("older than a trust file accepted before", got=block.number, want=f"at least {pinned.block}")
    if block.number == pinned.block and block.hash != pinned.block_hash:
        raise TrustError(f"another block {block.number} than the one accepted", got=block.hash, want=pinned.block_hash)
    vouched = {member for member, public in trust.signers if public in pinned.members.get(member, frozenset())}
    if len(vouched) < pinned.k:
        raise TrustError("signed by too few of the pinned members", got=sorted(vouched), want=f"{pinned.k} of them")
    renewed = {member: _renewed(trust, member, keys) for member, keys in pinned.members.items()}
    newest = RegistryPins(pinned.k, block.number, block.hash, renewed)
    return Pins({**pins.registries, trust.chain.identity: newest})


def _renewed(trust: TrustFile, code: int, keys: frozenset[bytes]) -> frozenset[bytes]:
    """A pinned member's keys as the accepted file has them; none it has no more, so that a stolen one drops out."""
    member = trust.member(code)
    return keys if member is None else frozenset(key.public for key in member.signing_keys())


def _to_json(identity: Identity, pins: RegistryPins) -> dict[str, Any]:
    chain_id, genesis, registry = identity
    return {
        "chain": {"id": str(chain_id), "genesis": genesis, "registry": registry},
        "k": pins.k,
        "block": {"number": pins.block, "hash": pins.block_hash.hex()},
        "members": [
            {"member": member, "keys": sorted(public.hex() for public in pins.members[member])}
            for member in sorted(pins.members)
        ],
    }


def _from_json(obj: object) -> tuple[Identity, RegistryPins]:
    got = parts.fields(obj, "pinned registry", {"chain", "k", "block", "members"})
    chain = parts.fields(got["chain"], "chain", {"id", "genesis", "registry"})
    block = parts.fields(got["block"], "block", {"number", "hash"})
    identity = (parts.chain_id(chain["id"]), parse_hex(chain["genesis"], 32).hex(), parts.address(chain["registry"]))
    members = [_member(item) for item in parts.items(got, "members")]
    codes = [code for code, _ in members]
    if codes != sorted(set(codes)):
        raise FormatError("pinned members are in ascending order, each once")
    number = parts.integer(block["number"], "block.number")
    k = parts.integer(got["k"], "k", low=1, high=max(1, len(members)))
    return identity, RegistryPins(k, number, parse_hex(block["hash"], 32), dict(members))


def _member(obj: object) -> tuple[int, frozenset[bytes]]:
    got = parts.fields(obj, "pinned member", {"member", "keys"})
    keys = [parse_hex(item, 32) for item in parts.items(got, "keys")]
    if keys != sorted(set(keys)):
        raise FormatError("pinned keys are in ascending order, each once")
    return parts.integer(got["member"], "member", low=1, high=parts.MAX_MEMBER), frozenset(keys)
