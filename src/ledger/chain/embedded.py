"""An Ethereum chain in one file: py-evm runs the contracts, SQLite keeps the blocks.

For one machine, tests and the demonstration (演示链): there is no network and nobody else vouches for it, which
proofs and pages say. Every transaction is mined at once into a block of its own. The rules are those of the Paris
fork, which the contract is compiled for, with a base fee of zero: a transaction may take at most half of a block's
gas, so by EIP-1559's own rule the base fee never rises, and a fresh key needs no funds.

Receipts, transactions and events come from py-evm's indices and from our own event index. eth-tester's look-ups scan
every block, and it cannot keep its chain in a file, so only py-evm is used here (``docs/adr/0004-embedded-chain.md``).

What it leaves out: JSON (``rpc``), HTTP (``server``), and several blocks at one height: this chain has no forks.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from eth.abc import BlockAPI, BlockHeaderAPI, ComputationAPI, ReceiptAPI, SignedTransactionAPI, StateAPI
from eth.chains.base import MiningChain
from eth.exceptions import HeaderNotFound, Revert, TransactionNotFound
from eth.typing import HeaderParams
from eth.vm.forks.paris import ParisVM
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from ledger.chain import errors, recursion
from ledger.chain.blockstore import BlockRow, BlockStore, LogFilter, LogRow
from ledger.chain.errors import RpcError
from ledger.chain.holder import Holder
from ledger.errors import StorageError

recursion.bound()

BLOCK_GAS = 60_000_000
"""Gas limit of every block."""

TRANSACTION_GAS = BLOCK_GAS // 2
"""Most gas for one transaction: at the gas target a block leaves the base fee where it is (EIP-1559)."""

MAX_LOGS = 10_000
"""Most events in one answer; a wider question is refused, as other nodes do."""

_CHAIN_IDS = (10**12, 4 * 10**15)
"""Range of random chain ids: above every registered one, below what wallets accept (2^52)."""

_ZERO = bytes(20)


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction with its block and receipt."""

    block: BlockAPI
    index: int
    transaction: SignedTransactionAPI
    receipt: ReceiptAPI


@dataclass(frozen=True, slots=True)
class Call:
    """What to run without mining it: addresses are 20 bytes, ``to`` is empty for a creation."""

    to: bytes
    data: bytes = b""
    sender: bytes = _ZERO
    value: int = 0
    gas: int = TRANSACTION_GAS


class _Chain(MiningChain):
    """The chain's rules; :class:`EmbeddedChain` makes a subclass with the file's own chain id."""

    vm_configuration = ((BlockNumber(0), ParisVM),)

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **header_params: Any) -> BlockHeaderAPI:
        """The next header, with the gas limit kept where it is."""
        return super().create_header_from_parent(parent_header, **{"gas_limit": BLOCK_GAS, **header_params})


