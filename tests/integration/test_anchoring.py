"""Anchoring: once on the chain whatever fails, never from a database that is behind it, and healed by looking again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from ledger import bundle, canonical, directory, trust
from ledger.chain import calls
from ledger.chain.registry import deploy
from ledger.config import ChainSettings, Finality
from ledger.directory import Action
from ledger.errors import (
    ChainUnavailableError,
    ConfigError,
    ContractRevertedError,
    FinalityTimeoutError,
    RestoredBackupError,
)
from ledger.keystore import KeyName
from ledger.services import consortium, description
from ledger.services.node import Node
from ledger.store.queries import anchors, logs, tree
from ledger.store.rows import TransactionRow, TxState
from ledger.store.tables import anchors as anchor_table
from ledger.store.tables import transactions as transaction_table
from tests.contract.conftest import running_anvil
from tests.integration.nodes import ISSUER, Clock, Faults, draft, passphrase, reopened

SEND = "eth_sendRawTransaction"
Connector = Callable[[ChainSettings], Any]


def anchored_sizes(node: Node) -> list[int]:
    """Sizes of this member's anchors, as the chain's events have them."""
    events = node.registry.events(names=["Anchored"], member=500000)
    return [event.size for event in events if isinstance(event, directory.Anchored)]


def stored(node: Node) -> list[TransactionRow]:
    with node.store.read() as transaction:
        return anchors.alive(transaction, logs.get(transaction, node.settings.log).id)


def test_a_checkpoint_is_anchored_once(node: Node) -> None:
    assert node.sync() is None, "nothing to anchor"
    node.issuer.issue(draft(1))
    first = node.sync()
    assert first is not None
    assert (first.seq, first.size, first.epoch, first.final) == (1, 1, 0, True)
    assert first.previous == node.settings.log
    assert node.sync() is None
    node.issuer.issue(draft(2))
    second = node.sync()
    assert second is not None
    assert (second.seq, second.previous) == (2, first.digest)
    assert anchored_sizes(node) == [1, 2]
    head = node.registry.head(500000)
    assert (head.digest, head.log_root, head.state_root) == (second.digest, second.log_root, second.state_root)


def test_only_the_newest_checkpoint_is_anchored(node: Node) -> None:
    for number in (1, 2, 3):
        node.issuer.issue(draft(number))
        node.sequencer.sequence()
    node.sync()
    assert anchored_sizes(node) == [3]


def test_bytes_are_stored_before_they_are_sent(node: Node, chain: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    inner = chain.request

    def watch(method: str, *params: Any) -> Any:
        if method == SEND:
            seen.append(([row.raw for row in stored(node)], bytes.fromhex(params[0][2:])))
        return inner(method, *params)

    monkeypatch.setattr(chain, "request", watch)
    node.issuer.issue(draft())
    node.sync()
    ((kept, sent),) = seen
    assert kept == [sent]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
def test_sending_that_fails_is_looked_up_and_the_same_bytes_are_sent(
    node: Node, chain: Faults, connector: Connector, clock: Clock, when: str, restart: bool
) -> None:
    node.issuer.issue(draft())
    getattr(chain, when).append(SEND)
    with pytest.raises(ChainUnavailableError):
        node.sync()
    (waiting,) = stored(node)
    again = reopened(node, connector, clock) if restart else node
    anchored = again.sync()
    assert anchored is not None
    assert anchored.transaction == waiting.hash
    assert chain.calls.count(SEND) == (2 if when == "before" else 1)
    assert anchored_sizes(again) == [1]
    again.close()


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_any_call_that_fails_delays_and_does_no_more(node: Node, chain: Faults, when: str) -> None:
    """Every call of a sync fails once, in turn: each time the next sync finishes, and nothing is anchored twice."""
    node.issuer.issue(draft(1))
    node.sync()
    number, failed, position = 1, 0, 0
    while True:
        number += 1
        node.issuer.issue(draft(number))
        chain.calls.clear()
        fails = _FailAt(chain, position, when)
        try:
            node._connector = lambda _settings, fails=fails: fails  # type: ignore[misc]  # a stand-in
            node._disconnect()
            node.sync()
            finished = True
        except ChainUnavailableError:
            finished, failed = False, failed + 1
        node._connector = lambda _settings: chain  # type: ignore[assignment, return-value]  # a stand-in
        node._disconnect()
        node.sync()
        assert anchored_sizes(node) == list(range(1, number + 1))
        if finished:
            break
        position += 1
    assert failed > 20, "a sync asks the chain more than twenty times"


class _FailAt(Faults):
    """Fails at one call, counted from the beginning."""

    def __init__(self, chain: Faults, position: int, when: str) -> None:
        super().__init__(chain.inner)
        self._position, self._when = position, when

    def request(self, method: str, *params: Any) -> Any:
        if len(self.calls) == self._position:
            getattr(self, self._when).append(method)
        return super().request(method, *params)


def test_two_anchorers_send_one_transaction(
    node: Node, folder: Path, chain: Faults, connector: Connector, clock: Clock
) -> None:
    node.issuer.issue(draft())
    node.sequencer.sequence()
    other = Node.open(node.settings, passphrase, connector=connector, clock=clock)
    with other, ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(one.anchorer.until_final, 20) for one in (node, other)]:
            assert done.result() is not None
    assert anchored_sizes(node) == [1]
    assert chain.calls.count(SEND) == 1


def test_an_anchorer_that_another_one_overtook_looks_again(
    node: Node, chain: Faults, connector: Connector, clock: Clock
) -> None:
    node.issuer.issue(draft())
    node.sequencer.sequence()
    head = node.anchorer._look()
    with Node.open(node.settings, passphrase, connector=connector, clock=clock) as other:
        assert other.anchorer.until_final(20) is not None
    assert node.anchorer._anchor(head), "the contract refuses what was built on the old head; that is no failure"
    anchored = node.anchorer.anchor_once()
    assert (anchored_sizes(node), anchored is not None, chain.calls.count(SEND)) == ([1], True, 1)


@pytest.mark.node
def test_a_stuck_transaction_is_replaced_by_a_dearer_one(tmp_path: Path, clock: Clock) -> None:
    """On a chain with fees whose miner sleeps: same nonce and call, stored before it is sent; one of them is mined."""
    with running_anvil("--no-mining") as anvil, on_new_chain(tmp_path, Faults(anvil), clock) as node:
        for minutes in (0, 1, 2, 1):
            clock.pass_(minutes=minutes)
            assert node.anchorer.anchor_once() is None
        first, second = stored(node)
        assert (first.nonce, first.size) == (second.nonce, second.size)
        fees = [json.loads(row.unsigned)["maxFeePerGas"] for row in (first, second)]
        assert fees[1] >= fees[0] * 1.1
        anvil.request("evm_mine")
        anchored = node.anchorer.until_final(5)
        assert anchored is not None
        assert anchored.transaction == second.hash
        with node.store.read() as transaction:
            states = {row.hash: row.state for row in transaction.execute(transaction_table.select())}
        assert states == {first.hash: TxState.DROPPED, second.hash: TxState.FINAL}


@pytest.mark.node
def test_a_reorganisation_takes_the_anchor_back_and_it_is_sent_again(tmp_path: Path, clock: Clock) -> None:
    with running_anvil() as anvil, on_new_chain(tmp_path, Faults(anvil), clock) as node:
        before = anvil.request("evm_snapshot")
        first = node.sync()
        assert first is not None
        anvil.request("evm_revert", before)
        anvil.request("evm_mine")  # another block in the place of the anchor's
        assert node.anchorer.recover() is None
        again = node.sync()
        assert again is not None
        assert (again.digest, again.transaction) == (first.digest, first.transaction), "the same bytes"
        assert again.block_hash != first.block_hash
        assert anchored_sizes(node) == [1]


@contextmanager
def on_new_chain(folder: Path, chain: Faults, clock: Clock) -> Iterator[Node]:
    """A node with one licence, sequenced, on a chain with fees and a registry of its own."""
    with Node.create(
        folder / "new",
        member=500000,
        issuer=ISSUER,
        passphrase=passphrase,
        clock=clock,
        connector=lambda _settings: chain,
    ) as node:
        for name in (KeyName.ADMIN, KeyName.ANCHORER):
            chain.request("anvil_setBalance", "0x" + node.keys.address(name).hex(), hex(10**20))
        mines = chain.request("anvil_getAutomine")
        chain.request("evm_setAutomine", True)
        registry, _ = deploy(chain.inner, [description.founder(node, "")], node.keys.account(KeyName.ADMIN))
        node.attach(ChainSettings(None, "http://x", registry.address, registry.chain_id, registry.genesis))
        consortium.publish_keys(node)
        chain.request("evm_setAutomine", mines)
        node.issuer.issue(draft())
        node.sequencer.sequence()
        yield node


def test_an_anchor_is_final_when_blocks_stand_on_it(node: Node, connector: Connector, clock: Clock) -> None:
    node.settings = dataclasses.replace(node.settings, finality=Finality(confirmations=2, timeout=1, poll=1))
    node.issuer.issue(draft())
    node.sequencer.sequence()
    with pytest.raises(FinalityTimeoutError, match="size 1"):
        node.anchorer.until_final(0)
    newest = node.anchorer.newest()
    assert newest is not None
    assert not newest.final
    assert (node.state().anchored, node.state().unfinal) == (0, 1)
    for number in range(2):
        node.registry.transact(calls.set_endpoint(500000, f"https://{number}"), node.keys.account(KeyName.ADMIN))
    final = node.anchorer.until_final(0)
    assert final is not None
    assert final.final
    assert anchored_sizes(node) == [1]


def backup_of(node: Node) -> Path:
    """A copy of the database as it is now; the node is closed for it."""
    copy = node.settings.data.parent / f"backup-{node.state().entries}.sqlite"
    node.store.purge()
    shutil.copy(node.settings.data / "ledger.sqlite", copy)
    return copy


def test_a_restored_backup_issues_nothing_until_it_is_whole_again(
    node: Node, connector: Connector, clock: Clock
) -> None:
    node.issuer.issue(draft(1))
    node.sync()
    old = backup_of(node)
    node.issuer.issue(draft(2))
    node.sync()
    new = backup_of(node)
    node.close()
    shutil.copy(old, node.settings.data / "ledger.sqlite")
    with reopened(node, connector, clock) as restored:
        with pytest.raises(RestoredBackupError, match="anchored: 2 entries, here: 1"):
            restored.sync()
        with pytest.raises(RestoredBackupError, match="anchored: 2 entries"):
            restored.issuer.issue(draft(3))
        assert restored.state().guard is not None
    shutil.copy(new, node.settings.data / "ledger.sqlite")
    with reopened(node, connector, clock) as whole:
        assert whole.sync() is None
        whole.issuer.issue(draft(3))
        assert whole.state().guard is None
        whole.sync()


def test_another_history_of_the_same_length_is_noticed(node: Node, connector: Connector, clock: Clock) -> None:
    """The chain was out of reach when the backup was restored, and work went on: nothing of it is anchored."""
    node.issuer.issue(draft(1))
    node.sync()
    old = backup_of(node)
    node.issuer.issue(draft(2))
    node.sync()
    new = backup_of(node)
    node.close()
    shutil.copy(old, node.settings.data / "ledger.sqlite")
    with reopened(node, connector, clock) as restored:
        restored.issuer.issue_many([draft(3), draft(4)])
        restored.sequencer.sequence()
        with pytest.raises(RestoredBackupError, match="are not those anchored"):
            restored.sync()
        assert anchored_sizes(restored) == [1, 2]
    shutil.copy(new, node.settings.data / "ledger.sqlite")


def test_what_the_database_forgot_is_read_from_the_chain(node: Node) -> None:
    node.issuer.issue(draft(1))
    first = node.sync()
    node.issuer.issue(draft(2))
    second = node.sync()
    assert first is not None
    assert second is not None
    with node.store.write() as transaction:
        transaction.execute(anchor_table.delete())
        transaction.execute(transaction_table.delete())
    healed = node.anchorer.recover()
    assert healed == dataclasses.replace(second, transaction=b"")
    assert node.prover.bundle(draft(1)["uscc"], size=1)["anchor"]["seq"] == 1


def test_the_contracts_refusal_stores_nothing(node: Node) -> None:
    """The directory names the anchorer's next key already, and the node still signs with the last one."""
    assert node.keys.generate(KeyName.ANCHORER) == 2
    node.keys.use(KeyName.ANCHORER, 2)
    successor = calls.set_anchorer(500000, node.keys.address(KeyName.ANCHORER))
    node.keys.use(KeyName.ANCHORER, 1)
    node.registry.transact(successor, node.keys.account(KeyName.ADMIN))
    node.issuer.issue(draft())
    with pytest.raises(ContractRevertedError):
        node.sync()
    assert stored(node) == []
    node.use_key(KeyName.ANCHORER, 2)
    assert node.sync() is not None


