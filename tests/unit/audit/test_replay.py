"""Directory, votes and anchors replayed: a true story has no findings, and each lie in it is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from ledger.audit.chain import Happening
from ledger.audit.members import anchor_digest, word
from ledger.audit.registry import Registry, checkpoint_keys
from ledger.audit.replay import Replay
from ledger.audit.report import Findings

CQ, SC, GZ, YN = 500000, 510000, 520000, 530000
DAY = 86_400


def address(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:20]


def h(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass
class Story:
    """Events as a contract emits them: one transaction per :meth:`tx`, a block each."""

    events: list[Happening] = field(default_factory=list)
    senders: dict[bytes, tuple[bytes, bool]] = field(default_factory=dict)
    block: int = 0

    def tx(self, *events: tuple[str, dict[str, Any]], sender: str = "") -> None:
        self.block += 1
        transaction = h(f"tx {self.block}")
        self.senders[transaction] = (address(sender), True)
        for position, (name, values) in enumerate(events):
            self.events.append(Happening(name, values, self.block, position, self.block * 60, transaction))

    def vote(self, number: int, action: int, target: int, payload: bytes, voters: list[int], **effect: Any) -> None:
        """Proposed by the first voter, approved by the others, carried out with its effect."""
        asked = {"id": number, "action": action, "target": target, "proposer": voters[0], "payload": payload}
        proposed = ("Proposed", asked | {"expires_at": self.block * 60 + 14 * DAY})
        self.tx(proposed, ("Approved", {"id": number, "voter": voters[0]}))
        for voter in voters[1:]:
            self.tx(("Approved", {"id": number, "voter": voter}))
        name, eligible = effect.pop("name"), effect.pop("eligible")
        done = ("Executed", {"id": number, "approvals": len(voters), "eligible": eligible})
        self.tx(done, (name, {"member": target, **effect}))

    def anchor(self, member: int, seq: int, size: int, epoch: int = 0) -> None:
        roots = {"log_root": h(f"log {member} {size}"), "state_root": h(f"state {member} {size}")}
        values = {"member": member, "seq": seq, "epoch": epoch, "size": size, **roots}
        self.tx(("Anchored", values), sender=f"anchorer {member}")


def admission(member: int) -> dict[str, Any]:
    return {
        "admin": address(f"admin {member}"),
        "anchorer": address(f"anchorer {member}"),
        "log_id": h(f"log {member}"),
        "endpoint": f"https://{member}.example",
    }


def admission_payload(member: int) -> bytes:
    """As Solidity's abi.encode(address, address, bytes32, string) does it, by hand."""
    values = admission(member)
    text: bytes = values["endpoint"].encode()
    head: bytes = word(values["admin"]) + word(values["anchorer"]) + values["log_id"] + word(128)
    tail: bytes = word(len(text)) + text + bytes(-len(text) % 32)
    return head + tail


def adoption() -> dict[str, Any]:
    numbers = {"chain_id": 7, "registry": address("old"), "epoch": 2, "seq": 40, "size": 900}
    return numbers | {"log_root": h("old log"), "state_root": h("old state"), "digest": h("old digest")}


def adoption_payload(member: int) -> bytes:
    old = adoption()
    numbers = word(old["chain_id"]) + word(old["registry"]) + word(member)
    head: bytes = numbers + word(2) + word(40) + word(900) + old["log_root"] + old["state_root"] + old["digest"]
    return head


