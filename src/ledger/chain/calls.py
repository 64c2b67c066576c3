"""What can be asked of the registry contract, as values: one function per call that changes something.

A :class:`ContractCall` is built here, and prepared, signed and sent by ``registry``. Addresses are 20 bytes, digests
and ids 32. Who may call what stands in ``contracts/src/ILicenseRegistry.sol``.

What it leaves out: the views (``registry``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.chain.abi import decode, encode
from ledger.directory import Action, Anchor
from ledger.errors import FormatError
from ledger.keys import Purpose

_ANCHOR = "(uint32,uint64,uint64,uint64,bytes32,bytes32)"
_PAYLOADS: dict[Action, tuple[str, ...]] = {
    Action.ADMIT: ("address", "address", "bytes32", "string"),
    Action.SUSPEND: (),
    Action.REINSTATE: (),
    Action.REPLACE_ADMIN: ("address",),
    Action.DISOWN: ("uint64",),
    Action.ADOPT: ("uint256", "address", _ANCHOR, "bytes32"),
}


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A function of the contract and its arguments in order."""

    function: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Founder:
    """A member that the registry starts with: province code, addresses (20 bytes), log id (32 bytes), URL."""

    member: int
    admin: bytes
    anchorer: bytes
    log_id: bytes
    endpoint: str = ""

    def encoded(self) -> tuple[int, str, str, bytes, str]:
        """The constructor's struct."""
        return self.member, _address(self.admin), _address(self.anchorer), self.log_id, self.endpoint


def anchor(
    member: int, size: int, log_root: bytes, state_root: bytes, consistency: Sequence[bytes] = ()
) -> ContractCall:
    """Anchor a log's roots at ``size`` entries, with the RFC 9162 consistency proof from the head."""
    return ContractCall("anchor", (member, size, log_root, state_root, list(consistency)))


def witness(member: int, seq: int, digest: bytes) -> ContractCall:
    """Say that a replay of another member's log came to that anchor's digest."""
    return ContractCall("witness", (member, seq, digest))


def offer_admin(member: int, new_admin: bytes) -> ContractCall:
    """Name a successor as admin."""
    return ContractCall("offerAdmin", (member, _address(new_admin)))


def accept_admin(member: int) -> ContractCall:
    """Become admin, as the one that was named."""
    return ContractCall("acceptAdmin", (member,))


def set_anchorer(member: int, anchorer: bytes) -> ContractCall:
    """Set who anchors."""
    return ContractCall("setAnchorer", (member, _address(anchorer)))


def set_endpoint(member: int, endpoint: str) -> ContractCall:
    """Set where the member's node is reached."""
    return ContractCall("setEndpoint", (member, endpoint))


def add_key(member: int, purpose: Purpose, public: bytes) -> ContractCall:
    """Add a public key (33 bytes for credentials, else 32)."""
    return ContractCall("addKey", (member, int(purpose), public))


def revoke_key(member: int, key_id: bytes) -> ContractCall:
    """Revoke a key: it signs nothing from here on."""
    return ContractCall("revokeKey", (member, key_id))


def compromised_from(member: int, key_id: bytes, size: int) -> ContractCall:
    """Disbelieve entries from index ``size`` on that the key signed. It can only be lowered."""
    return ContractCall("compromisedFrom", (member, key_id, size))


def propose(proposer: int, action: Action, target: int, payload: bytes = b"") -> ContractCall:
    """Ask for a vote; ``payload`` is made by :func:`payload`."""
    return ContractCall("propose", (proposer, int(action), target, payload))


def approve(proposal: int, voter: int) -> ContractCall:
    """Vote for a proposal."""
    return ContractCall("approve", (proposal, voter))


def withdraw(proposal: int, voter: int) -> ContractCall:
    """Take a vote back."""
    return ContractCall("withdraw", (proposal, voter))


def execute(proposal: int) -> ContractCall:
    """Carry out a proposal that has its majority (for DISOWN: :func:`execute_disown`)."""
    return ContractCall("execute", (proposal,))


def execute_disown(proposal: int, target: Anchor, parent: Anchor | None) -> ContractCall:
    """Carry out a DISOWN.

    Args:
        proposal: its number.
        target: the first anchor to disown.
        parent: the anchor that it extends; None where it is the log's first.

    Raises:
        FormatError: the parent is not the one that the target extends.
    """
    if parent is not None and parent.digest != target.previous:
        raise FormatError(f"anchor {target.seq} does not extend anchor {parent.seq}")
    before = (target.member, 0, 0, 0, bytes(32), bytes(32)) if parent is None else anchor_struct(parent)
    before_previous = bytes(32) if parent is None else parent.previous
    return ContractCall("executeDisown", (proposal, anchor_struct(target), target.previous, before, before_previous))


def anchor_struct(value: Anchor) -> tuple[int, int, int, int, bytes, bytes]:
    """The contract's struct ``Anchor``."""
    return value.member, value.epoch, value.seq, value.size, value.log_root, value.state_root


def payload(action: Action, *arguments: Any) -> bytes:
    """The payload of a proposal.

    Args:
        action: what is asked for.
        arguments: ADMIT: admin, anchorer, log id, endpoint · REPLACE_ADMIN: admin · DISOWN: first anchor number ·
            ADOPT: chain id, registry, struct of the head (:func:`anchor_struct`), its digest.

    Raises:
        FormatError: they are not such arguments.
    """
    types = _PAYLOADS[action]
    if len(types) != len(arguments):
        raise FormatError(f"{action.name} takes {len(types)} arguments, got {len(arguments)}")
    shown = [_address(item) if kind == "address" else item for kind, item in zip(types, arguments, strict=True)]
    return encode(types, shown)


def payload_arguments(action: Action, data: bytes) -> tuple[Any, ...]:
    """What a proposal's payload says, for people who are to vote on it.

    Raises:
        FormatError: it is no such payload.
    """
    return decode(_PAYLOADS[action], data)


def _address(value: bytes) -> str:
    if len(value) != 20:
        raise FormatError(f"an address has 20 bytes, got {len(value)}")
    return "0x" + value.hex()
