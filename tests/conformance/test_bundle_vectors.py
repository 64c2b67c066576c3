"""The project's own vectors of trust files and bundles: refused, or judged as they say."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ledger import bundle, errors, trust
from ledger.encoding import parse_timestamp
from tests import naive_verifier

Case = dict[str, Any]
FOLDER = Path(__file__).parent.parent / "vectors"


def cases(folder: str) -> list[Any]:
    found = sorted((FOLDER / folder).glob("*.json"))
    return [pytest.param(json.loads(path.read_text("utf-8")), id=path.stem) for path in found]


@pytest.mark.parametrize("case", cases("trust"))
def test_a_trust_file_is_accepted_or_refused_as_it_says(case: Case) -> None:
    if case["wantErr"]:
        with pytest.raises(getattr(errors, case["error"])):
            trust.parse(case["input"].encode())
        return
    parsed = trust.parse(case["input"].encode())
    assert parsed.block.number == case["block"]
    assert {str(member.member): len(member.anchors) for member in parsed.members} == case["anchors"]
    assert [member for member, _ in parsed.signers] == case["signers"]


@pytest.mark.parametrize("case", cases("bundle"))
def test_a_bundle_is_judged_or_refused_as_it_says(case: Case) -> None:
    data, now = case["input"].encode(), parse_timestamp(case["now"])
    trusted = trust.parse(case["trust"].encode()) if case["trust"] else None
    if case["wantErr"]:
        with pytest.raises(getattr(errors, case["error"])):
            bundle.verify(data, trusted, now=now)
        return
    age = dt.timedelta(hours=case["maxAgeHours"])
    report = bundle.verify(data, trusted, now=now, max_age=age, min_basis=case["minBasis"])
    pairs = zip(bundle.NAMES, report.verdicts, strict=True)
    assert {name: {"verdict": item.verdict, "reason": item.reason} for name, item in pairs} == case["verdicts"]
    assert (report.basis, [word.code for word in report.words]) == (case["basis"], case["words"])
    assert report.exit_code == case["exit"]


def test_the_vectors_cover_every_reason() -> None:
    found = [case.values[0] for case in cases("bundle")]
    given = {item["reason"] for case in found if not case["wantErr"] for item in case["verdicts"].values()}
    rare = {"malformed", "needs-parse", "member-suspended", "anchor-unlisted", "trust-refused"}
    assert given | rare == set(bundle.REASONS)
    assert not given & rare


@pytest.mark.parametrize("case", [item for item in cases("bundle") if not item.values[0]["wantErr"]])
def test_a_verifier_written_from_the_document_reaches_the_same_verdicts(case: Case) -> None:
    age, now = dt.timedelta(hours=case["maxAgeHours"]), parse_timestamp(case["now"])
    data, trusted = case["input"].encode(), case["trust"].encode()
    got = naive_verifier.judge(data, trusted, now, max_age=age, min_basis=case["minBasis"])
    assert got == {name: f"{item['verdict']}:{item['reason']}" for name, item in case["verdicts"].items()}
