"""Commands on proofs: make a bundle, verify one offline, make and pin trust files, write the log as tiles.

``verify`` opens no node, database or network: a bundle, a trust file and the pins are all it reads.

What it leaves out: what is checked in which order (``ledger.bundle``, ``ledger.trust``).
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger import bundle, canonical, config, trust
from ledger.cli import face
from ledger.cli.context import (
    ChainOption,
    DataOption,
    JsonOption,
    OutOption,
    TypeOption,
    UsccArgument,
    node,
    output,
    read_input,
    write_output,
)
from ledger.cli.output import Out, plain
from ledger.cli.texts import text
from ledger.encoding import timestamp
from ledger.errors import ConfigError, FormatError, VerificationError
from ledger.services.model import LICENSE_TYPE

PANEL = "证明与核验 / proofs"
PINS_FILE = "pins.json"

TrustOption = Annotated[
    Path | None, typer.Option("--trust", metavar="FILE", help="信任文件 / trust file to check against")
]
PinsOption = Annotated[
    Path | None,
    typer.Option(
        "--pins", metavar="FILE", envvar="TONGBAN_PINS", help="已记住的成员密钥 / members' keys pinned at first use"
    ),
]
SizeOption = Annotated[
    int | None, typer.Option("--size", metavar="N", help="以往某次锚定的条目数 / as of the past anchor of that size")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands to the program."""
    app.command("bundle", rich_help_panel=PANEL)(make_bundle)
    app.command("verify", rich_help_panel=PANEL)(verify)
    app.command("export", rich_help_panel=PANEL)(export)
    group = typer.Typer(help="信任文件 / trust files.")
    for name, function in (("make", make), ("cosign", cosign), ("show", show), ("pin", pin)):
        group.command(name)(function)
    app.add_typer(group, name="trust", rich_help_panel=PANEL)


def make_bundle(
    uscc: UsccArgument,
    data: DataOption,
    *,
    out_file: OutOption = None,
    disclose: Annotated[
        list[str] | None,
        typer.Option("--disclose", metavar="FIELD", help="只披露这些事项 / disclose only these fields"),
    ] = None,
    version: Annotated[int | None, typer.Option("--version", metavar="N", help="旧版本 / an earlier version")] = None,
    absent: Annotated[bool, typer.Option("--absent", help="证明从未签发 / prove that none was issued here")] = False,
    full: Annotated[bool, typer.Option("--history", help="证明全部经过 / prove the complete history")] = False,
    size: SizeOption = None,
    license_type: TypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """生成证明文件 / make a proof bundle.

    任何人可离线核验 / anybody can verify it offline.
    """
    if absent and full:
        raise ConfigError("--absent and --history exclude one another")
    kind = license_type or LICENSE_TYPE
    with node(data) as opened:
        prover = opened.prover
        if absent:
            proof = prover.absence(uscc, size=size, license_type=kind)
        elif full:
            proof = prover.history_bundle(uscc, size=size, license_type=kind)
        else:
            proof = prover.bundle(uscc, disclose=disclose, version=version, size=size, license_type=kind)
    write_output(out_file, canonical.dumps(proof), output(as_json), "bundle.written")


def verify(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="证明文件，- 为标准输入 / proof bundle, - for stdin")],
    *,
    trust_file: TrustOption = None,
    pins_file: PinsOption = None,
    max_age: Annotated[
        int, typer.Option("--max-age", metavar="HOURS", min=0, max=1_000_000, help="时效上限 / freshness limit")
    ] = 72,
    min_basis: Annotated[
        str, typer.Option("--min-basis", metavar="BASIS", help="状态依据下限 / issuer | witnessed:K")
    ] = "issuer",
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="以此时刻代替现在 / verify as of this UTC time, not now")
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="只印一行 / print one line")] = False,
    as_json: JsonOption = False,
) -> None:
    """离线核验 / verify a bundle offline.

    退出码：0 全部通过，1 有不通过，2 有无法判断 / exit 0 all ok, 1 something failed, 2 something unknown.
    """
    out = output(as_json)
    _check_options(at, min_basis)
    try:
        data = read_input(file)
        believed, problem, pinned = _believed(trust_file, pins_file, out)
    except ConfigError as error:  # a file that is not there proves nothing against the bundle
        out.error(error)
        raise typer.Exit(2) from error
    report = _report(data, believed, now=_moment(at), max_age=dt.timedelta(hours=max_age), min_basis=min_basis)
    if problem is not None:
        report = bundle.distrusted(report, problem)
    obj = report.to_json() | {"pins": pinned}
    if brief and not out.as_json:
        _print_brief(out, obj, file.name)
    elif not out.as_json:
        _print_report(out, obj)
    out.result(obj)
    raise typer.Exit(report.exit_code)


