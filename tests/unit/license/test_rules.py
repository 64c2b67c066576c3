"""Every rule of the record, one named case each: one mistake gives one error, with its field and rule."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ledger.errors import RecordError
from ledger.license.families import FAMILIES, Family
from ledger.license.record import LicenseRecord, errors, warnings
from ledger.license.shapes import FIELDS, check_one
from ledger.license.status import Event
from tests.unit.license.samples import code, first, following

Json = dict[str, Any]
Change = Callable[[Json], object]
CAPITAL = {"capital_amount": "1", "capital_currency": "156", "capital_label": "注册资本"}
TWO_HEADS = [{"name": "样例人甲", "kind": "natural"}, {"name": "样例人乙", "kind": "natural"}]
ORG_HEAD = [{"name": "样例公司", "kind": "org", "delegate_name": "样例人丙"}]
IDENTIFIER = "1.2.156.3005.2.11100000MB0143028R001.11100000MB0143028R.2024000001.001.3"


def broken(record: LicenseRecord, change: Change) -> list[tuple[str, str]]:
    """The fields and rules of what is wrong after a change; every message is in both languages."""
    obj = copy.deepcopy(record.to_json())
    change(obj)
    found = errors(obj)
    for error in found:
        assert error.zh
        assert not error.zh.isascii()
        assert error.en.partition(":")[0].isascii()  # what follows may quote Chinese values
    return [(error.field, error.rule) for error in found]


def put(**fields: Any) -> Change:
    return lambda obj: obj.update(fields)


def drop(*names: str) -> Change:
    return lambda obj: [obj.pop(name) for name in names]


@pytest.mark.parametrize("family", Family)
def test_the_right_example_of_each_family_is_right(family: Family) -> None:
    record = first(family)
    assert errors(record.to_json()) == []
    assert record.family is family
    assert record.head_role is FAMILIES[family].head_role


NO_CAPITAL = (Family.BRANCH, Family.COOP_BRANCH, Family.HOUSEHOLD)
NO_TERM = (Family.SOLE_PROP, Family.COOP, Family.COOP_BRANCH, Family.HOUSEHOLD)


@pytest.mark.parametrize("family", NO_CAPITAL)
@pytest.mark.parametrize("field", CAPITAL)
def test_capital_is_forbidden(family: Family, field: str) -> None:
    assert broken(first(family), put(**{field: CAPITAL[field]})) == [(field, "capital.forbidden")]


@pytest.mark.parametrize("family", [family for family in Family if family not in NO_CAPITAL])
@pytest.mark.parametrize("field", CAPITAL)
def test_capital_is_required(family: Family, field: str) -> None:
    assert broken(first(family), drop(field)) == [(field, "capital.required")]


@pytest.mark.parametrize(
    ("family", "label"),
    [
        (Family.COMPANY, "注册资本"),
        (Family.NONCORP_LEGAL, "出资额"),
        (Family.SOLE_PROP, "出资额"),
        (Family.PARTNERSHIP, "出资额"),
        (Family.COOP, "成员出资总额"),
    ],
)
def test_the_capital_label_is_the_familys(family: Family, label: str) -> None:
    assert first(family).capital_label == label
    assert broken(first(family), put(capital_label="资本金")) == [("capital_label", "capital.label")]


@pytest.mark.parametrize("family", NO_TERM)
def test_a_term_is_forbidden(family: Family) -> None:
    assert broken(first(family), put(term_from="2024-03-15")) == [("term_from", "term.forbidden")]
    both = put(term_from="2024-03-15", term_to="2034-03-14")
    assert broken(first(family), both) == [("term_from", "term.forbidden"), ("term_to", "term.forbidden")]


@pytest.mark.parametrize("family", [family for family in Family if family not in NO_TERM])
def test_a_term_is_optional_and_may_have_no_end(family: Family) -> None:
    assert broken(first(family), put(term_from="2024-03-15")) == []
    assert broken(first(family), put(term_from="2024-03-15", term_to="2024-03-15")) == []
    assert broken(first(family), put(term_to="2034-03-14")) == [("term_to", "term.order")]
    backwards = put(term_from="2024-03-16", term_to="2024-03-15")
    assert broken(first(family), backwards) == [("term_to", "term.order")]
    assert broken(first(family), put(term_from="2024-03-14")) == [("term_from", "term.before_establishment")]


@pytest.mark.parametrize("family", Family)
def test_only_a_household_may_have_no_name(family: Family) -> None:
    expected = [] if family is Family.HOUSEHOLD else [("name", "name.required")]
    assert broken(first(family), drop("name")) == expected


def test_a_household_shows_its_composition() -> None:
    assert broken(first(Family.HOUSEHOLD), drop("composition")) == [("composition", "composition.required")]
    assert broken(first(Family.HOUSEHOLD), put(composition="家庭经营")) == []
    assert broken(first(Family.HOUSEHOLD), put(composition="合伙经营")) == [("composition", "composition")]


@pytest.mark.parametrize("family", [family for family in Family if family is not Family.HOUSEHOLD])
def test_nobody_else_shows_a_composition(family: Family) -> None:
    assert broken(first(family), put(composition="个人经营")) == [("composition", "composition.forbidden")]


@pytest.mark.parametrize("family", Family)
def test_the_head_role_is_the_familys(family: Family) -> None:
    other = "operator" if family is not Family.HOUSEHOLD else "principal"
    assert broken(first(family), put(head_role=other)) == [("head_role", "head_role.family")]


@pytest.mark.parametrize("family", Family)
def test_several_heads_only_in_a_partnership(family: Family) -> None:
    expected = [] if family is Family.PARTNERSHIP else [("heads", "heads.one")]
    assert broken(first(family), put(heads=TWO_HEADS)) == expected


@pytest.mark.parametrize("family", Family)
def test_an_organisation_is_head_only_in_a_partnership(family: Family) -> None:
    expected = [] if family is Family.PARTNERSHIP else [("heads[0].kind", "heads.natural")]
    assert broken(first(family), put(heads=ORG_HEAD)) == expected


def test_an_organisation_has_a_delegate_and_a_person_has_none() -> None:
    partnership = first(Family.PARTNERSHIP)
    bare = put(heads=[{"name": "样例公司", "kind": "org"}])
    assert broken(partnership, bare) == [("heads[0].delegate_name", "heads.delegate")]
    person = put(heads=[{"name": "样例人甲", "kind": "natural", "delegate_name": "样例人乙"}])
    assert broken(partnership, person) == [("heads[0].delegate_name", "heads.delegate")]


PREFIX = {Family.HOUSEHOLD: "92", Family.COOP: "93", Family.COOP_BRANCH: "93"}


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("prefix", ["91", "92", "93"])
def test_the_credit_code_is_of_the_familys_category(family: Family, prefix: str) -> None:
    expected = [] if PREFIX.get(family, "91") == prefix else [("uscc", "uscc.family")]
    assert broken(first(family), put(uscc=code(prefix, 7))) == expected


@pytest.mark.parametrize("family", Family)
def test_the_type_code_is_of_the_family(family: Family) -> None:
    other = "1151" if family is not Family.COMPANY else "4531"
    assert broken(first(family), put(subject_type_code=other)) == [("subject_type_code", "subject_type.family")]


@pytest.mark.parametrize(("type_code", "rule"), [("1999", "unknown"), ("7200", "not_licence"), ("9900", "not_licence")])
def test_a_type_code_must_get_a_licence(type_code: str, rule: str) -> None:
    found = broken(first(), put(subject_type_code=type_code))
    assert found == [("subject_type_code", f"subject_type.{rule}")]


@pytest.mark.parametrize("family", Family)
def test_the_labels_are_the_familys(family: Family) -> None:
    other = first(Family.BRANCH if family is not Family.BRANCH else Family.COMPANY).to_json()["display_labels"]
    assert broken(first(family), put(display_labels=other)) == [("display_labels", "labels.family")]


def test_the_printed_scope_is_what_the_items_say() -> None:
    assert first().scope_text.startswith("许可项目：食品销售。（依法须经批准的项目，")
    assert "一般项目：软件开发。（除依法须经批准的项目外，" in first().scope_text
    assert broken(first(), put(scope_text="软件开发")) == [("scope_text", "scope.text")]


def test_free_text_is_for_older_licences_only() -> None:
    assert broken(first(), drop("scope_items")) == [("scope_items", "scope.items_required")]
    legacy = put(cause={"event": "IMPORT_LEGACY"}, scope_text="软件开发、销售")
    record = first().to_json()
    legacy(record)
    del record["scope_items"]
    assert errors(record) == []


def test_the_first_licence_is_issued_on_the_founding_date() -> None:
    assert broken(first(), put(issue_date="2024-03-16")) == [("issue_date", "dates.first_issue")]
    assert broken(first(), put(issue_date="2024-03-14")) == [("issue_date", "dates.order")]
    imported = put(issue_date="2024-03-16", cause={"event": "IMPORT_LEGACY"})
    assert broken(first(), imported) == []


def test_a_later_version_keeps_the_founding_date_and_bears_its_own() -> None:
    old = first()
    new = following(old, Event.CHANGE, premises="样例市样例路2号")
    assert new.establishment_date == old.establishment_date < new.issue_date
    assert broken(new, put(issue_date="2024-03-14")) == [("issue_date", "dates.order")]


@pytest.mark.parametrize(
    ("part", "want", "rule"),
    [
        ("11100000MB0143028R001", "11100000MB0143028R002", "type"),
        ("11100000MB0143028R.2", "11100000000013338W.2", "issuer"),
        (".001.", ".002.", "version"),
    ],
)
def test_the_identifier_agrees_with_the_record(part: str, want: str, rule: str) -> None:
    from ledger.license import identifier

    body = first().cert_identifier.replace(part, want)[:-1]
    parts = body.removeprefix(identifier.ROOT + ".").rstrip(".").split(".")
    other = body + identifier.check_character("".join(parts))
    assert broken(first(), put(cert_identifier=other)) == [("cert_identifier", f"identifier.{rule}")]


def test_supersedes_is_absent_in_the_first_version_only() -> None:
    new = following(first(), premises="样例市样例路2号")
    assert broken(first(), put(supersedes=IDENTIFIER)) == [("supersedes", "supersedes.first")]
    assert broken(new, drop("supersedes")) == [("supersedes", "supersedes.first")]
    assert broken(new, put(supersedes=new.cert_identifier)) == [("supersedes", "supersedes.previous")]


def test_the_cause_fits_the_version() -> None:
    new = following(first(), premises="样例市样例路2号")
    assert broken(new, put(cause={"event": "IMPORT_LEGACY"})) == [("cause.event", "cause.first")]
    assert broken(first(), put(cause={"event": "CHANGE"})) == [("cause.event", "cause.first")]
    assert broken(first(), put(cause={"event": "SUSPEND"})) == [("cause.event", "cause.event")]


SHAPES: list[tuple[str, Any, str, str]] = [
    ("schema_version", "lic/2", "schema_version", "schema_version"),
    ("licence_id", "123E4567-E89B-42D3-A456-426614174000", "licence_id", "licence_id"),
    ("licence_id", "123e4567-e89b-12d3-a456-426614174000", "licence_id", "licence_id"),
    ("cert_identifier", IDENTIFIER[:-1] + "4", "cert_identifier", "identifier"),
    ("cert_type_code", "11100000MB0143028R", "cert_type_code", "cert_type_code"),
    ("cert_type_code", "11100000MB0143028S001", "cert_type_code", "cert_type_code"),
    ("cert_type_code", "11100000MB01430280001", "cert_type_code", "cert_type_code"),
    ("version_no", "1", "version_no", "version_no"),
    ("version_no", True, "version_no", "version_no"),
    ("version_no", 1000, "version_no", "version_no"),
    ("uscc", "91500111MACM8P5451", "uscc", "uscc.check"),
    ("uscc", "11100000MB0143028R", "uscc", "uscc.not_licensable"),
    ("name", "", "name", "text.empty"),
    ("name", "样" * 201, "name", "text.length"),
    ("name", " 样例", "name", "text.space"),
    ("name", "样例\u3000", "name", "text.space"),
    ("name", "样\u200b例", "name", "text.control"),
    ("name", "样\u202e例", "name", "text.control"),
    ("name", "样\n例", "name", "text.control"),
    ("name", "样\ud800例", "name", "text.control"),
    ("name", "e\u0301", "name", "text.nfc"),
    ("name", 7, "name", "text.type"),
    ("family", "FIRM", "family", "family"),
    ("subject_type_code", "115", "subject_type_code", "subject_type.format"),
    ("subject_type_label", "型" * 81, "subject_type_label", "text.length"),
    ("heads", [], "heads", "list.length"),
    ("heads", "样例人甲", "heads", "list.length"),
    ("heads", ["样例人甲"], "heads[0]", "object.type"),
    ("heads", [{"name": "样例人甲"}], "heads[0].kind", "required"),
    ("heads", [{"name": "样例人甲", "kind": "robot"}], "heads[0].kind", "heads.kind"),
    ("heads", [{"name": "样例人甲", "kind": "natural", "id": "1"}], "heads[0].id", "unknown_field"),
    ("heads", [{"name": "人" * 101, "kind": "natural"}], "heads[0].name", "text.length"),
    ("capital_amount", 1000000, "capital_amount", "capital.format"),
    ("capital_amount", "-1", "capital_amount", "capital.format"),
    ("capital_amount", "01", "capital_amount", "capital.format"),
    ("capital_amount", "1.005", "capital_amount", "capital.format"),
    ("capital_amount", "1.50", "capital_amount", "capital.format"),
    ("capital_amount", "1.0", "capital_amount", "capital.format"),
    ("capital_amount", "1e6", "capital_amount", "capital.format"),
    ("capital_amount", "１", "capital_amount", "capital.format"),
    ("capital_currency", "CNY", "capital_currency", "capital.currency_format"),
    ("premises", "路" * 301, "premises", "text.length"),
    ("scope_items", [{"text": "项" * 201, "kind": "一般"}], "scope_items[0].text", "text.length"),
    ("scope_items", [{"text": "软件开发", "kind": "特殊"}], "scope_items[0].kind", "scope.kind"),
    ("scope_items", [{"text": "软件开发", "kind": "一般", "code": "i-1"}], "scope_items[0].code", "scope.code"),
    ("establishment_date", "2024-3-15", "establishment_date", "date"),
    ("establishment_date", "2023-02-29", "establishment_date", "date"),
    ("term_to", None, "term_to", "date"),
    ("authority", {"code": "11100000MB0143028R", "name": "机关"}, "authority.division", "required"),
    ("media", "vellum", "media", "media"),
    ("copies", {"originals": 2, "duplicates": 1}, "copies.originals", "copies"),
    ("copies", {"originals": 1, "duplicates": -1}, "copies.duplicates", "copies"),
    ("cause", {"event": "ESTABLISH", "decision_no": "号" * 61}, "cause.decision_no", "text.length"),
    ("display_labels", ["名称"], "display_labels", "labels.type"),
]


SHAPE_IDS = [f"{index}-{field}-{rule}" for index, (_, _, field, rule) in enumerate(SHAPES)]


@pytest.mark.parametrize(("name", "value", "field", "rule"), SHAPES, ids=SHAPE_IDS)
def test_each_shape(name: str, value: Any, field: str, rule: str) -> None:
    assert broken(first(), put(**{name: value})) == [(field, rule)]
    with pytest.raises(RecordError) as caught:
        check_one(name, value)
    assert (caught.value.field, caught.value.rule) == (field, rule)


@pytest.mark.parametrize("good", ["0", "0.5", "0.05", "1", "1.5", "1.55", "999999999999999999.99"])
def test_amounts_that_are_right(good: str) -> None:
    assert broken(first(), put(capital_amount=good)) == []


@pytest.mark.parametrize(("name", "field"), FIELDS.items(), ids=list(FIELDS))
def test_each_required_field_is_missed(name: str, field: Any) -> None:
    if not field.required:
        return
    found = broken(first(), drop(name))
    assert found == [(name, "required")]


def test_unknown_fields_are_refused() -> None:
    assert broken(first(), put(phone="1")) == [("phone", "unknown_field")]
    with pytest.raises(RecordError, match="unknown_field"):
        check_one("phone", "1")


def test_what_is_no_object_is_refused() -> None:
    assert [error.rule for error in errors([])] == ["object.type"]
    with pytest.raises(RecordError):
        LicenseRecord.from_json(None)


def test_all_mistakes_are_told_at_once() -> None:
    found = broken(first(), put(name="", uscc="1", composition="个人经营", media="vellum"))
    assert found == [
        ("uscc", "uscc.length"),
        ("name", "text.empty"),
        ("media", "media"),
        ("composition", "composition.forbidden"),
    ]


def test_validate_raises_the_first_of_all() -> None:
    import dataclasses

    wrong = dataclasses.replace(first(), name="", media="vellum")
    assert [error.rule for error in wrong.validate_all()] == ["text.empty", "media"]
    with pytest.raises(RecordError, match=r"text\.empty"):
        wrong.validate()
    first().validate()


def test_unusual_things_are_warnings() -> None:
    assert warnings(first().to_json()) == []
    odd = {**first(Family.HOUSEHOLD).to_json(), "uscc": "91100000100003962T"}
    assert len(warnings(odd)) == 2
