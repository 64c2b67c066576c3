"""The registry's client against the deployed contract: the same tests on the embedded chain and on Anvil."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from ledger.chain import calls
from ledger.chain.provider import Connection
from ledger.chain.registry import Registry, deploy, identity
from ledger.chain.transactions import Receipt
from ledger.directory import Action, Anchor, Anchored, Approved, Directory, KeyAdded, Proposed, Witnessed, empty_head
from ledger.errors import ContractRevertedError, FormatError, WrongChainError
from ledger.keys import Purpose, key_id
from tests import reference
from tests.contract.conftest import Consortium, address, found, new_party

CQ, SC, GZ = 500000, 510000, 520000
ENTRIES = [bytes([number]) * 4 for number in range(16)]
STATE = hashlib.sha256(b"state").digest()


def anchor_call(code: int, size: int, before: int = 0) -> calls.ContractCall:
    proof = reference.proof(before, ENTRIES[:size]) if before else []
    return calls.anchor(code, size, reference.tree_hash(ENTRIES[:size]), STATE, proof)


def anchor(consortium: Consortium, code: int, size: int, before: int = 0) -> Receipt:
    return consortium.registry.transact(anchor_call(code, size, before), consortium[code].anchorer)


def vote(consortium: Consortium, action: Action, target: int, payload: bytes = b"") -> int:
    """Propose and approve by everybody but the target; returns the proposal's number."""
    voters = [code for code in consortium.codes if code != target]
    registry = consortium.registry
    receipt = registry.transact(calls.propose(voters[0], action, target, payload), consortium[voters[0]].admin)
    proposed = next(event for event in registry.events_of(receipt) if isinstance(event, Proposed))
    for code in voters[1:]:
        registry.transact(calls.approve(proposed.id, code), consortium[code].admin)
    return proposed.id


def agree(registry: Registry, directory: Directory) -> None:
    """What was folded from events is what the contract itself says."""
    assert sorted(registry.members()) == sorted(directory.members)
    assert registry.active_members() == len(directory.active_members())
    for code, member in directory.members.items():
        view = registry.member(code)
        assert (view.log_id, view.admin, view.anchorer) == (member.log, member.admin, member.anchorer)
        assert (view.offered_admin, view.active, view.endpoint) == (
            member.offered_admin,
            member.active,
            member.endpoint,
        )
        assert (view.admitted, view.last_seq) == (member.admitted, member.last_seq)
        assert registry.head(code) == member.head
        for anchored in member.anchors.values():
            assert registry.anchor_digest(code, anchored.seq) == anchored.digest
            assert registry.is_disowned(code, anchored.seq) == anchored.disowned
            assert all(registry.has_witnessed(code, anchored.seq, by) for by in anchored.witnesses)
        for key in member.keys.values():
            seen = registry.key(code, key.id)
            assert (seen.purpose, seen.added, seen.revoked) == (key.purpose, key.added, key.revoked)
            assert (seen.compromised_from, seen.public) == (key.compromised_from, key.public)


# ------------------------------------------------------------------------------------------ what is believed at all


def other_registry(registry: Registry, **changes: object) -> Registry:
    pinned: dict[str, Any] = {"chain_id": registry.chain_id, "genesis": registry.genesis, **changes}
    return Registry(registry.connection, registry.address, **pinned)


def test_check__pinned_chain__passes(consortium: Consortium) -> None:
    other_registry(consortium.registry).check()
    assert identity(consortium.registry.connection) == (consortium.registry.chain_id, consortium.registry.genesis)


def test_other_chain_id__nothing_believed_or_sent(consortium: Consortium) -> None:
    wrong = other_registry(consortium.registry, chain_id=consortium.registry.chain_id + 1)
    with pytest.raises(WrongChainError, match="pinned is"):
        wrong.head(CQ)
    with pytest.raises(WrongChainError, match="pinned is"):
        wrong.build(anchor_call(CQ, 1), address(consortium[CQ].anchorer))


def test_other_genesis__refused(consortium: Consortium) -> None:
    with pytest.raises(WrongChainError, match="begins with"):
        other_registry(consortium.registry, genesis=bytes(32)).directory()


