"""Strict text encodings: round trips, and every second spelling refused."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import encoding
from ledger.errors import FormatError

MOMENT = st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC))  # noqa: DTZ001 the zone is added or refused


@given(st.binary(max_size=40))
def test_binary_round_trips(data: bytes) -> None:
    assert encoding.parse_hex(data.hex()) == data
    assert encoding.parse_hex(data.hex(), len(data)) == data
    assert encoding.parse_b64(encoding.b64(data), len(data)) == data
    assert encoding.parse_b64url(encoding.b64url(data)) == data


@given(st.integers(0, 10**39 - 1))
def test_decimal_round_trips(value: int) -> None:
    assert encoding.parse_decimal(str(value)) == value


@given(MOMENT)
def test_moments_round_trip_to_the_second(moment: dt.datetime) -> None:
    text = encoding.timestamp(moment)
    assert encoding.parse_timestamp(text) == moment.replace(microsecond=0)
    assert encoding.parse_date(moment.date().isoformat()) == moment.date()


@given(st.text(max_size=24), st.sampled_from(["hex", "decimal", "b64", "b64url", "date", "timestamp"]))
def test_any_text_has_one_spelling_or_none(text: str, kind: str) -> None:
    parse: Callable[[object], object] = getattr(encoding, f"parse_{kind}")
    try:
        value = parse(text)
    except FormatError:
        return
    write: dict[str, Callable[..., str]] = {
        "hex": bytes.hex,
        "decimal": str,
        "b64": encoding.b64,
        "b64url": encoding.b64url,
        "date": dt.date.isoformat,
        "timestamp": encoding.timestamp,
    }
    assert write[kind](value) == text


@pytest.mark.parametrize("text", ["A0", "0x00", "0", "0g", " 00", "00 ", "00\n", "é0", "٠٠", None, 0, b"00", ["00"]])
def test_hex_refuses(text: object) -> None:
    with pytest.raises(FormatError):
        encoding.parse_hex(text)


@pytest.mark.parametrize("text", ["00" * 31, "00" * 33, ""])
def test_hex_of_another_size_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="32 bytes expected"):
        encoding.parse_hex(text, 32)


@pytest.mark.parametrize(
    "text", ["", "1_0", "+1", "-1", "-0", "01", "00", " 1", "1 ", "1\n", "1.0", "1e3", "٣", "１", "1" * 40, 1, None]
)
def test_decimal_refuses(text: object) -> None:
    with pytest.raises(FormatError):
        encoding.parse_decimal(text)


@pytest.mark.parametrize("text", ["AA==", "A", "AB", "A+8", "A/8", "AA\n", " AA", "AA ", "A A", "é", b"AA", None, 5])
def test_base64url_refuses(text: object) -> None:
    with pytest.raises(FormatError):
        encoding.parse_b64url(text)


@pytest.mark.parametrize(
    "text", ["AA", "AA=", "AB==", "A-8=", "A_8=", "AA==\n", "AA= =", "AA==AA==", "=", "a!==", None]
)
def test_base64_refuses(text: object) -> None:
    with pytest.raises(FormatError):
        encoding.parse_b64(text)


def test_base64_of_another_size_is_refused() -> None:
    with pytest.raises(FormatError, match="32 bytes expected"):
        encoding.parse_b64(base64.b64encode(bytes(31)).decode(), 32)


@pytest.mark.parametrize(
    "text",
    [
        "2026-2-3",
        "20260203",
        "2026-02-30",
        "2026-W06-2",
        "2026-034",
        "2026-02-03 ",
        "２026-02-03",
        "0000-01-01",
        "",
        None,
    ],
)
def test_date_refuses(text: object) -> None:
    with pytest.raises(FormatError):
        encoding.parse_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T08:00:00+00:00",
        "2026-11-22T08:00:00.0Z",
        "2026-11-22 08:00:00Z",
        "2026-11-22t08:00:00z",
        "2026-11-22T08:00:00",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:60:00Z",
        "2026-11-22T08:00:60Z",
        "2026-11-31T08:00:00Z",
        "2026-11-22T8:00:000Z",
        " 2026-1-22T08:00:00Z",
        "",
        None,
        0,
    ],
)
def test_timestamp_refuses(text: object) -> None:
    with pytest.raises(FormatError):
        encoding.parse_timestamp(text)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(FormatError, match="zone"):
        encoding.timestamp(dt.datetime(2026, 11, 22))  # noqa: DTZ001 the zone is added or refused


def test_a_moment_is_spelled_in_utc() -> None:
    moment = dt.datetime(2026, 11, 22, 8, 0, 0, 999_999, tzinfo=encoding.SHANGHAI)
    assert encoding.timestamp(moment) == "2026-11-22T00:00:00Z"


@pytest.mark.parametrize(("hour", "day"), [(15, 22), (16, 23)])
def test_the_legal_date_changes_at_midnight_in_beijing(hour: int, day: int) -> None:
    moment = dt.datetime(2026, 11, 22, hour, 0, 0, tzinfo=dt.UTC)
    assert encoding.shanghai_date(moment) == dt.date(2026, 11, day)