def test_a_log_is_not_anchored_under_anothers_name(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.issuer.issue(draft())
    other = dataclasses.replace(node.registry.member(500000), log_id=b"\x09" * 32)
    monkeypatch.setattr(node.registry, "member", lambda _code: other)
    with pytest.raises(ConfigError, match="registered with log 0909"):
        node.sync()
    assert anchored_sizes(node) == []


def test_a_chain_that_forgets_a_block_gets_the_anchor_again(
    node: Node, folder: Path, chain: Faults, connector: Connector, clock: Clock
) -> None:
    """The embedded chain's file is put back to an earlier state: for a node that is a reorganisation."""
    from ledger.chain.provider import connect

    node.issuer.issue(draft(1))
    node.sync()
    node.close()
    chain.inner.close()
    shutil.copy(folder / "chain.sqlite", folder / "earlier.sqlite")
    for number in (2, 3):
        with connect(embedded=folder / "chain.sqlite") as chain.inner, reopened(node, connector, clock) as going_on:
            going_on.issuer.issue(draft(number))
            lost = going_on.sync()
    assert lost is not None
    shutil.copy(folder / "earlier.sqlite", folder / "chain.sqlite")
    chain.inner = connect(embedded=folder / "chain.sqlite")
    with reopened(node, connector, clock) as healed:
        assert anchored_sizes(healed) == [1]
        healed.sync()
        assert anchored_sizes(healed) == [1, 2, 3], "the same bytes, in their order"
        assert healed.state().anchored == 3


def test_a_disowned_anchor_is_forgotten_and_the_log_goes_on(
    tmp_path: Path, chain: Faults, connector: Connector, clock: Clock
) -> None:
    others = {code: Account.create() for code in (510000, 520000)}
    with Node.create(
        tmp_path / "new", member=500000, issuer=ISSUER, passphrase=passphrase, clock=clock, connector=connector
    ) as node:
        founders = [description.founder(node, "")]
        for code, admin in others.items():
            hot = Account.create()
            addresses = (bytes.fromhex(admin.address[2:]), bytes.fromhex(hot.address[2:]))
            founders.append(calls.Founder(code, *addresses, bytes([code % 251]) * 32))
        registry, _ = deploy(chain.inner, founders, node.keys.account(KeyName.ADMIN))
        node.attach(
            ChainSettings(tmp_path / "chain.sqlite", None, registry.address, registry.chain_id, registry.genesis)
        )
        consortium.publish_keys(node)
        for number in (1, 2):
            node.issuer.issue(draft(number))
            node.sync()
        anchored = registry.directory().member(500000).anchors
        payload = calls.payload(Action.DISOWN, 2)
        made = registry.transact(calls.propose(510000, Action.DISOWN, 500000, payload), others[510000])
        (proposed,) = (event for event in registry.events_of(made) if isinstance(event, directory.Proposed))
        registry.transact(calls.approve(proposed.id, 520000), others[520000])
        registry.transact(calls.execute_disown(proposed.id, anchored[2], anchored[1]), others[510000])
        recovered = node.anchorer.recover()
        assert recovered is not None
        assert recovered.seq == 1
        again = node.sync()
        assert again is not None
        assert (again.seq, again.epoch, again.size, again.previous) == (3, 1, 2, anchored[1].digest)


def test_the_checkpoint_of_an_anchor_is_kept(node: Node) -> None:
    node.issuer.issue(draft())
    anchored = node.sync()
    assert anchored is not None
    with node.store.read() as transaction:
        kept = tree.checkpoint(transaction, logs.get(transaction, node.settings.log).id, anchored.size)
    assert kept is not None
    assert kept.root == anchored.log_root


def test_sync__a_log_without_licences__is_anchored_with_an_empty_map(node: Node) -> None:
    with node.store.write() as transaction:  # what an exchange will be before a member's first licence
        node.sequencer._add_heartbeat(transaction, logs.get(transaction, node.settings.log).id)
    anchored = node.sync()
    assert anchored is not None
    assert (anchored.size, anchored.state_root) == (1, bytes(32))
    absence = canonical.dumps(node.prover.absence("91110000802100433B"))
    report = bundle.verify(absence, trust.parse(node.make_trust_file()), now=dt.datetime.now(dt.UTC))
    assert (report.status.reason, report.anchored.verdict, report.logged.verdict) == ("never-issued", "ok", "ok")
