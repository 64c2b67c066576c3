"""The command ``init``: make a node, and tell it its chain.

Three ways to begin::

    tongban init --data A --member 500000                          a node with an embedded chain and registry of its own
    tongban init --data B --member 510000 --join A                 a second node on the embedded chain of the first
    tongban init --data C --member 330000 --chain URL --registry ADDRESS    a node on an outside chain

A node that was made before its registry exists is given the chain by running ``init`` again with the same folder.

What it leaves out: admission (``propose admit``), and publishing keys once admitted (``keys publish``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger import canonical, config
from ledger.cli.context import DataOption, JsonOption, address, environment, output, passphrase
from ledger.cli.output import Out
from ledger.errors import ConfigError
from ledger.license import divisions, uscc

if TYPE_CHECKING:
    from ledger.services.node import Node

PANEL = "节点与联盟 / node and consortium"
CHAIN_FILE = "chain.sqlite"
MEMBER_FILE = "member.json"


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    app.command("init", rich_help_panel=PANEL)(init)


def init(
    data: DataOption,
    member: Annotated[
        int, typer.Option("--member", metavar="CODE", help="省级行政区划代码，如 500000 / province code")
    ],
    *,
    authority: Annotated[
        str | None, typer.Option("--authority", metavar="USCC", help="登记机关代码 / credit code of the issuing organ")
    ] = None,
    authority_name: Annotated[
        str | None, typer.Option("--authority-name", metavar="TEXT", help="登记机关名称 / its name")
    ] = None,
    division: Annotated[
        str | None, typer.Option("--division", metavar="CODE", help="登记机关所在区划 / division it acts in")
    ] = None,
    join: Annotated[
        Path | None,
        typer.Option("--join", metavar="DIR", help="加入该节点的演示链 / join the embedded chain of that node"),
    ] = None,
    chain: Annotated[
        str | None, typer.Option("--chain", metavar="URL", help="外部链 / an outside chain's JSON-RPC")
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option("--registry", metavar="ADDRESS", help="登记合约地址 / address of its registry contract"),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="公开地址 / public address of this node")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """建立节点 / make a node.

    密钥、日志、数据库，并指定其链 / keys, log, database; and tell it its chain.
    """
    from ledger.services import description

    out = output(as_json)
    _check_ways(join, chain, registry)
    with _opened(data, member, (authority, authority_name, division)) as node:
        public = _known_endpoint(data) if endpoint is None else endpoint
        _give_chain(node, join, chain, registry, public)
        described = description.describe(node, public)
        config.write_atomically(data / MEMBER_FILE, canonical.dumps(described))
        _report(out, node.settings, described)


def _opened(data: Path, member: int, organ: tuple[str | None, str | None, str | None]) -> Node:
    """The node in a folder; made if there is none."""
    from ledger.services.node import Node

    env = environment()
    if not (data / config.NODE_FILE).exists():
        _check_member(member)
        return Node.create(data, member=member, issuer=_issuer(member, *organ), passphrase=passphrase, env=env)
    settings = config.load(data, env)
    if settings.member != member:
        raise ConfigError(f"{data} 是成员 {settings.member} 的节点 / is the node of member {settings.member}")
    return Node.open(settings, passphrase, env=env)


def _give_chain(node: Node, join: Path | None, chain: str | None, registry: str | None, endpoint: str) -> None:
    """Tell a node its chain, in whichever of the three ways; nothing where it knows it, or is to learn it later."""
    from ledger.services import consortium, founding

    own = node.settings.data / "chain" / CHAIN_FILE
    known = node.settings.chain
    if chain and registry:
        founding.attach_outside(node, chain, address(registry))  # refuses another chain than the one it knows
    elif join is not None:
        founding.attach_embedded(node, config.load(join, environment()))
    elif known is not None and known.embedded == own.resolve():
        consortium.publish_keys(node)  # founding may have ended just before
    elif known is None and chain is None:
        founding.found_embedded(node, own, endpoint)


def _known_endpoint(data: Path) -> str:
    """The public address that an earlier run wrote down."""
    from ledger.services.description import parse_description

    path = data / MEMBER_FILE
    return parse_description(path.read_bytes()).endpoint if path.exists() else ""


def _report(out: Out, settings: config.Settings, description: dict[str, object]) -> None:
    out.say("init.done", member=settings.member, data=settings.data)
    out.say("init.log", log=settings.log.hex())
    out.say("init.passphrase", path=settings.keys_folder)
    if settings.chain is not None:
        if settings.chain.embedded is not None:
            out.say("init.embedded", path=settings.chain.embedded, chain_id=settings.chain.chain_id)
        out.say("init.registry", registry=settings.chain.registry.hex())
    out.say("init.founder", path=settings.data / MEMBER_FILE)
    out.result({"data": str(settings.data), "node": settings.to_json(), "description": description})


def _check_ways(join: Path | None, chain: str | None, registry: str | None) -> None:
    if join is not None and chain is not None:
        raise ConfigError("--join and --chain exclude one another")
    if registry is not None and chain is None:
        raise ConfigError("--registry needs --chain")


def _check_member(member: int) -> None:
    province = divisions.lookup(str(member))
    if province is None or not province.is_province:
        raise ConfigError(f"--member: {member} 不是省级区划代码 / is not a province's code, such as 500000")


def _issuer(member: int, code: str | None, name: str | None, division: str | None) -> config.IssuerDefaults:
    """The issuing organ; where none is named, a sample one that is plainly marked as such."""
    place = division or f"{member:06d}"
    place_name = divisions.name_of(place) or place
    if code is None:
        return config.IssuerDefaults(_sample_organ(place), f"{place_name}样例登记机关", place, place_name)
    return config.IssuerDefaults(uscc.validate_organ(code).code, name or place_name, place, place_name)


def _sample_organ(place: str) -> str:
    """A credit code for a made-up organ (department 1, category 1): both check characters right, no real organ's."""
    serial = "EXAMP1E0"
    body = "11" + place + serial + uscc.organisation_check(serial)
    return body + uscc.check_character(body)
