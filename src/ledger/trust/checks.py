"""What must agree inside a trust file, whoever signed it.

Everything that a reader can recompute is recomputed: key ids, each anchor's digest from the one it extends (also
after anchors were taken back), sizes, epochs, and that nothing happened after the file's own block. So a signer can
leave out or invent facts, but cannot state facts that contradict each other.

What it leaves out: whether the facts are the chain's. That is what the signers vouch for, and what ``tongban audit``
finds out from the chain itself. A public key that is no point of its curve is let through, as the contract lets it
through: it verifies nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeVar

from ledger.directory import Anchor, Key, anchor_digest
from ledger.errors import TrustError
from ledger.keys import key_id
from ledger.trust.model import BlockInfo, MemberStatus, TrustFile, TrustMember

_Ordered = TypeVar("_Ordered", int, bytes)


def check_coherent(trust: TrustFile) -> None:
    """Check that a trust file does not contradict itself.

    Raises:
        TrustError: it does; the message names the member and the rule.
    """
    codes = [member.member for member in trust.members]
    if not _ascending(codes):
        raise TrustError("members are not in ascending order, each once")
    known = set(codes)
    if len({member.log for member in trust.members}) != len(codes):
        raise TrustError("two members share a log")
    for member in trust.members:
        _check_membership(member, trust.block)
        if not _ascending([key.id for key in member.keys]):
            raise TrustError(f"member {member.member}: keys are not in ascending order, each once")
        for key in member.keys:
            _check_key(key, member, trust.block)
        _AnchorFold(member).run()
        _check_times(member, trust.block)
        for anchor in member.anchors:
            _check_witnesses(anchor, known)


def _check_membership(member: TrustMember, block: BlockInfo) -> None:
    """Suspensions follow one another; only the last can be open, and then the member is suspended."""
    edges = [member.admitted]
    for position, (first, last) in enumerate(member.suspensions, start=1):
        if last is None and position < len(member.suspensions):
            raise TrustError(f"member {member.member}: an open suspension is not the last")
        edges += [first] if last is None else [first, last]
    if edges != sorted(edges) or edges[-1] > block.number:
        raise TrustError(f"member {member.member}: admission and suspensions are not in order")
    suspended = bool(member.suspensions) and member.suspensions[-1][1] is None
    if suspended != (member.status is MemberStatus.SUSPENDED):
        raise TrustError(f"member {member.member}: status contradicts the suspensions")


def _check_key(key: Key, member: TrustMember, block: BlockInfo) -> None:
    where = f"member {member.member}, key {key.id.hex()[:16]}…"
    if key_id(key.public) != key.id:
        raise TrustError(f"{where}: id is not that of the public key", got=key.id, want=key_id(key.public))
    if not member.admitted <= key.added <= block.number:
        raise TrustError(f"{where}: added outside of the membership", got=key.added)
    if key.revoked is not None and not key.added <= key.revoked <= block.number:
        raise TrustError(f"{where}: revoked out of order", got=key.revoked)
    if (key.revoked is None) != (key.until_size is None):
        raise TrustError(f"{where}: until_size and revoked must come together")
    if key.until_size is not None and key.until_size < key.from_size:
        raise TrustError(f"{where}: ends before it begins", got=key.until_size, want=f"at least {key.from_size}")


class _AnchorFold:
    """The anchors and the ranges taken back, folded as the contract did."""

    def __init__(self, member: TrustMember) -> None:
        self.member = member
        adopted = None if member.adopted is None else member.adopted.head
        self.head = [] if adopted is None else [adopted]
        """The anchors that the head rests on, oldest first."""
        self.epoch = self.base = 0 if adopted is None else adopted.epoch
        self.last_seq = 0 if adopted is None else adopted.seq

    def run(self) -> None:
        for anchor in self.member.anchors:
            self._to_epoch(anchor.epoch)
            self._append(anchor)
        self._to_epoch(self.base + len(self.member.disowned))
        if self.member.epoch != self.epoch:
            self._refuse("epoch does not count the ranges taken back", self.member.epoch, self.epoch)
        live = {anchor.seq for anchor in self.head}
        for anchor in self.member.anchors:
            if anchor.disowned == (anchor.seq in live):
                self._refuse(f"anchor {anchor.seq}: disowned contradicts the ranges", anchor.disowned)

    def _to_epoch(self, epoch: int) -> None:
        """Take back the ranges that ended the epochs before; each goes from an anchor in force to the last one."""
        if not self.epoch <= epoch <= self.base + len(self.member.disowned):
            self._refuse("epochs do not follow the ranges taken back", epoch, self.epoch)
        for first, last in self.member.disowned[self.epoch - self.base : epoch - self.base]:
            bottom = self.member.adopted.head.seq if self.member.adopted else 0
            position = bisect_left(self.head, first, key=lambda anchor: anchor.seq)
            in_force = position < len(self.head) and self.head[position].seq == first
            if first <= bottom or not in_force or last != self.last_seq:
                self._refuse(f"the range {first}..{last} is none that could be taken back", last, self.last_seq)
            del self.head[position:]
        self.epoch = epoch

    def _append(self, anchor: Anchor) -> None:
        name = f"anchor {anchor.seq}"
        previous, size = (self.head[-1].digest, self.head[-1].size) if self.head else (self.member.log, 0)
        if anchor.seq != self.last_seq + 1:
            self._refuse(f"{name}: number is not the next one", anchor.seq, self.last_seq + 1)
        if anchor.previous != previous:
            self._refuse(f"{name}: does not extend the head", anchor.previous, previous)
        if anchor.size <= size:
            self._refuse(f"{name}: does not grow", anchor.size, f"more than {size}")
        roots = (anchor.log_root, anchor.state_root)
        digest = anchor_digest(previous, self.member.member, anchor.epoch, anchor.seq, anchor.size, *roots)
        if anchor.digest != digest:
            self._refuse(f"{name}: digest", anchor.digest, digest)
        self.head.append(anchor)
        self.last_seq = anchor.seq

    def _refuse(self, message: str, got: object, want: object = None) -> None:
        raise TrustError(f"member {self.member.member}: {message}", got=got, want=want)


def _check_witnesses(anchor: Anchor, codes: set[int]) -> None:
    if not _ascending(anchor.witnesses) or anchor.member in anchor.witnesses or not codes.issuperset(anchor.witnesses):
        raise TrustError(
            f"member {anchor.member}, anchor {anchor.seq}: witnesses are other members, ascending, each once",
            got=anchor.witnesses,
        )


def _check_times(member: TrustMember, block: BlockInfo) -> None:
    blocks = [member.admitted, *(anchor.block for anchor in member.history), block.number]
    times = [*(anchor.time for anchor in member.history), block.time]
    if blocks != sorted(blocks) or times != sorted(times):
        raise TrustError(f"member {member.member}: anchors are not in the order of their blocks, up to the file's")


def _ascending(values: Sequence[_Ordered]) -> bool:
    return list(values) == sorted(set(values))