def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="写出目录 / folder to write to")],
    data: DataOption,
    *,
    as_json: JsonOption = False,
) -> None:
    """导出日志瓦片 / write the log as tiles.

    C2SP tlog-tiles，供审计与镜像 / for auditors and mirrors.
    """
    from ledger.services.exporting import export_tiles  # needs a node's packages, which verifying does not

    out = output(as_json)
    with node(data) as opened:
        count = export_tiles(opened.log_files, folder)
    out.say("tiles.written", count=count, path=folder)
    out.result({"folder": str(folder), "files": count})


def make(
    data: DataOption, *, out_file: OutOption = None, chain: ChainOption = None, as_json: JsonOption = False
) -> None:
    """生成信任文件 / make a trust file.

    据链上所见，由本成员签名 / from the chain, signed by this member.
    """
    with node(data, chain) as opened:
        content = opened.make_trust_file()
    write_output(out_file, content, output(as_json), "trust.written")


def cosign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="信任文件 / trust file")],
    data: DataOption,
    *,
    chain: ChainOption = None,
    as_json: JsonOption = False,
) -> None:
    """联署信任文件 / co-sign a trust file.

    先与本节点所见之链核对 / after comparing it with our own view of the chain.
    """
    with node(data, chain) as opened:
        content = opened.cosign_trust_file(read_input(file))
    write_output(file, content, output(as_json), "trust.cosigned")


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="信任文件 / trust file")], *, as_json: JsonOption = False
) -> None:
    """查看信任文件 / what it says, who signed."""
    out = output(as_json)
    parsed = trust.parse(read_input(file))
    rows = [
        (
            member.member,
            out.text(f"standing.{member.status.value}"),
            len(member.keys),
            len(member.anchors),
            member.log.hex()[:16] + "…",
        )
        for member in parsed.members
    ]
    columns = ("column.member", "column.standing", "column.keys", "column.seq", "init.log.short")
    out.rows("trust.title", columns, rows, block=parsed.block.number, time=timestamp(parsed.block.time))
    signers = sorted({code for code, _ in parsed.signers})
    out.say("trust.signers", signers=", ".join(map(str, signers)))
    out.result(parsed.to_json() | {"signers": signers})