class EmbeddedChain:
    """The chain in a file. One process at a time holds it; threads take turns.

    Args:
        path: the file; made, with a random chain id, if it does not exist.
        clock: UNIX time in seconds; a block's time is never before its parent's, whatever the clock does.
        wait: seconds to wait for another process to let go of the file.

    Raises:
        ChainLockedError: another process holds the file.
        StorageError: the file is not an embedded chain, or is damaged.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time, wait: float = 0.0) -> None:
        self.path = path
        self._clock = clock
        self._turn = threading.RLock()
        self.holder = Holder(path, wait)
        try:
            self._store = BlockStore(path)
            if self._store.newest() is None:
                self._create()
            self._chain = self._load()
            self._check()
        except BaseException:
            self.holder.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._store.close()
            self.holder.release()

    # Making and opening.

    def _create(self) -> None:
        """Write the genesis block. Its extra data is random, so that no two chains share a genesis hash."""
        low, high = _CHAIN_IDS
        chain_id = low + secrets.randbelow(high - low)
        genesis: dict[str, HeaderParams] = {
            "coinbase": Address(_ZERO),
            "difficulty": 0,
            "extra_data": secrets.token_bytes(32),
            "gas_limit": BLOCK_GAS,
            "timestamp": int(self._clock()),
            "base_fee_per_gas": 0,
        }
        chain = _rules(chain_id).from_genesis(self._store, genesis)
        header = chain.get_canonical_head()
        facts: list[tuple[str, bytes | int]] = [("chain_id", chain_id), ("genesis", header.hash)]
        self._store.commit(BlockRow(0, header.hash, header.timestamp), meta=facts)

    def _load(self) -> _Chain:
        chain_id, genesis = self._store.meta("chain_id"), self._store.meta("genesis")
        if not isinstance(chain_id, int) or not isinstance(genesis, bytes):
            raise StorageError(f"{self.path}: chain id or genesis is missing")
        self.chain_id, self.genesis_hash = chain_id, genesis
        return _rules(chain_id)(self._store)

    def _check(self) -> None:
        """The index and py-evm's own records end in the same block, and its state is there."""
        newest, head = self._store.newest(), self._chain.get_canonical_head()
        if newest is None or (newest.number, newest.hash) != (head.block_number, head.hash):
            raise StorageError(f"{self.path}: the index ends in {newest}, the chain in {head}")
        if self._chain.get_canonical_block_hash(BlockNumber(0)) != self.genesis_hash:
            raise StorageError(f"{self.path}: block 0 is not the genesis block")

    # Blocks.

    def head(self) -> BlockHeaderAPI:
        """The newest block's header."""
        with self._turn:
            return self._chain.get_canonical_head()

    def header(self, number: int) -> BlockHeaderAPI | None:
        """The header of a block by its number; None above the head."""
        with self._turn:
            try:
                return self._chain.get_canonical_block_header_by_number(BlockNumber(number))
            except (HeaderNotFound, ValidationError):
                return None

    def header_by_hash(self, block_hash: bytes) -> BlockHeaderAPI | None:
        """The header of a block by its hash (32 bytes); None if there is none."""
        with self._turn:
            try:
                return self._chain.get_block_header_by_hash(Hash32(block_hash))
            except HeaderNotFound:
                return None

    def block(self, header: BlockHeaderAPI) -> BlockAPI:
        """The block of a header, with its transactions."""
        with self._turn:
            return self._chain.get_block_by_header(header)

    # Transactions.

    def send(self, raw: bytes) -> bytes:
        """Mine a signed transaction into a block of its own. A reverted one is mined too, with status 0.

        Args:
            raw: RLP, or a typed envelope (EIP-2718).

        Returns:
            The transaction's hash, 32 bytes.

        Raises:
            RpcError: it is not a transaction that this chain takes; nothing was mined.
            StorageError: the block could not be stored; nothing was mined.
        """
        with self._turn:
            transaction = self._decode(raw)
            try:
                self._mine(transaction)
            except BaseException as error:
                self._store.discard()
                self._chain = self._load()  # from the stored head: no half-made block stays in memory
                if isinstance(error, (ValidationError, RecursionError)):
                    raise RpcError(errors.REFUSED, f"transaction refused: {error}") from error
                raise
            return transaction.hash

    def _mine(self, transaction: SignedTransactionAPI) -> None:
        parent = self._chain.get_canonical_head()
        self._chain.set_header_timestamp(max(parent.timestamp + 1, int(self._clock())))
        imported, receipts, _ = self._chain.mine_all([transaction])
        header = imported.imported_block.header
        logs = [
            LogRow(header.block_number, place, transaction.hash, 0, log.address, _topics(log.topics), log.data)
            for place, log in enumerate(receipts[0].logs)
        ]
        self._store.commit(BlockRow(header.block_number, header.hash, header.timestamp), logs)

    def _decode(self, raw: bytes) -> SignedTransactionAPI:
        try:
            transaction = ParisVM.get_transaction_builder().decode(raw)
            transaction.validate()
            sender, canonical = transaction.sender, transaction.encode() == raw
        except (RLPException, ValidationError, ValueError, TypeError, IndexError) as error:
            raise RpcError(errors.INVALID_PARAMS, f"not a signed transaction: {error}") from error
        if not canonical:
            raise RpcError(errors.INVALID_PARAMS, "not the canonical encoding of a transaction")
        if transaction.chain_id != self.chain_id:
            raise RpcError(errors.REFUSED, f"transaction is for chain {transaction.chain_id}, this is {self.chain_id}")
        if transaction.gas > TRANSACTION_GAS:
            raise RpcError(errors.REFUSED, f"exceeds block gas limit: {transaction.gas} > {TRANSACTION_GAS}")
        expected = self.nonce(sender)
        if transaction.nonce != expected:
            word = "low" if transaction.nonce < expected else "high"
            raise RpcError(errors.REFUSED, f"nonce too {word}: next nonce {expected}, tx nonce {transaction.nonce}")
        return transaction

    def mined(self, tx_hash: bytes) -> Mined | None:
        """A mined transaction by its hash (32 bytes); None if it is not known."""
        with self._turn:
            try:
                number, index = self._chain.get_canonical_transaction_index(Hash32(tx_hash))
            except TransactionNotFound:
                return None
            block = self._chain.get_canonical_block_by_number(number)
            receipt = self._chain.get_transaction_receipt_by_index(number, index)
            return Mined(block, index, block.transactions[index], receipt)

    # State.

    def call(self, call: Call, header: BlockHeaderAPI | None = None) -> bytes:
        """Run a call on the state after a block (the head where None) and drop its effects.

        Raises:
            RpcError: code 3 with the contract's bytes where it reverted.
        """
        with self._turn:
            return _output(self._run(call, header))

    def estimate(self, call: Call, header: BlockHeaderAPI | None = None) -> int:
        """Gas that a call needs: what it took with plenty, and what the 63/64 rule (EIP-150) holds back.

        Raises:
            RpcError: as :meth:`call`.
        """
        with self._turn:
            plenty = self._run(call, header)
            _output(plenty)
            spent = TRANSACTION_GAS - plenty.get_gas_remaining()
            limit = spent + spent // 32 + 2_300
            while limit < call.gas:
                if not self._run(Call(call.to, call.data, call.sender, call.value, limit), header).is_error:
                    return limit
                limit *= 2
            return call.gas

    def _run(self, call: Call, header: BlockHeaderAPI | None) -> ComputationAPI:
        state = self._state(header)
        unsigned = ParisVM.create_unsigned_transaction(
            nonce=state.get_nonce(Address(call.sender)),
            gas_price=0,
            gas=call.gas,
            to=Address(call.to),
            value=call.value,
            data=call.data,
        )
        try:
            spoofed = SpoofTransaction(unsigned, from_=call.sender)
            return state.apply_transaction(cast("SignedTransactionAPI", spoofed))
        except (ValidationError, RecursionError) as error:
            raise RpcError(errors.REFUSED, str(error)) from error
        finally:
            self._store.discard()

    def _state(self, header: BlockHeaderAPI | None) -> StateAPI:
        return self._chain.get_vm(header or self._chain.get_canonical_head()).state

    def nonce(self, address: bytes, header: BlockHeaderAPI | None = None) -> int:
        """How many transactions an address (20 bytes) has sent, as of a block."""
        with self._turn:
            return self._state(header).get_nonce(Address(address))

    def balance(self, address: bytes, header: BlockHeaderAPI | None = None) -> int:
        """Wei of an address, as of a block. Nobody needs any here."""
        with self._turn:
            return self._state(header).get_balance(Address(address))

    def code(self, address: bytes, header: BlockHeaderAPI | None = None) -> bytes:
        """The contract at an address, as of a block; empty if there is none."""
        with self._turn:
            return self._state(header).get_code(Address(address))

    def storage(self, address: bytes, slot: int, header: BlockHeaderAPI | None = None) -> int:
        """One storage slot of a contract, as of a block."""
        with self._turn:
            return self._state(header).get_storage(Address(address), slot)

    # Events.

    def logs(self, wanted: LogFilter) -> list[LogRow]:
        """Events that match, in the chain's order.

        Raises:
            RpcError: more than 10,000 match; ask for fewer blocks.
        """
        with self._turn:
            found = self._store.logs(wanted, MAX_LOGS + 1)
        if len(found) > MAX_LOGS:
            raise RpcError(errors.LIMIT_EXCEEDED, f"query returned more than {MAX_LOGS} results")
        return found

    def block_logs(self, number: int) -> list[LogRow]:
        """All events of one block."""
        with self._turn:
            return self._store.block_logs(number)


def _rules(chain_id: int) -> type[_Chain]:
    return _Chain.configure(__name__="EmbeddedRules", chain_id=chain_id)


def _topics(topics: Any) -> tuple[bytes, ...]:
    return tuple(topic.to_bytes(32, "big") for topic in topics)


def _output(computation: ComputationAPI) -> bytes:
    if not computation.is_error:
        return computation.output
    error = computation.error
    if isinstance(error, Revert):
        raise RpcError(errors.REVERTED, "execution reverted", "0x" + bytes(error.args[0]).hex())
    raise RpcError(errors.REFUSED, f"execution failed: {type(error).__name__}: {error}")
