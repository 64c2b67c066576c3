"""Canonical JSON: one value, one spelling.

RFC 8785 (JCS) restricted to objects with ASCII keys, arrays, strings, booleans and integers
of magnitude below 2^53. On that subset a sorted encoder gives RFC 8785's bytes: sorting by
code point and by UTF-16 unit agree on ASCII keys, and no floating-point number is left to
format. Outside it (null, floats, other keys, lone surrogates, duplicate keys, spare spaces)
everything is refused, on the way out and on the way in.

What it leaves out: which fields an object may have; each format's own parser says that.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

from ledger.errors import FormatError

MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3; RFC 7493, 2.2)."""

MAX_DEPTH = 32
"""Deepest nesting accepted. Our formats need 6; a hostile file must not reach the interpreter's limit."""

_PASSTHROUGH = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | _PASSTHROUGH


def dumps(obj: Any) -> bytes:
    """Encode a value canonically.

    Args:
        obj: dicts with ASCII string keys, lists, strings, booleans and integers below 2^53.

    Returns:
        UTF-8 bytes, the same as a full RFC 8785 encoder's.

    Raises:
        FormatError: the value is outside the subset; nothing is coerced.
    """
    _check(obj, 0)
    try:
        return orjson.dumps(obj, option=_OPTIONS)
    except (TypeError, ValueError) as error:  # a lone surrogate: orjson refuses what UTF-8 cannot carry
        raise FormatError(f"not canonical JSON: {error}") from error


def loads(data: bytes) -> Any:
    """Decode bytes that must be the canonical spelling of the value they hold.

    Raises:
        FormatError: not JSON, outside the subset, or another spelling (order, spaces, escapes, duplicates).
    """
    value = _parse(data)
    if dumps(value) != data:
        raise FormatError("JSON is not in canonical form: keys sorted, no spaces, shortest escapes, no duplicates")
    return value


def loads_object(data: bytes) -> dict[str, Any]:
    """Like :func:`loads`, for bytes that must hold an object.

    Raises:
        FormatError: as :func:`loads`, or the value is not an object.
    """
    value = loads(data)
    if not isinstance(value, dict):
        raise FormatError(f"a JSON object was expected, got {type(value).__name__}")
    return value


def _parse(data: bytes) -> Any:
    try:
        # Bounds the depth first: json stops at the interpreter's limit only, which py_ecc (under web3.py) raises so far
        # that a hostile file would burst the C stack.
        orjson.loads(data)
        return json.loads(data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float, parse_int=_integer)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from error


def _integer(text: str) -> int:
    if len(text) > 17:
        raise FormatError(f"integer out of range: {text[:20]}…")
    return int(text)


def _no_float(text: str) -> NoReturn:
    raise FormatError(f"number is not an integer: {text[:40]}")


def _check(obj: Any, depth: int) -> None:
    """Refuse what is outside the subset. Exact types only: a subclass could print as something else."""
    kind = type(obj)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -MAX_INTEGER <= obj <= MAX_INTEGER:
            raise FormatError(f"integer out of range (below 2^53): {obj}")
        return
    if depth >= MAX_DEPTH:
        raise FormatError(f"nested deeper than {MAX_DEPTH}")
    if kind is dict:
        for key, value in obj.items():
            if type(key) is not str or not key.isascii():
                raise FormatError(f"object key is not an ASCII string: {key!r}")
            _check(value, depth + 1)
    elif kind is list:
        for value in obj:
            _check(value, depth + 1)
    else:
        raise FormatError(f"{kind.__name__} has no canonical form here")
