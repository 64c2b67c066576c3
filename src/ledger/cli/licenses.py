"""Commands that enter something: issue, every later event, erase, import.

What it leaves out: which event is legal when (``license.lifecycle`` refuses), anchoring (``cli.anchoring``),
and looking at what is there (``cli.lookup``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from ledger.cli.context import (
    DataOption,
    JsonOption,
    KeyOption,
    TypeOption,
    UsccArgument,
    date_option,
    node,
    output,
    read_input,
)
from ledger.cli.lookup import status_text
from ledger.cli.output import Out
from ledger.encoding import timestamp
from ledger.errors import ConfigError
from ledger.license.status import Event, Flag
from ledger.license.words import EVENT_WORDS
from ledger.services.model import LICENSE_TYPE, Issued, Operation

EffectiveOption = Annotated[
    str | None, typer.Option("--effective", metavar="DATE", help="生效日期，默认今天 / legal date, today by default")
]
DecisionOption = Annotated[
    str | None,
    typer.Option("--decision", metavar="NO", help="决定文书号（不上链，只作承诺） / decision number, off the chain"),
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="事由（不上链，仅加盐承诺） / reason, kept off the chain")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="更改一项；列表写 JSON / new value; JSON for lists"),
]
UnsetOption = Annotated[list[str] | None, typer.Option("--unset", metavar="FIELD", help="删去一项 / remove a field")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="JSON 文件，- 为标准输入 / JSON file, - for stdin")]
FlagArgument = Annotated[Flag, typer.Argument(help="公示标记 / the public remark")]


PANEL = "证照 / licences"

_PLAIN = {
    "reissue": (Event.REISSUE, "补领、换发 / the same licence anew."),
    "void": (Event.VOID, "声明作废 / declare the document void."),
    "resume": (Event.RESUME, "恢复营业 / end a suspension early."),
    "revoke": (Event.REVOKE, "吊销 / revoke by decision."),
    "annul": (Event.ANNUL, "撤销登记 / annul the registration."),
    "reverse": (Event.ANNUL_REVERSE, "恢复被撤销的 / take an annulment back."),
    "liquidate": (Event.LIQUIDATE, "进入清算 / liquidation begins."),
    "restore": (Event.RESTORE, "恢复被注销的 / undo a deregistration."),
    "file": (Event.FILE, "备案 / a filing; the licence stays."),
}
_UNTIL = {
    "suspend": (
        Event.SUSPEND,
        "歇业（证照有效） / suspend; stays valid.",
    ),
    "extend": (
        Event.EXTEND_SUSPEND,
        "延长歇业 / extend a suspension.",
    ),
}
_FLAG = {
    "flag": (Event.FLAG_ON, "加公示标记 / put a public remark on."),
    "unflag": (Event.FLAG_OFF, "移除公示标记 / take a public remark off."),
}


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    commands: dict[str, Callable[..., None]] = {"issue": issue, "import": import_file, "change": change}
    commands["correct"] = correct
    for table, build in ((_UNTIL, until_command), (_PLAIN, plain_command), (_FLAG, flag_command)):
        commands |= {name: build(event, help_text) for name, (event, help_text) in table.items()}
    commands |= {"deregister": deregister, "erase": erase}
    for name, function in commands.items():
        app.command(name, rich_help_panel=PANEL)(function)


def issue(
    file: FileArgument,
    data: DataOption,
    *,
    legacy: Annotated[bool, typer.Option("--legacy", help="存量证照导入 / issued before the ledger")] = False,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """设立签发 / issue a licence.

    由 JSON 草稿签发一张新证照 / from a draft in JSON.
    """
    out = output(as_json)
    draft = _json_object(read_input(file))
    with node(data) as opened:
        issued = opened.issuer.issue(draft, legacy=legacy, idempotency_key=key)
    _report(out, issued)


def change(
    uscc: UsccArgument,
    data: DataOption,
    *,
    set_: SetOption = None,
    unset: UnsetOption = None,
    effective: EffectiveOption = None,
    decision: DecisionOption = None,
    reason: ReasonOption = None,
    license_type: TypeOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """变更换发 / change what stands on it.

    新版取代旧版 / a new version supersedes the old one.
    """
    operation = _operation(Event.CHANGE, uscc, license_type, effective, decision, reason, changes=_changes(set_, unset))
    _apply(data, operation, key, as_json)


def correct(
    uscc: UsccArgument,
    data: DataOption,
    *,
    set_: SetOption = None,
    unset: UnsetOption = None,
    partial: Annotated[
        bool, typer.Option("--annul-partial", help="部分撤销不实事项 / annul false items only (细则 art. 57)")
    ] = False,
    effective: EffectiveOption = None,
    decision: DecisionOption = None,
    reason: ReasonOption = None,
    license_type: TypeOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """勘误、部分撤销 / put an error right.

    勘误，或撤销不实事项；产生新版 / or annul false items; a new version is made.
    """
    event = Event.ANNUL_PARTIAL if partial else Event.CORRECT
    operation = _operation(event, uscc, license_type, effective, decision, reason, changes=_changes(set_, unset))
    _apply(data, operation, key, as_json)


def deregister(
    uscc: UsccArgument,
    data: DataOption,
    *,
    simple: Annotated[bool, typer.Option("--simple", help="简易注销 / by the simple procedure (条例 art. 33)")] = False,
    published: Annotated[
        str | None, typer.Option("--published", metavar="DATE", help="简易注销公示之日 / day it was published")
    ] = None,
    ordered_closed: Annotated[bool, typer.Option("--ordered-closed", help="被责令关闭 / was ordered to close")] = False,
    branches: Annotated[
        bool, typer.Option("--live-branches", help="仍有未注销的分支机构 / branches are still registered")
    ] = False,
    effective: EffectiveOption = None,
    decision: DecisionOption = None,
    reason: ReasonOption = None,
    license_type: TypeOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """注销（终局） / deregister; final."""
    guards = {
        "simple": simple,
        "has_live_branch": branches,
        "ordered_closed": ordered_closed,
        "published": date_option(published),
    }
    operation = _operation(Event.DEREGISTER, uscc, license_type, effective, decision, reason, guards=guards)
    _apply(data, operation, key, as_json)


def plain_command(event: Event, help_text: str) -> Callable[..., None]:
    """A command that enters an event which needs nothing but its date and grounds."""

    def command(
        uscc: UsccArgument,
        data: DataOption,
        *,
        effective: EffectiveOption = None,
        decision: DecisionOption = None,
        reason: ReasonOption = None,
        license_type: TypeOption = None,
        key: KeyOption = None,
        as_json: JsonOption = False,
    ) -> None:
        _apply(data, _operation(event, uscc, license_type, effective, decision, reason), key, as_json)

    command.__doc__ = help_text
    return command


def until_command(event: Event, help_text: str) -> Callable[..., None]:
    """A command that enters an event with a last day."""

    def command(
        uscc: UsccArgument,
        data: DataOption,
        until: Annotated[str, typer.Option("--until", metavar="DATE", help="最后一日 / last day of the suspension")],
        *,
        effective: EffectiveOption = None,
        reason: ReasonOption = None,
        license_type: TypeOption = None,
        key: KeyOption = None,
        as_json: JsonOption = False,
    ) -> None:
        last = date_option(until)
        _apply(data, _operation(event, uscc, license_type, effective, None, reason, until=last), key, as_json)

    command.__doc__ = help_text
    return command


def flag_command(event: Event, help_text: str) -> Callable[..., None]:
    """A command that puts a public remark on a subject or takes it off."""

    def command(
        uscc: UsccArgument,
        name: FlagArgument,
        data: DataOption,
        *,
        effective: EffectiveOption = None,
        decision: DecisionOption = None,
        reason: ReasonOption = None,
        license_type: TypeOption = None,
        key: KeyOption = None,
        as_json: JsonOption = False,
    ) -> None:
        _apply(data, _operation(event, uscc, license_type, effective, decision, reason, flag=name), key, as_json)

    command.__doc__ = help_text
    return command


def erase(
    uscc: UsccArgument,
    data: DataOption,
    *,
    version: Annotated[
        list[int] | None,
        typer.Option("--version", metavar="N", help="版本，默认所有旧版 / all superseded ones by default"),
    ] = None,
    license_type: TypeOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """销毁个人信息 / erase personal data.

    销毁旧版的盐值与披露，日志与审计不受影响 / destroy the disclosures of versions; log and audit hold.
    """
    out = output(as_json)
    with node(data) as opened:
        versions = tuple(version or range(1, opened.show(uscc, license_type or LICENSE_TYPE).version))
        if not versions:
            raise ConfigError("没有旧版；用 --version 指明版本 / no superseded version: name one with --version")
        operation = _operation(Event.ERASE, uscc, license_type, None, None, None, versions=versions)
        issued = opened.issuer.apply(operation, idempotency_key=key)
    _report(out, issued, erased=versions)


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="NDJSON、CSV 或 XLSX")],
    data: DataOption,
    *,
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="FILE", help="错误行写入 / where the bad rows go")
    ] = None,
    legacy: Annotated[bool, typer.Option("--legacy", help="存量证照导入 / issued before the ledger")] = False,
    as_json: JsonOption = False,
) -> None:
    """批量导入 / import a file of drafts.

    好行签发，坏行写入错误文件，可重复执行 / good rows go in, bad rows to the error file; safe to run twice.
    """
    out = output(as_json)
    target = errors or file.parent / f"{file.name}.errors.ndjson"
    with node(data) as opened, out.progress("import.progress") as update:

        def progress(_rows: int, done: int, total: int) -> None:
            update(done, total)

        report = opened.importer.run(file, errors=target, legacy=legacy, progress=progress)
    out.say("import.done", rows=report.rows, issued=report.issued, known=report.known, refused=report.refused)
    if report.errors:
        out.say("import.errors", path=report.errors)
    out.result(
        {
            "rows": report.rows,
            "issued": report.issued,
            "known": report.known,
            "refused": report.refused,
            "errors": report.errors,
        }
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


def _operation(
    event: Event,
    uscc: str,
    license_type: str | None,
    effective: str | None,
    decision: str | None,
    reason: str | None,
    **more: Any,
) -> Operation:
    facts = {name: value for name, value in (("decision_no", decision), ("reason", reason)) if value}
    day = date_option(effective)
    return Operation(event, uscc, license_type or LICENSE_TYPE, effective=day, facts=facts, **more)


def _apply(data: Path, operation: Operation, key: str | None, as_json: bool) -> None:  # noqa: FBT001  # passed on
    out = output(as_json)
    with node(data) as opened:
        issued = opened.issuer.apply(operation, idempotency_key=key)
    _report(out, issued)


def _report(out: Out, issued: Issued, erased: tuple[int, ...] = ()) -> None:
    key = "issued.replayed" if issued.replayed else "issued.done"
    status = status_text(out, issued.status, issued)
    words = EVENT_WORDS[issued.event].zh
    out.say(key, zh=words, event=issued.event.value, uscc=issued.uscc, version=issued.version, n=issued.n)
    if erased:
        out.say("issued.erased", versions=", ".join(map(str, sorted(erased))))
    if not out.as_json:
        out.console.print(f"  {out.text('issued.identifier', identifier=issued.identifier)}\n  {status}")
    out.say("issued.pending")
    out.result(
        {
            "license_type": issued.license_type,
            "uscc": issued.uscc,
            "subject": issued.subject.hex(),
            "event": issued.event.value,
            "n": issued.n,
            "version": issued.version,
            "status": issued.status.to_json(),
            "until": issued.until.isoformat() if issued.until else None,
            "identifier": issued.identifier,
            "digest": issued.digest.hex(),
            "leaf": issued.leaf.hex(),
            "effective": issued.effective.isoformat(),
            "recorded": timestamp(issued.recorded),
            "replayed": issued.replayed,
        }
        | ({"erased": sorted(erased)} if erased else {})
    )


def _json_object(data: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError("a draft is one JSON object")
    return value


def _changes(assignments: list[str] | None, removals: list[str] | None) -> dict[str, Any]:
    changes: dict[str, Any] = dict.fromkeys(removals or [])
    for assignment in assignments or []:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise ConfigError(f"--set takes FIELD=VALUE, got {assignment!r}")
        changes[name] = _value(name, value)
    if not changes:
        raise ConfigError("nothing to change: use --set or --unset")
    return changes


def _value(name: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"--set {name}: not JSON: {error}") from error
