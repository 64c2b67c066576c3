"""Commands on the chain: serve the embedded one to other processes, look at it, deploy a registry.

What it leaves out: calls of the registry (``cli.consortium``, ``cli.anchoring``).
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from ledger import config
from ledger.cli.context import DataOption, JsonOption, environment, node, output, passphrase, read_input
from ledger.encoding import timestamp
from ledger.errors import ConfigError

PANEL = "节点与联盟 / node and consortium"


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    group = typer.Typer(help="链 / the chain.")
    for function in (serve, info, deploy):
        group.command(function.__name__)(function)
    app.add_typer(group, name="chain", rich_help_panel=PANEL)


def serve(
    data: DataOption,
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="端口，0 为任选 / port, 0 takes any")] = 0,
    as_json: JsonOption = False,
) -> None:
    """提供演示链 / serve the embedded chain.

    JSON-RPC，仅限本机，至停止为止 / as JSON-RPC on 127.0.0.1 until stopped.
    """
    from ledger.chain.embedded import EmbeddedChain
    from ledger.chain.server import ChainServer

    out = output(as_json)
    chain = config.load(data, environment()).chain
    if chain is None or chain.embedded is None:
        raise ConfigError(f"{data} has no embedded chain to serve")
    with EmbeddedChain(chain.embedded) as opened, ChainServer(opened, port=port) as server:
        out.say("chain.serving", path=chain.embedded, url=server.url, chain_id=chain.chain_id)
        out.result({"url": server.url, "chain_id": chain.chain_id, "registry": chain.registry.hex()})
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # leaves through the with: the chain is closed whole
        server.wait()


def info(data: DataOption, *, as_json: JsonOption = False) -> None:
    """链的概况 / which chain and registry.

    与链核对 / compared with the chain first.
    """
    out = output(as_json)
    with node(data) as opened:
        settings = opened.settings.chain
        if settings is None:
            raise ConfigError("this node was not told its chain yet: `tongban init` with --chain or --join")
        opened.registry.check()
        block = opened.registry.final_block()
    where = str(settings.embedded or settings.url)
    obj = {
        "where": where,
        "embedded": settings.embedded is not None,
        "chain_id": str(settings.chain_id),
        "genesis": settings.genesis.hex(),
        "registry": settings.registry.hex(),
        "block": block.number,
        "time": timestamp(block.time),
    }
    kind = out.text("chain.embedded" if settings.embedded else "chain.outside")
    rows = [
        (out.text("chain.kind"), kind) if name == "embedded" else (out.text(f"chain.{name}"), value)
        for name, value in obj.items()
    ]
    out.rows("chain.title", ("column.field", "column.value"), rows)
    out.result(obj)


def deploy(
    founders: Annotated[list[Path], typer.Argument(metavar="MEMBER.JSON …", help="发起成员 / the founding members")],
    *,
    chain: Annotated[str, typer.Option("--chain", metavar="URL", help="外部链 / an outside chain's JSON-RPC")],
    payer: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="由该节点的管理密钥付费 / this node's admin key pays")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """部署登记合约 / deploy a registry.

    在外部链上；付费者此后无任何权限 / on an outside chain; whoever pays has no rights afterwards.
    """
    from ledger.chain.provider import connect
    from ledger.chain.registry import deploy as deploy_registry
    from ledger.keystore import KeyName, Keystore
    from ledger.services.description import parse_description

    out = output(as_json)
    if payer is None:
        raise ConfigError("--data names the node whose admin key pays for the deployment")
    settings = config.load(payer, environment())
    account = Keystore(settings.keys_folder, settings.keys, passphrase, environment()).account(KeyName.ADMIN)
    members = [parse_description(read_input(path)) for path in founders]
    with connect(url=chain) as connection:
        registry, receipt = deploy_registry(connection, members, account)
    out.say("chain.deployed", registry=registry.address.hex(), chain_id=registry.chain_id)
    out.result(
        {
            "registry": registry.address.hex(),
            "chain_id": str(registry.chain_id),
            "genesis": registry.genesis.hex(),
            "block": receipt.block,
            "gas": receipt.gas_used,
        }
    )
