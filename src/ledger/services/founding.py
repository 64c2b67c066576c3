"""Founding: how a node gets its chain and registry, and what it tells the others of itself.

Three beginnings: a registry of its own on a new embedded chain, the embedded chain of another node, or an outside
chain whose registry stands already. In each, chain id, genesis and registry are pinned in the node's folder, and the
deployed code is compared with the artifact first.

What it leaves out: being admitted and publishing keys (``services.consortium``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.chain import registry as chain_registry
from ledger.chain.provider import Connection, connect
from ledger.config import ChainSettings, Settings
from ledger.errors import ConfigError
from ledger.keystore import KeyName
from ledger.services import consortium
from ledger.services.description import founder

if TYPE_CHECKING:
    from ledger.services.node import Node


def found_embedded(node: Node, path: Path, endpoint: str) -> None:
    """Make an embedded chain, deploy a registry with this member as its only founder, publish its keys.

    Args:
        node: a node without a chain.
        path: file of the new chain.
        endpoint: public address of the node, may be empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with connect(embedded=path) as connection:
        account = node.keys.account(KeyName.ADMIN)
        deployed, receipt = chain_registry.deploy(connection, [founder(node, endpoint)], account)
        pinned = _pinned(connection, deployed.address, receipt.block, embedded=path)
    node.attach(pinned)
    consortium.publish_keys(node)


def attach_embedded(node: Node, other: Settings) -> None:
    """Use the embedded chain and registry of another node's folder.

    Raises:
        ConfigError: that node has none.
    """
    if other.chain is None or other.chain.embedded is None:
        raise ConfigError(f"{other.data} has no embedded chain to join")
    path = other.chain.embedded
    with connect(embedded=path) as connection:
        pinned = _pinned(connection, other.chain.registry, other.chain.first_block, embedded=path)
    if (pinned.chain_id, pinned.genesis) != (other.chain.chain_id, other.chain.genesis):
        raise ConfigError(f"{path} is not the chain that {other.data} pinned")
    node.attach(pinned)


def attach_outside(node: Node, url: str, registry: bytes) -> None:
    """Pin an outside chain and the registry that stands on it.

    Raises:
        WrongChainError: at that address stands another contract, or none.
    """
    with connect(url=url) as connection:
        pinned = _pinned(connection, registry, 0, url=url)
    node.attach(pinned)


def _pinned(
    connection: Connection, registry: bytes, first_block: int, *, embedded: Path | None = None, url: str | None = None
) -> ChainSettings:
    """The chain as it is, once the registry's code was compared with ours."""
    chain_id, genesis = chain_registry.identity(connection)
    chain_registry.Registry(connection, registry, chain_id=chain_id, genesis=genesis).check()
    return ChainSettings(embedded, url, registry, chain_id, genesis, first_block)
