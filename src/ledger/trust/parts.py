"""The objects inside a trust file, read and written field by field: key, anchor, adopted head, ranges.

Keys and anchors are the directory's own values. A field that is missing, unknown, of another type or out of range is a
:class:`~ledger.errors.FormatError`. ``-1`` stands for "none": canonical JSON has no null.

What it leaves out: whether the parts agree with one another (``checks``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ledger.canonical import MAX_INTEGER
from ledger.directory import Anchor, Key
from ledger.encoding import parse_decimal, parse_hex, parse_timestamp, timestamp
from ledger.errors import FormatError
from ledger.keys import Purpose

NONE = -1
MAX_MEMBER = 2**32 - 1
"""Member codes are ``uint32`` in the contract."""

MAX_CHAIN_ID = 2**256 - 1
_ADDRESS = re.compile(r"[0-9a-f]{40}")
_PUBLIC_SIZE = {Purpose.CREDENTIAL: 33, Purpose.EXCHANGE: 32, Purpose.CHECKPOINT: 32}
_KEY = {"id", "purpose", "public", "added", "revoked", "from_size", "until_size", "compromised_from"}
_HEAD = {"seq", "epoch", "size", "log_root", "state_root", "digest", "block", "time"}
_ANCHOR = _HEAD | {"previous", "witnesses", "disowned"}
_ADOPTED = _HEAD | {"chain", "registry"}


@dataclass(frozen=True, slots=True)
class Adoption:
    """A head taken over from a predecessor registry.

    Attributes:
        chain_id: EIP-155 id of the predecessor's chain.
        registry: the predecessor's address, 40 hex digits without prefix.
        head: its last anchor; ``previous`` is empty, because only the predecessor knows it.
    """

    chain_id: int
    registry: str
    head: Anchor


def key_to_json(key: Key) -> dict[str, Any]:
    """The object in ``keys``."""
    return {
        "id": key.id.hex(),
        "purpose": int(key.purpose),
        "public": key.public.hex(),
        "added": key.added,
        "revoked": or_none(key.revoked),
        "from_size": key.from_size,
        "until_size": or_none(key.until_size),
        "compromised_from": or_none(key.compromised_from),
    }


def key_from_json(obj: object, member: int) -> Key:
    """Parse an object of ``keys``; raises FormatError."""
    got = fields(obj, "key", _KEY)
    purpose = Purpose(integer(got["purpose"], "key.purpose", low=1, high=3))
    return Key(
        member=member,
        id=parse_hex(got["id"], 32),
        purpose=purpose,
        public=parse_hex(got["public"], _PUBLIC_SIZE[purpose]),
        added=integer(got["added"], "key.added"),
        revoked=maybe(got["revoked"], "key.revoked"),
        from_size=integer(got["from_size"], "key.from_size"),
        until_size=maybe(got["until_size"], "key.until_size"),
        compromised_from=maybe(got["compromised_from"], "key.compromised_from"),
    )


def anchor_to_json(anchor: Anchor) -> dict[str, Any]:
    """The object in ``anchors``."""
    return _head_to_json(anchor) | {
        "previous": anchor.previous.hex(),
        "witnesses": sorted(anchor.witnesses),
        "disowned": anchor.disowned,
    }


def anchor_from_json(obj: object, member: int) -> Anchor:
    """Parse an object of ``anchors``; raises FormatError."""
    got = fields(obj, "anchor", _ANCHOR)
    witnesses = tuple(integer(item, "witness", low=1, high=MAX_MEMBER) for item in items(got, "witnesses"))
    return Anchor(
        **_head(got, member),
        previous=parse_hex(got["previous"], 32),
        witnesses=witnesses,
        disowned=boolean(got["disowned"], "anchor.disowned"),
    )


def adoption_to_json(adoption: Adoption) -> dict[str, Any]:
    """The ``adopted`` object."""
    return _head_to_json(adoption.head) | {"chain": str(adoption.chain_id), "registry": adoption.registry}


def adoption_from_json(obj: object, member: int) -> Adoption:
    """Parse the ``adopted`` object; raises FormatError."""
    got = fields(obj, "adopted", _ADOPTED)
    head = Anchor(**_head(got, member), previous=b"")
    return Adoption(chain_id(got["chain"]), address(got["registry"]), head)


def suspension_from_json(value: object) -> tuple[int, int | None]:
    """Parse a pair of blocks; raises FormatError."""
    if not isinstance(value, list) or len(value) != 2:
        raise FormatError("a suspension is a pair of blocks")
    return integer(value[0], "suspension"), maybe(value[1], "suspension")


def range_from_json(value: object) -> tuple[int, int]:
    """Parse an object of ``disowned``; raises FormatError."""
    got = fields(value, "disowned", {"from", "to"})
    return integer(got["from"], "disowned.from", low=1), integer(got["to"], "disowned.to", low=1)


def chain_id(value: object) -> int:
    """A chain id in decimal; raises FormatError."""
    number = parse_decimal(value)
    if not 0 < number <= MAX_CHAIN_ID:
        raise FormatError(f"chain id out of range: {number}")
    return number


def address(value: object) -> str:
    """A contract's address: 40 lower-case hex digits; raises FormatError."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise FormatError("a registry's address is 40 lower-case hex digits")
    return value


def integer(value: object, name: str, *, low: int = 0, high: int = MAX_INTEGER) -> int:
    """An integer within bounds; raises FormatError."""
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"{name} must be an integer in {low}..{high}, got {value!r}")
    return value


def maybe(value: object, name: str) -> int | None:
    """A non-negative integer, or None where -1 stands; raises FormatError."""
    number = integer(value, name, low=NONE)
    return None if number == NONE else number


def or_none(value: int | None) -> int:
    """The number, or -1 for None."""
    return NONE if value is None else value


def boolean(value: object, name: str) -> bool:
    """True or false; raises FormatError."""
    if type(value) is not bool:
        raise FormatError(f"{name} must be true or false")
    return value


def fields(obj: object, name: str, names: set[str]) -> dict[str, Any]:
    """An object with exactly those fields; raises FormatError."""
    if not isinstance(obj, dict) or obj.keys() != names:
        raise FormatError(f"{name} must be an object with exactly {', '.join(sorted(names))}")
    return obj


def items(obj: dict[str, Any], name: str) -> list[Any]:
    """A field that must be a list; raises FormatError."""
    value = obj[name]
    if not isinstance(value, list):
        raise FormatError(f"{name} must be a list")
    return value


def _head_to_json(anchor: Anchor) -> dict[str, Any]:
    return {
        "seq": anchor.seq,
        "epoch": anchor.epoch,
        "size": anchor.size,
        "log_root": anchor.log_root.hex(),
        "state_root": anchor.state_root.hex(),
        "digest": anchor.digest.hex(),
        "block": anchor.block,
        "time": timestamp(anchor.time),
    }


def _head(got: dict[str, Any], member: int) -> dict[str, Any]:
    return {
        "member": member,
        "seq": integer(got["seq"], "anchor.seq", low=1),
        "epoch": integer(got["epoch"], "anchor.epoch"),
        "size": integer(got["size"], "anchor.size", low=1),
        "log_root": parse_hex(got["log_root"], 32),
        "state_root": parse_hex(got["state_root"], 32),
        "digest": parse_hex(got["digest"], 32),
        "block": integer(got["block"], "anchor.block"),
        "time": parse_timestamp(got["time"]),
    }