def story() -> Story:
    """Three founders; keys; anchors; a fourth admitted; one suspended and back; an admin lost; a log taken back."""
    told = Story()
    told.tx(*[("MemberAdmitted", {"member": member, **admission(member)}) for member in (CQ, SC, GZ)])
    for number, purpose in enumerate((1, 2, 3)):
        public = bytes([2 + number]) * (33 if purpose == 1 else 32)
        key = {"key_id": hashlib.sha256(public).digest(), "public_key": public}
        told.tx(("KeyAdded", {"member": CQ, "purpose": purpose, **key}))
    told.anchor(CQ, 1, 10)
    told.anchor(CQ, 2, 20)
    told.anchor(SC, 1, 5)
    told.tx(("Witnessed", {"member": CQ, "seq": 2, "witness": SC, "digest": digest_of(told, CQ, 2)}))
    told.vote(1, 1, YN, admission_payload(YN), [CQ, SC], name="MemberAdmitted", eligible=3, **admission(YN))
    told.vote(2, 2, GZ, b"", [CQ, SC], name="MemberSuspended", eligible=3)
    told.vote(3, 3, GZ, b"", [SC, YN], name="MemberReinstated", eligible=3)
    told.tx(("AdminOffered", {"member": SC, "offered": address("new")}))
    told.tx(("AdminChanged", {"member": SC, "previous": address(f"admin {SC}"), "admin": address("new")}))
    lost = {"previous": address(f"admin {GZ}"), "admin": address("found")}
    told.vote(4, 4, GZ, word(address("found")), [CQ, SC], name="AdminChanged", eligible=3, **lost)
    told.tx(("AnchorerChanged", {"member": CQ, "previous": address(f"anchorer {CQ}"), "anchorer": address("hot")}))
    back = {"from_seq": 2, "to_seq": 2, "epoch": 1, "seq": 1, "size": 10}
    told.vote(5, 5, CQ, word(2), [SC, GZ], name="Disowned", eligible=3, **back)
    told.anchor(CQ, 3, 15, epoch=1)
    told.senders[told.events[-1].transaction] = (address("hot"), True)
    told.vote(6, 6, YN, adoption_payload(YN), [CQ, SC], name="Adopted", eligible=3, **adoption())
    told.anchor(YN, 41, 950, epoch=2)
    told.tx(("EndpointChanged", {"member": SC, "endpoint": ""}))
    told.tx(("KeyRevoked", {"member": CQ, "key_id": hashlib.sha256(b"\3" * 32).digest()}))
    told.tx(("KeyCompromised", {"member": CQ, "key_id": hashlib.sha256(b"\4" * 32).digest(), "from_size": 12}))
    return told


def digest_of(told: Story, member: int, seq: int) -> bytes:
    previous = h(f"log {member}")
    for event in told.events:
        values = event.values
        if event.name == "Anchored" and values["member"] == member:
            numbers = (values["epoch"], values["seq"], values["size"], values["log_root"], values["state_root"])
            previous = anchor_digest(previous, member, *numbers)
            if values["seq"] == seq:
                return previous
    raise AssertionError(seq)


class FakeChain:
    """A chain that tells a story, and whose contract remembers the true one."""

    def __init__(self, told: Story, true: Story) -> None:
        self.told = told
        self.block = told.block
        self.deployed = b"code"
        self.views: dict[tuple[object, ...], tuple[Any, ...]] = {}
        replay = Replay(Findings())
        for event in true.events:
            replay.take(event)
        for code, known in replay.members.items():
            state = (
                known.log,
                known.admin,
                known.anchorer,
                known.offered,
                known.active,
                known.admitted,
                known.last_seq,
            )
            self.views["member", code] = (*state, known.endpoint)
            self.views["head", code] = known.head()
            for anchor in [*known.live, *known.taken_back]:
                self.views["anchorDigest", code, anchor.seq] = (anchor.digest,)
            for key_id, key in known.keys.items():
                cut = 2**64 - 1 if key.cut_off is None else key.cut_off
                self.views["key", code, key_id] = (key.purpose, key.added, key.revoked, cut, key.public)

    def code(self) -> tuple[bytes, bytes]:
        return self.deployed, b"code"

    def happenings(self) -> Iterator[Happening]:
        return iter(self.told.events)

    def sender(self, transaction: bytes) -> tuple[bytes, bool] | None:
        return self.told.senders.get(transaction)

    def view(self, function: str, *arguments: object) -> tuple[Any, ...] | None:
        return self.views.get((function, *arguments))


def replayed(told: Story, change: Callable[[FakeChain], None] = lambda _: None) -> tuple[Findings, Registry]:
    chain = FakeChain(told, story())
    change(chain)
    findings = Findings()
    registry = Registry(chain, findings, Replay(findings))
    registry.run(h(f"log {CQ}").hex(), CQ)
    return findings, registry


