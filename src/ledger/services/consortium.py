"""What a member does in its consortium: proposes, votes, and keeps its keys in the directory.

Each call is one transaction that a person watches; the contract's rules decide, and its refusal comes back as
:class:`~ledger.errors.ContractRevertedError` with the contract's own name for it. Calls that were carried out before
(an answer was lost, a command typed twice) are noticed on the chain and not repeated.

What it leaves out: anchors (``services.anchoring``) and founding (``services.founding``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.chain import calls
from ledger.chain.calls import ContractCall
from ledger.chain.transactions import Receipt
from ledger.directory import Action, Directory, Proposal
from ledger.directory import events as directory_events
from ledger.errors import ChainError, ConfigError, ContractRevertedError, NotFoundError
from ledger.keys import Purpose, key_id
from ledger.keystore import KeyName
from ledger.services.description import adoption_arguments, parse_description

if TYPE_CHECKING:
    from ledger.services.node import Node

PUBLISHED = {
    KeyName.CREDENTIAL: Purpose.CREDENTIAL,
    KeyName.EXCHANGE: Purpose.EXCHANGE,
    KeyName.CHECKPOINT: Purpose.CHECKPOINT,
}
"""Which of a node's keys stand in the directory, and for what."""

_ACTIONS = {
    "admit": Action.ADMIT,
    "suspend": Action.SUSPEND,
    "reinstate": Action.REINSTATE,
    "replace-admin": Action.REPLACE_ADMIN,
    "disown": Action.DISOWN,
    "adopt": Action.ADOPT,
}


@dataclass(frozen=True, slots=True)
class Request:
    """A proposal about to be made: the action, the member concerned, the ABI-encoded details."""

    action: Action
    target: int
    payload: bytes


def request(
    action: str,
    member: int | None,
    *,
    description: bytes | None = None,
    admin: bytes | None = None,
    from_seq: int | None = None,
) -> Request:
    """Make a proposal's content of what a person gave.

    Args:
        action: a name of the command line, such as ``admit``.
        member: the member concerned; for ``admit`` it stands in the description.
        description: content of ``member.json`` (admit) or ``adopt.json`` (adopt).
        admin: new admin address (replace-admin).
        from_seq: first anchor to disown (disown).

    Raises:
        ConfigError: something that the action needs was not given.
        FormatError: the description is not one.
    """
    wanted = _ACTIONS[action]
    if wanted is Action.ADMIT:
        return _admission(_given(description, "--file member.json"))
    target = _given(member, "--member")
    if wanted is Action.REPLACE_ADMIN:
        return Request(wanted, target, calls.payload(wanted, _given(admin, "--admin")))
    if wanted is Action.DISOWN:
        return Request(wanted, target, calls.payload(wanted, _given(from_seq, "--from-seq")))
    if wanted is Action.ADOPT:
        chain_id, registry, head, digest = adoption_arguments(_given(description, "--file adopt.json"), target)
        return Request(wanted, target, calls.payload(wanted, chain_id, registry, head, digest))
    return Request(wanted, target, b"")


def propose(node: Node, wanted: Request) -> int:
    """Propose; the contract counts it as this member's approval.

    Returns:
        The proposal's number.
    """
    receipt = _act(node, calls.propose(node.settings.member, wanted.action, wanted.target, wanted.payload))
    for event in node.registry.events_of(receipt):
        if isinstance(event, directory_events.Proposed):
            return event.id
    raise ChainError("the proposal's transaction has no Proposed event")


def approve(node: Node, number: int) -> bool:
    """Approve a proposal; False where this member's approval stands already."""
    if node.registry.has_approved(number, node.settings.member):
        return False
    _act(node, calls.approve(number, node.settings.member))
    return True


def withdraw(node: Node, number: int) -> None:
    """Take this member's approval back."""
    _act(node, calls.withdraw(number, node.settings.member))


def execute_if_carried(node: Node, number: int) -> bool:
    """Execute a proposal that has enough approvals.

    Returns:
        Whether it is executed now (also: was before).
    """
    view = node.registry.proposal(number)
    if view.executed:
        return True
    if 2 * view.approvals <= view.eligible:
        return False
    if view.action is Action.DISOWN:
        _act(node, _disown_call(node.directory(), number))
    else:
        _act(node, calls.execute(number))
    return True


