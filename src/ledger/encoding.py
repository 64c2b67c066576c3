"""Strict text encodings: each value has exactly one accepted spelling.

Python's own ``int``, ``bytes.fromhex`` and ``b64decode`` accept many (``1_0``, `` 10 ``, ``+1``,
Arabic digits, stray characters). Here a value is decoded, encoded again and compared.

What it leaves out: JSON (``canonical``) and the formats built of these values.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from zoneinfo import ZoneInfo

from ledger.errors import FormatError

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone in which every legal date stands (登记 dates are Beijing dates)."""

_HEX = re.compile(r"[0-9a-f]*")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,38}")
_TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


def parse_hex(text: object, size: int | None = None) -> bytes:
    """Lower-case hex without prefix; ``size`` in bytes if it must be exact.

    Raises:
        FormatError: anything else.
    """
    if not isinstance(text, str) or len(text) % 2 or not _HEX.fullmatch(text):
        raise FormatError(f"not lower-case hex: {_clip(text)}")
    if size is not None and len(text) != 2 * size:
        raise FormatError(f"hex of {size} bytes expected, got {len(text) // 2} bytes")
    return bytes.fromhex(text)


def parse_decimal(text: object) -> int:
    """A non-negative decimal integer without sign, spaces or leading zeros.

    Raises:
        FormatError: anything else.
    """
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise FormatError(f"not a decimal integer: {_clip(text)}")
    return int(text)


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5; RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def parse_b64url(text: object) -> bytes:
    """Base64url without padding, in its one canonical spelling.

    Raises:
        FormatError: anything else, also non-zero spare bits.
    """
    if not isinstance(text, str) or not text.isascii() or "=" in text:
        raise FormatError(f"not base64url: {_clip(text)}")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise FormatError(f"not base64url: {_clip(text)}") from error
    if b64url(data) != text:
        raise FormatError(f"not the canonical base64url spelling: {_clip(text)}")
    return data


def b64(data: bytes) -> str:
    """Base64 with padding (RFC 4648 section 4), as in C2SP notes."""
    return base64.b64encode(data).decode("ascii")


def parse_b64(text: object, size: int | None = None) -> bytes:
    """Base64 with padding in its one canonical spelling; ``size`` in bytes if it must be exact.

    Raises:
        FormatError: anything else.
    """
    if not isinstance(text, str) or not text.isascii():
        raise FormatError(f"not base64: {_clip(text)}")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise FormatError(f"not base64: {_clip(text)}") from error
    if b64(data) != text:
        raise FormatError(f"not the canonical base64 spelling: {_clip(text)}")
    if size is not None and len(data) != size:
        raise FormatError(f"base64 of {size} bytes expected, got {len(data)}")
    return data


def parse_date(text: object) -> dt.date:
    """A calendar date ``YYYY-MM-DD``.

    Raises:
        FormatError: anything else.
    """
    if isinstance(text, str) and len(text) == 10:
        try:
            value = dt.date.fromisoformat(text)
        except ValueError:
            value = None
        if value is not None and value.isoformat() == text:
            return value
    raise FormatError(f"not a date YYYY-MM-DD: {_clip(text)}")


def timestamp(moment: dt.datetime) -> str:
    """Spell a moment as UTC, to the second: ``2026-11-22T08:00:00Z``.

    Args:
        moment: an aware datetime; fractions of a second are cut off.

    Raises:
        FormatError: the datetime is naive.
    """
    if moment.tzinfo is None:
        raise FormatError("a time without a zone has no meaning here")
    return moment.astimezone(dt.UTC).strftime(_TIMESTAMP)


def parse_timestamp(text: object) -> dt.datetime:
    """A UTC moment ``YYYY-MM-DDTHH:MM:SSZ``.

    Raises:
        FormatError: anything else.
    """
    if isinstance(text, str) and len(text) == 20 and text.isascii():
        try:
            value = dt.datetime.strptime(text, _TIMESTAMP).replace(tzinfo=dt.UTC)
        except ValueError:
            value = None
        if value is not None and timestamp(value) == text:
            return value
    raise FormatError(f"not a UTC time YYYY-MM-DDTHH:MM:SSZ: {_clip(text)}")


def shanghai_date(moment: dt.datetime) -> dt.date:
    """The legal date on which a moment falls.

    Raises:
        FormatError: the calendar has no such date (the last evening of the year 9999).
    """
    try:
        return moment.astimezone(SHANGHAI).date()
    except OverflowError as error:
        raise FormatError(f"no legal date falls on {moment.isoformat()}") from error


def _clip(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