def test_a_true_story_has_no_findings() -> None:
    findings, registry = replayed(story())
    assert findings.kept == []
    cq, yn = registry.replay.members[CQ], registry.replay.members[YN]
    assert [anchor.seq for anchor in cq.live] == [1, 3]
    assert [anchor.seq for anchor in cq.taken_back] == [2]
    assert cq.live[1].previous == cq.live[0].digest
    assert yn.live[1].previous == adoption()["digest"]
    assert registry.checked == 3 + 1 + 2
    assert checkpoint_keys(cq, 12) == (b"\4" * 32,)
    assert checkpoint_keys(cq, 13) == ()


def at(told: Story, name: str, number: int = 0) -> int:
    """Place of the ``number``-th event of a name."""
    return [place for place, event in enumerate(told.events) if event.name == name][number]


def change(name: str, number: int = 0, **values: Any) -> Callable[[Story], None]:
    def lie(told: Story) -> None:
        place = at(told, name, number)
        told.events[place] = told.events[place]._replace(values=told.events[place].values | values)

    return lie


def drop(name: str, number: int = 0) -> Callable[[Story], None]:
    def lie(told: Story) -> None:
        del told.events[at(told, name, number)]

    return lie


def add(name: str, **values: Any) -> Callable[[Story], None]:
    return lambda told: told.tx((name, values))


def early(told: Story) -> None:
    """The vote on an admission is carried out after it expired."""
    place = at(told, "Executed")
    late = told.events[place].time + 15 * DAY
    told.events[place] = told.events[place]._replace(time=late)


def by_stranger(told: Story) -> None:
    told.senders[told.events[at(told, "Anchored", 1)].transaction] = (address("thief"), True)


def through_contract(told: Story) -> None:
    told.senders[told.events[at(told, "Anchored", 1)].transaction] = (address("anybody"), False)


def unknown_transaction(told: Story) -> None:
    del told.senders[told.events[at(told, "Anchored", 1)].transaction]