def test_other_code_or_none__refused(consortium: Consortium, connection: Connection) -> None:
    registry = consortium.registry
    pinned: dict[str, Any] = {"chain_id": registry.chain_id, "genesis": registry.genesis}
    with pytest.raises(WrongChainError, match="no contract"):
        Registry(connection, bytes(19) + b"\x99", **pinned).members()


def test_pin_changes_later__send_refused(consortium: Consortium) -> None:
    registry = other_registry(consortium.registry)
    signed = registry.sign(
        registry.build(anchor_call(CQ, 1), address(consortium[CQ].anchorer)), consortium[CQ].anchorer
    )
    registry.genesis = bytes(32)  # as if the endpoint had been pointed at another chain meanwhile
    with pytest.raises(WrongChainError):
        registry.send(signed)
    assert consortium.registry.head(CQ).seq == 0


# ------------------------------------------------------------------------------------------------- views and events


def test_fresh_registry__directory_agrees_with_views(consortium: Consortium) -> None:
    directory = consortium.registry.directory()
    agree(consortium.registry, directory)
    assert consortium.registry.members() == [CQ, SC, GZ]
    assert directory.member(CQ).head == empty_head(consortium[CQ].log_id)
    assert directory.member(SC).endpoint == f"https://{SC}.example"
    assert directory.member(GZ).admitted == consortium.first_block


def test_anchors_and_witness__chain_of_digests(consortium: Consortium) -> None:
    registry = consortium.registry
    anchor(consortium, CQ, 3)
    anchor(consortium, CQ, 7, before=3)
    receipt = anchor(consortium, CQ, 16, before=7)
    second = registry.directory().anchor_by_seq(CQ, 2)
    registry.transact(calls.witness(CQ, 2, second.digest), consortium[SC].anchorer)
    directory = registry.directory()
    agree(registry, directory)
    assert directory.anchor_by_seq(CQ, 2) == replace(second, witnesses=(SC,))
    covering = [directory.first_anchor_covering(CQ, index) for index in (0, 2, 3, 15)]
    assert [anchored and anchored.seq for anchored in covering] == [1, 1, 2, 3]
    newest = directory.newest_anchor(CQ)
    assert newest is not None
    assert (newest.block, newest.seq) == (receipt.block, 3)
    block = registry.block(receipt.block)
    assert block is not None
    assert (newest.time, block.hash) == (block.time, receipt.block_hash)


def test_events_of_receipt__as_read_from_chain(consortium: Consortium) -> None:
    receipt = anchor(consortium, SC, 2)
    assert list(consortium.registry.events(first=receipt.block, names=["Anchored"])) == consortium.registry.events_of(
        receipt
    )


def test_events__filtered_by_name_and_member(consortium: Consortium) -> None:
    registry = consortium.registry
    anchor(consortium, CQ, 3)
    anchor(consortium, SC, 5)
    registry.transact(calls.witness(SC, 1, registry.anchor_digest(SC, 1) or b""), consortium[CQ].anchorer)
    assert {type(event) for event in registry.events(names=["Anchored", "Witnessed"])} == {Anchored, Witnessed}
    about = list(registry.events(names=["Anchored", "Witnessed"], member=SC))
    assert [(type(event), getattr(event, "member", None)) for event in about] == [(Anchored, SC), (Witnessed, SC)]
    with pytest.raises(FormatError, match="Anchord"):
        list(registry.events(names=["Anchord"]))


def test_events__another_registry_on_the_chain__not_ours(connection: Connection) -> None:
    ours, theirs = found(connection, CQ, SC), found(connection, CQ, SC)
    anchor(theirs, CQ, 5)
    anchor(ours, CQ, 2)
    start = min(ours.first_block, theirs.first_block)
    anchored = [event for event in ours.registry.events(first=start) if isinstance(event, Anchored)]
    assert [event.size for event in anchored] == [2]


def test_events__small_steps__same_as_one(consortium: Consortium) -> None:
    for size, before in ((1, 0), (2, 1), (3, 2)):
        anchor(consortium, CQ, size, before)
    registry = consortium.registry
    small = Registry(
        registry.connection,
        registry.address,
        chain_id=registry.chain_id,
        genesis=registry.genesis,
        first_block=consortium.first_block,
        step=1,
    )
    assert list(small.events()) == list(registry.events())


