r"""Proofs of the state map: that a subject has this newest entry, or has none at all.

The map is a sparse Merkle map over 256-bit keys, bits from the most significant:

- an empty subtree is 32 zero bytes;
- a subtree with exactly one leaf *is* that leaf, ``SHA-256(0x02 ‖ key ‖ value)``, at whatever depth;
- any other is ``SHA-256(0x03 ‖ left ‖ right)``.

So the root is a function of the set alone, not of the order in which it grew. No value is zero. A proof is the way from
the root towards a key: the siblings, and what stands at the end of it::

          root                     key 011…: down left, right, right; siblings [c, b, a], deepest first
         /    \
        .      a                   ``present``  the leaf of this very key
       / \                         ``empty``    nothing at all
      b   .                        ``other``    the leaf of another key that begins with the same bits
         / \
        c   end

What it leaves out: making proofs (``statemap``), and what the values mean (``ledger.bundle``).

Source: ``docs/formats.md``; ``docs/adr/0002-hashes-log-and-state-map.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ledger.encoding import parse_hex
from ledger.errors import FormatError, StateProofError

EMPTY = bytes(32)
"""Hash of an empty subtree; never a value."""

MAX_DEPTH = 256
"""Most siblings: two keys may differ in their last bit only."""

_sha256 = hashlib.sha256


class End(StrEnum):
    """What stands where a proof ends."""

    PRESENT = "present"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StateProof:
    """The way from the root of the map towards a key.

    Attributes:
        siblings: of 32 bytes, deepest first, at most 256; the deepest is never zero, or the way would go on.
        end: what stands there.
        other_key: the other leaf's key, 32 bytes, exactly where ``end`` is ``other``.
        other_value: its value, 32 bytes, not zero.
    """

    siblings: tuple[bytes, ...]
    end: End
    other_key: bytes | None = None
    other_value: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that stands in a bundle."""
        obj: dict[str, Any] = {"siblings": [sibling.hex() for sibling in self.siblings], "end": self.end.value}
        if self.other_key is not None and self.other_value is not None:
            obj |= {"other_key": self.other_key.hex(), "other_value": self.other_value.hex()}
        return obj

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """Parse the object of a bundle. Whether the proof holds is another question.

        Raises:
            FormatError: unknown or missing fields, an unknown end, too many siblings, not hex of 32 bytes.
        """
        if not isinstance(obj, dict):
            raise FormatError("a state proof is an object")
        other = obj.get("end") == End.OTHER
        if set(obj) != {"siblings", "end"} | ({"other_key", "other_value"} if other else set()):
            raise FormatError("a state proof has siblings and end, and other_key and other_value iff it ends in other")
        if not isinstance(obj["end"], str) or obj["end"] not in set(End):
            raise FormatError(f"unknown end of a state proof: {obj['end']!r}")
        siblings = obj["siblings"]
        if not isinstance(siblings, list) or len(siblings) > MAX_DEPTH:
            raise FormatError(f"siblings must be a list of at most {MAX_DEPTH}")
        return cls(
            tuple(parse_hex(sibling, 32) for sibling in siblings),
            End(obj["end"]),
            parse_hex(obj["other_key"], 32) if other else None,
            parse_hex(obj["other_value"], 32) if other else None,
        )


def map_leaf(key: bytes, value: bytes) -> bytes:
    """``SHA-256(0x02 ‖ key ‖ value)``."""
    return _sha256(b"\x02" + key + value).digest()


def map_node(left: bytes, right: bytes) -> bytes:
    """``SHA-256(0x03 ‖ left ‖ right)``."""
    return _sha256(b"\x03" + left + right).digest()


def verify_presence(root: bytes, key: bytes, value: bytes, proof: StateProof) -> None:
    """Verify that the map holds this value for this key.

    Args:
        root: of the map, 32 bytes.
        key: 32 bytes.
        value: 32 bytes, not zero.
        proof: must end ``present``.

    Raises:
        StateProofError: the proof does not show that, or an argument is malformed.
    """
    _check_bytes(root, "root")
    _check_bytes(key, "key")
    _check_value(value, "value")
    _check_proof(proof)
    if proof.end != End.PRESENT:
        raise StateProofError("the proof is not one of presence", got=str(proof.end), want="present")
    _compare(map_leaf(key, value), key, proof, root)


def verify_absence(root: bytes, key: bytes, proof: StateProof) -> None:
    """Verify that the map holds nothing for this key.

    Args:
        root: of the map, 32 bytes.
        key: 32 bytes.
        proof: must end ``empty`` or ``other``.

    Raises:
        StateProofError: the proof does not show that, or an argument is malformed.
    """
    _check_bytes(root, "root")
    _check_bytes(key, "key")
    _check_proof(proof)
    if proof.end == End.EMPTY:
        end = EMPTY
    elif proof.end == End.OTHER and proof.other_key is not None and proof.other_value is not None:
        if proof.other_key == key:
            raise StateProofError("the other leaf is this key's own: it is present", got=proof.other_key)
        if common_bits(key, proof.other_key) < len(proof.siblings):
            raise StateProofError("the other leaf does not stand on this key's way", got=proof.other_key, want=key)
        end = map_leaf(proof.other_key, proof.other_value)
    else:
        raise StateProofError("the proof is not one of absence", got=str(proof.end), want="empty or other")
    _compare(end, key, proof, root)


def common_bits(one: bytes, other: bytes) -> int:
    """How many bits two keys share from the most significant on; 256 if they are equal."""
    return MAX_DEPTH - (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_length()


def _compare(end: bytes, key: bytes, proof: StateProof, root: bytes) -> None:
    node = _climb(end, key, proof.siblings)
    if node != root:
        raise StateProofError("the state proof does not lead to the root", got=node, want=root)


def _climb(node: bytes, key: bytes, siblings: Sequence[bytes]) -> bytes:
    """Climb from the end of the way to the root; the bits of the key say on which side each sibling is."""
    bits = int.from_bytes(key, "big") >> (MAX_DEPTH - len(siblings))
    for sibling in siblings:
        pair = sibling + node if bits & 1 else node + sibling
        node = _sha256(b"\x03" + pair).digest()
        bits >>= 1
    return node


def _check_proof(proof: StateProof) -> None:
    """Everything about a proof's form, before anything is hashed."""
    if len(proof.siblings) > MAX_DEPTH:
        raise StateProofError("too many siblings", got=len(proof.siblings), want=f"at most {MAX_DEPTH}")
    for sibling in proof.siblings:
        _check_bytes(sibling, "sibling")
    if proof.siblings and proof.siblings[0] == EMPTY:
        raise StateProofError("the deepest sibling is empty: the way would go on")
    others = (proof.other_key, proof.other_value)
    if (proof.end == End.OTHER) != (None not in others) or (None in others and others != (None, None)):
        raise StateProofError("another leaf must stand exactly in a proof that ends in other")
    if proof.end == End.OTHER:
        _check_bytes(proof.other_key, "other key")
        _check_value(proof.other_value, "other value")


def _check_bytes(value: object, name: str) -> None:
    if not isinstance(value, bytes) or len(value) != 32:
        raise StateProofError(f"{name} is not 32 bytes", got=value)


def _check_value(value: object, name: str) -> None:
    _check_bytes(value, name)
    if value == EMPTY:
        raise StateProofError(f"{name} is zero, which means absent")
