"""The registry contract's views: what it says, now or at a pinned block.

Nothing is believed before chain id, genesis hash and deployed code were compared with what was pinned: the code with
the artifact in this package. State is read at a block that is named by its hash, so that several answers are about
one and the same chain.

What it leaves out: events and transactions (``registry``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.chain import transactions
from ledger.chain.abi import artifact
from ledger.chain.events import Block, read_block
from ledger.chain.provider import Connection
from ledger.chain.wire import data, number, parse_data
from ledger.directory import Action, Head
from ledger.errors import ChainUnavailableError, FormatError, WrongChainError
from ledger.keys import Purpose

_NEVER = 2**64 - 1
"""The contract's "no cut-off"."""


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


class Views:
    """The contract's views on the one chain that is believed.

    Args:
        connection: the way to the chain.
        address: the contract, 20 bytes.
        chain_id: pinned EIP-155 chain id.
        genesis: pinned hash of block 0, 32 bytes.
    """

    def __init__(self, connection: Connection, address: bytes, *, chain_id: int, genesis: bytes) -> None:
        self.connection = connection
        self.address = address
        self.chain_id = chain_id
        self.genesis = genesis
        self._code_checked = False

    # Which chain is this?

    def check(self) -> None:
        """Compare chain id, genesis and deployed code with what is pinned.

        Raises:
            WrongChainError: one of them differs.
            ChainUnavailableError: no answer.
        """
        self.check_chain()
        code = self._request_bytes("eth_getCode", data(self.address), "latest")
        if code != artifact().deployed:
            found = f"{len(code)} bytes of other code" if code else "no contract"
            raise WrongChainError(f"at 0x{self.address.hex()} stands {found}, not the registry of this version")
        self._code_checked = True

    def check_chain(self) -> None:
        """Compare chain id and genesis with what is pinned.

        Raises:
            WrongChainError: one of them differs.
            ChainUnavailableError: no answer.
        """
        chain_id, genesis = identity(self.connection)
        if chain_id != self.chain_id:
            raise WrongChainError(f"the node is on chain {chain_id}, pinned is {self.chain_id}")
        if genesis != self.genesis:
            raise WrongChainError(f"the chain begins with {genesis.hex()}, pinned is {self.genesis.hex()}")

    def _believe(self) -> None:
        """Compare everything once, before the first answer is believed."""
        if not self._code_checked:
            self.check()

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