def test_extend__from_a_block_on__same_as_whole(consortium: Consortium) -> None:
    registry = consortium.registry
    anchor(consortium, CQ, 3)
    middle = registry.final_block()
    before = registry.directory(middle)
    anchor(consortium, CQ, 4, before=3)
    anchor(consortium, SC, 1)
    after = before.extend(registry.events(first=middle.number + 1))
    assert after == registry.directory()
    assert before.member(CQ).head.size == 3


def test_view_at_an_earlier_block__as_it_was(consortium: Consortium) -> None:
    registry = consortium.registry
    anchor(consortium, CQ, 3)
    then = registry.final_block()
    anchor(consortium, CQ, 4, before=3)
    assert (registry.head(CQ, at=then).size, registry.head(CQ).size) == (3, 4)


def test_unknown_member__named_error(consortium: Consortium) -> None:
    with pytest.raises(ContractRevertedError) as caught:
        consortium.registry.head(110000)
    assert (caught.value.name, caught.value.arguments) == ("RegistryUnknownMember", {"code": 110000})


# ----------------------------------------------------------------------------------------------------- what it refuses


def test_not_the_anchorer__refused_before_sending(
    consortium: Consortium, make_account: Callable[[], LocalAccount]
) -> None:
    stranger = make_account()
    for account in (stranger, consortium[CQ].admin, consortium[SC].anchorer):
        with pytest.raises(ContractRevertedError, match="RegistryNotAnchorer"):
            consortium.registry.transact(anchor_call(CQ, 1), account)
    assert consortium.registry.nonce(address(stranger)) == 0


@pytest.mark.parametrize(
    ("size", "before", "name"),
    [(3, 3, "RegistryNotGrowing"), (2, 2, "RegistryNotGrowing"), (7, 0, "Rfc9162"), (7, 4, "Rfc9162")],
)
def test_not_an_extension__refused(consortium: Consortium, size: int, before: int, name: str) -> None:
    anchor(consortium, CQ, 3)
    with pytest.raises(ContractRevertedError, match=name):
        anchor(consortium, CQ, size, before)


def test_first_anchor_with_proof__refused(consortium: Consortium) -> None:
    with pytest.raises(ContractRevertedError, match="RegistryUnexpectedProof"):
        anchor(consortium, CQ, 3, before=2)


def test_mined_revert__receipt_says_so_and_reason_is_found(consortium: Consortium) -> None:
    registry, anchorer = consortium.registry, consortium[CQ].anchorer
    anchor(consortium, CQ, 3)
    late = registry.sign(registry.build(anchor_call(CQ, 2, 0), address(anchorer), gas=300_000), anchorer)
    registry.send(late)
    receipt = registry.wait(late.hash, 10)
    assert not receipt.success
    reason = registry.reason(receipt)
    assert isinstance(reason, ContractRevertedError)
    assert reason.name == "RegistryNotGrowing"
    assert reason.arguments == {"size": 2, "current": 3}


# ---------------------------------------------------------------------------------------------------------- directory


def test_keys__added_revoked_cut_off(consortium: Consortium) -> None:
    registry, admin = consortium.registry, consortium[CQ].admin
    public = b"\x02" + bytes(range(32))
    anchor(consortium, CQ, 3)
    receipt = registry.transact(calls.add_key(CQ, Purpose.CREDENTIAL, public), admin)
    assert [event.key_id for event in registry.events_of(receipt) if isinstance(event, KeyAdded)] == [key_id(public)]
    anchor(consortium, CQ, 7, before=3)
    registry.transact(calls.compromised_from(CQ, key_id(public), 6), admin)
    registry.transact(calls.compromised_from(CQ, key_id(public), 5), admin)
    registry.transact(calls.revoke_key(CQ, key_id(public)), admin)
    directory = registry.directory()
    agree(registry, directory)
    key = directory.key(key_id(public), CQ)
    assert (key.from_size, key.until_size, key.compromised_from) == (3, 7, 5)
    assert [directory.entitled(key, index) for index in (2, 3, 4, 5, 7)] == [False, True, True, False, False]
    with pytest.raises(ContractRevertedError, match="RegistryCutOffNotLower"):
        registry.transact(calls.compromised_from(CQ, key_id(public), 5), admin)


