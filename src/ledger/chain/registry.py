"""The registry contract's client: views, events, and transactions on the one chain that is believed.

Nothing is sent or believed before the chain and the contract were compared with what was pinned (``views``). What the
contract said earlier is rebuilt from events, never asked for, so that no archive node is needed.

What it leaves out: storing transactions and trying again (``ledger.services``), folding (``ledger.directory``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ledger.chain import transactions
from ledger.chain.abi import artifact
from ledger.chain.calls import ContractCall, Founder
from ledger.chain.events import STEP, Block, LogQuery, decode_event, read_block, read_events
from ledger.chain.provider import Connection
from ledger.chain.transactions import Pending, Receipt, SignedTx, Transaction
from ledger.chain.views import KeyView, MemberView, ProposalView, Views, identity
from ledger.chain.wire import parse_data
from ledger.directory import Directory, Event, fold
from ledger.errors import ChainUnavailableError, ContractRevertedError, FormatError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

__all__ = ["KeyView", "MemberView", "ProposalView", "Registry", "deploy", "identity"]

WAIT = 60.0
"""Seconds to wait for a block to hold a transaction of the directory."""


class Registry(Views):
    """The one registry that this node believes, on the one chain that it believes.

    Args:
        connection: the way to the chain.
        address: the contract, 20 bytes.
        chain_id: pinned EIP-155 chain id.
        genesis: pinned hash of block 0, 32 bytes.
        tag: block tag up to which the chain is believed: ``latest``, ``safe`` or ``finalized``.
        confirmations: blocks that must stand on top, in addition to the tag.
        first_block: block to read events from; the one that the contract was deployed in, or any before.
        step: most blocks in one question for events.
    """

    def __init__(
        self,
        connection: Connection,
        address: bytes,
        *,
        chain_id: int,
        genesis: bytes,
        tag: str = "latest",
        confirmations: int = 0,
        first_block: int = 0,
        step: int = STEP,
    ) -> None:
        super().__init__(connection, address, chain_id=chain_id, genesis=genesis)
        self._tag, self._confirmations = tag, confirmations
        self._first_block, self._step = first_block, step

    # Blocks.

    def block(self, which: int | str | bytes) -> Block | None:
        """A block by number, tag or hash; None if there is none."""
        self._believe()
        return read_block(self.connection, which)

    def final_block(self) -> Block:
        """The newest block that is believed.

        Raises:
            ChainUnavailableError: no answer, or the node has no such block yet.
        """
        self._believe()
        block = read_block(self.connection, self._tag)
        if block is not None and self._confirmations:
            block = read_block(self.connection, max(0, block.number - self._confirmations))
        if block is None:
            raise ChainUnavailableError(f"the node has no {self._tag} block")
        return block

    # Events.

    def events(
        self, first: int | None = None, last: Block | None = None, names: Sequence[str] = (), member: int | None = None
    ) -> Iterator[Event]:
        """The contract's events in the chain's order.

        Args:
            first: first block; the registry's first where None.
            last: last block; the newest final one where None.
            names: only events of these names, such as ``Anchored``.
            member: only events about this member.

        Raises:
            WrongChainError: this is not the pinned chain.
            ChainUnavailableError: no answer, or a reorganisation meanwhile: drop what was read and begin again.
        """
        self._believe()
        self.check_chain()
        start = self._first_block if first is None else first
        query = LogQuery(self.address, start, last or self.final_block(), names, member, self._step)
        yield from read_events(self.connection, query)

    def directory(self, last: Block | None = None) -> Directory:
        """The directory as of a block (the newest final one where None), folded from all events.

        Raises:
            DirectoryError: the events contradict each other.
            ChainUnavailableError: as :meth:`events`.
        """
        return fold(self.events(last=last))

    def events_of(self, receipt: Receipt) -> list[Event]:
        """The contract's events that a transaction caused.

        Raises:
            ChainUnavailableError: no answer, or one that makes no sense.
        """
        block = read_block(self.connection, receipt.block_hash)
        if block is None:
            raise ChainUnavailableError(f"the node does not know block {receipt.block_hash.hex()} any more")
        try:
            ours = [log for log in receipt.logs if parse_data(log["address"], 20) == self.address]
            return [decode_event(log, block.time) for log in ours]
        except (FormatError, LookupError, TypeError) as error:
            raise ChainUnavailableError(f"the receipt's events make no sense: {error}") from error

    # Transactions.

    def nonce(self, address: bytes, tag: str = "latest") -> int:
        """Next nonce of an address: mined transactions counted (``latest``), or waiting ones too (``pending``)."""
        self._believe()
        return transactions.next_nonce(self.connection, address, tag)

    def build(
        self, call: ContractCall, sender: bytes, *, nonce: int | None = None, gas: int | None = None
    ) -> Transaction:
        """An unsigned transaction that makes the call.

        Args:
            call: made by ``ledger.chain.calls``.
            sender: address that will sign, 20 bytes.
            nonce: the next one where None.
            gas: estimated where None.

        Raises:
            ContractRevertedError: the contract would refuse it now.
            WrongChainError: this is not the pinned chain.
        """
        encoded = artifact().abi.encode(call.function, call.arguments)
        self._believe()
        self.check_chain()
        return transactions.prepare(
            self.connection,
            chain_id=self.chain_id,
            sender=sender,
            to=self.address,
            call=encoded,
            nonce=nonce,
            gas=gas,
        )

    def build_anchor(
        self,
        member: int,
        size: int,
        log_root: bytes,
        state_root: bytes,
        consistency: Sequence[bytes],
        *,
        sender: bytes,
        nonce: int | None = None,
    ) -> Transaction:
        """As :meth:`build`, for an anchor."""
        from ledger.chain import calls

        return self.build(calls.anchor(member, size, log_root, state_root, consistency), sender, nonce=nonce)

    def sign(self, transaction: Transaction, account: LocalAccount) -> SignedTx:
        """Sign; nothing is sent."""
        return transactions.sign(transaction, account)

    def send(self, signed: SignedTx) -> None:
        """Send; sending the same bytes again does no harm.

        Raises:
            WrongChainError: this is not the pinned chain; nothing was sent.
            RpcError: the node refused; nothing was sent.
            ChainUnavailableError: no answer; it may have arrived: look it up.
        """
        self._believe()
        self.check_chain()
        transactions.send(self.connection, signed.raw, signed.hash)

    def lookup(self, tx_hash: bytes) -> Receipt | Pending | None:
        """What became of a transaction; None where the node does not know it."""
        self._believe()
        return transactions.look_up(self.connection, tx_hash)

    def wait(self, tx_hash: bytes, timeout: float = WAIT) -> Receipt:
        """Wait until a block holds a transaction.

        Raises:
            FinalityTimeoutError: none did in ``timeout`` seconds; it may still.
        """
        self._believe()
        return transactions.wait(self.connection, tx_hash, timeout)

    def reason(self, receipt: Receipt) -> ContractRevertedError:
        """Why a mined transaction was reverted."""
        return transactions.reason(self.connection, receipt)

    def transact(self, call: ContractCall, account: LocalAccount, timeout: float = WAIT) -> Receipt:
        """Build, sign, send and wait for the block, for calls that a person makes and watches.

        Raises:
            ContractRevertedError: the contract refused.
            FinalityTimeoutError: no block held it in ``timeout`` seconds; it may still.
        """
        signed = self.sign(self.build(call, bytes.fromhex(account.address[2:])), account)
        self.send(signed)
        receipt = self.wait(signed.hash, timeout)
        if not receipt.success:
            raise self.reason(receipt)
        return receipt


def deploy(
    connection: Connection, founders: Sequence[Founder], account: LocalAccount, timeout: float = WAIT
) -> tuple[Registry, Receipt]:
    """Deploy a registry and compare what then stands on the chain with the artifact.

    Args:
        connection: the chain.
        founders: members that it starts with.
        account: who pays; it has no rights afterwards.
        timeout: seconds to wait for the block.

    Returns:
        The registry's client, pinned to this chain, and the receipt; ``registry.address`` is where it stands.

    Raises:
        ContractRevertedError: the constructor refuses the founders (or the chain's SHA-256).
        WrongChainError: the chain made other code of it.
        FinalityTimeoutError: no block held it in time.
    """
    chain_id, genesis = identity(connection)
    made = artifact()
    arguments = made.abi.encode_constructor([[founder.encoded() for founder in founders]])
    sender = bytes.fromhex(account.address[2:])
    transaction = transactions.prepare(
        connection, chain_id=chain_id, sender=sender, to=None, call=made.bytecode + arguments
    )
    signed = transactions.sign(transaction, account)
    transactions.send(connection, signed.raw, signed.hash)
    receipt = transactions.wait(connection, signed.hash, timeout)
    if not receipt.success or receipt.contract is None:
        raise ContractRevertedError("unknown", {"transaction": signed.hash})
    registry = Registry(connection, receipt.contract, chain_id=chain_id, genesis=genesis, first_block=receipt.block)
    registry.check()
    return registry, receipt
