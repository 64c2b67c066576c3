#!/usr/bin/env python3
"""Audit a log without the command line program: the same as ``tongban audit``, with nothing but argparse around it.

    scripts/audit.py --data DIR                                    a node's folder, with the chain it names
    scripts/audit.py --tiles DIR --chain URL --registry ADDRESS    a folder of C2SP tiles, against a chain
    scripts/audit.py --tiles DIR                                   tiles alone: steps 4 and 6

Exit codes: 0 clean, 1 findings, 2 could not complete. What each step proves: ``docs/audit.md``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))  # runs from a checkout, installed or not

from ledger.audit import AuditRequest, render_json, render_text, run

BAR = 40
"""Width of the progress bar, in characters."""


def parser() -> argparse.ArgumentParser:
    """The program's arguments."""
    made = argparse.ArgumentParser(description="审计通办链日志 / audit a Tongban Ledger log")
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", type=Path, metavar="DIR", help="节点目录 / a node's folder")
    what.add_argument("--tiles", type=Path, metavar="DIR", help="瓦片目录 / a folder of C2SP tiles")
    made.add_argument("--chain", metavar="URL", help="链的 JSON-RPC 地址 / the chain's JSON-RPC endpoint")
    made.add_argument("--registry", metavar="ADDRESS", help="登记合约地址 / address of the registry contract")
    made.add_argument("--show-values", action="store_true", help="写明字段内容 / print fields' values; may be personal")
    made.add_argument("--lang", choices=("both", "zh", "en"), default="both", help="语言 / language of the report")
    made.add_argument("--json", action="store_true", help="输出 JSON / print the report as JSON")
    return made


def bar(done: int, total: int) -> None:
    """Draw progress on standard error, in place."""
    part = BAR if not total else BAR * done // total
    end = "\n" if done == total else ""
    sys.stderr.write(f"\r[{'#' * part}{'.' * (BAR - part)}] {done}/{total}{end}")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run the audit and print its report; returns the exit code."""
    given = parser().parse_args(arguments)
    report = run(
        AuditRequest(
            data=given.data,
            tiles=given.tiles,
            chain=given.chain,
            registry=given.registry,
            show_values=given.show_values,
            progress=bar if sys.stderr.isatty() else None,
        )
    )
    sys.stdout.write(render_json(report) if given.json else render_text(report, given.lang))
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
