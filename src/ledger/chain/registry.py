"""The registry contract's client.

Nothing is sent or believed before chain id, genesis hash and deployed code were compared with what was pinned: the
code with the artifact in this package. State is read at a block that is named by its hash, so that several answers
are about one and the same chain; everything older than that is rebuilt from events.

What it leaves out: storing transactions and trying again (``ledger.services``), folding (``ledger.directory``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.chain import transactions
from ledger.chain.abi import artifact
from ledger.chain.calls import ContractCall, Founder
from ledger.chain.events import STEP, Block, LogQuery, decode_event, read_block, read_events
from ledger.chain.provider import Connection
from ledger.chain.transactions import Pending, Receipt, SignedTx, Transaction
from ledger.chain.wire import data, number, parse_data
from ledger.directory import Action, Directory, Event, Head, fold
from ledger.errors import ChainUnavailableError, ContractRevertedError, FormatError, WrongChainError
from ledger.keys import Purpose

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

_NEVER = 2**64 - 1
"""The contract's "no cut-off"."""

WAIT = 60.0
"""Seconds to wait for a block to hold a transaction of the directory."""


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as the contract shows it now. Addresses are 20 bytes; ``offered_admin`` is None if nobody is."""

    log_id: bytes
    admin: bytes
    anchorer: bytes
    offered_admin: bytes | None
    active: bool
    admitted: int
    last_seq: int
    endpoint: str


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as the contract shows it now: blocks of addition and revocation, cut-off as an index of the log."""

    purpose: Purpose
    added: int
    revoked: int | None
    compromised_from: int | None
    public: bytes


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A vote as it stands now: ``approvals`` of ``eligible`` active members, the target left out."""

    action: Action
    target: int
    proposer: int
    expires_at: dt.datetime
    executed: bool
    payload: bytes
    approvals: int
    eligible: int


class Registry:
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
        self.connection = connection
        self.address = address
        self.chain_id = chain_id
        self.genesis = genesis
        self._tag, self._confirmations = tag, confirmations
        self._first_block, self._step = first_block, step
        self._code_checked = False

    # Which chain is this?

    def check(self) -> None:
        """Compare chain id, genesis and deployed code with what is pinned.

        Raises:
            WrongChainError: one of them differs.
            ChainUnavailableError: no answer.
        """
        self._check_chain()
        code = self._request_bytes("eth_getCode", data(self.address), "latest")
        if code != artifact().deployed:
            found = f"{len(code)} bytes of other code" if code else "no contract"
            raise WrongChainError(f"at 0x{self.address.hex()} stands {found}, not the registry of this version")
        self._code_checked = True

    def _check_chain(self) -> None:
        chain_id, genesis = identity(self.connection)
        if chain_id != self.chain_id:
            raise WrongChainError(f"the node is on chain {chain_id}, pinned is {self.chain_id}")
        if genesis != self.genesis:
            raise WrongChainError(f"the chain begins with {genesis.hex()}, pinned is {self.genesis.hex()}")

    def _believe(self) -> None:
        """Compare everything once, before the first answer is believed."""
        if not self._code_checked:
            self.check()

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

    # Views.

    def head(self, member: int, at: Block | None = None) -> Head:
        """The anchor that the member's next one must extend.

        Args:
            member: province code.
            at: block to read at; the newest where None.

        Raises:
            ContractRevertedError: there is no such member.
        """
        return Head(*self._view("head", member, at=at))

    def anchor_digest(self, member: int, seq: int, at: Block | None = None) -> bytes | None:
        """Digest of an anchor, also of a disowned one; None if there is none of that number."""
        digest: bytes = self._view("anchorDigest", member, seq, at=at)[0]
        return digest if any(digest) else None

    def is_disowned(self, member: int, seq: int, at: Block | None = None) -> bool:
        """Whether an anchor was taken back."""
        return bool(self._view("isDisowned", member, seq, at=at)[0])

    def has_witnessed(self, member: int, seq: int, witness: int, at: Block | None = None) -> bool:
        """Whether another member confirmed an anchor."""
        return bool(self._view("hasWitnessed", member, seq, witness, at=at)[0])

    def member(self, code: int, at: Block | None = None) -> MemberView:
        """A member.

        Raises:
            ContractRevertedError: there is none.
        """
        log_id, admin, anchorer, offered, *rest = self._view("member", code, at=at)
        return MemberView(log_id, admin, anchorer, offered if any(offered) else None, *rest)

    def members(self, at: Block | None = None) -> list[int]:
        """Codes of all members, suspended ones too, in the order of admission."""
        return list(self._view("members", at=at)[0])

    def active_members(self, at: Block | None = None) -> int:
        """How many members are not suspended."""
        return int(self._view("activeMembers", at=at)[0])

    def key(self, member: int, key_id: bytes, at: Block | None = None) -> KeyView:
        """A member's key.

        Raises:
            ContractRevertedError: there is none.
        """
        purpose, added, revoked, cut_off, public = self._view("key", member, key_id, at=at)
        cut = None if cut_off == _NEVER else cut_off
        return KeyView(Purpose(purpose), added, revoked or None, cut, public)

    def proposals(self, at: Block | None = None) -> int:
        """How many proposals there have been; they are numbered from 1 to this."""
        return int(self._view("proposals", at=at)[0])

    def proposal(self, proposal: int, at: Block | None = None) -> ProposalView:
        """A proposal and how the vote stands.

        Raises:
            ContractRevertedError: there is none.
        """
        action, target, proposer, expires, *rest = self._view("proposal", proposal, at=at)
        return ProposalView(Action(action), target, proposer, dt.datetime.fromtimestamp(expires, dt.UTC), *rest)

    def has_approved(self, proposal: int, voter: int, at: Block | None = None) -> bool:
        """Whether a member's vote for a proposal stands."""
        return bool(self._view("hasApproved", proposal, voter, at=at)[0])

    def verify_inclusion(self, leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
        """Let the contract verify an RFC 9162 inclusion proof.

        Raises:
            ContractRevertedError: it does not hold.
            FormatError: an argument does not fit its type.
        """
        self._view("verifyInclusion", leaf, index, size, root, list(proof))

    def verify_consistency(self, size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> None:
        """Let the contract verify an RFC 9162 consistency proof, ``size1`` at least 1.

        Raises:
            ContractRevertedError: it does not hold.
            FormatError: an argument does not fit its type.
        """
        self._view("verifyConsistency", size1, root1, size2, root2, list(proof))

    def verify_state(
        self,
        root: bytes,
        subject: bytes,
        value: bytes | None,
        proof: Sequence[bytes],
        other: tuple[bytes, bytes] | None = None,
    ) -> None:
        """Let the contract verify what the state map says of a subject.

        Args:
            root: of the map.
            subject: key, 32 bytes.
            value: its value; None to prove that it has none.
            proof: siblings, deepest first.
            other: key and value of the leaf that an absence proof ends in.

        Raises:
            ContractRevertedError: it does not hold.
            FormatError: an argument does not fit its type.
        """
        other_key, other_value = other or (bytes(32), bytes(32))
        self._view("verifyState", root, subject, value or bytes(32), other_key, other_value, list(proof))

    def _view(self, function: str, *arguments: Any, at: Block | None = None) -> tuple[Any, ...]:
        call = artifact().abi.encode(function, arguments)
        self._believe()
        where = "latest" if at is None else {"blockHash": data(at.hash)}
        answer = transactions.ask(self.connection, self.address, call, where)
        try:
            return artifact().abi.decode(function, answer)
        except FormatError as error:
            raise ChainUnavailableError(f"{function}: the answer makes no sense: {error}") from error

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
        self._check_chain()
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
        except (FormatError, KeyError, TypeError) as error:
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
        self._check_chain()
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
        self._check_chain()
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
        return transactions.reason(self.connection, receipt.hash)

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

    def _request_bytes(self, method: str, *params: Any) -> bytes:
        try:
            return parse_data(self.connection.request(method, *params))
        except FormatError as error:
            raise ChainUnavailableError(f"{method}: {error}") from error


def identity(connection: Connection) -> tuple[int, bytes]:
    """A chain's id and the hash of its block 0: what a node pins when it is set up.

    Raises:
        ChainUnavailableError: no answer, or the node has no block 0.
    """
    try:
        chain_id = number(connection.request("eth_chainId"))
    except FormatError as error:
        raise ChainUnavailableError(f"eth_chainId: {error}") from error
    genesis = read_block(connection, 0)
    if genesis is None:
        raise ChainUnavailableError("the node does not have block 0")
    return chain_id, genesis.hash


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
