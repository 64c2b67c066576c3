"""Trust files made and co-signed by a node.

A node signs only what it reads from the chain itself: its own file, or another member's after comparing every field
with its own view of the chain at the same block.

What it leaves out: the format, and whom a verifier believes (``ledger.trust``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import trust
from ledger.chain.events import Block
from ledger.chain.wire import CLIENT
from ledger.errors import ChainUnavailableError, TrustError

if TYPE_CHECKING:
    from ledger.services.node import Node


def make(node: Node) -> bytes:
    """The trust file as of the newest final block, signed by this member.

    Raises:
        ChainUnavailableError: the chain cannot be read.
        TrustError: this member's checkpoint key is not in the directory.
    """
    return trust.sign(_view(node, node.registry.final_block()), [(node.settings.member, node.keys.checkpoint())])


def cosign(node: Node, data: bytes) -> bytes:
    """Add this member's signature to a trust file, if the chain says the same at the same block.

    Args:
        node: the co-signing member's node.
        data: the file as another member made it.

    Returns:
        The file with one more signature.

    Raises:
        TrustError: it is not what this node sees, or is badly signed.
        ChainUnavailableError: the chain cannot be read, or does not know the block.
    """
    given = trust.parse(data)
    block = node.registry.block(given.block.number)
    if block is None or block.number > node.registry.final_block().number:
        raise ChainUnavailableError(f"block {given.block.number} is not final here yet")
    seen = _view(node, block)
    if trust.to_text(given) != trust.to_text(seen):
        raise TrustError("the trust file does not say what this node reads from the chain", got=_first(given, seen))
    return trust.cosign(data, [(node.settings.member, node.keys.checkpoint())])


def _view(node: Node, block: Block) -> trust.TrustFile:
    """What this node would write in a trust file as of a block."""
    chain = node.settings.chain
    if chain is None:
        raise ChainUnavailableError("this node was not told its chain yet: `tongban init` with --chain or --join")
    embedded = node.registry.connection.request("web3_clientVersion") == CLIENT  # also when another process serves it
    info = trust.ChainInfo(chain.chain_id, chain.genesis, chain.registry.hex(), embedded)
    moment = trust.BlockInfo(block.number, block.hash, block.time)
    return trust.build(node.registry.directory(last=block), info, moment)


def _first(given: trust.TrustFile, seen: trust.TrustFile) -> str:
    """Which part differs, for the message."""
    for name in ("chain", "block"):
        if getattr(given, name) != getattr(seen, name):
            return f"another {name}"
    for theirs in given.members:
        if theirs != seen.member(theirs.member):
            return f"another account of member {theirs.member}"
    return "other members"
