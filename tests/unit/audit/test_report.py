"""The report: what it says in both languages, what it counts, and that its codes are documented."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.audit.audit import incomplete
from ledger.audit.codes import CODES
from ledger.audit.report import LISTED, STEPS, AuditReport, Finding, Findings, StepResult, render_json, render_text

DOCS = Path(__file__).resolve().parents[3] / "docs" / "audit.md"


def report(findings: Findings) -> AuditReport:
    steps = tuple(StepResult(step, "ok") for step in STEPS)
    return AuditReport("here", "ab" * 32, 500000, 7, 1, 12, steps, tuple(findings.kept), dict(findings.counts))


@pytest.mark.parametrize("code", CODES)
def test_every_code_can_be_said_in_both_languages(code: str) -> None:
    values = {name: f"<{name}>" for name in ("licence", "field", "got", "want", "anchor", "member", "block", "version")}
    finding = Finding(code, 7, **values)
    for sentence in (finding.zh, finding.en):
        assert "{" not in sentence
        assert "None" not in sentence
    assert finding.step in STEPS
    assert re.search(r"[\u4e00-\u9fff]", finding.zh)
    assert not re.search(r"[\u4e00-\u9fff]", finding.en)


def test_every_code_is_documented_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z_.]+)` \| ([0-9]) \| (error|notice) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    )
    want = [(code, str(kind.step), "notice" if kind.notice else "error") for code, kind in CODES.items()]
    assert rows == want


def test_many_findings_of_one_code_are_counted_and_not_all_listed() -> None:
    findings = Findings()
    for index in range(LISTED + 5):
        findings.add("entry.missing", entry=index)
    made = report(findings)
    assert (len(made.findings), made.errors, made.exit_code) == (LISTED, LISTED + 5, 1)
    assert f"{LISTED + 5}, {LISTED} listed" in render_text(made, "en")
    assert json.loads(render_json(made))["counts"] == {"entry.missing": LISTED + 5}


def test_notices_do_not_make_a_report_unclean() -> None:
    findings = Findings()
    findings.add("row.unseen", anchor=3)
    made = report(findings)
    assert (made.errors, made.exit_code) == (0, 0)
    assert "anchor 3 is on the chain" in render_text(made, "en")
    assert "clean" in render_text(made, "en")


def test_clean_says_which_steps_were_not_run() -> None:
    made = report(Findings())
    assert render_text(made, "en").endswith("clean: nothing found\n")
    partly = replace(made, steps=(*made.steps[:4], StepResult(5, "not run", 0, "没有", "none"), *made.steps[5:]))
    assert render_text(partly, "en").endswith("clean as far as it went; not run: steps 5\n")
    assert render_text(partly, "zh").endswith("已执行的步骤未发现问题；未执行：第 5 步\n")
    assert "member —" in render_text(replace(made, member=0), "en")


def test_each_language_alone_and_both() -> None:
    findings = Findings()
    findings.add("row.record", licence="91500106MA0000011A", field="name", version=2)
    made = report(findings)
    zh, en, both = (render_text(made, lang) for lang in ("zh", "en", "both"))
    assert "第 2 版记录的 name 与已签名的凭证不符" in zh
    assert "steps 7, 8 are not part of this run" in en
    assert not re.search(r"[\u4e00-\u9fff]", en)
    assert "[9 row.record] 91500106MA0000011A name" in both
    assert "发现 1 处问题 / 1 finding" in both


def test_an_audit_that_could_not_begin() -> None:
    made = incomplete("nowhere", "没有", "there is none")
    obj = json.loads(render_json(made))
    assert (made.exit_code, obj["verdict"], obj["problem"]) == (2, "incomplete", {"zh": "没有", "en": "there is none"})
    assert {step["outcome"] for step in obj["steps"]} == {"not run"}
    assert obj["not_part_of_this_run"] == [7, 8]
