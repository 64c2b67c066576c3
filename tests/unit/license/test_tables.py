"""The package's own tables: divisions, type codes, families."""

from __future__ import annotations

import pytest

from ledger.license import divisions
from ledger.license.families import FAMILIES, Family, HeadRole, face_labels, subject_types
from ledger.license.status import Event, Flag, SubjectState, VersionState
from ledger.license.words import EVENT_WORDS, FLAG_WORDS, SUBJECT_WORDS, VERSION_WORDS


def test_all_34_provinces_are_there() -> None:
    provinces = [division for division in divisions.table().values() if division.is_province]
    assert len(provinces) == 34
    assert {"北京市", "重庆市", "四川省", "台湾省", "香港特别行政区", "澳门特别行政区"} <= {p.name for p in provinces}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("500106", "重庆市沙坪坝区"),
        ("330113", "浙江省杭州市临平区"),
        ("540602", "西藏自治区那曲市色尼区"),
        ("429004", "湖北省仙桃市"),
        ("510100", "四川省成都市"),
        ("500000", "重庆市"),
        ("100000", None),
        ("110302", None),
    ],
)
def test_names_of_divisions(code: str, name: str | None) -> None:
    assert divisions.name_of(code) == name
    assert bool(divisions.warnings(code)) == (name is None)


def test_every_division_lies_in_a_province_and_has_a_dated_source() -> None:
    for code, division in divisions.table().items():
        assert len(code) == 6
        assert code.isdigit()
        province = divisions.province_of(code)
        assert province is not None
        assert province.code == code[:2] + "0000"
        assert division.edition in ("2021-01-04", "2021-12-30")
    assert divisions.province_of("100000") is None
    assert divisions.province_of("5001") is None


def test_every_type_code_has_a_source_and_a_confidence() -> None:
    for code, kind in subject_types().items():
        assert len(code) == 4
        assert 0 < len(kind.label) <= 80
        assert kind.confidence in ("high", "medium", "low")
        assert kind.source
        assert (kind.source == "memory") <= (kind.confidence == "low")


def test_every_family_has_a_type_code() -> None:
    assert {kind.family for kind in subject_types().values()} == {*Family, None}


@pytest.mark.parametrize(
    ("code", "family"),
    [("1151", "COMPANY"), ("2212", "BRANCH"), ("5310", "NONCORP_LEGAL"), ("5410", "PARTNERSHIP"), ("7100", "BRANCH"),
     ("7200", None), ("9999", "HOUSEHOLD")],
)  # fmt: skip
def test_the_family_is_by_table_and_not_by_first_digit(code: str, family: str | None) -> None:
    assert subject_types()[code].family == family


def test_every_head_role_belongs_to_a_family() -> None:
    assert {rules.head_role for rules in FAMILIES.values()} == set(HeadRole)
    assert set(FAMILIES) == set(Family)


@pytest.mark.parametrize("family", Family)
def test_labels_are_chinese_first_and_english_second(family: Family) -> None:
    for label in face_labels(family).values():
        assert not label.zh.isascii()
        assert label.en.isascii()


def test_every_event_state_and_flag_has_words() -> None:
    assert set(EVENT_WORDS) == set(Event)
    assert set(SUBJECT_WORDS) == set(SubjectState)
    assert set(VERSION_WORDS) == set(VersionState)
    assert set(FLAG_WORDS) == set(Flag)
