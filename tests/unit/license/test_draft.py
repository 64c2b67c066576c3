"""From what a clerk enters to a record and back, and what two versions have to do with each other."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import canonical
from ledger.errors import RecordError
from ledger.license.draft import complete, draft_errors, draft_of
from ledger.license.families import Family
from ledger.license.identifier import parse
from ledger.license.record import Copies, Division, Head, LicenseRecord, ScopeItem
from ledger.license.status import Event
from ledger.license.succession import changed_fields, check_succession
from tests.unit.license.samples import DAY, DRAFTS, LICENCE_ID, ORGAN, first, following


def test_everything_derivable_is_derived() -> None:
    record = first(Family.HOUSEHOLD)
    assert record.head_role == "operator"
    assert record.subject_type_label == "个体工商户"
    assert record.display_labels["establishment_date"] == "注册日期"
    assert record.display_labels["heads"] == "经营者"
    assert "capital_amount" not in record.display_labels
    assert record.establishment_date == record.issue_date == DAY
    assert (record.copies, record.media) == (Copies(1, 1), "both")
    identifier = parse(record.cert_identifier)
    assert (identifier.issuer, identifier.serial, identifier.version) == (ORGAN["code"], "2024000001", 1)


def test_money_gets_its_currency_label_and_one_spelling() -> None:
    record = first(capital_amount="0001000.50")
    assert (record.capital_amount, record.capital_currency, record.capital_label) == ("1000.5", "156", "注册资本")
    assert first(capital_amount=1000).capital_amount == "1000"
    assert first(capital_currency="840").capital_currency == "840"


@pytest.mark.parametrize("amount", ["1.005", "1,000", "-1", 1.5, "万", "1e3"])
def test_an_amount_that_is_none_is_left_for_the_rules(amount: Any) -> None:
    with pytest.raises(RecordError, match=r"capital\.format"):
        first(capital_amount=amount)


def test_heads_may_be_entered_short() -> None:
    assert first(heads="样例人甲").heads == (Head("样例人甲"),)
    assert first(heads=["样例人甲"]).heads == (Head("样例人甲"),)
    assert first(heads=[{"name": "样例人甲"}]).heads == (Head("样例人甲"),)
    several = first(Family.PARTNERSHIP, heads=["样例公司（委派代表：样例人乙）", "样例公司(委派代表: 样例人丙)"])
    assert several.heads == (Head("样例公司", "org", "样例人乙"), Head("样例公司", "org", "样例人丙"))
    assert first(heads="样例公司（委派代表：样例人乙）").heads[0].kind == "natural", "no delegates outside partnerships"


def test_a_division_may_be_a_code() -> None:
    record = first(authority={**ORGAN, "division": "500106"})
    assert record.authority.division == Division("500106", "重庆市沙坪坝区")
    assert first(authority={**ORGAN, "division": "110302"}).authority.division.name == "110302"


def test_typed_texts_are_trimmed_and_normalised() -> None:
    record = first(name=" Cafe\u0301 样例 ", premises="样例路1号\n")
    assert (record.name, record.premises) == ("Café 样例", "样例路1号")


def test_dates_may_be_dates() -> None:
    record = first(establishment_date=DAY, term_from=DAY, term_to=None)
    assert (record.establishment_date, record.term_from, record.term_to) == (DAY, DAY, None)


def test_an_unknown_field_of_a_draft_is_refused() -> None:
    for name in ("family", "phone", "cert_identifier", "display_labels"):
        with pytest.raises(RecordError, match="unknown_field"):
            first(Family.COMPANY, **{name: "x"})


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"subject_type_code": "0000"}, "subject_type.unknown"),
        ({"subject_type_code": ["1151"]}, "subject_type.unknown"),
        ({"subject_type_code": "7200"}, "subject_type.not_licence"),
        ({"heads": 7}, "object.type"),
        ({"scope_items": "软件开发"}, "list.length"),
        ({"scope_items": [7]}, "object.type"),
        ({"authority": "样例登记机关"}, "object.type"),
        ({"authority": {**ORGAN, "code": "914403001922038216"}}, "uscc.not_organ"),
        ({"cert_type_code": "营业执照"}, "identifier"),
        ({"copies": {"originals": 1}}, "required"),
    ],
)
def test_a_wrong_draft_is_refused_by_rule(changes: dict[str, Any], rule: str) -> None:
    found = draft_errors({**DRAFTS[Family.COMPANY], **changes}, issue_date=DAY, event=Event.ESTABLISH)
    assert rule in [error.rule for error in found]
    with pytest.raises(RecordError):
        first(**changes)


def test_a_serial_of_another_form_is_refused() -> None:
    with pytest.raises(RecordError, match="identifier"):
        complete(
            DRAFTS[Family.COMPANY],
            licence_id=LICENCE_ID,
            serial="2024-1",
            version_no=1,
            supersedes=None,
            issue_date=DAY,
            event=Event.ESTABLISH,
        )


def test_all_errors_of_a_draft_are_told() -> None:
    draft = {**DRAFTS[Family.COMPANY], "name": "", "uscc": "1", "composition": "个人经营", "authority": {}}
    found = draft_errors(draft, issue_date=DAY, event=Event.ESTABLISH)
    assert [error.field for error in found] == [
        "uscc",
        "name",
        "authority.code",
        "authority.name",
        "authority.division",
        "composition",
    ]
    assert draft_errors(DRAFTS[Family.COMPANY], issue_date=DAY, event=Event.ESTABLISH) == []
    assert [error.rule for error in draft_errors({}, issue_date=DAY, event=Event.ESTABLISH)] == ["required"]


@pytest.mark.parametrize("family", Family)
def test_a_record_survives_json_and_a_draft_the_way_back(family: Family) -> None:
    record = first(family)
    data = canonical.dumps(record.to_json())
    assert LicenseRecord.from_json(canonical.loads(data)) == record
    assert LicenseRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
    again = complete(
        draft_of(record),
        licence_id=record.licence_id,
        serial="2024000001",
        version_no=1,
        supersedes=None,
        issue_date=DAY,
        event=Event.ESTABLISH,
    )
    assert again == record


names = st.text("样例单位有限公司ABC（）·", min_size=1, max_size=30)
items = st.lists(st.builds(lambda text, kind: {"text": text, "kind": kind}, names, st.sampled_from(["许可", "一般"])),
                 min_size=1, max_size=6)  # fmt: skip


@given(st.sampled_from(Family), names, items, st.decimals(0, 10**15, places=2), st.integers(0, 99))
def test_any_record_has_one_canonical_form(family: Family, name: str, scope: Any, capital: Any, copies: int) -> None:
    changes: dict[str, Any] = {"name": name, "scope_items": scope, "copies": {"originals": 1, "duplicates": copies}}
    if "capital_amount" in DRAFTS[family]:
        changes["capital_amount"] = f"{capital:f}"
    record = first(family, **changes)
    data = canonical.dumps(record.to_json())
    assert LicenseRecord.from_json(canonical.loads(data)) == record
    assert canonical.dumps(LicenseRecord.from_json(canonical.loads(data)).to_json()) == data
    assert [item.text for item in record.scope_items] == [item["text"] for item in scope]


# ---- succession --------------------------------------------------------------------------------------------------

OLD = first()
MOVED = {**ORGAN, "code": "11100000000013338W"}


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (Event.CHANGE, {"premises": "样例路2号"}),
        (Event.CHANGE, {"heads": "样例人丁", "capital_amount": "2"}),
        (Event.CHANGE, {"copies": {"originals": 1, "duplicates": 4}}),
        (Event.CORRECT, {"name": "样列单位"}),
        (Event.ANNUL_PARTIAL, {"capital_amount": "1"}),
        (Event.REISSUE, {}),
        (Event.REISSUE, {"copies": {"originals": 1, "duplicates": 3}, "media": "paper"}),
        (Event.MOVE_ACCEPT, {"authority": MOVED}),
        (Event.MOVE_ACCEPT, {"authority": MOVED, "premises": "样例路9号"}),
    ],
)
def test_a_version_that_may_follow(event: Event, changes: dict[str, Any]) -> None:
    new = following(OLD, event, **changes)
    check_succession(OLD, new, event)
    assert new.establishment_date == OLD.establishment_date
    assert new.supersedes == OLD.cert_identifier


def refused(new: LicenseRecord, event: Event = Event.CHANGE, old: LicenseRecord = OLD) -> str:
    with pytest.raises(RecordError) as caught:
        check_succession(old, new, event)
    assert not caught.value.zh.isascii()
    return caught.value.rule


CHANGED = following(OLD, premises="样例路2号")


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("version.next", {"version_no": 3}),
        ("supersedes.same", {"supersedes": CHANGED.cert_identifier}),
        ("licence.same", {"licence_id": "00000000-0000-4000-8000-000000000000"}),
        ("uscc.same", {"uscc": "91500111MACM8P5450"}),
        ("establishment.same", {"establishment_date": DAY + dt.timedelta(days=1)}),
        ("type.same", {"cert_type_code": "11100000MB0143028R002"}),
        ("dates.backwards", {"issue_date": DAY - dt.timedelta(days=1)}),
        ("scope.items_required", {"scope_items": ()}),
    ],
)
def test_what_never_changes(rule: str, changes: dict[str, Any]) -> None:
    assert refused(dataclasses.replace(CHANGED, **changes)) == rule


def test_the_event_bounds_what_may_change() -> None:
    assert refused(CHANGED, Event.CORRECT) == "cause.same"
    assert refused(following(OLD, Event.CHANGE)) == "change.nothing"
    assert refused(following(OLD, Event.CORRECT), Event.CORRECT) == "change.nothing"
    assert refused(following(OLD, Event.ANNUL_PARTIAL), Event.ANNUL_PARTIAL) == "change.nothing"
    assert refused(following(OLD, Event.REISSUE, premises="样例路2号"), Event.REISSUE) == "reissue.same"
    assert refused(following(OLD, Event.MOVE_ACCEPT, premises="样例路2号"), Event.MOVE_ACCEPT) == "move.authority"


def test_the_scope_cannot_change_by_reissue() -> None:
    new = following(OLD, Event.REISSUE, scope_items=["硬件开发"])
    assert refused(new, Event.REISSUE) == "reissue.same"
    assert changed_fields(OLD, new) >= {"scope_items", "scope_text"}


def test_a_licence_with_free_text_may_keep_it() -> None:
    old = complete(
        {**{n: v for n, v in DRAFTS[Family.COMPANY].items() if n != "scope_items"}, "scope_text": "软件开发、销售"},
        licence_id=LICENCE_ID,
        serial="1",
        version_no=1,
        supersedes=None,
        issue_date=DAY,
        event=Event.IMPORT_LEGACY,
    )
    assert old.scope_items == ()
    kept = following(old, premises="样例路2号")
    check_succession(old, kept, Event.CHANGE)
    assert kept.scope_text == "软件开发、销售"
    standard = following(old, scope_text=None, scope_items=["软件开发"])
    check_succession(old, standard, Event.CHANGE)
    assert standard.scope_items == (ScopeItem("软件开发"),)
