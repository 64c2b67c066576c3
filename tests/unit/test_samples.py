"""The sample data: real codes of companies, everything else invented and marked so."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.license import divisions, uscc
from ledger.license.draft import draft_errors
from ledger.license.families import subject_types
from ledger.license.import_mapping import to_draft
from ledger.license.status import Event

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ORGAN = {"code": "11100000MB0143028R", "name": "样例登记机关", "division": "500000"}
BAD = "91350100M000100Y44"


def chongqing() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / "chongqing.ndjson").read_text("utf-8").splitlines()]


def sichuan() -> list[dict[str, str]]:
    with (SAMPLES / "sichuan.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def codes() -> list[str]:
    return [row["uscc"] for row in chongqing()] + [row["统一社会信用代码"] for row in sichuan()]


def test_there_are_enough_and_none_twice() -> None:
    real = [code for code in codes() if "DEM" not in code and code != BAD]
    assert len(real) >= 12
    assert len(set(codes())) == len(codes())


@pytest.mark.parametrize("row", [*chongqing(), *sichuan()], ids=lambda row: next(iter(row.values())))
def test_each_row_is_right_but_one(row: dict[str, Any]) -> None:
    mapped = to_draft(row, organ=ORGAN)
    assert mapped.ignored == ()
    found = draft_errors(mapped.draft, issue_date=dt.date(2026, 1, 5), event=Event.ESTABLISH)
    wanted = ["uscc.check"] if row.get("uscc") == BAD else []
    assert [error.rule for error in found if error.rule != "dates.first_issue"] == wanted


def test_many_families_and_odd_codes_are_there() -> None:
    kinds = [row["subject_type_code"] for row in chongqing()] + [row["类型代码"] for row in sichuan()]
    families = {subject_types()[kind].family for kind in kinds}
    assert len(families) >= 6
    good = [code for code in codes() if code != BAD]
    assert any(code.endswith("0") for code in good)
    assert any(code.endswith("X") for code in good)
    assert any(code[16] == "X" for code in good)
    assert any(divisions.name_of(code[2:8]) is None for code in good)
    assert {code[2:4] for code in good} - {"50", "51"}, "codes of other provinces are licensed here too"


def test_nothing_invented_can_be_taken_for_real() -> None:
    for row in chongqing():
        people = [part for head in row["heads"] for name, part in head.items() if name != "kind"]
        assert all("样例" in text for text in [row["premises"], row.get("name", "样例"), *people])
    for line in sichuan():
        places = [line[name] for name in ("住所", "营业场所", "经营场所") if line[name]]
        assert all("样例" in text for text in [line["名称"], *places])
        assert "样例人" in " ".join(line.values())


def test_the_synthetic_codes_are_valid() -> None:
    synthetic = [code for code in codes() if "DEM" in code]
    assert {code[:2] for code in synthetic} == {"91", "92", "93"}
    for code in synthetic:
        assert uscc.validate_license_subject(code).warnings == ()
