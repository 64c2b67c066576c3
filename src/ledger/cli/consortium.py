"""Commands of the consortium: who is a member, votes, and keys in the directory.

What it leaves out: the rules of votes, which are the contract's; a refusal comes back as its named error.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.cli.context import ChainOption, DataOption, JsonOption, address, node, output, read_input
from ledger.cli.output import Out
from ledger.cli.texts import TEXTS
from ledger.directory import Directory, Key
from ledger.encoding import timestamp
from ledger.keystore import KeyName

PANEL = "节点与联盟 / node and consortium"


class ActionName(StrEnum):
    """What may be proposed, by the name it has on the command line."""

    ADMIT = "admit"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REPLACE_ADMIN = "replace-admin"
    DISOWN = "disown"
    ADOPT = "adopt"


class Published(StrEnum):
    """Keys that stand in the directory and can be rotated."""

    CREDENTIAL = "credential"
    EXCHANGE = "exchange"
    CHECKPOINT = "checkpoint"


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    commands: dict[str, Callable[..., None]] = {
        "members": members,
        "propose": propose,
        "approve": approve,
        "withdraw": withdraw,
    }
    for name, function in commands.items():
        app.command(name, rich_help_panel=PANEL)(function)
    group = typer.Typer(help="密钥 / keys of this node and of the directory.")
    on_keys: dict[str, Callable[..., None]] = {
        "list": list_keys,
        "publish": publish,
        "rotate": rotate,
        "revoke": revoke,
        "compromised": compromised,
    }
    for name, function in on_keys.items():
        group.command(name)(function)
    app.add_typer(group, name="keys", rich_help_panel=PANEL)


def members(data: DataOption, *, chain: ChainOption = None, as_json: JsonOption = False) -> None:
    """成员与表决 / members and votes."""
    out = output(as_json)
    with node(data, chain) as opened:
        directory = opened.directory()
    block = directory.at.block if directory.at else 0
    columns = ("column.member", "column.standing", "column.size", "column.seq", "column.epoch", "column.keys")
    rows = (
        (
            m.code,
            out.text(f"standing.{'active' if m.active else 'suspended'}"),
            m.head.size,
            m.last_seq,
            m.epoch,
            len(m.keys),
        )
        for m in directory.members.values()
    )
    out.rows("members.title", columns, rows, block=block)
    if directory.proposals:
        _print_proposals(out, directory)
    out.result(_directory_json(directory, block))


def propose(
    action: Annotated[ActionName, typer.Argument(help="事项 / what")],
    data: DataOption,
    *,
    member: Annotated[
        int | None, typer.Option("--member", metavar="CODE", help="对象成员 / the member concerned")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="接纳：member.json；承接：adopt.json / its description"),
    ] = None,
    admin: Annotated[str | None, typer.Option("--admin", metavar="ADDRESS", help="新管理地址 / the new admin")] = None,
    from_seq: Annotated[
        int | None, typer.Option("--from-seq", metavar="N", help="自第几次锚定起撤回 / first anchor to disown")
    ] = None,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """提议表决 / propose.

    本成员即赞成，够数则执行 / it counts as our approval, and is executed if that is enough.
    """
    from ledger.services import consortium  # the chain's packages are heavy

    out = output(as_json)
    given = read_input(file) if file else None
    new_admin = address(admin) if admin else None
    with node(data, chain) as opened:
        request = consortium.request(action.value, member, description=given, admin=new_admin, from_seq=from_seq)
        number = consortium.propose(opened, request)
        words = TEXTS[f"action.{action.name.lower()}"]
        out.say("propose.done", id=number, zh=words[0], action=action.value, target=request.target)
        executed = consortium.execute_if_carried(opened, number)
    _say_executed(out, number, executed=executed)


def approve(
    number: Annotated[int, typer.Argument(metavar="ID", help="表决编号 / number of the proposal")],
    data: DataOption,
    *,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """赞成表决 / approve a proposal.

    够数则执行 / it is executed if that is enough.
    """
    from ledger.services import consortium  # the chain's packages are heavy

    out = output(as_json)
    with node(data, chain) as opened:
        if consortium.approve(opened, number):
            out.say("approve.done", id=number)
        executed = consortium.execute_if_carried(opened, number)
    _say_executed(out, number, executed=executed)


def withdraw(
    number: Annotated[int, typer.Argument(metavar="ID", help="表决编号 / number of the proposal")],
    data: DataOption,
    *,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """撤回赞成 / take our approval back."""
    from ledger.services import consortium  # the chain's packages are heavy

    out = output(as_json)
    with node(data, chain) as opened:
        consortium.withdraw(opened, number)
    out.say("withdraw.done", id=number)
    out.result({"proposal": number, "withdrawn": True})


def list_keys(data: DataOption, *, chain: ChainOption = None, as_json: JsonOption = False) -> None:
    """目录中的密钥 / our keys in the directory."""
    out = output(as_json)
    with node(data, chain) as opened:
        code = opened.settings.member
        keys = sorted(opened.directory().member(code).keys.values(), key=lambda key: key.added)
    columns = ("column.id", "column.purpose", "column.added", "column.standing")
    rows = ((k.id.hex(), out.text(f"purpose.{k.purpose.name.lower()}"), k.added, _key_standing(out, k)) for k in keys)
    out.rows("keys.title", columns, rows, member=code)
    out.result({"member": code, "keys": [_key_json(key) for key in keys]})


def publish(data: DataOption, *, chain: ChainOption = None, as_json: JsonOption = False) -> None:
    """登记本节点公钥 / publish this node's keys.

    已在目录中的不动 / what is there already stays.
    """
    from ledger.services import consortium  # the chain's packages are heavy

    out = output(as_json)
    with node(data, chain) as opened:
        added = consortium.publish_keys(opened)
    out.say("keys.published", count=len(added))
    out.result({"added": [key.hex() for key in added]})


def rotate(
    purpose: Annotated[Published, typer.Argument(help="用途 / which key")],
    data: DataOption,
    *,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """换用新密钥 / make, publish and use a new key.

    旧密钥另行停用 / revoke the old one later.
    """
    from ledger.services import consortium  # the chain's packages are heavy

    out = output(as_json)
    name = KeyName(purpose.value)
    with node(data, chain) as opened:
        generation = consortium.rotate_key(opened, name)
    out.say("keys.rotated", purpose=purpose.value, generation=generation)
    out.result({"purpose": purpose.value, "generation": generation})


def revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="KEYID", help="密钥编号（可只写开头） / its id, or the beginning of it")
    ],
    data: DataOption,
    *,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """停用密钥 / revoke a key.

    此前已上链的仍有效；先 `sync` / what was anchored before stays good; run `sync` first.
    """
    from ledger.services import consortium  # the chain's packages are heavy

    out = output(as_json)
    with node(data, chain) as opened:
        revoked = consortium.revoke_key(opened, key_id)
    out.say("keys.revoked", id=revoked.hex()[:16])
    out.result({"revoked": revoked.hex()})


def compromised(
    key_id: Annotated[
        str, typer.Argument(metavar="KEYID", help="密钥编号（可只写开头） / its id, or the beginning of it")
    ],
    data: DataOption,
    from_size: Annotated[
        int, typer.Option("--from", metavar="SIZE", min=0, help="自此条目起不予采信 / first entry that is disbelieved")
    ],
    *,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """密钥失窃：设停信界限 / a key was stolen.

    自某条起不予采信，界限只能前移 / disbelieve entries from an index on; it can only be lowered.
    """
    from ledger.services import consortium  # the chain's packages are heavy

    out = output(as_json)
    with node(data, chain) as opened:
        marked = consortium.mark_compromised(opened, key_id, from_size)
    out.say("keys.compromised", id=marked.hex()[:16], size=from_size)
    out.result({"key": marked.hex(), "compromised_from": from_size})


def _say_executed(out: Out, number: int, *, executed: bool) -> None:
    out.say("executed.done" if executed else "executed.short", id=number)
    out.result({"proposal": number, "executed": executed})


def _print_proposals(out: Out, directory: Directory) -> None:
    columns = ("column.id", "column.action", "column.target", "column.votes", "column.expires", "column.standing")
    rows = (
        (
            p.id,
            out.text(f"action.{p.action.name.lower()}"),
            p.target,
            ", ".join(map(str, sorted(p.approvals))),
            timestamp(p.expires_at),
            out.text(f"standing.{'executed' if p.executed else 'open'}"),
        )
        for p in directory.proposals.values()
    )
    out.rows("proposals.title", columns, rows)


def _key_standing(out: Out, key: Key) -> str:
    parts = [] if key.revoked is None else [out.text("standing.revoked", block=key.revoked)]
    if key.compromised_from is not None:
        parts.append(out.text("standing.compromised", size=key.compromised_from))
    return " · ".join(parts) or out.text("standing.in_force")


def _key_json(key: Key) -> dict[str, Any]:
    return {
        "id": key.id.hex(),
        "purpose": key.purpose.name.lower(),
        "public": key.public.hex(),
        "added": key.added,
        "revoked": key.revoked,
        "from_size": key.from_size,
        "until_size": key.until_size,
        "compromised_from": key.compromised_from,
    }


def _directory_json(directory: Directory, block: int) -> dict[str, Any]:
    return {
        "block": block,
        "members": [
            {
                "member": m.code,
                "log": m.log.hex(),
                "active": m.active,
                "admin": m.admin.hex(),
                "anchorer": m.anchorer.hex(),
                "endpoint": m.endpoint,
                "epoch": m.epoch,
                "seq": m.head.seq,
                "size": m.head.size,
                "keys": [_key_json(key) for key in m.keys.values()],
            }
            for m in directory.members.values()
        ],
        "proposals": [
            {
                "id": p.id,
                "action": p.action.name.lower(),
                "target": p.target,
                "proposer": p.proposer,
                "approvals": sorted(p.approvals),
                "expires_at": timestamp(p.expires_at),
                "executed": p.executed is not None,
            }
            for p in directory.proposals.values()
        ],
    }
