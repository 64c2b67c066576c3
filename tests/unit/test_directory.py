"""The directory: what events make of it, what they must not be, and that folding in parts is folding at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import directory as d
from ledger.errors import AnchorMismatchError, NotFoundError, VerificationError
from ledger.keys import Purpose, key_id

CQ, SC, GZ = 500000, 510000, 520000
START = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
PUBLIC = b"\x02" + bytes(32)


def word(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


class Chain:
    """Builds events one block each."""

    def __init__(self, *members: int) -> None:
        self.events: list[d.Event] = []
        for code in members:
            addresses = {"admin": word(code, "a")[:20], "anchorer": word(code, "b")[:20]}
            self.add(d.MemberAdmitted, member=code, **addresses, log_id=word(code), endpoint="")

    def add(self, kind: type[d.Event], **fields: Any) -> Chain:
        block = len(self.events)
        place = d.Place(block, 0, word("block", block), START + dt.timedelta(seconds=block))
        self.events.append(kind(at=place, **fields))
        return self

    def anchor(self, member: int, seq: int, size: int, epoch: int = 0) -> Chain:
        roots = {"log_root": word("log", size), "state_root": word("state", size)}
        return self.add(d.Anchored, member=member, seq=seq, epoch=epoch, size=size, **roots)

    def key(self, member: int, public: bytes = PUBLIC, purpose: int = 1) -> Chain:
        return self.add(d.KeyAdded, member=member, purpose=purpose, key_id=key_id(public), public_key=public)

    def disown(self, member: int, first: int, last: int, epoch: int, seq: int, size: int) -> Chain:
        fields = {"from_seq": first, "to_seq": last, "epoch": epoch, "seq": seq, "size": size}
        return self.add(d.Disowned, member=member, **fields)

    def propose(self, number: int, action: int, target: int, proposer: int) -> Chain:
        expires = int((START + dt.timedelta(days=14)).timestamp())
        return self.add(
            d.Proposed, id=number, action=int(action), target=target, proposer=proposer, payload=b"", expires_at=expires
        )

    def fold(self) -> d.Directory:
        return d.fold(self.events)


# -------------------------------------------------------------------------------------------------------------- digests


def test_anchor_digest__seven_words() -> None:
    words = [word(1), *(number.to_bytes(32, "big") for number in (CQ, 2, 3, 4)), word(5), word(6)]
    assert d.anchor_digest(word(1), CQ, 2, 3, 4, word(5), word(6)) == hashlib.sha256(b"".join(words)).digest()


@pytest.mark.parametrize("place", range(7))
def test_anchor_digest__every_field_counts(place: int) -> None:
    fields: list[Any] = [word(1), CQ, 2, 3, 4, word(5), word(6)]
    changed = list(fields)
    changed[place] = word("x") if isinstance(fields[place], bytes) else fields[place] + 1
    assert d.anchor_digest(*changed) != d.anchor_digest(*fields)


@pytest.mark.parametrize("fields", [(2**32, 0, 1, 1), (1, 2**64, 1, 1), (1, 0, 1, -1)])
def test_anchor_digest__number_too_big__raises(fields: tuple[int, int, int, int]) -> None:
    with pytest.raises(OverflowError):
        d.anchor_digest(word(1), *fields, word(2), word(3))


def test_anchor_digest__short_hash__raises() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        d.anchor_digest(bytes(31), CQ, 0, 1, 1, word(2), word(3))


# ---------------------------------------------------------------------------------------------------------------- folds


def test_empty__nothing() -> None:
    assert d.fold([]) == d.Directory()


def test_anchors__chained_from_log_id() -> None:
    directory = Chain(CQ, SC).anchor(CQ, 1, 3).anchor(CQ, 2, 7).anchor(SC, 1, 1).fold()
    first, second = directory.anchor_by_seq(CQ, 1), directory.anchor_by_seq(CQ, 2)
    assert first.previous == word(CQ)
    assert second.previous == first.digest
    assert first.digest == d.anchor_digest(word(CQ), CQ, 0, 1, 3, word("log", 3), word("state", 3))
    assert directory.member(CQ).head == d.Head(0, 2, 7, word("log", 7), word("state", 7), second.digest)
    assert (second.block, second.time) == (3, START + dt.timedelta(seconds=3))
    assert directory.newest_anchor(SC) == directory.anchor_by_seq(SC, 1)
    assert directory.member_by_log(word(SC)).code == SC


def test_first_anchor_covering__by_index() -> None:
    directory = Chain(CQ).anchor(CQ, 1, 3).anchor(CQ, 2, 7).fold()
    found = [directory.first_anchor_covering(CQ, index) for index in range(9)]
    assert [None if anchor is None else anchor.seq for anchor in found] == [1, 1, 1, 2, 2, 2, 2, None, None]


def test_disown__anchors_marked_head_back_keys_narrowed() -> None:
    early, late = PUBLIC, b"\x03" + bytes(32)
    chain = Chain(CQ).key(CQ, early).anchor(CQ, 1, 3).anchor(CQ, 2, 7).key(CQ, late)
    chain.add(d.KeyRevoked, member=CQ, key_id=key_id(early)).disown(CQ, 2, 2, epoch=1, seq=1, size=3)
    directory = chain.anchor(CQ, 3, 5, epoch=1).fold()
    assert [anchor.disowned for anchor in directory.member(CQ).anchors.values()] == [False, True, False]
    assert directory.anchor_by_seq(CQ, 3).previous == directory.anchor_by_seq(CQ, 1).digest
    assert directory.member(CQ).disowned == [(2, 2)]
    assert directory.member(CQ).epoch == 1
    old, new = directory.key(key_id(early)), directory.key(key_id(late))
    assert (old.from_size, old.until_size, new.from_size, new.until_size) == (0, 3, 3, None)
    assert [index for index in range(8) if directory.entitled(old, index)] == [0, 1, 2]
    covering = directory.first_anchor_covering(CQ, 4)
    assert covering is not None
    assert covering.seq == 3


def test_disown_everything__begins_at_log_id_again() -> None:
    directory = Chain(CQ).anchor(CQ, 1, 3).disown(CQ, 1, 1, epoch=1, seq=0, size=0).fold()
    assert directory.member(CQ).head == d.empty_head(word(CQ), epoch=1)
    assert directory.newest_anchor(CQ) is None
    again = directory.extend(Chain(CQ).anchor(CQ, 1, 3).disown(CQ, 1, 1, 1, 0, 0).anchor(CQ, 2, 2, epoch=1).events[3:])
    assert again.anchor_by_seq(CQ, 2).previous == word(CQ)


def adopted(epoch: int = 4, seq: int = 9, size: int = 20) -> dict[str, Any]:
    roots = {"log_root": word("r"), "state_root": word("s"), "digest": word("d")}
    return {"chain_id": 1, "registry": bytes(20), "epoch": epoch, "seq": seq, "size": size, **roots}


def test_adopted__goes_on_from_there() -> None:
    chain = Chain(CQ).add(d.Adopted, member=CQ, **adopted()).anchor(CQ, 10, 21, epoch=4)
    directory = chain.fold()
    assert directory.anchor_by_seq(CQ, 10).previous == word("d")
    back = chain.disown(CQ, 10, 10, epoch=5, seq=9, size=20).fold()
    assert back.member(CQ).head == d.Head(5, 9, 20, word("r"), word("s"), word("d"))


def test_adopted__its_head_may_be_witnessed() -> None:
    chain = Chain(CQ, SC).add(d.Adopted, member=CQ, **adopted())
    before = chain.fold().member(CQ)
    after = chain.add(d.Witnessed, member=CQ, seq=9, witness=SC, digest=adopted()["digest"]).fold().member(CQ)
    assert after == before
    with pytest.raises(AnchorMismatchError):
        chain.add(d.Witnessed, member=CQ, seq=9, witness=SC, digest=word("other")).fold()


def test_keys__standing_by_index() -> None:
    chain = Chain(CQ).anchor(CQ, 1, 3).key(CQ).anchor(CQ, 2, 9)
    chain.add(d.KeyCompromised, member=CQ, key_id=key_id(PUBLIC), from_size=8)
    chain.add(d.KeyCompromised, member=CQ, key_id=key_id(PUBLIC), from_size=7)
    chain.add(d.KeyRevoked, member=CQ, key_id=key_id(PUBLIC))
    key = chain.fold().key(key_id(PUBLIC), CQ)
    assert (key.added, key.revoked, key.from_size, key.until_size, key.compromised_from) == (2, 6, 3, 9, 7)
    standing = [key.standing(index).value for index in (2, 3, 6, 7, 9)]
    assert standing == ["too-early", "entitled", "entitled", "disowned", "disowned"]
    revoked = dataclasses.replace(key, compromised_from=None)
    assert revoked.standing(9) is d.Standing.REVOKED


def test_keys__by_purpose_without_revoked() -> None:
    chain = Chain(CQ).key(CQ, PUBLIC).key(CQ, bytes(32), 3).key(CQ, b"\x03" + bytes(32))
    chain.add(d.KeyRevoked, member=CQ, key_id=key_id(PUBLIC))
    directory = chain.fold()
    assert [key.public for key in directory.keys(CQ, Purpose.CREDENTIAL)] == [b"\x03" + bytes(32)]
    assert [key.public for key in directory.keys(CQ, Purpose.CHECKPOINT)] == [bytes(32)]


def test_suspension__block_by_block() -> None:
    chain = Chain(CQ, SC, GZ).anchor(CQ, 1, 1).add(d.MemberSuspended, member=CQ)  # block 4
    chain.anchor(SC, 1, 1).add(d.MemberReinstated, member=CQ).anchor(CQ, 2, 2)  # blocks 5, 6, 7
    directory = chain.fold()
    assert [directory.active_at(CQ, block) for block in range(8)] == [True] * 5 + [False] + [True] * 2
    assert [directory.active_at(GZ, block) for block in (1, 2)] == [False, True]
    assert not directory.active_at(110000, 5)
    assert directory.active_members() == [CQ, SC, GZ]


def test_changes_of_addresses_and_endpoint() -> None:
    chain = Chain(CQ).add(d.AdminOffered, member=CQ, offered=bytes(20))
    assert chain.fold().member(CQ).offered_admin == bytes(20)
    chain.add(d.AdminChanged, member=CQ, previous=word(CQ, "a")[:20], admin=bytes(20))
    chain.add(d.AnchorerChanged, member=CQ, previous=word(CQ, "b")[:20], anchorer=b"\1" * 20)
    member = chain.add(d.EndpointChanged, member=CQ, endpoint="https://x").fold().member(CQ)
    assert (member.admin, member.offered_admin, member.anchorer, member.endpoint) == (
        bytes(20), None, b"\1" * 20, "https://x"
    )  # fmt: skip


def test_votes__tally_of_active_members_without_target() -> None:
    chain = Chain(CQ, SC, GZ).propose(1, d.Action.SUSPEND, GZ, CQ).add(d.Approved, id=1, voter=CQ)
    chain.add(d.Approved, id=1, voter=SC).add(d.Withdrawn, id=1, voter=CQ).add(d.Approved, id=1, voter=CQ)
    proposal = chain.add(d.Executed, id=1, approvals=2, eligible=2).fold().proposals[1]
    assert (proposal.action, proposal.target, proposal.proposer) == (d.Action.SUSPEND, GZ, CQ)
    assert proposal.approvals == {CQ, SC}
    assert proposal.expires_at == START + dt.timedelta(days=14)
    assert proposal.executed is not None


def test_witness__once_by_another() -> None:
    chain = Chain(CQ, SC).anchor(CQ, 1, 3)
    digest = chain.fold().anchor_by_seq(CQ, 1).digest
    directory = chain.add(d.Witnessed, member=CQ, seq=1, witness=SC, digest=digest).fold()
    assert directory.anchor_by_seq(CQ, 1).witnesses == (SC,)
    assert directory.newest_anchor(CQ) == directory.anchor_by_seq(CQ, 1)


# ------------------------------------------------------------------------------------------------------------- refusals


REVOKE = {"member": CQ, "key_id": key_id(PUBLIC)}
VOTE = {"id": 1, "voter": CQ}
CARRIED = {"id": 1, "approvals": 1, "eligible": 1}


def asked() -> Chain:
    return Chain(CQ, SC).propose(1, d.Action.SUSPEND, SC, CQ)


def witnessed(seq: int, witness: int, digest: bytes | None = None) -> Chain:
    chain = Chain(CQ, SC).anchor(CQ, 1, 3)
    known = chain.fold().anchor_by_seq(CQ, 1).digest
    return chain.add(d.Witnessed, member=CQ, seq=seq, witness=witness, digest=digest or known)


ANCHORS = {
    "gap": ("number is not the next", Chain(CQ).anchor(CQ, 2, 3)),
    "repeated": ("number is not the next", Chain(CQ).anchor(CQ, 1, 3).anchor(CQ, 1, 4)),
    "shrinks": ("does not grow", Chain(CQ).anchor(CQ, 1, 3).anchor(CQ, 2, 2)),
    "stands": ("does not grow", Chain(CQ).anchor(CQ, 1, 3).anchor(CQ, 2, 3)),
    "epoch": ("wrong epoch", Chain(CQ).anchor(CQ, 1, 3, epoch=1)),
    "nothing to disown": ("can be disowned", Chain(CQ).disown(CQ, 1, 1, 1, 0, 0)),
    "disowned twice": (
        "can be disowned",
        Chain(CQ).anchor(CQ, 1, 3).disown(CQ, 1, 1, 1, 0, 0).disown(CQ, 1, 1, 2, 0, 0),
    ),
    "disowned too far": ("last anchor disowned", Chain(CQ).anchor(CQ, 1, 3).disown(CQ, 1, 2, 1, 0, 0)),
    "disowned, wrong epoch": ("epoch after", Chain(CQ).anchor(CQ, 1, 3).disown(CQ, 1, 1, 2, 0, 0)),
    "disowned, wrong head": ("head after", Chain(CQ).anchor(CQ, 1, 3).disown(CQ, 1, 1, 1, 0, 1)),
    "adopted late": ("cannot be adopted", Chain(CQ).anchor(CQ, 1, 3).add(d.Adopted, member=CQ, **adopted())),
    "witness of other digest": ("witness of anchor", witnessed(1, SC, word(1))),
    "witness of no anchor": ("witness of anchor", witnessed(2, SC)),
    "witness of oneself": ("cannot witness", witnessed(1, CQ)),
}
MEMBERS_AND_KEYS = {
    "stranger": ("not a member", Chain(SC).anchor(CQ, 1, 3)),
    "suspended": ("is suspended", Chain(CQ).add(d.MemberSuspended, member=CQ).anchor(CQ, 1, 3)),
    "not suspended": ("was not suspended", Chain(CQ).add(d.MemberReinstated, member=CQ)),
    "member twice": ("admitted before", Chain(CQ, CQ)),
    "log shared": (
        "belongs to another",
        Chain(CQ).add(d.MemberAdmitted, member=SC, admin=b"", anchorer=b"", log_id=word(CQ), endpoint=""),
    ),
    "key id": ("id of the key", Chain(CQ).add(d.KeyAdded, member=CQ, purpose=1, key_id=word(1), public_key=PUBLIC)),
    "key twice": ("added before", Chain(CQ).key(CQ).key(CQ)),
    "key purpose": ("unknown purpose", Chain(CQ).key(CQ, purpose=9)),
    "key unknown": ("has no key", Chain(CQ).add(d.KeyRevoked, member=CQ, key_id=word(1))),
    "key revoked twice": ("revoked before", Chain(CQ).key(CQ).add(d.KeyRevoked, **REVOKE).add(d.KeyRevoked, **REVOKE)),
    "cut-off not lowered": (
        "only be lowered",
        Chain(CQ).key(CQ).add(d.KeyCompromised, **REVOKE, from_size=5).add(d.KeyCompromised, **REVOKE, from_size=5),
    ),
    "admin": ("previous admin", Chain(CQ).add(d.AdminChanged, member=CQ, previous=b"", admin=b"")),
    "anchorer": ("previous anchorer", Chain(CQ).add(d.AnchorerChanged, member=CQ, previous=b"", anchorer=b"")),
}
VOTES = {
    "vote of the target": ("cannot vote", asked().add(d.Approved, id=1, voter=SC)),
    "two votes of one": ("cannot vote", asked().add(d.Approved, **VOTE).add(d.Approved, **VOTE)),
    "withdrawn without vote": ("to withdraw", asked().add(d.Withdrawn, **VOTE)),
    "no proposal": ("no proposal", Chain(CQ).add(d.Approved, **VOTE)),
    "no majority": ("tally", asked().add(d.Executed, id=1, approvals=0, eligible=1)),
    "false tally": ("tally", asked().add(d.Executed, **CARRIED)),
    "carried out twice": (
        "executed before",
        asked().add(d.Approved, **VOTE).add(d.Executed, **CARRIED).add(d.Executed, **CARRIED),
    ),
    "proposal twice": ("made before", asked().propose(1, d.Action.SUSPEND, SC, CQ)),
    "no such action": ("proposal 1", Chain(CQ).propose(1, 9, SC, CQ)),
}
ILLEGAL = [
    pytest.param(error, text, chain.events, id=name)
    for error, cases in (
        (AnchorMismatchError, ANCHORS),
        (d.DirectoryError, MEMBERS_AND_KEYS),
        (d.DirectoryError, VOTES),
    )
    for name, (text, chain) in cases.items()
]


@pytest.mark.parametrize(("error", "text", "events"), ILLEGAL)
def test_illegal__named(error: type[Exception], text: str, events: list[d.Event]) -> None:
    d.fold(events[:-1])
    with pytest.raises(error, match=text) as caught:
        d.fold(events)
    assert isinstance(caught.value, VerificationError)


def test_order__must_be_the_chains() -> None:
    events = Chain(CQ, SC).events
    with pytest.raises(d.DirectoryError, match="order"):
        d.fold(reversed(events))
    with pytest.raises(d.DirectoryError, match="order"):
        d.fold([events[0], events[0]])


def test_unknown_event__refused() -> None:
    with pytest.raises(d.DirectoryError, match="unknown event Event"):
        Chain().add(d.Event).fold()


def test_look_ups__not_found_is_said() -> None:
    directory = Chain(CQ).key(CQ).anchor(CQ, 1, 1).fold()
    look_ups: list[Callable[[], object]] = [
        lambda: directory.member(SC),
        lambda: directory.member_by_log(word(SC)),
        lambda: directory.key(word(1)),
        lambda: directory.key(key_id(PUBLIC), SC),
        lambda: directory.anchor_by_seq(CQ, 2),
        lambda: directory.newest_anchor(SC),
    ]
    for look_up in look_ups:
        with pytest.raises(NotFoundError):
            look_up()


# ----------------------------------------------------------------------------------------------------------- properties


@st.composite
def histories(draw: st.DrawFn) -> list[d.Event]:
    """Any legal course of one log among two members: anchors, keys, disowns."""
    chain = Chain(CQ, SC)
    for number in range(draw(st.integers(1, 12))):
        member = chain.fold().member(CQ)
        choices = ["anchor", "key"] + (["disown"] if member.head.seq else [])
        match draw(st.sampled_from(choices)):
            case "anchor":
                chain.anchor(CQ, member.last_seq + 1, member.head.size + draw(st.integers(1, 9)), member.epoch)
            case "key":
                chain.key(CQ, b"\x02" + number.to_bytes(32, "big"))
            case _:
                live = [anchor for anchor in member.anchors.values() if not anchor.disowned]
                first = draw(st.sampled_from(live))
                parent = next((anchor for anchor in live if anchor.digest == first.previous), None)
                back = (parent.seq, parent.size) if parent else (0, 0)
                chain.disown(CQ, first.seq, member.last_seq, member.epoch + 1, *back)
    return chain.events


@settings(max_examples=60)
@given(histories(), st.data())
def test_extend__anywhere__same_as_one_fold(events: list[d.Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events)))
    start = d.fold(events[:cut])
    shown = repr(start)
    assert start.extend(events[cut:]) == d.fold(events)
    assert repr(start) == shown, "the directory it started from stays as it was"


@settings(max_examples=60)
@given(histories())
def test_live_anchors__a_chain_that_grows(events: list[d.Event]) -> None:
    directory = d.fold(events)
    live = [anchor for anchor in directory.member(CQ).anchors.values() if not anchor.disowned]
    digest, size = directory.member(CQ).log, 0
    for anchor in live:
        assert anchor.previous == digest
        assert anchor.size > size
        for index in range(size, anchor.size):
            assert directory.first_anchor_covering(CQ, index) == anchor
        digest, size = anchor.digest, anchor.size
    head = directory.member(CQ).head
    assert (head.digest, head.size) == (digest, size)
    assert directory.first_anchor_covering(CQ, size) is None
    assert directory.newest_anchor(CQ) == (live[-1] if live else None)
