"""Registry rows to drafts: columns, dates, amounts, scopes, and what is left out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ledger.errors import RecordError
from ledger.license.draft import complete
from ledger.license.families import FAMILIES, Family
from ledger.license.import_mapping import scope_items, to_draft
from ledger.license.record import LicenseRecord
from ledger.license.rules import scope_text
from ledger.license.status import Event
from tests.unit.license.samples import LICENCE_ID, ORGAN, code, first

ROW: dict[str, Any] = {
    "ENTITYNO": "1",
    "ENTNAME": "样例单位",
    "UNISCID": code("91"),
    "ENTTYPE": "1151",
    "ESTDATE": "2018-01-02",
    "LEREP": "样例人甲",
    "REGCAP": "10.0",
    "REGCAPCUR": "156",
    "DOM": "样例市样例路1号",
    "OPSCOPE": "软件开发、销售",
    "OPFROM": "2018-01-02",
    "OPTO": None,
    "REGORG": "500111",
    "APPRDATE": "2020-03-05",
    "OPSTATE": "1",
    "INDUSTRYCO": "5179",
    "PHONE": "0",
}


def imported(row: dict[str, Any]) -> LicenseRecord:
    draft = to_draft(row, organ=ORGAN).draft
    issued = dt.date.fromisoformat(draft.pop("issue_date"))
    given: dict[str, Any] = {"licence_id": LICENCE_ID, "serial": "1", "version_no": 1, "supersedes": None}
    return complete(draft, **given, issue_date=issued, event=Event.IMPORT_LEGACY)


def test_a_registry_row_becomes_a_record() -> None:
    record = imported(ROW)
    assert (record.name, record.uscc, record.family) == ("样例单位", ROW["UNISCID"], Family.COMPANY)
    assert record.capital_amount == "100000"
    assert (record.establishment_date, record.issue_date) == (dt.date(2018, 1, 2), dt.date(2020, 3, 5))
    assert (record.term_from, record.term_to) == (dt.date(2018, 1, 2), None)
    assert record.authority.code == ORGAN["code"]
    assert (record.authority.division.code, record.authority.division.name) == ("500111", "重庆市大足区")
    assert (record.scope_text, record.scope_items) == ("软件开发、销售", ())


def test_what_a_licence_does_not_show_is_told_and_left_out() -> None:
    mapped = to_draft({**ROW, "SHOESIZE": "43"})
    assert mapped.ignored == ("ENTITYNO", "INDUSTRYCO", "PHONE", "SHOESIZE")
    assert not set(mapped.ignored) & set(mapped.draft)
    assert mapped.draft["authority"] == {"division": "500111"}
    assert to_draft({"名称": "样例单位"}, organ=ORGAN).draft["authority"] == ORGAN


def test_chinese_headings_are_the_labels_of_the_licence() -> None:
    row = {
        "统一社会信用代码": code("91"),
        "名称": "样例合伙企业",
        "类型代码": "4531",
        "执行事务合伙人": "样例人甲；样例公司（委派代表：样例人乙）",
        "出资额（万元）": "0.000001",
        "主要经营场所": "样例路1号",
        "经营范围": "软件开发",
        "成立日期": "2024年3月5日",
        "发照日期": "2024/3/6",
        "期限止": "长期",
        "副本数": "2",
        "决定文号": "样例〔2024〕1号",
        "状态": "存续",
    }
    draft = to_draft(row).draft
    assert draft == {
        "uscc": code("91"),
        "name": "样例合伙企业",
        "subject_type_code": "4531",
        "heads": ["样例人甲", "样例公司（委派代表：样例人乙）"],
        "capital_amount": "0.01",
        "premises": "样例路1号",
        "scope_text": "软件开发",
        "establishment_date": "2024-03-05",
        "issue_date": "2024-03-06",
        "copies": {"originals": 1, "duplicates": 2},
        "decision_no": "样例〔2024〕1号",
    }


@pytest.mark.parametrize("family", Family)
def test_every_familys_own_labels_are_known(family: Family) -> None:
    rules = FAMILIES[family]
    row = {
        rules.head.zh: "样例人甲",
        rules.premises.zh: "样例路1号",
        rules.scope.zh: "软件开发",
        rules.date.zh: "20240305",
    }
    draft = to_draft(row).draft
    assert set(draft) == {"heads", "premises", "scope_text", "establishment_date"}


def test_our_own_names_pass() -> None:
    own = {
        "uscc": code("91"),
        "heads": [{"name": "样例人甲"}],
        "scope_items": ["软件开发"],
        "establishment_date": "20240305",
    }
    assert to_draft(own).draft == {**own, "establishment_date": "2024-03-05"}
    assert to_draft({"heads": "样例人甲、样例人乙"}).draft["heads"] == ["样例人甲", "样例人乙"]


YUAN = [
    ("10.0", "100000"),
    ("0", "0"),
    ("1,000", "10000000"),
    ("0.0001", "1"),
    ("0.000001", "0.01"),
    ("12.345678", "123456.78"),
]


@pytest.mark.parametrize(("cell", "yuan"), YUAN)
def test_ten_thousands_become_yuan(cell: str, yuan: str) -> None:
    assert to_draft({"REGCAP": cell}).draft["capital_amount"] == yuan


@pytest.mark.parametrize("cell", ["2024-03-05", "20240305", "2024/3/5", "2024年3月5日", "2024-03-05T00:00:00"])
def test_dates_that_are_read(cell: str) -> None:
    assert to_draft({"ESTDATE": cell}).draft["establishment_date"] == "2024-03-05"


BAD = [
    ("ESTDATE", "5.3.2024", "import.date"),
    ("ESTDATE", "2024-02-30", "import.date"),
    ("ESTDATE", "2024035", "import.date"),
    ("ESTDATE", "2024-0305", "import.date"),
    ("ESTDATE", "2024-03-05 08:00", "import.date"),
    ("OPTO", "永远", "import.date"),
    ("REGCAP", "10万", "import.amount"),
    ("REGCAP", "0.0000001", "import.amount"),
    ("REGCAP", "-1", "import.amount"),
    ("COPYNUM", "两份", "import.count"),
    ("OPSTATE", "2", "import.state"),
    ("状态", "吊销", "import.state"),
]


@pytest.mark.parametrize(("column", "cell", "rule"), BAD, ids=[f"{column}-{cell}" for column, cell, _ in BAD])
def test_a_cell_that_cannot_be_read_is_refused_by_its_column(column: str, cell: str, rule: str) -> None:
    with pytest.raises(RecordError) as caught:
        to_draft({**ROW, column: cell} if column in ROW else {column: cell})
    assert (caught.value.field, caught.value.rule) == (column, rule)


def test_two_columns_of_one_meaning_must_agree() -> None:
    assert to_draft({"ESTDATE": "20240305", "成立日期": "2024-03-05"}).draft == {"establishment_date": "2024-03-05"}
    with pytest.raises(RecordError, match=r"column\.twice"):
        to_draft({"ENTNAME": "甲", "名称": "乙"})


@pytest.mark.parametrize("family", Family)
def test_a_term_or_capital_that_the_family_has_not_is_left_out(family: Family) -> None:
    rules, sample = FAMILIES[family], first(family)
    row = {
        "ENTTYPE": sample.subject_type_code,
        "OPFROM": "20240305",
        "OPTO": "20340304",
        "REGCAP": "0",
        "REGCAPCUR": "156",
    }
    draft = to_draft(row).draft
    assert ("term_from" in draft) == ("term_to" in draft) == (rules.term is not None)
    assert ("capital_amount" in draft) == ("capital_currency" in draft) == (rules.capital is not None)


def test_capital_of_a_branch_is_not_dropped_in_silence() -> None:
    assert to_draft({"ENTTYPE": "2212", "REGCAP": "5"}).draft["capital_amount"] == "50000", "the rules will refuse it"


def test_a_scope_in_the_standard_wording_becomes_items() -> None:
    items = [
        {"text": "食品销售", "kind": "许可"},
        {"text": "软件开发", "kind": "一般"},
        {"text": "咨询", "kind": "一般"},
    ]
    assert scope_items(scope_text(items)) == items
    assert scope_items(scope_text(items[1:])) == items[1:]
    assert scope_items(scope_text(items[:1])) == items[:1]
    assert to_draft({"OPSCOPE": scope_text(items)}).draft == {"scope_items": items}


ONE = [{"text": "软件开发", "kind": "一般"}]
FREE = [
    "软件开发",
    "一般项目：软件开发。",
    "一般项目：软件开发",
    scope_text(ONE) + "等",
    scope_text([{"text": "", "kind": "一般"}]),
]


@pytest.mark.parametrize("text", FREE)
def test_free_text_is_never_cut_up_by_guess(text: str) -> None:
    assert scope_items(text) == []


def test_numbers_of_json_are_converted_like_their_text() -> None:
    row = {**ROW, "REGCAP": 10, "ENTTYPE": 1151, "REGCAPCUR": 156, "ESTDATE": 20180102, "REGORG": 500111, "OPSTATE": 1}
    assert to_draft(row) == to_draft({**ROW, "REGCAP": "10", "ESTDATE": "2018-01-02"})
    assert to_draft({"REGCAP": 0.5}).draft["capital_amount"] == "5000"
    with pytest.raises(RecordError, match="import it as active"):
        to_draft({"OPSTATE": 2})


@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_what_no_registry_writes_is_refused(value: Any) -> None:
    with pytest.raises(RecordError) as caught:
        to_draft({"REGORG": value}, organ=ORGAN)
    assert (caught.value.field, caught.value.rule) == ("REGORG", "column.type")


def test_an_authority_that_is_no_object_is_left_to_the_rules() -> None:
    assert to_draft({"authority": "x"}, organ=ORGAN).draft["authority"] == "x"