def test_addresses_and_endpoint__changed_in_steps(
    consortium: Consortium, make_account: Callable[[], LocalAccount]
) -> None:
    registry, admin, next_admin, next_anchorer = (
        consortium.registry,
        consortium[CQ].admin,
        make_account(),
        make_account(),
    )
    registry.transact(calls.offer_admin(CQ, address(next_admin)), admin)
    agree(registry, registry.directory())
    assert registry.member(CQ).offered_admin == address(next_admin)
    registry.transact(calls.accept_admin(CQ), next_admin)
    registry.transact(calls.set_anchorer(CQ, address(next_anchorer)), next_admin)
    registry.transact(calls.set_endpoint(CQ, "https://new.example"), next_admin)
    agree(registry, registry.directory())
    with pytest.raises(ContractRevertedError, match="RegistryNotAdmin"):
        registry.transact(calls.set_endpoint(CQ, ""), admin)
    registry.transact(anchor_call(CQ, 1), next_anchorer)


# -------------------------------------------------------------------------------------------------------------- votes


def test_admit_by_vote(consortium: Consortium, connection: Connection) -> None:
    new = new_party(connection, 530000)
    payload = calls.payload(
        Action.ADMIT, address(new.admin), address(new.anchorer), new.log_id, "https://530000.example"
    )
    proposal = vote(consortium, Action.ADMIT, new.code, payload)
    assert calls.payload_arguments(Action.ADMIT, consortium.registry.proposal(proposal).payload)[2] == new.log_id
    consortium.registry.transact(calls.execute(proposal), consortium.deployer)
    directory = consortium.registry.directory()
    agree(consortium.registry, directory)
    assert directory.member_by_log(new.log_id).code == 530000
    consortium.registry.transact(anchor_call(530000, 1), new.anchorer)


def test_suspend_and_reinstate(consortium: Consortium) -> None:
    registry = consortium.registry
    anchor(consortium, GZ, 1)
    suspended = registry.transact(calls.execute(vote(consortium, Action.SUSPEND, GZ)), consortium.deployer).block
    agree(registry, registry.directory())
    with pytest.raises(ContractRevertedError, match="RegistryMemberSuspended"):
        anchor(consortium, GZ, 2, before=1)
    back = registry.transact(calls.execute(vote(consortium, Action.REINSTATE, GZ)), consortium.deployer).block
    directory = registry.directory()
    agree(registry, directory)
    assert directory.member(GZ).suspensions == [(suspended, back)]
    assert [directory.active_at(GZ, block) for block in (suspended, suspended + 1, back)] == [True, False, True]


def test_lost_admin_replaced(consortium: Consortium, make_account: Callable[[], LocalAccount]) -> None:
    fresh = make_account()
    proposal = vote(consortium, Action.REPLACE_ADMIN, CQ, calls.payload(Action.REPLACE_ADMIN, address(fresh)))
    consortium.registry.transact(calls.execute(proposal), fresh)
    agree(consortium.registry, consortium.registry.directory())
    assert consortium.registry.member(CQ).admin == address(fresh)


def test_withdrawn_vote__no_majority(consortium: Consortium) -> None:
    registry = consortium.registry
    proposal = vote(consortium, Action.SUSPEND, GZ)
    registry.transact(calls.withdraw(proposal, SC), consortium[SC].admin)
    with pytest.raises(ContractRevertedError, match="RegistryNotEnoughApprovals"):
        registry.transact(calls.execute(proposal), consortium.deployer)
    view = registry.proposal(proposal)
    assert (view.approvals, view.eligible, view.executed, view.action) == (1, 2, False, Action.SUSPEND)
    folded = registry.directory().proposals[proposal]
    assert folded.approvals == {CQ}
    assert folded.expires_at == view.expires_at
    assert registry.has_approved(proposal, CQ)
    assert not registry.has_approved(proposal, SC)


def test_target_does_not_vote(consortium: Consortium) -> None:
    registry = consortium.registry
    receipt = registry.transact(calls.propose(CQ, Action.SUSPEND, CQ), consortium[CQ].admin)
    assert not any(isinstance(event, Approved) for event in registry.events_of(receipt))
    with pytest.raises(ContractRevertedError, match="RegistryTargetMayNotVote"):
        registry.transact(calls.approve(registry.proposals(), CQ), consortium[CQ].admin)


