"""What an audit found, as values, as text and as JSON.

A finding names the step, the entry, the licence and the field at fault, and what was got and wanted. Values
of personal fields are shown as digests unless the reader asks for them (``AuditRequest.show_values``): a
report is mailed around, a licence register is not.

What it leaves out: colours and tables; the command line adds them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from ledger.audit.codes import CODES

STEPS = {
    1: ("链上合约代码与发布物一致", "the deployed code is the artifact's"),
    2: ("成员名录与表决自首个区块重放", "directory and votes replayed from the first block"),
    3: ("每次锚定：来源、权限、序号、摘要链", "every anchor: emitter, sender, sequence, digest chain"),
    4: ("条目 → 叶哈希 → 日志根", "entries → leaf hashes → log root"),
    5: ("条目 → 状态根", "entries → state root"),
    6: ("每步变更合法、链条完整、时间有序", "every transition legal, chains whole, times in order"),
    9: ("数据库逐行与条目一致", "every database row agrees with its entry"),
}
"""The steps of ``docs/audit.md`` that this release runs. 7 (credential signatures) and 8 (across provinces) are
not part of a run, and the report says so."""

NOT_PART = (7, 8)
LISTED = 100
"""How many findings of one code a report lists; all are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be.

    Attributes:
        code: from ``codes.CODES``.
        entry: index in the log, where one is at fault.
        licence: credit code where a database names it, else the subject in hex.
        field: of the record, entry, row or directory; or the path of a tile.
        got: what was found.
        want: what had to be found.
        anchor: sequence number of the anchor; ``a–b`` for a run of them.
        member: province code, where the directory is at fault.
        block: of the chain, where an event is at fault.
        version: of the licence, where a row of one version is at fault.
    """

    code: str
    entry: int | None = None
    licence: str | None = None
    field: str | None = None
    got: str | None = None
    want: str | None = None
    anchor: str | None = None
    member: str | None = None
    block: str | None = None
    version: str | None = None

    @property
    def step(self) -> int:
        """The step of ``docs/audit.md`` that found it."""
        return CODES[self.code].step

    @property
    def severity(self) -> str:
        """``error``, or ``notice`` for what is worth reading but no fault."""
        return "notice" if CODES[self.code].notice else "error"

    @property
    def zh(self) -> str:
        """The sentence in Simplified Chinese."""
        return CODES[self.code].zh.format(**self._shown())

    @property
    def en(self) -> str:
        """The sentence in English."""
        return CODES[self.code].en.format(**self._shown())

    def to_json(self) -> dict[str, Any]:
        """All fields that are set, with step, severity and both sentences."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return {"step": self.step, "severity": self.severity, **values, "zh": self.zh, "en": self.en}

    def _shown(self) -> dict[str, object]:
        return {name: "—" if value is None else value for name, value in asdict(self).items()}


