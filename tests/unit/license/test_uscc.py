"""Credit codes: each layer is refused by its own rule, and one wrong character is always found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from ledger.errors import FormatError
from ledger.license import uscc

REAL = [
    "914403001922038216",
    "91440300708461136T",
    "91110108551385082Q",
    "91330100799655058B",
    "91110000802100433B",
    "9150000020286320X6",
    "91500111MACM8P5450",
    "9152000071430580XT",
    "91110000710925462X",
    "91100000100003962T",
    "911000001000013428",
    "911100001000044477",
    "911100001000054748",
    "91440300100012316L",
    "9144030010001686XA",
    "91440300192181490G",
    "91440300192317458F",
    "91440400192548256N",
    "91370200264574251E",
    "91440606722473344C",
    "91110302562134916R",
    "9144030027939873X7",
    "91350900587527783P",
    "9132070070404786XB",
    "91310000132260250X",
    "9110000071092841XX",
    "91330000733796106P",
    "916101167101813521",
    "91110000600037341L",
    "11100000MB0143028R",
    "11100000000013338W",
    "91350100M000100Y43",
]

LAYERS = [
    (None, "uscc.type"),
    (914403001922038216, "uscc.type"),
    (["914403001922038216"], "uscc.type"),
    ("", "uscc.length"),
    ("91440300192203821", "uscc.length"),
    ("9144030019220382160", "uscc.length"),
    ("914403001922038216\n", "uscc.length"),
    ("9144030019220382I6", "uscc.alphabet"),
    ("914403001922O38216", "uscc.alphabet"),
    ("S14403001922038216", "uscc.alphabet"),
    ("91440300V922038216", "uscc.alphabet"),
    ("91350100M000100Y4Z", "uscc.alphabet"),
    ("９14403001922038216", "uscc.alphabet"),
    ("91110108551385082q", "uscc.alphabet"),
    ("٩14403001922038216", "uscc.alphabet"),
    ("000000000000000000", "uscc.department"),
    ("B14403001922038216", "uscc.department"),
    ("944403001922038216", "uscc.category"),
    ("1444030019220382AA", "uscc.category"),
    ("91A403001922038216", "uscc.region"),
    ("91330106MA2CE7XW08", "uscc.organisation"),
    ("91440300MA5EC9TD3X", "uscc.organisation"),
    ("91110108592317351H", "uscc.organisation"),
    ("91330100788831167A", "uscc.check"),
    ("91150000114124263K", "uscc.check"),
    ("914403001922038217", "uscc.check"),
]

bodies = st.tuples(
    st.sampled_from([department + category for department, all_ in uscc.CATEGORIES.items() for category in all_]),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(uscc.ALPHABET, min_size=8, max_size=8),
).map("".join)
codes = bodies.map(lambda body: body + uscc.organisation_check(body[8:])).map(lambda b: b + uscc.check_character(b))


@pytest.mark.parametrize("code", REAL)
def test_codes_in_use_are_valid(code: str) -> None:
    parsed = uscc.validate(code)
    assert (parsed.code, parsed.department, parsed.category) == (code, code[0], code[1])
    assert (parsed.division, parsed.organisation, parsed.check) == (code[2:8], code[8:17], code[17])


@pytest.mark.parametrize(("code", "rule"), LAYERS, ids=[f"{rule}-{code}" for code, rule in LAYERS])
def test_each_layer_refuses_by_its_own_rule(code: object, rule: str) -> None:
    with pytest.raises(FormatError, match=rf"\[{rule}\]"):
        uscc.validate(code)
    fault = uscc.fault(code)
    assert fault is not None
    assert fault.rule == rule


def test_a_check_character_of_zero_is_right() -> None:
    assert uscc.check_character("91500111MACM8P545") == "0"
    assert uscc.validate("91500111MACM8P5450").check == "0"


def test_check_characters_are_computed_of_whole_codes() -> None:
    for body in ("91500111MACM8P54", "91500111MACM8P5450", ""):
        with pytest.raises(FormatError):
            uscc.check_character(body)
    for body in ("MACM8P5", "MACM8P545"):
        with pytest.raises(FormatError):
            uscc.organisation_check(body)


def test_the_standards_own_example() -> None:
    assert uscc.check_character("91350100M000100Y4") == "3"


@pytest.mark.parametrize("code", ["91100000100003962T", "91110302562134916R"])
def test_a_region_outside_the_division_table_is_a_warning(code: str) -> None:
    (warning,) = uscc.validate(code).warnings
    assert code[2:8] in warning
    assert " / " in warning


def test_a_known_region_gives_no_warning() -> None:
    assert uscc.validate("91330100799655058B").warnings == ()


@pytest.mark.parametrize("code", ["914403001922038216", "92500106MA0000010", "93500106MA0000010"])
def test_licence_subjects_are_of_department_nine(code: str) -> None:
    body = code[:16]
    full = body + uscc.organisation_check(body[8:])
    assert uscc.validate_license_subject(full + uscc.check_character(full)).department == "9"


@pytest.mark.parametrize("code", ["11100000MB0143028R", "51500106500000001"])
def test_other_departments_hold_no_business_licence(code: str) -> None:
    body = code[:16]
    full = body + uscc.organisation_check(body[8:])
    full += uscc.check_character(full)
    uscc.validate(full)
    with pytest.raises(FormatError, match=r"uscc\.not_licensable"):
        uscc.validate_license_subject(full)


def test_an_organ_is_of_category_11_or_12() -> None:
    assert uscc.validate_organ("11100000MB0143028R").category == "1"
    with pytest.raises(FormatError, match=r"uscc\.not_organ"):
        uscc.validate_organ("914403001922038216")
    with pytest.raises(FormatError, match=r"uscc\.type"):
        uscc.validate_organ(["11100000MB0143028R"])


@given(codes.filter(lambda code: code[0].isdigit()))
def test_stdnum_agrees_on_right_codes(code: str) -> None:
    """It knows the departments with a digit only."""
    assert uscc.validate(code).code == stdnum_uscc.validate(code)


@given(bodies)
def test_stdnum_computes_the_same_check_character(body: str) -> None:
    most = body + "0"
    assert uscc.check_character(most) == stdnum_uscc.calc_check_digit(most)


@given(codes, st.integers(0, 17), st.sampled_from(uscc.ALPHABET))
def test_one_wrong_character_is_always_found(code: str, position: int, character: str) -> None:
    if character == code[position]:
        return
    with pytest.raises(FormatError):
        uscc.validate(code[:position] + character + code[position + 1 :])


@given(codes, st.integers(8, 16))
def test_two_neighbours_swapped_in_the_subject_part_are_found(code: str, position: int) -> None:
    if code[position] == code[position + 1]:
        return
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    with pytest.raises(FormatError):
        uscc.validate(swapped)


@given(st.text(max_size=20))
def test_nothing_but_a_format_error_ever_comes_out(text: str) -> None:
    fault = uscc.fault(text)
    if fault is None:
        assert uscc.validate(text).code == text
    else:
        with pytest.raises(FormatError, match=" / "):
            uscc.validate(text)
