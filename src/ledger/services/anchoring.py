"""Anchoring: the newest checkpoint comes to stand on the chain, once, whatever fails in between.

Canonical truth is the contract's head, not a transaction's hash. One step looks at the chain and does what it calls
for; the same step starts a node, retries, and heals, so that recovery is no code of its own::

    1 the head is compared with the database       behind it or another history: a restored backup, issuing is refused
    2 every stored transaction is looked up        mined → its anchor is noted · unknown → the same bytes are sent again
    3 noted anchors are compared with the chain    gone (a reorganisation, a disown) → forgotten · final → marked
    4 nothing in flight and a newer checkpoint     proof, transaction, signature → STORED → sent

A crash between storing and sending, or a lost answer, leaves a stored transaction; step 2 finds it. A transaction that
waits too long is replaced by the same call with the same nonce and a higher fee, stored before it is sent as well:
only one of the two can be mined.

What it leaves out: making checkpoints (``sequencing``), and looking at other members' anchors.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ledger.chain.errors import RpcError
from ledger.chain.events import Block
from ledger.chain.registry import Registry
from ledger.chain.transactions import Pending, Receipt, SignedTx, Transaction, bump
from ledger.directory import Anchor, Head, anchor_digest, fold
from ledger.directory import events as directory_events
from ledger.errors import (
    ChainUnavailableError,
    ConfigError,
    ContractRevertedError,
    FinalityTimeoutError,
    RestoredBackupError,
)
from ledger.merkle import tree
from ledger.services.model import Anchored, Clock
from ledger.store.engine import Store
from ledger.store.queries import anchors, logs
from ledger.store.queries import tree as tree_rows
from ledger.store.queries.tree import SqlTileReader
from ledger.store.rows import AnchorRow, CheckpointRow, TransactionRow, TxState

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

BUMP_AFTER = dt.timedelta(minutes=2)
"""How long a transaction may wait before its fee is raised: ten blocks of Ethereum's 12 seconds."""

_FEES = ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas")
_OWN_EVENTS = ("MemberAdmitted", "Anchored", "Disowned", "Adopted")
"""Events that make the chain of a member's anchors."""


