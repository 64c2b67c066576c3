"""The command ``audit``: replay the chain and the log, compare the database, say what is wrong.

What it leaves out: what each step proves (``ledger.audit``, ``docs/audit.md``).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.context import LANGUAGE, JsonOption, output

PANEL = "证明与核验 / proofs"


def register(app: typer.Typer) -> None:
    """Add this file's command to the program."""
    app.command("audit", rich_help_panel=PANEL)(audit)


def audit(
    *,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", envvar="TONGBAN_DATA", help="节点目录 / a node's folder")
    ] = None,
    tiles: Annotated[Path | None, typer.Option("--tiles", metavar="DIR", help="瓦片目录 / a folder of tiles")] = None,
    chain: Annotated[
        str | None, typer.Option("--chain", metavar="URL", help="链的 JSON-RPC 地址 / the chain's JSON-RPC")
    ] = None,
    registry: Annotated[
        str | None, typer.Option("--registry", metavar="ADDRESS", help="登记合约地址 / its registry contract")
    ] = None,
    show_values: Annotated[bool, typer.Option("--show-values", help="写明内容 / print values")] = False,
    as_json: JsonOption = False,
) -> None:
    """审计 / audit the log.

    重放链与日志，核对数据库 / replay chain and log, compare the database.
    退出码：0 无误，1 有问题，2 未能完成 / exit 0 clean, 1 findings, 2 could not complete.
    """
    from ledger.audit.report import render_json, render_text
    from ledger.audit.request import AuditRequest, run

    out = output(as_json)
    if tiles is not None:
        data = None  # TONGBAN_DATA may be set for the other commands
    with out.progress("audit.progress") as update:
        report = run(
            AuditRequest(
                data=data,
                tiles=tiles,
                chain=chain,
                registry=registry,
                show_values=show_values,
                progress=update,
                env=os.environ,
            )
        )
    sys.stdout.write(render_json(report) if as_json else render_text(report, LANGUAGE.get()))
    raise typer.Exit(report.exit_code)
