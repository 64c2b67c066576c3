"""Commands that look at licences in this node: show, history, search.

What it leaves out: proving any of it to others (``cli.proofs``).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ledger.cli import face
from ledger.cli.context import DataOption, JsonOption, TypeOption, UsccArgument, node, output
from ledger.cli.output import Out, plain
from ledger.encoding import timestamp
from ledger.license.status import Event, Status
from ledger.license.words import EVENT_WORDS
from ledger.services.model import LICENSE_TYPE, HistoryLine, Issued, Shown

PANEL = "证照 / licences"


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    for function in (show, history, search):
        app.command(function.__name__, rich_help_panel=PANEL)(function)


def show(uscc: UsccArgument, data: DataOption, *, license_type: TypeOption = None, as_json: JsonOption = False) -> None:
    """查看证照 / show one licence."""
    out = output(as_json)
    with node(data) as opened:
        shown = opened.show(uscc, license_type or LICENSE_TYPE)
    out.rows("show.title", ("column.field", "column.value"), _face(out, shown), uscc=shown.uscc)
    out.result(shown_json(shown) | {"record": shown.record})


def history(
    uscc: UsccArgument, data: DataOption, *, license_type: TypeOption = None, as_json: JsonOption = False
) -> None:
    """证照经过 / what happened to it."""
    out = output(as_json)
    with node(data) as opened:
        lines = opened.history(uscc, license_type or LICENSE_TYPE)
    rows = (
        (
            line.n,
            event_text(out, line.event),
            line.version,
            status_text(out, line.status, line),
            line.effective,
            _stand(out, line),
        )
        for line in lines
    )
    columns = ("column.n", "column.event", "column.version", "column.status", "column.effective", "column.chain")
    out.rows("history.title", columns, rows, uscc=uscc)
    out.result({"uscc": uscc, "history": [_line_json(line) for line in lines]})


def search(
    query: Annotated[str, typer.Argument(metavar="TEXT", help="代码或名称开头 / beginning of a code or a name")],
    data: DataOption,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    as_json: JsonOption = False,
) -> None:
    """查找证照 / find by code or name."""
    out = output(as_json)
    with node(data) as opened:
        found = opened.search(query, limit=limit)
    rows = (
        (shown.uscc, plain(shown.name or "—"), shown.version, status_text(out, shown.status, shown)) for shown in found
    )
    out.rows("search.title", ("column.uscc", "column.name", "column.version", "column.status"), rows)
    out.result({"found": [shown_json(shown) for shown in found]})


def status_text(out: Out, status: Status, holder: Issued | Shown | HistoryLine) -> str:
    """A status on one line: subject, version where it is not in force, flags, end of a suspension."""
    parts = [out.text(f"subject.{status.subject.value}")]
    if status.version.value != "current":
        parts.append(out.text(f"version.{status.version.value}"))
    parts += [out.text(f"flag.{item.value}") for item in sorted(status.flags)]
    if holder.until is not None:
        parts.append(out.text("status.until", until=holder.until))
    return " · ".join(parts)


def event_text(out: Out, event: Event) -> str:
    """What happened, in words; its code, which stands in the log, where there is English."""
    return {"zh": EVENT_WORDS[event].zh, "en": event.value}.get(out.lang, f"{EVENT_WORDS[event].zh}  [dim]{event}[/]")


def shown_json(shown: Shown) -> dict[str, Any]:
    """The JSON form of a licence without its particulars."""
    return {
        "license_type": shown.license_type,
        "uscc": shown.uscc,
        "subject": shown.subject.hex(),
        "name": shown.name,
        "version": shown.version,
        "identifier": shown.identifier,
        "status": shown.status.to_json(),
        "until": shown.until.isoformat() if shown.until else None,
        "entries": shown.entries,
        "index": shown.index,
        "anchored": shown.anchored,
    }


def _face(out: Out, shown: Shown) -> list[tuple[str, str]]:
    rows = [
        (out.text("face.status"), status_text(out, shown.status, shown)),
        (out.text("face.version"), f"{shown.version}  {shown.identifier}"),
        (out.text("face.chain"), out.text("chain.anchored" if shown.anchored else "chain.pending")),
    ]
    if shown.record is None:
        return [*rows, (out.text("face.record"), out.text("face.erased"))]
    return rows + face.rows(out, shown.record)


def _stand(out: Out, line: HistoryLine) -> str:
    if line.index is None:
        return out.text("chain.pending")
    return f"#{line.index} " + out.text("chain.anchored" if line.anchored else "chain.pending")


def _line_json(line: HistoryLine) -> dict[str, Any]:
    return {
        "n": line.n,
        "event": line.event.value,
        "version": line.version,
        "status": line.status.to_json(),
        "until": line.until.isoformat() if line.until else None,
        "effective": line.effective.isoformat(),
        "recorded": timestamp(line.recorded),
        "index": line.index,
        "anchored": line.anchored,
        "leaf": line.leaf.hex(),
        "facts": dict(line.facts) if line.facts is not None else None,
    }