def publish_keys(node: Node) -> list[bytes]:
    """Add the node's public keys to the directory; those that are there already stay as they are.

    Returns:
        Ids of the keys added, 32 bytes each.
    """
    known = node.directory().member(node.settings.member).keys
    added = []
    for name, purpose in PUBLISHED.items():
        public = node.keys.signer(name).public
        if key_id(public) not in known:
            _act(node, calls.add_key(node.settings.member, purpose, public))
            added.append(key_id(public))
    return added


def check_published(node: Node) -> None:
    """What is anchored under a key that is not in the directory yet would never verify, not even once it is.

    Raises:
        ConfigError: a key that entries or checkpoints are signed with is not there, or was revoked.
    """
    for name in (KeyName.CREDENTIAL, KeyName.CHECKPOINT):
        identifier = key_id(node.keys.signer(name).public)
        try:
            stands = node.registry.key(node.settings.member, identifier).revoked is None
        except ContractRevertedError:
            stands = False
        if not stands:
            raise ConfigError(f"公钥未登记或已停用 / key {name} is not in the directory: `tongban keys publish` first")


def rotate_key(node: Node, name: KeyName) -> int:
    """Make the next generation of a key, publish it, and use it from now on.

    The new key is in the directory before anything is signed with it. The old one stays valid until it is revoked, so
    that what is pending under it can still be anchored.

    Returns:
        The generation now in use.
    """
    before = node.keys.current(name)
    generation = node.keys.generate(name)
    node.keys.use(name, generation)
    try:
        publish_keys(node)
    except BaseException:
        node.keys.use(name, before)
        raise
    node.use_key(name, generation)
    return generation


def revoke_key(node: Node, prefix: str) -> bytes:
    """Revoke a key of this member; entries anchored before stay good.

    Args:
        node: the member's node.
        prefix: the key's id in hex, or the beginning of it.

    Raises:
        ConfigError: it is the key that this node signs with, or entries wait to be anchored.
    """
    chosen = _own_key(node, prefix)
    in_use = {key_id(node.keys.signer(name).public) for name in PUBLISHED}
    if chosen in in_use:
        raise ConfigError("this node signs with that key: `tongban keys rotate` first")
    state = node.state()
    if state.pending or state.anchored != state.entries:
        raise ConfigError("entries wait to be anchored under the old key: `tongban sync` first")
    _act(node, calls.revoke_key(node.settings.member, chosen))
    return chosen


def mark_compromised(node: Node, prefix: str, size: int) -> bytes:
    """Disbelieve what a stolen key signed from an index of the log on; the mark can only be lowered."""
    chosen = _own_key(node, prefix)
    _act(node, calls.compromised_from(node.settings.member, chosen, size))
    return chosen


def _act(node: Node, call: ContractCall) -> Receipt:
    return node.registry.transact(call, node.keys.account(KeyName.ADMIN))


def _own_key(node: Node, prefix: str) -> bytes:
    keys = node.directory().member(node.settings.member).keys
    found = [identifier for identifier in keys if identifier.hex().startswith(prefix)]
    if len(found) != 1:
        raise NotFoundError(f"{len(found)} keys of this member begin with {prefix}")
    return found[0]


def _disown_call(directory: Directory, number: int) -> ContractCall:
    proposal = _proposal(directory, number)
    (from_seq,) = calls.payload_arguments(Action.DISOWN, proposal.payload)
    member = directory.member(proposal.target)
    target = directory.anchor_by_seq(member.code, from_seq)
    parent = next((anchor for anchor in member.anchors.values() if anchor.digest == target.previous), None)
    return calls.execute_disown(number, target, parent)


def _proposal(directory: Directory, number: int) -> Proposal:
    if number not in directory.proposals:
        raise NotFoundError(f"there is no proposal {number}")
    return directory.proposals[number]


def _admission(description: bytes) -> Request:
    new = parse_description(description)
    payload = calls.payload(Action.ADMIT, new.admin, new.anchorer, new.log_id, new.endpoint)
    return Request(Action.ADMIT, new.member, payload)


def _given(value: Any, what: str) -> Any:
    if value is None:
        raise ConfigError(f"{what} is needed for this proposal")
    return value
