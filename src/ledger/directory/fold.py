"""Events folded into a directory, each checked against what the contract promises.

The contract refuses what is refused here; these checks find a node that leaves events out, makes some
up or gives them in another order. They are no stricter than the contract, so that they never stop on
what it accepted.

What it leaves out: whether a log is an extension of the anchored one (the contract proves it, the audit
replays it), and whether a vote's effect was carried out (audit, step 2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from ledger.directory import events as ev
from ledger.directory.model import (
    Anchor,
    Directory,
    DirectoryError,
    Head,
    Key,
    Member,
    Proposal,
    anchor_digest,
    empty_head,
)
from ledger.errors import AnchorMismatchError, NotFoundError
from ledger.keys import Purpose, key_id


def fold(events: Iterable[ev.Event]) -> Directory:
    """The directory that a registry's events make, from its first block on.

    Args:
        events: all of them, in the chain's order.

    Raises:
        DirectoryError: they cannot have happened in this order.
        AnchorMismatchError: an anchor, witness or disown does not fit the chain of anchors.
    """
    return extend(Directory(), events)


def extend(directory: Directory, events: Iterable[ev.Event]) -> Directory:
    """As :meth:`Directory.extend`."""
    draft = _Draft(directory)
    for event in events:
        draft.take(event)
    return draft.directory()


class _Draft:
    """A directory being made: owns its containers, so that the one it started from stays as it is."""

    def __init__(self, start: Directory) -> None:
        self.members: dict[int, Member] = {code: member.copy() for code, member in start.members.items()}
        self.proposals: dict[int, Proposal] = dict(start.proposals)
        self.at = start.at

    def take(self, event: ev.Event) -> None:
        if self.at is not None and event.at.order <= self.at.order:
            raise DirectoryError("events are not in the chain's order", got=event.at.order, want=self.at.order)
        try:
            _apply(event, self)
        except NotFoundError as error:
            raise DirectoryError(f"{type(event).__name__}: {error}") from error
        self.at = event.at

    def directory(self) -> Directory:
        return Directory(self.members, self.proposals, self.at)

    def member(self, code: int) -> Member:
        if code not in self.members:
            raise NotFoundError(f"{code} is not a member")
        return self.members[code]

    def key(self, event: ev.KeyRevoked | ev.KeyCompromised) -> Key:
        key = self.member(event.member).keys.get(event.key_id)
        if key is None:
            raise NotFoundError(f"member {event.member} has no key {event.key_id.hex()}")
        return key

    def open_proposal(self, number: int) -> Proposal:
        proposal = self.proposals.get(number)
        if proposal is None:
            raise NotFoundError(f"there is no proposal {number}")
        if proposal.executed is not None:
            raise DirectoryError(f"proposal {number} was executed before")
        return proposal


@singledispatch
def _apply(event: ev.Event, draft: _Draft) -> None:  # noqa: ARG001 the signature of every handler below
    raise DirectoryError(f"unknown event {type(event).__name__}")


@_apply.register
def _admitted(event: ev.MemberAdmitted, draft: _Draft) -> None:
    if event.member in draft.members:
        raise DirectoryError(f"member {event.member} was admitted before")
    if any(member.log == event.log_id for member in draft.members.values()):
        raise DirectoryError(f"the log {event.log_id.hex()} belongs to another member")
    draft.members[event.member] = Member(
        code=event.member,
        log=event.log_id,
        admin=event.admin,
        anchorer=event.anchorer,
        endpoint=event.endpoint,
        admitted=event.at.block,
        head=empty_head(event.log_id),
    )


@_apply.register
def _suspended(event: ev.MemberSuspended, draft: _Draft) -> None:
    member = _active(draft, event.member)
    member.suspensions.append((event.at.block, None))


@_apply.register
def _reinstated(event: ev.MemberReinstated, draft: _Draft) -> None:
    member = draft.member(event.member)
    if member.active:
        raise DirectoryError(f"member {event.member} was not suspended")
    member.suspensions[-1] = (member.suspensions[-1][0], event.at.block)


@_apply.register
def _admin_offered(event: ev.AdminOffered, draft: _Draft) -> None:
    draft.member(event.member).offered_admin = event.offered


@_apply.register
def _admin_changed(event: ev.AdminChanged, draft: _Draft) -> None:
    member = draft.member(event.member)
    _same(f"member {event.member}: previous admin", event.previous, member.admin)
    member.admin, member.offered_admin = event.admin, None


@_apply.register
def _anchorer_changed(event: ev.AnchorerChanged, draft: _Draft) -> None:
    member = draft.member(event.member)
    _same(f"member {event.member}: previous anchorer", event.previous, member.anchorer)
    member.anchorer = event.anchorer


@_apply.register
def _endpoint_changed(event: ev.EndpointChanged, draft: _Draft) -> None:
    draft.member(event.member).endpoint = event.endpoint


@_apply.register
def _key_added(event: ev.KeyAdded, draft: _Draft) -> None:
    member = draft.member(event.member)
    _same(f"member {event.member}: id of the key added", event.key_id, key_id(event.public_key))
    if event.key_id in member.keys:
        raise DirectoryError(f"member {event.member}: key {event.key_id.hex()} was added before")
    try:
        purpose = Purpose(event.purpose)
    except ValueError as error:
        raise DirectoryError(f"member {event.member}: key of unknown purpose {event.purpose}") from error
    member.keys[event.key_id] = Key(
        event.member, event.key_id, purpose, event.public_key, event.at.block, from_size=member.head.size
    )


@_apply.register
def _key_revoked(event: ev.KeyRevoked, draft: _Draft) -> None:
    key = draft.key(event)
    if key.revoked is not None:
        raise DirectoryError(f"member {event.member}: key {key.id.hex()} was revoked before")
    member = draft.member(event.member)
    member.keys[key.id] = replace(key, revoked=event.at.block, until_size=member.head.size)


@_apply.register
def _key_compromised(event: ev.KeyCompromised, draft: _Draft) -> None:
    key = draft.key(event)
    if key.compromised_from is not None and event.from_size >= key.compromised_from:
        raise DirectoryError("a key's cut-off can only be lowered", got=event.from_size, want=key.compromised_from)
    draft.member(event.member).keys[key.id] = replace(key, compromised_from=event.from_size)


@_apply.register
def _anchored(event: ev.Anchored, draft: _Draft) -> None:
    member = _active(draft, event.member)
    head, name = member.head, f"member {event.member}, anchor {event.seq}"
    if event.seq != member.last_seq + 1:
        raise AnchorMismatchError(f"{name}: number is not the next one", got=event.seq, want=member.last_seq + 1)
    if event.epoch != head.epoch:
        raise AnchorMismatchError(f"{name}: wrong epoch", got=event.epoch, want=head.epoch)
    if event.size <= head.size:
        raise AnchorMismatchError(f"{name}: size does not grow", got=event.size, want=f"more than {head.size}")
    roots = (event.log_root, event.state_root)
    digest = anchor_digest(head.digest, event.member, event.epoch, event.seq, event.size, *roots)
    member.add_anchor(
        Anchor(
            event.member, event.seq, event.epoch, event.size, *roots, head.digest, digest, event.at.block, event.at.time
        )
    )
    member.last_seq = event.seq
    member.head = Head(event.epoch, event.seq, event.size, *roots, digest)


@_apply.register
def _disowned(event: ev.Disowned, draft: _Draft) -> None:
    member = draft.member(event.member)
    first = member.anchors.get(event.from_seq)
    if first is None or first.disowned:
        raise AnchorMismatchError(f"member {event.member}: anchor {event.from_seq} is none that can be disowned")
    _same_anchor(f"member {event.member}: last anchor disowned", event.to_seq, member.last_seq)
    _same_anchor(f"member {event.member}: epoch after disowning", event.epoch, member.epoch + 1)
    head = _parent(member, first, event.epoch)
    _same_anchor(f"member {event.member}: head after disowning", (event.seq, event.size), (head.seq, head.size))
    for seq in range(event.from_seq, event.to_seq + 1):
        member.add_anchor(replace(member.anchors[seq], disowned=True))
    member.disowned.append((event.from_seq, event.to_seq))
    member.head = head
    for key in list(member.keys.values()):
        until = None if key.until_size is None else min(key.until_size, head.size)
        member.keys[key.id] = replace(key, from_size=min(key.from_size, head.size), until_size=until)


def _parent(member: Member, anchor: Anchor, epoch: int) -> Head:
    """The head before ``anchor``, in a new epoch."""
    if anchor.previous == member.log:
        return empty_head(member.log, epoch)
    if member.adopted is not None and anchor.previous == member.adopted.digest:
        old = member.adopted
        return Head(epoch, old.seq, old.size, old.log_root, old.state_root, old.digest)
    for old_anchor in member.anchors.values():
        if old_anchor.digest == anchor.previous:
            roots = (old_anchor.log_root, old_anchor.state_root)
            return Head(epoch, old_anchor.seq, old_anchor.size, *roots, old_anchor.digest)
    raise AnchorMismatchError(f"member {member.code}: anchor {anchor.seq} extends none that is known")


@_apply.register
def _adopted(event: ev.Adopted, draft: _Draft) -> None:
    member = draft.member(event.member)
    if member.anchors or member.adopted is not None:
        raise AnchorMismatchError(f"member {event.member}: a log that has anchors here cannot be adopted")
    member.adopted = event
    member.last_seq = event.seq
    member.head = Head(event.epoch, event.seq, event.size, event.log_root, event.state_root, event.digest)


@_apply.register
def _witnessed(event: ev.Witnessed, draft: _Draft) -> None:
    member = draft.member(event.member)
    anchor = member.anchors.get(event.seq)
    adopted = member.adopted
    if anchor is None and adopted is not None and (adopted.seq, adopted.digest) == (event.seq, event.digest):
        return  # the contract lets an adopted head be witnessed, which vouches for nothing that was anchored here
    if anchor is None or anchor.digest != event.digest:
        want = None if anchor is None else anchor.digest
        raise AnchorMismatchError(f"member {event.member}: witness of anchor {event.seq}", got=event.digest, want=want)
    if event.witness == event.member or event.witness in anchor.witnesses:
        raise AnchorMismatchError(f"member {event.witness} cannot witness {event.member}/{event.seq} (again)")
    _active(draft, event.witness)
    member.add_anchor(replace(anchor, witnesses=(*anchor.witnesses, event.witness)))


@_apply.register
def _proposed(event: ev.Proposed, draft: _Draft) -> None:
    if event.id in draft.proposals:
        raise DirectoryError(f"proposal {event.id} was made before")
    _active(draft, event.proposer)
    try:
        action, expires = ev.Action(event.action), dt.datetime.fromtimestamp(event.expires_at, dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DirectoryError(f"proposal {event.id}: {error}") from error
    draft.proposals[event.id] = Proposal(
        event.id, action, event.target, event.proposer, event.payload, expires, proposed=event.at
    )


@_apply.register
def _approved(event: ev.Approved, draft: _Draft) -> None:
    proposal = draft.open_proposal(event.id)
    _active(draft, event.voter)
    if event.voter == proposal.target or event.voter in proposal.approvals:
        raise DirectoryError(f"member {event.voter} cannot vote on proposal {event.id} (again)")
    draft.proposals[event.id] = replace(proposal, approvals=proposal.approvals | {event.voter})


@_apply.register
def _withdrawn(event: ev.Withdrawn, draft: _Draft) -> None:
    proposal = draft.open_proposal(event.id)
    if event.voter not in proposal.approvals:
        raise DirectoryError(f"member {event.voter} has no vote on proposal {event.id} to withdraw")
    draft.proposals[event.id] = replace(proposal, approvals=proposal.approvals - {event.voter})


@_apply.register
def _executed(event: ev.Executed, draft: _Draft) -> None:
    proposal = draft.open_proposal(event.id)
    voters = {code for code, member in draft.members.items() if member.active and code != proposal.target}
    tally = (len(proposal.approvals & voters), len(voters))
    counted = (event.approvals, event.eligible)
    if counted != tally or not tally[0] * 2 > tally[1]:
        raise DirectoryError(f"proposal {event.id}: the tally is wrong", got=counted, want=tally)
    draft.proposals[event.id] = replace(proposal, executed=event.at)


def _active(draft: _Draft, code: int) -> Member:
    member = draft.member(code)
    if not member.active:
        raise DirectoryError(f"member {code} is suspended")
    return member


def _same(what: str, got: bytes, want: bytes) -> None:
    if got != want:
        raise DirectoryError(f"{what} does not agree", got=got, want=want)


def _same_anchor(what: str, got: object, want: object) -> None:
    if got != want:
        raise AnchorMismatchError(f"{what} does not agree", got=got, want=want)