def pin(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="信任文件 / trust file")],
    *,
    pins_file: PinsOption = None,
    signers: Annotated[
        int | None, typer.Option("--signers", metavar="K", help="以后须有 K 个成员签名 / later files need K signers")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """记住成员密钥 / pin the members.

    首次使用，或重新记住 / at first use, or anew.
    """
    out = output(as_json)
    path = pins_file or default_pins()
    parsed = trust.parse(read_input(file))
    pins = trust.pin(parsed, _load_pins(path), k=signers)
    _save_pins(path, pins)
    out.say("trust.pinned", path=path)
    pinned = pins.of(parsed)
    out.result({"pins": str(path), "members": sorted(pinned.members) if pinned else [], "k": pinned.k if pinned else 0})


# --- helpers ----------------------------------------------------------------------------------------------------------


def default_pins() -> Path:
    """Where the pins lie unless an option or a variable says otherwise (XDG base directory specification)."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "tongban" / PINS_FILE


def _check_options(at: str | None, min_basis: str) -> None:
    """Wrong usage is exit code 2, before anything is said of the bundle."""
    try:
        option = "--at"
        _moment(at)
        option = "--min-basis"
        bundle.Demand.parse(min_basis)
    except FormatError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _report(data: bytes, believed: trust.TrustFile | None, **demands: Any) -> bundle.Report:
    try:
        parsed = bundle.parse(data)
    except FormatError as error:
        return bundle.malformed(error)
    return bundle.verify_parsed(parsed, believed, **demands)


def _believed(
    trust_file: Path | None, pins_file: Path | None, out: Out
) -> tuple[trust.TrustFile | None, FormatError | VerificationError | None, str]:
    """The trust file to verify against, checked against the pins; or what is wrong with it; and what the pins knew.

    The third is ``known``, ``first-use`` (whoever made the file is believed as of now), or ``not-kept`` (the same, but
    the pins could not be written, so that it will be first use again); empty without a trust file to believe.
    """
    if trust_file is None:
        return None, None, ""
    path = pins_file or default_pins()
    try:
        parsed = trust.parse(read_input(trust_file))
        pins = _load_pins(path)
        known = pins.of(parsed) is not None
        kept = trust.check(parsed, pins) if known else trust.pin(parsed, pins)
    except (FormatError, VerificationError) as error:
        return None, error, ""
    try:
        _save_pins(path, kept, unless=pins)
    except ConfigError:
        out.note("verify.unpinned", path=path)
        return parsed, None, "known" if known else "not-kept"
    if not known:
        out.note("verify.pinned", path=path)
    return parsed, None, "known" if known else "first-use"


def _load_pins(path: Path) -> trust.Pins:
    try:
        return trust.Pins.from_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return trust.Pins()
    except (OSError, FormatError) as error:
        raise ConfigError(f"the pins in {path} cannot be read: {error}") from error


def _save_pins(path: Path, pins: trust.Pins, *, unless: trust.Pins | None = None) -> None:
    if pins == unless:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        config.write_atomically(path, pins.to_json(), 0o600)
    except OSError as error:
        raise ConfigError(f"the pins cannot be kept in {path}: {error.strerror}; name a file with --pins") from error


def _moment(at: str | None) -> dt.datetime:
    from ledger.encoding import parse_timestamp

    return dt.datetime.now(dt.UTC) if at is None else parse_timestamp(at)


def _print_report(out: Out, obj: dict[str, Any]) -> None:
    rows = []
    for name in bundle.NAMES:
        verdict = obj[name]
        zh, en = plain(verdict["zh"]), plain(verdict["en"])
        reason = {"zh": zh, "en": en}.get(out.lang, f"{zh}\n{en}")
        rows.append((out.head(f"question.{name}"), out.text(f"verdict.{verdict['verdict']}"), reason))
    out.rows("verify.title", ("column.question", "column.verdict", "column.reason"), rows)
    if obj["as_of"]:
        as_of = obj["as_of"]
        chain = as_of["chain"].get("name") or f"chain {as_of['chain']['id']}"
        out.say("verify.as_of", seq=as_of["seq"], block=as_of["block"], time=as_of["time"], chain=chain)
        kind, _, count = (obj["status"]["basis"] or "none").partition(":")
        out.say(f"verify.basis.{kind}", count=count)
    if not obj["disclosed"]:
        return
    if obj["integrity"]["verdict"] != "ok":
        out.say("verify.unshown")
        return
    out.rows("verify.face", ("column.field", "column.value"), face.rows(out, obj["disclosed"]))


def _print_brief(out: Out, obj: dict[str, Any], name: str) -> None:
    """One line: a mark for each question, then what is wrong, or the status."""
    marks = {"ok": "[green]✔[/]", "failed": "[red]✘[/]", "unknown": "[yellow]?[/]"}
    lang = "en" if out.lang == "en" else "zh"  # one line has no room for both
    shown = [
        f"{text(f'question.{question}.short', lang)}{marks[obj[question]['verdict']]}" for question in bundle.NAMES
    ]
    wrong = [obj[question] for question in bundle.NAMES if obj[question]["verdict"] != "ok"]
    said = wrong or obj["status"]["words"] or [obj["status"]]
    sentences = [{"zh": item["zh"], "en": item["en"]}.get(out.lang, f"{item['zh']} / {item['en']}") for item in said]
    reasons = "; ".join(dict.fromkeys(sentences))
    out.console.print(f"{plain(name)}  {' '.join(shown)}  {plain(reasons)}")