def disown(consortium: Consortium, code: int, from_seq: int, parent: Anchor | None = None) -> None:
    """Vote and carry out; ``parent`` is only needed where another registry holds it."""
    registry = consortium.registry
    proposal = vote(consortium, Action.DISOWN, code, calls.payload(Action.DISOWN, from_seq))
    member = registry.directory().member(code)
    target = member.anchors[from_seq]
    parent = parent or next((item for item in member.anchors.values() if item.digest == target.previous), None)
    registry.transact(calls.execute_disown(proposal, target, parent), consortium.deployer)


def test_disown__head_goes_back_and_goes_on(consortium: Consortium) -> None:
    registry = consortium.registry
    for size, before in ((2, 0), (5, 2), (9, 5)):
        anchor(consortium, CQ, size, before)
    disown(consortium, CQ, 2)
    agree(registry, registry.directory())
    anchor(consortium, CQ, 4, before=2)
    directory = registry.directory()
    agree(registry, directory)
    newest = directory.newest_anchor(CQ)
    assert newest is not None
    assert (newest.seq, newest.epoch, newest.size) == (4, 1, 4)
    assert newest.previous == directory.anchor_by_seq(CQ, 1).digest
    assert directory.member(CQ).disowned == [(2, 3)]


def test_disown__whole_log_then_again(consortium: Consortium) -> None:
    registry = consortium.registry
    anchor(consortium, CQ, 2)
    disown(consortium, CQ, 1)
    agree(registry, registry.directory())
    assert registry.head(CQ).digest == consortium[CQ].log_id
    anchor(consortium, CQ, 3)
    anchor(consortium, CQ, 4, before=3)
    disown(consortium, CQ, 3)
    directory = registry.directory()
    agree(registry, directory)
    assert (directory.member(CQ).epoch, directory.member(CQ).disowned) == (2, [(1, 1), (3, 3)])


def test_disown__not_by_execute(consortium: Consortium) -> None:
    anchor(consortium, CQ, 2)
    proposal = vote(consortium, Action.DISOWN, CQ, calls.payload(Action.DISOWN, 1))
    with pytest.raises(ContractRevertedError, match="RegistryWrongExecutor"):
        consortium.registry.transact(calls.execute(proposal), consortium.deployer)


def test_adopt__log_goes_on_in_a_successor(connection: Connection) -> None:
    old = found(connection, CQ, SC)
    anchor(old, CQ, 3)
    anchor(old, CQ, 7, before=3)
    last = old.registry.directory().newest_anchor(CQ)
    assert last is not None
    new = found(connection, CQ, SC)
    payload = calls.payload(
        Action.ADOPT, old.registry.chain_id, old.registry.address, calls.anchor_struct(last), last.digest
    )
    proposal = vote(new, Action.ADOPT, CQ, payload)
    new.registry.transact(calls.execute(proposal), new.deployer)
    agree(new.registry, new.registry.directory())
    anchor(new, CQ, 9, before=7)
    directory = new.registry.directory()
    agree(new.registry, directory)
    assert directory.anchor_by_seq(CQ, 3).previous == last.digest
    disown(new, CQ, 3, parent=last)
    agree(new.registry, new.registry.directory())
    assert new.registry.head(CQ).size == 7


# -------------------------------------------------------------------------------------------------------- transactions


def test_same_bytes_sent_twice__one_anchor(consortium: Consortium) -> None:
    registry, anchorer = consortium.registry, consortium[CQ].anchorer
    signed = registry.sign(registry.build(anchor_call(CQ, 3), address(anchorer)), anchorer)
    assert registry.lookup(signed.hash) is None
    registry.send(signed)
    registry.send(signed)
    assert registry.wait(signed.hash, 10).success
    assert registry.lookup(signed.hash) == registry.wait(signed.hash, 0)
    registry.send(signed)
    assert registry.head(CQ).seq == 1
    assert registry.nonce(address(anchorer)) == signed.nonce + 1


def test_deploy__refused_founders__named_error(connection: Connection) -> None:
    party = replace(new_party(connection, CQ), log_id=bytes(32))
    with pytest.raises(ContractRevertedError, match="RegistryZeroLogId"):
        deploy(connection, [party.founder()], party.admin)
