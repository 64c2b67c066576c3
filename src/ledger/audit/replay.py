"""Steps 2 and 3: the directory, the votes and the anchors, replayed event by event from the contract's first block.

Each event is judged by what all events before it made of the directory, by the rules of the contract's interface as
they stand there, not by ``ledger.directory``. After a fault the replay goes on from what the event says.

What it leaves out: the views of the contract, which are compared at the end (``registry``), and reading (``chain``).
"""

from __future__ import annotations

import hashlib

from ledger.audit.chain import Happening
from ledger.audit.members import (
    ADMIT,
    ADOPT,
    CHECKPOINT,
    CREDENTIAL,
    DISOWN,
    EXCHANGE,
    FEWEST,
    REINSTATE,
    REPLACE_ADMIN,
    SUSPEND,
    Anchored,
    Key,
    Member,
    Proposal,
    anchor_digest,
    word,
)
from ledger.audit.report import Findings


class Replay:
    """The directory after the happenings taken so far.

    Args:
        findings: where faults go.
    """

    def __init__(self, findings: Findings) -> None:
        self.members: dict[int, Member] = {}
        self.proposals: dict[int, Proposal] = {}
        self.events = 0
        self._findings = findings
        self._founding: bytes | None = None
        self._due: list[tuple[bytes, int, int, bytes]] = []
        self._now: Happening

    def take(self, happening: Happening) -> None:
        """Judge one event and let the directory follow."""
        self._now = happening
        self.events += 1
        if self._founding is None:
            self._founding = happening.transaction
        self._settle(happening.transaction)
        step = getattr(self, "_on_" + happening.name.lower())
        step(**happening.values)

    def close(self) -> None:
        """After the last event: nothing that was carried out may lack its effect."""
        self._settle(b"")

    def _fault(self, code: str, **values: object) -> None:
        self._findings.add(code, entry=None, block=self._now.block, **values)

    def _impossible(self, member: int, what: str, got: object, want: object) -> None:
        self._fault("directory.impossible", member=member, field=f"{self._now.name}.{what}", got=got, want=want)

    def _known(self, code: int) -> Member | None:
        member = self.members.get(code)
        if member is None:
            self._impossible(code, "member", code, "a member")
        return member

    # ---- votes ---------------------------------------------------------------------------------------------------

    def _on_proposed(
        self,
        id: int,  # noqa: A002 the contract's own word
        action: int,
        target: int,
        proposer: int,
        payload: bytes,
        expires_at: int,
    ) -> None:
        if id != len(self.proposals) + 1:
            self._fault("vote.order", member=proposer, field=f"proposal {id}", got=id, want=len(self.proposals) + 1)
        self._may_vote(id, proposer)
        self.proposals[id] = Proposal(action, target, payload, expires_at)

    def _on_approved(self, id: int, voter: int) -> None:  # noqa: A002 the contract's own word
        self._may_vote(id, voter)
        proposal = self._open(id)
        if proposal is None:
            return
        if voter == proposal.target or voter in proposal.approvals:
            self._fault(
                "vote.voter", member=voter, field=f"proposal {id}", got="again, or about itself", want="one vote"
            )
        proposal.approvals.add(voter)

    def _on_withdrawn(self, id: int, voter: int) -> None:  # noqa: A002 the event's own field
        proposal = self._open(id)
        if proposal is None:
            return
        if voter not in proposal.approvals:
            self._fault("vote.voter", member=voter, field=f"proposal {id}", got="withdrawn", want="approved before")
        proposal.approvals.discard(voter)

    def _on_executed(self, id: int, approvals: int, eligible: int) -> None:  # noqa: A002 the event's own field
        proposal = self._open(id)
        if proposal is None:
            return
        proposal.executed = True
        voters = {code for code, member in self.members.items() if member.active and code != proposal.target}
        votes = len(voters & proposal.approvals)
        if votes * 2 <= len(voters):
            self._fault("vote.short", member=proposal.target, field=f"proposal {id}", got=votes, want=len(voters))
        if (approvals, eligible) != (votes, len(voters)):
            got, want = f"{approvals} of {eligible}", f"{votes} of {len(voters)}"
            self._fault("vote.tally", member=proposal.target, field=f"proposal {id}", got=got, want=want)
        self._due.append((self._now.transaction, proposal.action, proposal.target, proposal.payload))

    def _may_vote(self, number: int, voter: int) -> None:
        member = self._known(voter)
        if member is not None and not member.active:
            self._fault("vote.voter", member=voter, field=f"proposal {number}", got="suspended", want="active")

    def _open(self, number: int) -> Proposal | None:
        proposal = self.proposals.get(number)
        if proposal is None or proposal.executed:
            state = "unknown" if proposal is None else "carried out before"
            self._fault("vote.order", field=f"proposal {number}", got=state, want="open")
            return None
        if self._now.time >= proposal.expires:
            self._fault("vote.expired", member=proposal.target, field=f"proposal {number}", got=self._now.time,
                        want=f"before {proposal.expires}")  # fmt: skip
        return proposal

    def _voted(self, action: int, target: int, payload: bytes) -> bool:
        """Whether a proposal for exactly this was carried out in this transaction; each one serves once."""
        due = (self._now.transaction, action, target, payload)
        if due not in self._due:
            return False
        self._due.remove(due)
        return True

    def _need_vote(self, action: int, target: int, payload: bytes = b"") -> None:
        if not self._voted(action, target, payload):
            self._fault("vote.unbacked", member=target, field=self._now.name)

    def _settle(self, transaction: bytes) -> None:
        """When a transaction is over, what it carried out must have happened in it."""
        for due in [due for due in self._due if due[0] != transaction]:
            self._fault("vote.no_effect", member=due[2], field=f"action {due[1]}")
            self._due.remove(due)

    # ---- members -------------------------------------------------------------------------------------------------

    def _on_memberadmitted(self, member: int, admin: bytes, anchorer: bytes, log_id: bytes, endpoint: str) -> None:
        if member in self.members:
            self._impossible(member, "member", "admitted again", "a newcomer")
        if any(other.log == log_id for other in self.members.values()):
            self._impossible(member, "log_id", log_id, "a log of no other member")
        if self._now.transaction != self._founding:
            text = endpoint.encode()
            tail = word(128) + word(len(text)) + text.ljust(-(-len(text) // 32) * 32, b"\0")
            self._need_vote(ADMIT, member, word(admin) + word(anchorer) + log_id + tail)
        self.members[member] = Member(member, log_id, admin, anchorer, endpoint, self._now.block)

    def _on_membersuspended(self, member: int) -> None:
        self._need_vote(SUSPEND, member)
        known = self._known(member)
        if known is None:
            return
        active = sum(other.active for other in self.members.values())
        if not known.active or active < FEWEST:
            self._impossible(member, "active", f"{active} active", f"active itself, at least {FEWEST} active")
        known.active = False

    def _on_memberreinstated(self, member: int) -> None:
        self._need_vote(REINSTATE, member)
        known = self._known(member)
        if known is None:
            return
        if known.active:
            self._impossible(member, "active", "active", "suspended")
        known.active = True

    def _on_adminoffered(self, member: int, offered: bytes) -> None:
        if (known := self._known(member)) is not None:
            known.offered = offered

    def _on_adminchanged(self, member: int, previous: bytes, admin: bytes) -> None:
        known = self._known(member)
        if known is None:
            return
        if previous != known.admin:
            self._impossible(member, "previous", previous, known.admin)
        if not self._voted(REPLACE_ADMIN, member, word(admin)) and admin != known.offered:
            self._fault("admin.unoffered", member=member, field="admin", got=admin, want=known.offered)
        known.admin, known.offered = admin, bytes(20)

    def _on_anchorerchanged(self, member: int, previous: bytes, anchorer: bytes) -> None:
        known = self._known(member)
        if known is None:
            return
        if previous != known.anchorer:
            self._impossible(member, "previous", previous, known.anchorer)
        known.anchorer = anchorer

    def _on_endpointchanged(self, member: int, endpoint: str) -> None:
        if (known := self._known(member)) is not None:
            known.endpoint = endpoint

    # ---- keys ----------------------------------------------------------------------------------------------------

    def _on_keyadded(self, member: int, purpose: int, key_id: bytes, public_key: bytes) -> None:
        known = self._known(member)
        if known is None:
            return
        if hashlib.sha256(public_key).digest() != key_id:
            self._fault("key.id", member=member, field="key_id", got=key_id, want=hashlib.sha256(public_key).digest())
        sizes = {CREDENTIAL: 33, EXCHANGE: 32, CHECKPOINT: 32}
        if len(public_key) != sizes.get(purpose):
            self._impossible(member, "public_key", f"purpose {purpose}, {len(public_key)} bytes", "33 or 32 bytes")
        if any(key_id in other.keys for other in self.members.values()) or not known.active:
            self._impossible(member, "key_id", key_id, "a new key of an active member")
        known.keys[key_id] = Key(purpose, public_key, self._now.block, known.head()[2])

    def _on_keyrevoked(self, member: int, key_id: bytes) -> None:
        key = self._key(member, key_id)
        if key is None:
            return
        if key.revoked:
            self._impossible(member, "key_id", f"{key_id.hex()} again", "not revoked before")
        key.revoked, key.until_size = self._now.block, self.members[member].head()[2]

    def _on_keycompromised(self, member: int, key_id: bytes, from_size: int) -> None:
        key = self._key(member, key_id)
        if key is None:
            return
        if key.cut_off is not None and from_size >= key.cut_off:
            self._impossible(member, "from_size", from_size, f"below {key.cut_off}")
        key.cut_off = from_size

    def _key(self, member: int, key_id: bytes) -> Key | None:
        known = self._known(member)
        if known is not None and key_id not in known.keys:
            self._impossible(member, "key_id", key_id, "a key of the member")
        return known.keys.get(key_id) if known is not None else None

    # ---- anchors -------------------------------------------------------------------------------------------------

    def _on_anchored(self, member: int, seq: int, epoch: int, size: int, log_root: bytes, state_root: bytes) -> None:
        known = self._known(member)
        if known is None:
            return
        _, _, head_size, _, _, previous = known.head()
        if not known.active:
            self._fault("anchor.suspended", member=member, anchor=seq)
        if seq != known.last_seq + 1:
            self._fault("anchor.seq", member=member, anchor=seq, got=seq, want=known.last_seq + 1)
        if epoch != known.epoch:
            self._fault("anchor.epoch", member=member, anchor=seq, got=epoch, want=known.epoch)
        if size <= head_size:
            self._fault("anchor.size", member=member, anchor=seq, got=size, want=f"> {head_size}")
        made = anchor_digest(previous, member, epoch, seq, size, log_root, state_root)
        roots = (log_root, state_root, previous, made)
        known.live.append(
            Anchored(epoch, seq, size, *roots, self._now.block, self._now.time, self._now.transaction, known.anchorer)
        )
        known.last_seq, known.epoch = max(seq, known.last_seq), epoch

    def _on_disowned(self, member: int, from_seq: int, to_seq: int, epoch: int, seq: int, size: int) -> None:
        self._need_vote(DISOWN, member, word(from_seq))
        known = self._known(member)
        if known is None:
            return
        kept = [anchor for anchor in known.live if anchor.seq < from_seq]
        back = (kept[-1].seq, kept[-1].size) if kept else (0, 0)
        want = (known.last_seq, known.epoch + 1, *back)
        if (to_seq, epoch, seq, size) != want or len(kept) == len(known.live):
            self._fault("anchor.disown", member=member, anchor=from_seq, got=(to_seq, epoch, seq, size), want=want)
        known.taken_back += known.live[len(kept) :]
        known.live, known.epoch = kept, epoch
        for key in known.keys.values():
            key.from_size = min(key.from_size, size)
            key.until_size = None if key.until_size is None else min(key.until_size, size)

    def _on_adopted(  # noqa: PLR0917 the event's own parameters
        self, member: int, chain_id: int, registry: bytes, epoch: int, seq: int, size: int, log_root: bytes,
        state_root: bytes, digest: bytes,
    ) -> None:  # fmt: skip
        head = word(member) + word(epoch) + word(seq) + word(size) + log_root + state_root
        self._need_vote(ADOPT, member, word(chain_id) + word(registry) + head + digest)
        known = self._known(member)
        if known is None:
            return
        if known.last_seq:
            self._fault("anchor.adopt", member=member, anchor=seq, got=known.last_seq, want=0)
        roots = (log_root, state_root, b"", digest)
        known.live = [
            Anchored(
                epoch, seq, size, *roots, self._now.block, self._now.time, self._now.transaction, b"", adopted=True
            )
        ]
        known.epoch, known.last_seq = epoch, seq

    def _on_witnessed(self, member: int, seq: int, witness: int, digest: bytes) -> None:
        known, by = self._known(member), self._known(witness)
        if known is None or by is None:
            return
        found = next((anchor.digest for anchor in known.live if anchor.seq == seq), None)
        fresh = witness != member and by.active and (seq, witness) not in known.witnessed
        if digest != found or not fresh:
            self._fault("anchor.witness", member=member, anchor=seq, got=f"{digest.hex()} by {witness}", want=found)
        known.witnessed.add((seq, witness))