KEY = hashlib.sha256(b"\2" * 33).digest()
LIES: dict[str, tuple[Callable[[Story], None], str]] = {
    "admitted without a vote": (drop("Executed", 0), "vote.unbacked"),
    "admitted otherwise than voted": (change("MemberAdmitted", 3, anchorer=address("thief")), "vote.unbacked"),
    "admitted twice": (add("MemberAdmitted", member=CQ, **admission(CQ)), "directory.impossible"),
    "suspended without a vote": (add("MemberSuspended", member=SC), "vote.unbacked"),
    "reinstated without a vote": (add("MemberReinstated", member=SC), "vote.unbacked"),
    "disowned without a vote": (
        add("Disowned", member=SC, from_seq=1, to_seq=1, epoch=1, seq=0, size=0), "vote.unbacked"),
    "disowned otherwise than voted": (change("Disowned", from_seq=1), "vote.unbacked"),
    "disowned to a wrong head": (change("Disowned", seq=2, size=20), "anchor.disown"),
    "adopted otherwise than voted": (change("Adopted", size=901), "vote.unbacked"),
    "a vote without effect": (drop("MemberSuspended"), "vote.no_effect"),
    "too few votes": (drop("Approved", 1), "vote.short"),
    "a vote withdrawn before": (
        lambda told: told.events.insert(at(told, "Executed"), Happening(
            "Withdrawn", {"id": 1, "voter": SC}, 0, 0, 0, h("w"))), "vote.short"),
    "a vote of the target": (change("Approved", 3, voter=GZ), "vote.voter"),
    "a vote given twice": (change("Approved", 1, voter=CQ), "vote.voter"),
    "a vote of nobody": (change("Approved", 1, voter=110000), "directory.impossible"),
    "a tally that lies": (change("Executed", eligible=2), "vote.tally"),
    "an expired proposal": (early, "vote.expired"),
    "a proposal carried out twice": (add("Executed", id=1, approvals=2, eligible=3), "vote.order"),
    "a proposal out of number": (change("Proposed", id=9), "vote.order"),
    "an admin nobody offered": (change("AdminOffered", offered=address("other")), "admin.unoffered"),
    "another admin before": (change("AdminChanged", previous=address("other")), "directory.impossible"),
    "another anchorer before": (change("AnchorerChanged", previous=address("other")), "directory.impossible"),
    "a key with another id": (change("KeyAdded", key_id=h("x")), "key.id"),
    "a key added twice": (add("KeyAdded", member=SC, purpose=1, key_id=KEY, public_key=b"\2" * 33),
                          "directory.impossible"),
    "a key too short": (change("KeyAdded", 2, purpose=1), "directory.impossible"),
    "a key revoked twice": (add("KeyRevoked", member=CQ, key_id=hashlib.sha256(b"\3" * 32).digest()),
                            "directory.impossible"),
    "a cut-off raised": (add("KeyCompromised", member=CQ, key_id=hashlib.sha256(b"\4" * 32).digest(), from_size=13),
                         "directory.impossible"),
    "a number skipped": (change("Anchored", 3, seq=4), "anchor.seq"),
    "an old epoch": (change("Anchored", 3, epoch=0), "anchor.epoch"),
    "a size that shrinks": (change("Anchored", 1, size=9), "anchor.size"),
    "another root than on record": (change("Anchored", 3, state_root=h("lie")), "anchor.digest"),
    "an anchor nobody made": (add("Anchored", member=CQ, seq=4, epoch=1, size=99, log_root=h("a"), state_root=h("b")),
                              "anchor.digest"),
    "an anchor left out": (drop("Anchored", 1), "anchor.seq"),
    "sent by a stranger": (by_stranger, "anchor.sender"),
    "sent by nobody": (unknown_transaction, "anchor.transaction"),
    "a witness of its own": (change("Witnessed", witness=CQ), "anchor.witness"),
    "a witness of something else": (change("Witnessed", digest=h("x")), "anchor.witness"),
    "an event left out": (drop("EndpointChanged"), "directory.view"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_in_the_events_is_named(name: str) -> None:
    lie, code = LIES[name]
    told = story()
    lie(told)
    findings, _ = replayed(told)
    assert findings.counts[code] >= 1, findings.counts
    assert findings.errors() >= 1
    assert all(finding.zh and finding.en for finding in findings.kept)


def test_suspension_needs_three_active_members() -> None:
    told = Story()
    told.tx(*[("MemberAdmitted", {"member": member, **admission(member)}) for member in (CQ, SC)])
    told.vote(1, 2, SC, b"", [CQ], name="MemberSuspended", eligible=1)
    replay = Replay(findings := Findings())
    for event in told.events:
        replay.take(event)
    assert [finding.field for finding in findings.kept] == ["MemberSuspended.active"]


def test_anchoring_while_suspended() -> None:
    told = story()
    told.vote(7, 2, CQ, b"", [SC, YN], name="MemberSuspended", eligible=3)
    told.anchor(CQ, 4, 99, epoch=1)
    findings, _ = replayed(told)
    assert findings.counts["anchor.suspended"] == 1


def test_a_call_through_another_contract_is_only_noted() -> None:
    told = story()
    through_contract(told)
    findings, _ = replayed(told)
    assert [finding.code for finding in findings.kept] == ["anchor.indirect"]
    assert findings.errors() == 0


def test_views_that_differ_from_the_events_are_named_by_field() -> None:
    def lie(chain: FakeChain) -> None:
        chain.views["member", SC] = (*chain.views["member", SC][:1], address("x"), *chain.views["member", SC][2:])
        chain.views["head", CQ] = (*chain.views["head", CQ][:2], 16, *chain.views["head", CQ][3:])

    findings, _ = replayed(story(), lie)
    assert [(finding.code, finding.member, finding.field) for finding in findings.kept] == [
        ("anchor.head", str(CQ), "size"),
        ("directory.view", str(SC), "admin"),
    ]


def test_other_code_ends_the_matter() -> None:
    findings, registry = replayed(story(), lambda chain: setattr(chain, "deployed", b"other"))
    assert [finding.code for finding in findings.kept] == ["code.differs"]
    assert not registry.code_ok
    assert registry.replay.events == 0


def test_a_log_that_nobody_registered() -> None:
    chain = FakeChain(story(), story())
    findings = Findings()
    assert Registry(chain, findings, Replay(findings)).run("00" * 32, 0) is None
    assert [finding.code for finding in findings.kept] == ["member.none"]
