"""Canonical JSON: the same bytes as a full RFC 8785 encoder on our subset, and nothing outside it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger import canonical
from ledger.errors import FormatError

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
KEY = st.text(alphabet=st.characters(max_codepoint=127), max_size=8)
INTEGER = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
VALUE = st.recursive(
    st.booleans() | INTEGER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)


class Word(StrEnum):
    A = "a"


@given(VALUE)
@example({"\x7f": '\x00\u2028\U0001f600"\\/', "": [], "a\nb": {"B": 0, "b": -1}})
def test_bytes_are_those_of_a_full_encoder(value: Any) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)


@given(VALUE)
def test_reading_is_the_inverse_of_writing(value: Any) -> None:
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.dumps(canonical.loads(data)) == data


@given(st.dictionaries(KEY, st.integers(0, 9), min_size=2, max_size=6), st.randoms())
def test_order_of_insertion_does_not_matter(value: dict[str, int], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical.dumps(dict(items)) == canonical.dumps(value)


@given(VALUE, st.integers(1, 3))
def test_another_spelling_of_a_value_is_refused(value: Any, indent: int) -> None:
    data = canonical.dumps(value)
    for other in (json.dumps(value).encode(), json.dumps(value, indent=indent).encode(), b" " + data, data + b"\n"):
        if other != data:
            with pytest.raises(FormatError):
                canonical.loads(other)


@given(st.binary(max_size=40))
@example(b"\xef\xbb\xbf{}")
@example(b'"\xff"')
@example(b"[" * 100_000)
@example(b"9" * 100_000)
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    try:
        value = canonical.loads(data)
    except FormatError:
        return
    assert canonical.dumps(value) == data


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.0,
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        2**64,
        b"bytes",
        (1, 2),
        {1: 2},
        {"é": 1},
        {"\ud800": 1},
        "\ud800",
        "a\udfffb",
        {"a": [None]},
        [{"a": {"b": 1.5}}],
        {1, 2},
        Word.A,
        {Word.A: 1},
        object(),
    ],
)
def test_values_outside_the_subset_are_refused(value: object) -> None:
    with pytest.raises(FormatError):
        canonical.dumps(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"1.0",
        b"1e2",
        b"-0",
        b"-0.0",
        b"01",
        b"+1",
        b"1_0",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"9007199254740992",
        b"-9007199254740992",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a":1}x',
        b'{"a":1}{}',
        b'{"a" :1}',
        b"{'a':1}",
        b'{"a":1,}',
        b"[1,]",
        b'"\\u0061"',
        b'"\\/"',
        b'"\\u00e9"',
        b'"\\ud800"',
        b'"\\uD83D\\uDE00"',
        b'"a\nb"',
        b'"\\u000A"',
        '{"é":1}'.encode(),
        b"true ",
        b"True",
        '"é"'.encode("utf-16"),
        "١".encode(),
    ],
)
def test_documents_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        canonical.loads(data)


@pytest.mark.parametrize("value", [canonical.MAX_INTEGER, -canonical.MAX_INTEGER, 0])
def test_the_largest_integers_pass(value: int) -> None:
    assert canonical.loads(str(value).encode()) == value
    assert canonical.dumps(value) == str(value).encode()


def test_booleans_are_not_integers() -> None:
    assert canonical.dumps([True, 1, False, 0]) == b"[true,1,false,0]"
    assert canonical.loads(b"[true,1]") == [True, 1]
    assert type(canonical.loads(b"true")) is bool


@pytest.mark.parametrize(("depth", "fits"), [(canonical.MAX_DEPTH, True), (canonical.MAX_DEPTH + 1, False)])
def test_depth_is_bounded(depth: int, fits: bool) -> None:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    if fits:
        assert canonical.loads(canonical.dumps(value)) == value
    else:
        with pytest.raises(FormatError, match="deeper"):
            canonical.dumps(value)


@pytest.mark.parametrize("data", [b"[]", b"1", b'"a"', b"true"])
def test_an_object_is_demanded(data: bytes) -> None:
    assert canonical.loads_object(b'{"a":1}') == {"a": 1}
    with pytest.raises(FormatError, match="object was expected"):
        canonical.loads_object(data)
