"""电子证照标识: public identifiers verify, and a wrong part is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from ledger.errors import FormatError
from ledger.license import identifier
from ledger.license.identifier import BUSINESS_LICENSE, ROOT

ORGAN = "11100000MB0143028R"
PUBLIC = [
    "11100000000013338W011.11430000006122244L.20230000403.001.U",
    "11100000000013338W009.11330105002500287C.2025052201.002.0",
    "11100000MB03271699022.340100.000000016.001.9",
    "11100000000013338W032.11220000013544541J.2430599.001.F",
]
GOOD = identifier.build(BUSINESS_LICENSE, ORGAN, "2024000001", 1)
serials = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=40)


@pytest.mark.parametrize("tail", PUBLIC)
def test_public_identifiers_verify(tail: str) -> None:
    parsed = identifier.parse(f"{ROOT}.{tail}")
    assert str(parsed) == f"{ROOT}.{tail}"
    assert tail.split(".")[:3] == [parsed.type_code, parsed.issuer, parsed.serial]
    identifier.check(f"{ROOT}.{tail}")


def test_a_published_sample_with_a_wrong_check_character_is_refused() -> None:
    sample = f"{ROOT}.11100000000013661B006.113700000045046442.209FA4E8EA49.001"
    want = identifier.check_character("11100000000013661B006113700000045046442209FA4E8EA49001")
    with pytest.raises(FormatError, match=want):
        identifier.parse(f"{sample}.{'A' if want != 'A' else 'B'}")


@pytest.mark.parametrize(
    "text",
    [
        None,
        GOOD[:-2],
        GOOD + ".1",
        GOOD.lower(),
        GOOD.replace(".001.", ".1."),
        GOOD.replace(".001.", ".000."),
        GOOD.replace(ROOT, "1.2.156.3005.3"),
        GOOD.replace(BUSINESS_LICENSE, BUSINESS_LICENSE[:-1]),
        GOOD.replace("2024000001", ""),
        GOOD.replace("2024000001", "2024-00001"),
        GOOD.replace(ORGAN, ORGAN[:-1]),
        GOOD.replace(".001.", ".００1."),
        GOOD + " ",
    ],
)
def test_another_form_is_refused(text: object) -> None:
    with pytest.raises(FormatError):
        identifier.parse(text)


@pytest.mark.parametrize("version", [0, 1000, True, "001"])
def test_a_version_is_a_number_of_three_digits(version: int) -> None:
    with pytest.raises(FormatError):
        identifier.build(BUSINESS_LICENSE, ORGAN, "1", version)


def test_a_check_character_needs_digits_and_capitals() -> None:
    with pytest.raises(FormatError):
        identifier.check_character("a")


@given(serials, st.integers(1, 999))
def test_what_is_built_is_parsed_back(serial: str, version: int) -> None:
    parsed = identifier.parse(identifier.build(BUSINESS_LICENSE, ORGAN, serial, version))
    assert (parsed.type_code, parsed.issuer, parsed.serial, parsed.version) == (
        BUSINESS_LICENSE,
        ORGAN,
        serial,
        version,
    )


@given(serials)
def test_stdnum_computes_the_same_check_character(body: str) -> None:
    assert identifier.check_character(body) == mod_37_36.calc_check_digit(body)


@given(serials, st.data())
def test_one_wrong_character_is_always_found(serial: str, data: st.DataObject) -> None:
    text = identifier.build(BUSINESS_LICENSE, ORGAN, serial, 7)
    position = data.draw(st.integers(len(ROOT) + 1, len(text) - 1))
    character = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ."))
    if character == text[position]:
        return
    with pytest.raises(FormatError):
        identifier.parse(text[:position] + character + text[position + 1 :])
