"""Steps 1 to 3 against a chain: code, replay, and the contract's own words on what was replayed.

What it leaves out: the rules of the replay (``members``) and the wire (``chain``).
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.audit.chain import Chain
from ledger.audit.members import CHECKPOINT, Anchored, Member
from ledger.audit.replay import Replay
from ledger.audit.report import Findings

_NO_CUT_OFF = 2**64 - 1
_MEMBER = ("log_id", "admin", "anchorer", "pending_admin", "active", "admitted_at", "last_seq", "endpoint")
_HEAD = ("epoch", "seq", "size", "log_root", "state_root", "digest")
_KEY = ("purpose", "added_at", "revoked_at", "cut_off", "public_key")


@dataclass(slots=True)
class Registry:
    """A registry replayed.

    Attributes:
        chain: where it stands.
        findings: where faults go.
        replay: the directory after :meth:`run`.
        code_ok: whether the deployed code is the artifact's; without that, events mean nothing and are not read.
        checked: anchors looked at, of all members.
    """

    chain: Chain
    findings: Findings
    replay: Replay
    code_ok: bool = False
    checked: int = 0

    def run(self, log: str, member: int) -> Member | None:
        """Replay everything, and ask about the anchors of the log that is audited.

        Args:
            log: its id in hex; empty: found by the member.
            member: its member; 0: found by the log.

        Returns:
            The member, if the directory has it.
        """
        code, artifact = self.chain.code()
        self.code_ok = code == artifact
        if not self.code_ok:
            self.findings.add("code.differs", got=f"{len(code)} bytes", want=f"{len(artifact)} bytes")
            return None
        for happening in self.chain.happenings():
            self.replay.take(happening)
        self.replay.close()
        for known in self.replay.members.values():
            self._compare_views(known)
            self.checked += len(known.live) + len(known.taken_back)
        audited = self._audited(log, member)
        if audited is not None:
            for anchor in [*audited.live, *audited.taken_back]:
                self._compare_anchor(audited, anchor)
        return audited

    def _audited(self, log: str, member: int) -> Member | None:
        matches = [
            one for one in self.replay.members.values() if one.log.hex() == log or (not log and one.code == member)
        ]
        if not matches:
            self.findings.add("member.none", member=member or None, got=log)
            return None
        if member and matches[0].code != member:
            self.findings.add("member.none", member=member, got=f"{log}, the log of {matches[0].code}")
        return matches[0]

    def _compare_views(self, known: Member) -> None:
        """What the contract answers now must be what its events add up to."""
        want = (known.log, known.admin, known.anchorer, known.offered, known.active, known.admitted, known.last_seq)
        self._compare(known.code, _MEMBER, self.chain.view("member", known.code), (*want, known.endpoint))
        self._compare(known.code, _HEAD, self.chain.view("head", known.code), known.head(), code="anchor.head")
        for key_id, key in known.keys.items():
            cut = _NO_CUT_OFF if key.cut_off is None else key.cut_off
            wanted = (key.purpose, key.added, key.revoked, cut, key.public)
            self._compare(known.code, _KEY, self.chain.view("key", known.code, key_id), wanted)

    def _compare(
        self,
        member: int,
        names: tuple[str, ...],
        got: tuple[object, ...] | None,
        want: tuple[object, ...],
        code: str = "directory.view",
    ) -> None:
        for name, mine, theirs in zip(names, want, got or [None] * len(names), strict=True):
            if mine != theirs:
                self.findings.add(code, member=member, field=name, got=theirs, want=mine)

    def _compare_anchor(self, member: Member, anchor: Anchored) -> None:
        """The digest on record, and who sent the transaction."""
        stored = self.chain.view("anchorDigest", member.code, anchor.seq)
        if stored is None or stored[0] != anchor.digest:
            got = stored[0] if stored else None
            self.findings.add("anchor.digest", member=member.code, anchor=anchor.seq, got=got, want=anchor.digest)
        if anchor.adopted:
            return
        sent = self.chain.sender(anchor.transaction)
        if sent is None:
            self.findings.add("anchor.transaction", member=member.code, anchor=anchor.seq, got=anchor.transaction)
        elif not sent[1]:
            self.findings.add("anchor.indirect", member=member.code, anchor=anchor.seq, got=sent[0])
        elif sent[0] != anchor.anchorer:
            self.findings.add("anchor.sender", member=member.code, anchor=anchor.seq, got=sent[0], want=anchor.anchorer)


def checkpoint_keys(member: Member, size: int) -> tuple[bytes, ...]:
    """The member's keys that may have signed a checkpoint of ``size`` entries: not cut off before its last one.

    A revoked key counts: what it signed before stays valid, and the chain does not say when a note was signed.
    """
    keys = (key for key in member.keys.values() if key.purpose == CHECKPOINT)
    return tuple(key.public for key in keys if key.cut_off is None or size <= key.cut_off)
