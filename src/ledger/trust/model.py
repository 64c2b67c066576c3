"""What a trust file says, as frozen values: the chain it speaks of, the block, the members, their keys and anchors.

What it leaves out: the objects inside (``parts``), whether they agree (``checks``), and who signed them (``note``).
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from ledger.directory import Anchor, Directory, Key, Member
from ledger.encoding import parse_hex, parse_timestamp, timestamp
from ledger.errors import FormatError
from ledger.keys import Purpose
from ledger.trust import parts
from ledger.trust.parts import Adoption

_MEMBER = {"member", "log", "status", "admitted", "suspensions", "epoch", "keys", "anchors", "disowned"}


class MemberStatus(StrEnum):
    """Whether a member may act: anchor, vote, vouch for a trust file."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class ChainInfo:
    """Which registry on which chain.

    Attributes:
        id: EIP-155 chain id.
        genesis: hash of block 0, 32 bytes.
        registry: the contract's address, 40 hex digits without prefix.
        embedded: the chain lives inside one node (演示链): it proves nothing against that node.
    """

    id: int
    genesis: bytes
    registry: str
    embedded: bool

    @property
    def identity(self) -> tuple[int, str, str]:
        """What two files must share to be of one registry: chain id, genesis in hex, address."""
        return self.id, self.genesis.hex(), self.registry

    def to_json(self) -> dict[str, Any]:
        """The ``chain`` object."""
        return {
            "id": str(self.id),
            "genesis": self.genesis.hex(),
            "registry": self.registry,
            "embedded": self.embedded,
        }

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """Parse the ``chain`` object; raises FormatError."""
        got = parts.fields(obj, "chain", {"id", "genesis", "registry", "embedded"})
        return cls(
            parts.chain_id(got["id"]),
            parse_hex(got["genesis"], 32),
            parts.address(got["registry"]),
            parts.boolean(got["embedded"], "chain.embedded"),
        )


@dataclass(frozen=True, slots=True)
class BlockInfo:
    """The final block that a trust file was read at; it knows nothing later."""

    number: int
    hash: bytes
    time: dt.datetime

    def to_json(self) -> dict[str, Any]:
        """The ``block`` object."""
        return {"number": self.number, "hash": self.hash.hex(), "time": timestamp(self.time)}

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """Parse the ``block`` object; raises FormatError."""
        got = parts.fields(obj, "block", {"number", "hash", "time"})
        number = parts.integer(got["number"], "block.number")
        return cls(number, parse_hex(got["hash"], 32), parse_timestamp(got["time"]))


@dataclass(frozen=True)
class TrustMember:
    """One province of the directory.

    Attributes:
        member: GB/T 2260 province code, such as 500000.
        log: id of its log, 32 bytes.
        status: at the file's block.
        admitted: block.
        suspensions: (block of the suspension, block of the reinstatement or None), in order.
        epoch: of the log now.
        keys: by id, ascending.
        anchors: by seq, ascending, without gaps.
        disowned: (first seq, last seq) of each range taken back, in the order of the votes.
        adopted: the head that the log brought along from a predecessor registry.
    """

    member: int
    log: bytes
    status: MemberStatus
    admitted: int
    suspensions: tuple[tuple[int, int | None], ...]
    epoch: int
    keys: tuple[Key, ...]
    anchors: tuple[Anchor, ...]
    disowned: tuple[tuple[int, int], ...]
    adopted: Adoption | None = None

    def key(self, key_id: bytes) -> Key | None:
        """The key with that id."""
        return self._keys.get(key_id)

    def keys_for(self, purpose: Purpose) -> tuple[Key, ...]:
        """Every key, past and present, of one purpose."""
        return tuple(key for key in self.keys if key.purpose is purpose)

    def signing_keys(self) -> tuple[Key, ...]:
        """The checkpoint keys that may vouch for a file today: neither revoked nor reported stolen."""
        held = self.keys_for(Purpose.CHECKPOINT)
        return tuple(key for key in held if key.revoked is None and key.compromised_from is None)

    def anchor(self, seq: int) -> Anchor | None:
        """The anchor with that sequence number, also an adopted or a disowned one."""
        first = self.history[0].seq if self.history else 0
        return self.history[seq - first] if 0 <= seq - first < len(self.history) else None

    @property
    def head_size(self) -> int:
        """Size of the newest anchor still believed, 0 if there is none."""
        return self._live[-1].size if self._live else 0

    @property
    def head_digest(self) -> bytes:
        """What the next anchor must name as the one before it."""
        return self._live[-1].digest if self._live else self.log

    def first_covering(self, index: int) -> Anchor | None:
        """The first anchor still believed whose tree holds the entry at ``index``."""
        position = bisect_right(self._live, index, key=lambda anchor: anchor.size)
        return self._live[position] if position < len(self._live) else None

    def active_at(self, block: int) -> bool:
        """Whether the member could act at some point of that block; one that suspends it still counts."""
        suspended = any(first < block and (last is None or block < last) for first, last in self.suspensions)
        return self.admitted <= block and not suspended

    @cached_property
    def history(self) -> tuple[Anchor, ...]:
        """All anchors, an adopted head first."""
        return self.anchors if self.adopted is None else (self.adopted.head, *self.anchors)

    @cached_property
    def _keys(self) -> dict[bytes, Key]:
        return {key.id: key for key in self.keys}

    @cached_property
    def _live(self) -> tuple[Anchor, ...]:
        return tuple(anchor for anchor in self.history if not anchor.disowned)

    def to_json(self) -> dict[str, Any]:
        """The object in ``members``."""
        obj = {
            "member": self.member,
            "log": self.log.hex(),
            "status": self.status.value,
            "admitted": self.admitted,
            "suspensions": [[first, parts.or_none(last)] for first, last in self.suspensions],
            "epoch": self.epoch,
            "keys": [parts.key_to_json(key) for key in self.keys],
            "anchors": [parts.anchor_to_json(anchor) for anchor in self.anchors],
            "disowned": [{"from": first, "to": last} for first, last in self.disowned],
        }
        return obj if self.adopted is None else obj | {"adopted": parts.adoption_to_json(self.adopted)}

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """Parse an object of ``members``; raises FormatError."""
        adopted = isinstance(obj, dict) and "adopted" in obj
        got = parts.fields(obj, "member", _MEMBER | {"adopted"} if adopted else _MEMBER)
        code = parts.integer(got["member"], "member", low=1, high=parts.MAX_MEMBER)
        if got["status"] not in ("active", "suspended"):
            raise FormatError(f"member.status unknown: {got['status']!r}")
        return cls(
            member=code,
            log=parse_hex(got["log"], 32),
            status=MemberStatus(got["status"]),
            admitted=parts.integer(got["admitted"], "member.admitted"),
            suspensions=tuple(parts.suspension_from_json(item) for item in parts.items(got, "suspensions")),
            epoch=parts.integer(got["epoch"], "member.epoch"),
            keys=tuple(parts.key_from_json(item, code) for item in parts.items(got, "keys")),
            anchors=tuple(parts.anchor_from_json(item, code) for item in parts.items(got, "anchors")),
            disowned=tuple(parts.range_from_json(item) for item in parts.items(got, "disowned")),
            adopted=parts.adoption_from_json(got["adopted"], code) if adopted else None,
        )


