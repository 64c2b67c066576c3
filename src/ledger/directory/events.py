"""What the registry contract says happened, as plain values.

One class per event of the contract, with the contract's own field names in snake case; ``at`` is the
place in the chain. Whoever has the logs (``ledger.chain.events``, a trust file's maker, a test) builds
these; :func:`ledger.directory.fold` makes the directory of them.

What it leaves out: ABI decoding and block look-ups (``ledger.chain.events``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum


class Action(IntEnum):
    """What a proposal asks for. The numbers stand in the contract."""

    ADMIT = 1
    SUSPEND = 2
    REINSTATE = 3
    REPLACE_ADMIN = 4
    DISOWN = 5
    ADOPT = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the chain an event stands.

    Args:
        block: block number.
        log_index: index of the log in its block.
        block_hash: 32 bytes.
        time: the block's time, UTC, to the second.
    """

    block: int
    log_index: int
    block_hash: bytes
    time: dt.datetime

    @property
    def order(self) -> tuple[int, int]:
        """What events are sorted by."""
        return self.block, self.log_index


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""

    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEvent(Event):
    """Base of the events about one member: GB/T 2260 province code, such as 500000."""

    member: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAdmitted(MemberEvent):
    """A member joined, by the constructor or by vote. Addresses are 20 bytes, the log id 32."""

    admin: bytes
    anchorer: bytes
    log_id: bytes
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSuspended(MemberEvent):
    """A member may not anchor or vote any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReinstated(MemberEvent):
    """A suspended member is active again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminOffered(MemberEvent):
    """First step of a change of admin."""

    offered: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminChanged(MemberEvent):
    """The offered admin accepted, or a lost one was replaced by vote."""

    previous: bytes
    admin: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorerChanged(MemberEvent):
    """Another address anchors."""

    previous: bytes
    anchorer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChanged(MemberEvent):
    """The member's node is reached under another URL."""

    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAdded(MemberEvent):
    """A public key for a purpose (``ledger.keys.Purpose``), with its id (SHA-256 of the key)."""

    purpose: int
    key_id: bytes
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(MemberEvent):
    """A key signs nothing from here on."""

    key_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCompromised(MemberEvent):
    """Entries from index ``from_size`` on, signed by that key, are disbelieved."""

    key_id: bytes
    from_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed(Event):
    """Somebody asked for a vote. ``expires_at`` is a UNIX time in seconds."""

    id: int
    action: int
    target: int
    proposer: int
    payload: bytes
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Event):
    """A member voted for a proposal."""

    id: int
    voter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Event):
    """A member took its vote back."""

    id: int
    voter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed(Event):
    """A proposal had more than half of the ``eligible`` members and was carried out."""

    id: int
    approvals: int
    eligible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored(MemberEvent):
    """A log's roots at ``size`` entries were accepted."""

    seq: int
    epoch: int
    size: int
    log_root: bytes
    state_root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Disowned(MemberEvent):
    """Anchors ``from_seq`` to ``to_seq`` hold no more: the head is ``seq`` at ``size`` again, in a new ``epoch``."""

    from_seq: int
    to_seq: int
    epoch: int
    seq: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(MemberEvent):
    """A log goes on here from the head that it had in a predecessor registry."""

    chain_id: int
    registry: bytes
    epoch: int
    seq: int
    size: int
    log_root: bytes
    state_root: bytes
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed(MemberEvent):
    """Another member replayed the log up to that anchor and found the same."""

    seq: int
    witness: int
    digest: bytes
