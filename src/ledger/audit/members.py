"""What the audit's own replay keeps of the consortium: members, keys, anchors, votes, and how anchors are digested.

What it leaves out: the events that change them (``replay``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

ADMIT, SUSPEND, REINSTATE, REPLACE_ADMIN, DISOWN, ADOPT = 1, 2, 3, 4, 5, 6
CREDENTIAL, EXCHANGE, CHECKPOINT = 1, 2, 3
EMPTY_LOG, EMPTY_MAP = hashlib.sha256(b"").digest(), bytes(32)
FEWEST = 3
"""Active members that a suspension needs, the one to be suspended included; two remain."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """An anchor as its event says it, with the digest that must be on record. ``adopted``: from another registry."""

    epoch: int
    seq: int
    size: int
    log_root: bytes
    state_root: bytes
    previous: bytes
    digest: bytes
    block: int
    time: int
    transaction: bytes
    anchorer: bytes
    adopted: bool = False


@dataclass(slots=True)
class Key:
    """A key and how far it reaches, in sizes of its member's log."""

    purpose: int
    public: bytes
    added: int
    from_size: int
    revoked: int = 0
    until_size: int | None = None
    cut_off: int | None = None


@dataclass(slots=True)
class Member:
    """A member as replayed so far. ``live`` are the anchors in force, oldest first; ``taken_back`` the others."""

    code: int
    log: bytes
    admin: bytes
    anchorer: bytes
    endpoint: str
    admitted: int
    active: bool = True
    offered: bytes = bytes(20)
    epoch: int = 0
    last_seq: int = 0
    keys: dict[bytes, Key] = field(default_factory=dict)
    live: list[Anchored] = field(default_factory=list)
    taken_back: list[Anchored] = field(default_factory=list)
    witnessed: set[tuple[int, int]] = field(default_factory=set)

    def head(self) -> tuple[int, int, int, bytes, bytes, bytes]:
        """Epoch, seq, size, roots and digest that the next anchor must extend."""
        if not self.live:
            return self.epoch, 0, 0, EMPTY_LOG, EMPTY_MAP, self.log
        newest = self.live[-1]
        return self.epoch, newest.seq, newest.size, newest.log_root, newest.state_root, newest.digest


@dataclass(slots=True)
class Proposal:
    """A vote so far."""

    action: int
    target: int
    payload: bytes
    expires: int
    approvals: set[int] = field(default_factory=set)
    executed: bool = False


def word(value: int | bytes) -> bytes:
    """One word of the ABI: a number, or an address on the right."""
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def anchor_digest(
    previous: bytes, member: int, epoch: int, seq: int, size: int, log_root: bytes, state_root: bytes
) -> bytes:
    """An anchor's digest: SHA-256 over seven words."""
    numbers = word(member) + word(epoch) + word(seq) + word(size)
    return hashlib.sha256(previous + numbers + log_root + state_root).digest()
