"""The command ``audit``: replay the chain and the log, compare the database, say what is wrong.

What it leaves out: what each step proves (``ledger.audit``, ``docs/audit.md``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.context import JsonOption, output

PANEL = "证明与核验 / proofs"


def register(app: typer.Typer) -> None:
    """Add this file's command to the program."""
    app.command("audit", rich_help_panel=PANEL)(audit)


def audit(
    *,
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR")] = None,
    as_json: JsonOption = False,
) -> None:
    """审计 / audit."""
    output(as_json)