class Anchorer:
    """Anchors one log.

    Args:
        store: the database.
        log: id of the log, 32 bytes.
        member: province code under which it is registered.
        registry: the contract's client.
        account: gives the anchorer's account; asked only when something is to be signed.
        clock: the node's clock.
        poll: seconds between two looks at the chain while waiting.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        store: Store,
        log: bytes,
        member: int,
        *,
        registry: Registry,
        account: Callable[[], LocalAccount],
        clock: Clock,
        poll: float = 0.5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._log = log
        self._member = member
        self._registry = registry
        self._account = account
        self._clock = clock
        self._poll = poll
        self._sleep = sleep
        with store.read() as transaction:
            self._row = logs.get(transaction, log).id

    def recover(self) -> Anchored | None:
        """What a node does when it starts: steps 1 to 3, which bring the database up to what the chain says.

        Returns:
            The newest anchor; None if there is none.

        Raises:
            RestoredBackupError: the database is behind the chain; issuing is refused from now on.
            ChainUnavailableError: no answer. Nothing is lost; try again.
        """
        self._look()
        return self.newest()

    def anchor_once(self) -> Anchored | None:
        """Steps 1 to 4, and a look at what became of it.

        Returns:
            The newest anchor; None if there is none.

        Raises:
            RestoredBackupError: the database is behind the chain; issuing is refused from now on.
            ChainUnavailableError: no answer. What was to be sent is stored and will be looked up; try again.
            ContractRevertedError: the contract refuses the anchor.
        """
        head = self._look()
        if self._anchor(head):
            self._look()
        return self.newest()

    def until_final(self, timeout: float | None = None) -> Anchored | None:
        """Anchor the newest checkpoint and wait until it is final.

        Args:
            timeout: seconds; no limit where None.

        Returns:
            The final anchor that covers it; None if there is no checkpoint.

        Raises:
            FinalityTimeoutError: sent, not final in time. It stays stored and is looked up the next time.
            RestoredBackupError, ChainUnavailableError, ContractRevertedError: as :meth:`anchor_once`.
        """
        give_up = None if timeout is None else time.monotonic() + timeout
        with self._store.read() as transaction:
            wanted = tree_rows.newest_checkpoint(transaction, self._row)
        if wanted is None:
            return None
        while True:
            newest = self.anchor_once()
            if newest is not None and newest.size >= wanted.size and newest.final:
                return newest
            if give_up is not None and time.monotonic() >= give_up:
                raise FinalityTimeoutError(f"size {wanted.size} is not final after {timeout:g} s; it stays stored")
            self._sleep(self._poll)

    def newest(self) -> Anchored | None:
        """The newest anchor that is noted."""
        with self._store.read() as transaction:
            row = anchors.newest(transaction, self._row)
        return None if row is None else anchored(row, self._member)

    # ---- steps 1 to 3 ---------------------------------------------------------------------------------------------

    def _look(self) -> Head:
        latest = self._registry.block("latest")
        if latest is None:
            raise ChainUnavailableError("the node has no newest block")
        head = self._registry.head(self._member, latest)
        self._check_head(head)
        self._follow_transactions()
        self._follow_anchors(head, latest)
        return head

    def _check_head(self, head: Head) -> None:
        """Step 1. A log that the chain knows further, or otherwise, than the database must not go on from here."""
        with self._store.read() as transaction:
            guard = logs.get(transaction, self._log).guard
            newest = tree_rows.newest_checkpoint(transaction, self._row)
            size = 0 if newest is None else newest.size
            reason = None
            if head.size > size:
                reason = f"链上已锚定 {head.size} 条，本库仅 {size} 条 / anchored: {head.size} entries, here: {size}"
            elif head.size and tree.root(SqlTileReader(transaction, self._row), head.size) != head.log_root:
                reason = f"前 {head.size} 条与链上锚定不符 / the first {head.size} entries are not those anchored"
        if reason != guard:
            with self._store.write() as transaction:
                logs.set_guard(transaction, self._row, reason)
        if reason is not None:
            raise RestoredBackupError(f"数据库与链上锚定不符，已暂停发照 / issuing is refused: {reason}")

    def _follow_transactions(self) -> None:
        """Step 2."""
        with self._store.read() as transaction:
            stored = anchors.alive(transaction, self._row)
        for row in stored:
            found = self._registry.lookup(row.hash)
            if isinstance(found, Receipt):
                self._settle(row, found)
            elif isinstance(found, Pending):
                self._mark(row, TxState.SENT)
                self._replace_if_stuck(row, stored)
            elif self._registry.nonce(row.sender) > row.nonce:
                self._mark(row, TxState.DROPPED)  # another one with its nonce was mined: this one never will be
            elif row.id == _newest_of_nonce(row, stored):
                self._send_again(row, stored)  # one that was replaced is not sent again: its fee is too low now

    def _settle(self, row: TransactionRow, receipt: Receipt) -> None:
        """Note the anchor that a mined transaction made; one that reverted made none, and the head says why."""
        made = self._anchor_of(receipt) if receipt.success else None
        with self._store.write() as transaction:
            if made is not None:
                anchors.put(transaction, self._row, made)
            anchors.set_state(transaction, row.id, TxState.DROPPED if made is None else TxState.MINED)

    def _anchor_of(self, receipt: Receipt) -> AnchorRow | None:
        for event in self._registry.events_of(receipt):
            if isinstance(event, directory_events.Anchored) and event.member == self._member:
                return self._noted(event, receipt.hash)
        return None

    def _noted(self, event: directory_events.Anchored, tx_hash: bytes) -> AnchorRow | None:
        """The event as a row, if its digest chains to the anchor before it; else step 3 reads the whole chain."""
        with self._store.read() as transaction:
            before = anchors.newest(transaction, self._row, before=event.seq)
        previous = self._log if before is None else before.digest
        roots = (event.log_root, event.state_root)
        digest = anchor_digest(previous, self._member, event.epoch, event.seq, event.size, *roots)
        stands = digest == self._registry.anchor_digest(self._member, event.seq)
        if not stands or self._registry.is_disowned(self._member, event.seq):
            return None
        return AnchorRow(
            seq=event.seq,
            epoch=event.epoch,
            size=event.size,
            log_root=event.log_root,
            state_root=event.state_root,
            previous=previous,
            digest=digest,
            tx_hash=tx_hash,
            block=event.at.block,
            block_hash=event.at.block_hash,
            block_time=event.at.time,
            final=False,
        )

    def _follow_anchors(self, head: Head, latest: Block) -> None:
        """Step 3."""
        newest = self._drop_vanished(latest)
        if head.seq and (newest is None or newest.digest != head.digest):
            self._rebuild(latest)
        final = self._registry.final_block()
        with self._store.read() as transaction:
            waiting = anchors.unfinal(transaction, self._row)
        for row in waiting:
            if row.block <= final.number and self._stands(row, final):
                with self._store.write() as transaction:
                    anchors.set_final(transaction, self._row, row)

    def _drop_vanished(self, latest: Block) -> AnchorRow | None:
        """Forget noted anchors that the chain does not have any more; the newest that it has."""
        while True:
            with self._store.read() as transaction:
                newest = anchors.newest(transaction, self._row)
            if newest is None or self._stands(newest, latest):
                return newest
            with self._store.write() as transaction:
                anchors.drop(transaction, self._row, newest)

    def _stands(self, row: AnchorRow, at: Block) -> bool:
        """Whether the chain as of a block has this anchor, in this very block, and it was not taken back."""
        if self._registry.anchor_digest(self._member, row.seq, at) != row.digest:
            return False
        block = self._registry.block(row.block)
        same_block = block is not None and block.hash == row.block_hash
        return same_block and not self._registry.is_disowned(self._member, row.seq, at)

    def _rebuild(self, latest: Block) -> None:
        """Read the member's anchors from the chain: somebody else's database sent some, or ours forgot."""
        events = self._registry.events(last=latest, names=_OWN_EVENTS, member=self._member)
        member = fold(events).member(self._member)
        with self._store.write() as transaction:
            known = {row.seq: row for row in anchors.everything(transaction, self._row)}
            for anchor in member.anchors.values():
                kept = known.get(anchor.seq)
                if not anchor.disowned and (kept is None or kept.digest != anchor.digest):
                    anchors.put(transaction, self._row, self._from_chain(anchor))

    def _from_chain(self, anchor: Anchor) -> AnchorRow:
        block = self._registry.block(anchor.block)
        if block is None:
            raise ChainUnavailableError(f"the node has no block {anchor.block}")
        return AnchorRow(
            seq=anchor.seq,
            epoch=anchor.epoch,
            size=anchor.size,
            log_root=anchor.log_root,
            state_root=anchor.state_root,
            previous=anchor.previous,
            digest=anchor.digest,
            tx_hash=None,
            block=anchor.block,
            block_hash=block.hash,
            block_time=anchor.time,
            final=False,
        )

    # ---- step 4 ---------------------------------------------------------------------------------------------------

    def _anchor(self, head: Head) -> bool:
        """Step 4; whether it is worth another look: something was sent, or another process was quicker."""
        with self._store.read() as transaction:
            checkpoint = tree_rows.newest_checkpoint(transaction, self._row)
            if checkpoint is None or checkpoint.size == head.size or _in_flight(anchors.alive(transaction, self._row)):
                return False
            tiles = SqlTileReader(transaction, self._row)
            proof = tree.consistency_proof(tiles, head.size, checkpoint.size) if head.size else []
        self._check_registered()
        account = self._account()
        sender = bytes.fromhex(account.address[2:])
        try:
            unsigned = self._registry.build_anchor(
                self._member,
                checkpoint.size,
                checkpoint.root,
                checkpoint.state_root,
                proof,
                sender=sender,
                nonce=self._registry.nonce(sender),
            )
        except ContractRevertedError:
            if self._registry.head(self._member) == head:
                raise
            return True  # the head moved since it was read: the refusal is about the old one
        stored = self._store_signed(checkpoint, unsigned, account)
        if stored is None:
            return False
        self._send(stored)
        return True

    def _check_registered(self) -> None:
        """Anchoring a log under another log's name would bury that one.

        Raises:
            ConfigError: the directory has another log for this member.
        """
        registered = self._registry.member(self._member).log_id
        if registered != self._log:
            raise ConfigError(f"member {self._member} is registered with log {registered.hex()}, not {self._log.hex()}")

    def _store_signed(
        self, checkpoint: CheckpointRow, unsigned: Transaction, account: LocalAccount
    ) -> TransactionRow | None:
        """Sign and keep the bytes. None if another process stored one meanwhile: one at a time."""
        row = self._signed(checkpoint.size, unsigned, account)
        with self._store.write() as transaction:
            logs.get(transaction, self._log, lock=True)
            if _in_flight(anchors.alive(transaction, self._row)):
                return None
            return anchors.store_transaction(transaction, self._row, row)

    def _signed(self, size: int, unsigned: Transaction, account: LocalAccount) -> TransactionRow:
        signed = self._registry.sign(unsigned, account)
        return TransactionRow(
            id=0,
            size=size,
            sender=signed.sender,
            nonce=signed.nonce,
            hash=signed.hash,
            raw=signed.raw,
            unsigned=json.dumps(unsigned, sort_keys=True),
            state=TxState.PREPARED,
            stored=self._clock(),
        )

    def _send(self, row: TransactionRow) -> None:
        """Send stored bytes. Whatever happens to the answer, the row says that they may be out there."""
        self._mark(row, TxState.SENT)
        self._registry.send(SignedTx(row.raw, row.hash, row.sender, row.nonce))

    def _mark(self, row: TransactionRow, state: TxState) -> None:
        if row.state is not state:
            with self._store.write() as transaction:
                anchors.set_state(transaction, row.id, state)

    def _send_again(self, row: TransactionRow, stored: list[TransactionRow]) -> None:
        """Send what the chain does not know; if the node refuses it for long, fees have risen beyond it."""
        try:
            self._send(row)
        except RpcError:
            if not self._replace_if_stuck(row, stored):
                raise

    def _replace_if_stuck(self, row: TransactionRow, stored: list[TransactionRow]) -> bool:
        """Raise the fee of a transaction that waits too long, if it is the newest of its nonce; whether it was done."""
        if row.id != _newest_of_nonce(row, stored) or self._clock() - row.stored < BUMP_AFTER:
            return False
        unsigned: Transaction = json.loads(row.unsigned)
        account = self._account()
        if not any(unsigned.get(fee) for fee in _FEES) or bytes.fromhex(account.address[2:]) != row.sender:
            return False  # a chain without fees cannot be paid; another key's transaction can only wait
        raised = self._signed(row.size, bump(unsigned), account)
        with self._store.write() as transaction:
            raised = anchors.store_transaction(transaction, self._row, raised)
        self._send(raised)
        return True


def anchored(row: AnchorRow, member: int) -> Anchored:
    """A noted anchor as the services give it."""
    return Anchored(
        member=member,
        epoch=row.epoch,
        seq=row.seq,
        size=row.size,
        log_root=row.log_root,
        state_root=row.state_root,
        previous=row.previous,
        digest=row.digest,
        transaction=row.tx_hash or b"",
        block=row.block,
        block_hash=row.block_hash,
        block_time=row.block_time,
        final=row.final,
    )


def _in_flight(stored: list[TransactionRow]) -> bool:
    return any(row.state in (TxState.PREPARED, TxState.SENT) for row in stored)


def _newest_of_nonce(row: TransactionRow, stored: list[TransactionRow]) -> int:
    """Id of the newest transaction that has the same nonce."""
    return max(one.id for one in stored if one.nonce == row.nonce)
