"""Who may sign what, and what is anchored: the values that the directory is made of.

Blocks are block numbers, sizes are numbers of log entries, ``None`` is "not so far". Everything is read
only for callers; :func:`ledger.directory.fold` and :meth:`Directory.extend` make new directories.

What it leaves out: how events change a directory (``fold``), and whom an offline verifier believes
instead of the chain (``ledger.trust``, which builds the same values from a trust file).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ledger.directory.events import Action, Adopted, Event, Place
from ledger.errors import NotFoundError, VerificationError
from ledger.keys import Purpose

EMPTY_LOG_ROOT = hashlib.sha256(b"").digest()
"""Root of a log without entries (RFC 9162 section 2.1.1)."""

EMPTY_STATE_ROOT = bytes(32)
"""Root of a state map without keys."""


class DirectoryError(VerificationError):
    """The events do not make a directory: the contract that we compared code with cannot have emitted them."""


def anchor_digest(
    previous: bytes, member: int, epoch: int, seq: int, size: int, log_root: bytes, state_root: bytes
) -> bytes:
    """The digest that chains a log's anchors, as the contract computes it.

    SHA-256 of ``abi.encode(bytes32 previous, uint32 member, uint64 epoch, uint64 seq, uint64 size, bytes32 logRoot,
    bytes32 stateRoot)``, which is seven 32-byte big-endian words.

    Args:
        previous: digest of the anchor that this one extends; the log id for a log's first anchor.
        member: province code.
        epoch: rises with each disown.
        seq: number of the anchor, from 1, never used twice.
        size: entries under the anchor.
        log_root: RFC 9162 root, 32 bytes.
        state_root: state map's root, 32 bytes.

    Raises:
        ValueError: a hash is not 32 bytes. (Integers that do not fit raise OverflowError.)
    """
    if not len(previous) == len(log_root) == len(state_root) == 32:
        raise ValueError("previous, log_root and state_root are 32 bytes each")
    numbers = ((member, 4), (epoch, 8), (seq, 8), (size, 8))
    words = b"".join(bytes(32 - width) + value.to_bytes(width, "big") for value, width in numbers)
    return hashlib.sha256(previous + words + log_root + state_root).digest()


class Standing(StrEnum):
    """How an entry at some index stands to the key that signed it."""

    ENTITLED = "entitled"
    TOO_EARLY = "too-early"
    """The key was added later (or its history was disowned)."""
    REVOKED = "revoked"
    DISOWNED = "disowned"
    """At or after the cut-off of a compromised key: disbelieved, not forged."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key in the directory.

    Args:
        member: whose it is.
        id: SHA-256 of ``public``, 32 bytes.
        purpose: what it signs.
        public: 33 (P-256) or 32 (Ed25519) bytes.
        added: block it was added in.
        revoked: block it was revoked in.
        from_size: size of the log's head when it was added.
        until_size: size of the log's head when it was revoked; entries from that index on are not entitled.
        compromised_from: cut-off; entries from that index on are disbelieved.
    """

    member: int
    id: bytes
    purpose: Purpose
    public: bytes
    added: int
    revoked: int | None = None
    from_size: int = 0
    until_size: int | None = None
    compromised_from: int | None = None

    def standing(self, index: int) -> Standing:
        """How the entry at ``index`` of the member's log stands to this key."""
        if self.compromised_from is not None and index >= self.compromised_from:
            return Standing.DISOWNED
        if index < self.from_size:
            return Standing.TOO_EARLY
        if self.until_size is not None and index >= self.until_size:
            return Standing.REVOKED
        return Standing.ENTITLED


@dataclass(frozen=True, slots=True)
class Anchor:
    """A log's roots as the contract accepted them, in block ``block`` at ``time``."""

    member: int
    seq: int
    epoch: int
    size: int
    log_root: bytes
    state_root: bytes
    previous: bytes
    digest: bytes
    block: int
    time: dt.datetime
    witnesses: tuple[int, ...] = ()
    disowned: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """What the next anchor must extend. ``seq`` is 0 and ``digest`` the log id while nothing is anchored."""

    epoch: int
    seq: int
    size: int
    log_root: bytes
    state_root: bytes
    digest: bytes


