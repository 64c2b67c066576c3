"""The command ``sync``: put what was issued into the log, anchor it, wait until it is final; and ``status``.

What it leaves out: how that is made safe under faults (``services.sequencing``, ``services.anchoring``).
"""

from __future__ import annotations

from dataclasses import asdict

import typer

from ledger.cli.context import ChainOption, DataOption, JsonOption, node, output
from ledger.encoding import timestamp

PANEL = "账本与上链 / log and chain"


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    app.command("sync", rich_help_panel=PANEL)(sync)
    app.command("status", rich_help_panel=PANEL)(status)


def sync(data: DataOption, *, chain: ChainOption = None, as_json: JsonOption = False) -> None:
    """入日志并上链 / log and anchor.

    等待终局确认 / sequence what is pending, anchor it, wait until it is final.
    """
    out = output(as_json)
    with node(data, chain) as opened:
        before = opened.state()
        anchored = opened.sync()
        after = opened.state()
    out.say("sync.logged", entries=after.entries - before.entries, size=after.entries)
    if anchored is None:
        out.say("sync.nothing")
        out.result({"entries": after.entries, "anchor": None})
        return
    out.say("sync.anchored", seq=anchored.seq, size=anchored.size, block=anchored.block)
    if not out.as_json:
        out.console.print(f"  log {anchored.log_root.hex()}\n  state {anchored.state_root.hex()}")
    out.result(
        {
            "entries": after.entries,
            "anchor": {
                "member": anchored.member,
                "epoch": anchored.epoch,
                "seq": anchored.seq,
                "size": anchored.size,
                "log_root": anchored.log_root.hex(),
                "state_root": anchored.state_root.hex(),
                "digest": anchored.digest.hex(),
                "transaction": anchored.transaction.hex(),
                "block": anchored.block,
                "time": timestamp(anchored.block_time),
                "final": anchored.final,
            },
        }
    )


def status(data: DataOption, *, as_json: JsonOption = False) -> None:
    """节点概况 / how far this node is."""
    out = output(as_json)
    with node(data) as opened:
        state = opened.state()
        settings = opened.settings
    rows = [(out.text(f"state.{name}"), value if value is not None else "—") for name, value in asdict(state).items()]
    out.rows("state.title", ("column.field", "column.value"), rows, member=settings.member, log=settings.log.hex())
    out.result({"member": settings.member, "log": settings.log.hex(), **asdict(state)})
