"""Sequencing: the log is the naive tree and map of its entries, and it grows from no state but the one last signed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text

from ledger import entry
from ledger.errors import LedgerError, StorageError
from ledger.license.status import Event, Flag
from ledger.merkle import statemap, tree, verify_consistency, verify_inclusion
from ledger.merkle.stateproof import verify_presence
from ledger.services.model import Operation
from ledger.services.node import Node
from ledger.store.queries import entries, logs
from ledger.store.queries.tree import SqlMapReader, SqlTileReader
from tests import reference
from tests.integration.nodes import Clock, check_log, draft, naive_map


def test_nothing_to_do(node: Node) -> None:
    assert node.sequencer.sequence() is None
    assert node.state().checkpoint == 0


def test_places_follow_the_order_of_arrival(node: Node) -> None:
    for number in (3, 1, 2):
        node.issuer.issue(draft(number))
    node.issuer.apply(Operation(Event.REVOKE, draft(1)["uscc"]))
    checkpoint = node.sequencer.sequence()
    assert checkpoint is not None
    assert checkpoint.size == 4
    assert [node.show(draft(number)["uscc"]).index for number in (3, 1, 2)] == [0, 3, 2]
    assert node.sequencer.sequence() is None


def test_a_batch_may_be_limited(node: Node) -> None:
    node.issuer.issue_many([draft(number) for number in range(1, 6)])
    sizes = []
    while (made := node.sequencer.sequence(2)) is not None:
        sizes.append(made.size)
    assert sizes == [2, 4, 5]


def test_the_log_says_it_is_alive(node: Node, clock: Clock) -> None:
    assert node.sequencer.sequence() is None, "a log without entries has nothing to keep fresh"
    node.issuer.issue(draft())
    node.sequencer.sequence()
    clock.pass_(hours=11, minutes=59)
    assert node.sequencer.sequence() is None
    clock.pass_(minutes=1)
    beat = node.sequencer.sequence()
    assert beat is not None
    assert beat.size == 2
    assert node.sequencer.sequence() is None
    with node.store.read() as transaction:
        row = entries.read(transaction, logs.get(transaction, node.settings.log).id, 1, 1)[0]
    assert isinstance(entry.parse(row.data), entry.HeartbeatEntry)


def test_the_map_stays_as_it_was_at_a_heartbeat(node: Node, clock: Clock) -> None:
    node.issuer.issue(draft())
    before = node.sequencer.sequence()
    clock.pass_(days=1)
    after = node.sequencer.sequence()
    assert before is not None
    assert after is not None
    assert (before.state_root, before.root != after.root) == (after.state_root, True)


def test_a_clock_that_steps_back_does_not_take_checkpoints_along(node: Node, clock: Clock) -> None:
    node.issuer.issue(draft(1))
    first = node.sequencer.sequence()
    clock.pass_(hours=-2)
    node.issuer.issue(draft(2))
    second = node.sequencer.sequence()
    assert first is not None
    assert second is not None
    assert second.signed == first.signed


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tiles SET data = zeroblob(32) WHERE level = 0",
        "DELETE FROM tiles",
        "UPDATE map_pages SET page = zeroblob(576)",
        "DELETE FROM map_pages",
        "DELETE FROM entries WHERE idx = 2",
        "UPDATE checkpoints SET root = zeroblob(32)",
        "DELETE FROM checkpoints",
    ],
)
def test_nothing_is_signed_on_a_damaged_log(node: Node, damage: str) -> None:
    node.issuer.issue_many([draft(number) for number in range(1, 4)])
    node.sequencer.sequence()
    path = node.settings.data / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(":memory:")) as backup:
        live.backup(backup)
        with node.store.write() as transaction:
            transaction.execute(text(damage))
        node.issuer.issue(draft(9))
        with pytest.raises(StorageError):
            node.sequencer.sequence()
        backup.backup(live)
    node.issuer.issue(draft(9))
    assert node.sequencer.sequence() is not None, "and goes on when the damage is repaired"


def test_two_sequencers_and_clerks_at_once(node: Node) -> None:
    def clerk(start: int) -> None:
        for number in range(start, start + 20):
            node.issuer.issue(draft(number))

    def sequencer(_number: int) -> None:
        for _ in range(15):
            node.sequencer.sequence(7)

    with ThreadPoolExecutor(4) as pool:
        for done in [*(pool.submit(clerk, start) for start in (1, 100)), *(pool.submit(sequencer, n) for n in (1, 2))]:
            done.result()
    node.sequencer.sequence_all()
    assert (node.state().entries, node.state().pending) == (40, 0)


_EVENTS: list[Callable[[int, random.Random], Operation]] = [
    lambda n, r: Operation(Event.CHANGE, draft(n)["uscc"], changes={"premises": f"样例路{r.random()}号"}),
    lambda n, r: Operation(Event.FLAG_ON, draft(n)["uscc"], flag=r.choice(list(Flag))),
    lambda n, r: Operation(Event.FLAG_OFF, draft(n)["uscc"], flag=r.choice(list(Flag))),
    lambda n, _: Operation(Event.VOID, draft(n)["uscc"]),
    lambda n, _: Operation(Event.REISSUE, draft(n)["uscc"]),
    lambda n, _: Operation(Event.REVOKE, draft(n)["uscc"], facts={"reason": "样例"}),
    lambda n, _: Operation(Event.DEREGISTER, draft(n)["uscc"]),
    lambda n, _: Operation(Event.RESTORE, draft(n)["uscc"]),
    lambda n, _: Operation(Event.ERASE, draft(n)["uscc"], versions=(1,)),
]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_log_is_its_entries(node: Node, clock: Clock, seed: int) -> None:
    """Random events, legal or refused, sequenced at random moments: tree and map are the naive ones at every size."""
    chance = random.Random(seed)
    for _ in range(60):
        number = chance.randrange(1, 50)
        try:
            if chance.random() < 0.5:
                node.issuer.issue(draft(number))
            else:
                node.issuer.apply(chance.choice(_EVENTS)(number, chance))
        except LedgerError:
            pass
        clock.pass_(minutes=chance.randrange(100))
        if chance.random() < 0.15:
            node.sequencer.sequence(chance.choice([1, 5, 1000]))
            check_log(node)
    node.sequencer.sequence_all()


def test_proofs_from_the_database_verify(node: Node) -> None:
    node.issuer.issue_many([draft(number) for number in range(1, 301)])
    first = node.sequencer.sequence(270)
    second = node.sequencer.sequence()
    assert first is not None
    assert second is not None
    with node.store.read() as transaction:
        log = logs.get(transaction, node.settings.log).id
        tiles, rows = SqlTileReader(transaction, log), entries.read(transaction, log, 0, 300)
        consistency = tree.consistency_proof(tiles, 270, 300)
        verify_consistency(270, first.root, 300, second.root, consistency)
        for index in (0, 255, 256, 269, 299):
            verify_inclusion(rows[index].leaf, index, 300, second.root, tree.inclusion_proof(tiles, index, 300))
        for subject, leaf in list(naive_map(rows).items())[::29]:
            value, proof = statemap.prove(SqlMapReader(transaction, log, 300), subject)
            assert value == leaf
            verify_presence(second.state_root, subject, leaf, proof)
    assert second.state_root == reference.map_root(naive_map(rows))