@dataclass(frozen=True)
class TrustFile:
    """Everything that an offline verifier believes, and who vouched for it.

    Attributes:
        chain: which registry.
        block: as of when.
        members: by code, ascending.
        signers: member and checkpoint key of each signature, by member; empty before signing.
    """

    chain: ChainInfo
    block: BlockInfo
    members: tuple[TrustMember, ...]
    signers: tuple[tuple[int, bytes], ...] = ()

    def member(self, code: int) -> TrustMember | None:
        """The member with that code."""
        return self._members.get(code)

    def member_by_log(self, log: bytes) -> TrustMember | None:
        """The member whose log has that id."""
        return self._logs.get(log)

    @cached_property
    def _logs(self) -> dict[bytes, TrustMember]:
        return {member.log: member for member in self.members}

    @cached_property
    def _members(self) -> dict[int, TrustMember]:
        return {member.member: member for member in self.members}

    def to_json(self) -> dict[str, Any]:
        """The object on the note's second line."""
        return {
            "v": 1,
            "chain": self.chain.to_json(),
            "block": self.block.to_json(),
            "members": [member.to_json() for member in self.members],
        }

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """Parse the object on the note's second line; raises FormatError."""
        got = parts.fields(obj, "trust file", {"v", "chain", "block", "members"})
        if parts.integer(got["v"], "v") != 1:
            raise FormatError(f"trust file version {got['v']} is not known")
        return cls(
            chain=ChainInfo.from_json(got["chain"]),
            block=BlockInfo.from_json(got["block"]),
            members=tuple(TrustMember.from_json(item) for item in parts.items(got, "members")),
        )


def build(directory: Directory, chain: ChainInfo, block: BlockInfo) -> TrustFile:
    """The trust file that a directory makes, not yet signed.

    Args:
        directory: folded from every event up to ``block``.
        chain: which registry it was read from.
        block: a final block; what the file speaks of.
    """
    members = tuple(_member(directory.members[code]) for code in sorted(directory.members))
    return TrustFile(chain, block, members)


def _member(member: Member) -> TrustMember:
    return TrustMember(
        member=member.code,
        log=member.log,
        status=MemberStatus.ACTIVE if member.active else MemberStatus.SUSPENDED,
        admitted=member.admitted,
        suspensions=tuple(member.suspensions),
        epoch=member.epoch,
        keys=tuple(member.keys[key_id] for key_id in sorted(member.keys)),
        anchors=tuple(member.anchors[seq] for seq in sorted(member.anchors)),
        disowned=tuple(member.disowned),
        adopted=_adoption(member),
    )


def _adoption(member: Member) -> Adoption | None:
    event = member.adopted
    if event is None:
        return None
    roots = (event.log_root, event.state_root)
    place = (event.at.block, event.at.time)
    head = Anchor(member.code, event.seq, event.epoch, event.size, *roots, b"", event.digest, *place)
    return Adoption(event.chain_id, event.registry.hex(), head)
