"""Numbers and bytes as JSON-RPC spells them (Ethereum execution-apis).

What we are asked is read strictly; what other nodes answer may have leading zeros, since some do.

What it leaves out: whole objects (``rpcjson`` writes them, ``events`` and ``transactions`` read them).
"""

from __future__ import annotations

import re

from ledger.errors import FormatError

CLIENT = "tongban-ledger/embedded"
"""What an embedded chain answers to ``web3_clientVersion``."""

_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})")
_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x([0-9a-fA-F]{2})*")


def quantity(value: int) -> str:
    """A number, without leading zeros."""
    return hex(value)


def data(value: bytes) -> str:
    """Bytes."""
    return "0x" + value.hex()


def parse_quantity(value: object) -> int:
    """A number of at most 256 bits in its one spelling.

    Raises:
        FormatError: it is none.
    """
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise FormatError(f"not a quantity: {value!r:.80}")
    return int(value, 16)


def number(value: object) -> int:
    """A number that a node answered; leading zeros do no harm.

    Raises:
        FormatError: it is none.
    """
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise FormatError(f"not a number: {value!r:.80}")
    return int(value, 16)


def parse_data(value: object, size: int | None = None) -> bytes:
    """Bytes, exactly ``size`` of them if given.

    Raises:
        FormatError: they are not.
    """
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise FormatError(f"not hex data: {value!r:.80}")
    raw = bytes.fromhex(value[2:])
    if size is not None and len(raw) != size:
        raise FormatError(f"{size} bytes expected, got {len(raw)}")
    return raw