def empty_head(log_id: bytes, epoch: int = 0) -> Head:
    """The head of a log without anchors."""
    return Head(epoch, 0, 0, EMPTY_LOG_ROOT, EMPTY_STATE_ROOT, log_id)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A vote. ``approvals`` are those in force, also of members that are suspended now."""

    id: int
    action: Action
    target: int
    proposer: int
    payload: bytes
    expires_at: dt.datetime
    proposed: Place
    approvals: frozenset[int] = frozenset()
    executed: Place | None = None


@dataclass(slots=True)
class Member:
    """A province and its log.

    Args:
        code: GB/T 2260 province code.
        log: log id, 32 bytes.
        admin: cold address, 20 bytes.
        anchorer: hot address, 20 bytes.
        endpoint: URL of its node.
        admitted: block it joined in.
        head: what its next anchor must extend.
        last_seq: highest anchor number ever used.
        offered_admin: address offered to become admin.
        suspensions: blocks ``(from, to)``; ``to`` is None while it lasts.
        keys: by key id.
        anchors: by number, in ascending order, disowned ones too.
        disowned: ranges ``(from_seq, to_seq)``, both included.
        adopted: the head taken over from a predecessor registry, if any.
    """

    code: int
    log: bytes
    admin: bytes
    anchorer: bytes
    endpoint: str
    admitted: int
    head: Head
    last_seq: int = 0
    offered_admin: bytes | None = None
    suspensions: list[tuple[int, int | None]] = field(default_factory=list)
    keys: dict[bytes, Key] = field(default_factory=dict)
    anchors: dict[int, Anchor] = field(default_factory=dict)
    disowned: list[tuple[int, int]] = field(default_factory=list)
    adopted: Adopted | None = None
    _live: list[tuple[int, int]] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        self._live = sorted((anchor.size, anchor.seq) for anchor in self.anchors.values() if not anchor.disowned)

    @property
    def active(self) -> bool:
        """Whether it may anchor and vote now."""
        return not self.suspensions or self.suspensions[-1][1] is not None

    @property
    def epoch(self) -> int:
        """Rises with each disown."""
        return self.head.epoch

    def add_anchor(self, anchor: Anchor) -> None:
        """Take in a new anchor (or another state of a known one); for folding only."""
        known = self.anchors.get(anchor.seq)
        if known is not None and not known.disowned:
            self._live.remove((known.size, known.seq))
        self.anchors[anchor.seq] = anchor
        if not anchor.disowned:
            insort(self._live, (anchor.size, anchor.seq))

    def first_anchor_covering(self, index: int) -> Anchor | None:
        """The earliest anchor in force whose tree holds the entry at ``index``."""
        position = bisect_right(self._live, (index + 1, -1))
        return self.anchors[self._live[position][1]] if position < len(self._live) else None

    def newest_anchor(self) -> Anchor | None:
        """The last anchor in force."""
        return self.anchors[self._live[-1][1]] if self._live else None

    def copy(self) -> Member:
        """The same member with containers of its own."""
        twin = Member(self.code, self.log, self.admin, self.anchorer, self.endpoint, self.admitted, self.head)
        twin.last_seq, twin.offered_admin, twin.adopted = self.last_seq, self.offered_admin, self.adopted
        twin.suspensions, twin.disowned = list(self.suspensions), list(self.disowned)
        twin.keys, twin.anchors, twin._live = dict(self.keys), dict(self.anchors), list(self._live)
        return twin


@dataclass(frozen=True, slots=True)
class Directory:
    """Members, keys, anchors and votes as of the last event folded (``at``)."""

    members: Mapping[int, Member] = field(default_factory=dict)
    proposals: Mapping[int, Proposal] = field(default_factory=dict)
    at: Place | None = None

    def extend(self, events: Iterable[Event]) -> Directory:
        """A new directory: this one and the events after it.

        Raises:
            DirectoryError: the events cannot follow.
            AnchorMismatchError: an anchor, witness or disown does not fit the chain of anchors.
        """
        from ledger.directory.fold import extend  # fold is written in terms of this class

        return extend(self, events)

    def member(self, code: int) -> Member:
        """The member with that province code.

        Raises:
            NotFoundError: there is none.
        """
        if code not in self.members:
            raise NotFoundError(f"{code} is not a member of this registry")
        return self.members[code]

    def member_by_log(self, log: bytes) -> Member:
        """The member whose log has that id (32 bytes).

        Raises:
            NotFoundError: there is none.
        """
        for member in self.members.values():
            if member.log == log:
                return member
        raise NotFoundError(f"no member has the log {log.hex()}")

    def key(self, key_id: bytes, member: int | None = None) -> Key:
        """The key with that id (32 bytes), of that member if one is given.

        Raises:
            NotFoundError: there is none.
        """
        holders = self.members.values() if member is None else [self.member(member)]
        for holder in holders:
            if key_id in holder.keys:
                return holder.keys[key_id]
        raise NotFoundError(f"no key {key_id.hex()} in the directory" + (f" of member {member}" if member else ""))

    def keys(self, member: int, purpose: Purpose) -> list[Key]:
        """A member's unrevoked keys for a purpose, oldest first."""
        held = self.member(member).keys.values()
        return sorted(
            (key for key in held if key.purpose is purpose and key.revoked is None), key=lambda key: key.added
        )

    def entitled(self, key: Key, index: int) -> bool:
        """Whether that key could sign the entry at ``index`` of its member's log."""
        return key.standing(index) is Standing.ENTITLED

    def anchor_by_seq(self, member: int, seq: int) -> Anchor:
        """A member's anchor by its number, also a disowned one.

        Raises:
            NotFoundError: there is none.
        """
        anchor = self.member(member).anchors.get(seq)
        if anchor is None:
            raise NotFoundError(f"member {member} has no anchor {seq}")
        return anchor

    def first_anchor_covering(self, member: int, index: int) -> Anchor | None:
        """The earliest anchor in force that covers the entry at ``index``; None while it waits."""
        return self.member(member).first_anchor_covering(index)

    def newest_anchor(self, member: int) -> Anchor | None:
        """A member's last anchor in force; None before the first."""
        return self.member(member).newest_anchor()

    def active_at(self, member: int, block: int) -> bool:
        """Whether a member was active at some point of that block.

        A block that suspends it still counts: what it anchored earlier in that block holds.
        """
        found = self.members.get(member)
        if found is None or block < found.admitted:
            return False
        return not any(start < block and (end is None or block < end) for start, end in found.suspensions)

    def active_members(self) -> list[int]:
        """Codes of the members that may vote now, ascending."""
        return sorted(code for code, member in self.members.items() if member.active)