class Findings:
    """Collects findings; keeps the first of each code, counts all."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.counts: Counter[str] = Counter()

    def add(self, code: str, *, entry: int | None = None, **values: object) -> None:
        """Add a finding; values become text, bytes hex."""
        self.counts[code] += 1
        if self.counts[code] <= LISTED:
            self.kept.append(Finding(code, entry, **{name: _text(value) for name, value in values.items()}))

    def errors(self) -> int:
        """How many findings are errors."""
        return sum(count for code, count in self.counts.items() if not CODES[code].notice)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step: ``ok``, ``findings`` or ``not run`` with the reason in both languages."""

    step: int
    outcome: str
    checked: int = 0
    reason_zh: str = ""
    reason_en: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object in the report."""
        obj: dict[str, Any] = {"step": self.step, "outcome": self.outcome, "checked": self.checked}
        return obj | ({"zh": self.reason_zh, "en": self.reason_en} if self.reason_en else {})


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The whole result.

    Attributes:
        source: what was audited, in words.
        log: id of the log in hex; empty if it could not be read.
        member: its member; 0 if nobody said.
        entries: how many entries were read.
        anchors: how many anchors the roots were compared with.
        block: chain block up to which events were read; None without a chain.
        steps: one result for each step that this release knows.
        findings: the listed ones, by step and entry.
        counts: how many there are of each code, listed or not.
        problem: why the audit could not complete (Chinese, English); None if it did.
        seconds: how long it took; 0 where nobody measured.
    """

    source: str
    log: str
    member: int
    entries: int
    anchors: int
    block: int | None
    steps: tuple[StepResult, ...]
    findings: tuple[Finding, ...]
    counts: dict[str, int] = field(default_factory=dict)
    problem: tuple[str, str] | None = None
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        """Findings that are errors, listed or not."""
        return sum(count for code, count in self.counts.items() if not CODES[code].notice)

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings, 2 could not complete."""
        if self.problem is not None:
            return 2
        return 1 if self.errors else 0

    def to_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "verdict": ("clean", "findings", "incomplete")[self.exit_code],
            "source": self.source,
            "log": self.log,
            "member": self.member,
            "entries": self.entries,
            "anchors": self.anchors,
            "block": -1 if self.block is None else self.block,
            "steps": [step.to_json() for step in self.steps],
            "not_part_of_this_run": list(NOT_PART),
            "findings": [finding.to_json() for finding in self.findings],
            "counts": dict(sorted(self.counts.items())),
            "problem": {"zh": self.problem[0], "en": self.problem[1]} if self.problem else {},
        }


def render_json(report: AuditReport) -> str:
    """The report as indented JSON, ending in a new line."""
    return json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n"


def render_text(report: AuditReport, lang: str = "both") -> str:
    """The report as plain text.

    Args:
        report: what to print.
        lang: ``both`` (Chinese, then English), ``zh`` or ``en``.
    """
    lines = [*_head(report, lang), *_steps(report, lang), *_found(report, lang), *_verdict(report, lang)]
    return "\n".join(lines) + "\n"


def _head(report: AuditReport, lang: str) -> Iterable[str]:
    yield _say(lang, f"审计：{report.source}", f"Audit of {report.source}")
    chain_zh = "未接链" if report.block is None else f"链上区块 {report.block}"
    chain_en = "no chain" if report.block is None else f"chain block {report.block}"
    log = report.log[:16] + "…" if report.log else "—"
    member = report.member or "—"
    yield _say(
        lang,
        f"成员 {member} · 日志 {log} · {report.entries} 条 · {report.anchors} 次锚定 · {chain_zh}",
        f"member {member} · log {log} · entries: {report.entries} · anchors: {report.anchors} · {chain_en}",
    )


def _steps(report: AuditReport, lang: str) -> Iterable[str]:
    marks = {"ok": "✔", "findings": "✘", "not run": "–"}
    for result in report.steps:
        zh, en = STEPS[result.step]
        if result.outcome == "not run":
            zh, en = f"{zh}（未执行：{result.reason_zh}）", f"{en} (not run: {result.reason_en})"
        yield f"  {marks[result.outcome]} {result.step}  " + _say(lang, zh, en)
    numbers = ", ".join(map(str, NOT_PART))
    yield "      " + _say(lang, f"第 {numbers} 步不在本次审计之列", f"steps {numbers} are not part of this run")


def _found(report: AuditReport, lang: str) -> Iterable[str]:
    for finding in report.findings:
        mark = "✘" if finding.severity == "error" else "·"
        where = f" {finding.licence}" if finding.licence else ""
        what = f" {finding.field}" if finding.field and finding.licence else ""
        yield f"{mark} [{finding.step} {finding.code}]{where}{what}: " + _say(lang, finding.zh, finding.en)
    for code, count in sorted(report.counts.items()):
        if count > LISTED:
            yield _say(lang, f"  {code}：共 {count} 处，只列出 {LISTED} 处", f"  {code}: {count}, {LISTED} listed")


def _verdict(report: AuditReport, lang: str) -> Iterable[str]:
    if report.problem is not None:
        yield _say(lang, f"未能完成：{report.problem[0]}", f"could not complete: {report.problem[1]}")
    elif report.errors:
        yield _say(lang, f"发现 {report.errors} 处问题", f"{report.errors} finding{'s' * (report.errors != 1)}")
    elif left := ", ".join(str(result.step) for result in report.steps if result.outcome == "not run"):
        yield _say(
            lang, f"已执行的步骤未发现问题；未执行：第 {left} 步", f"clean as far as it went; not run: steps {left}"
        )
    else:
        yield _say(lang, "未发现问题", "clean: nothing found")


def _say(lang: str, zh: str, en: str) -> str:
    return {"zh": zh, "en": en}.get(lang, f"{zh} / {en}")


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else str(value)
