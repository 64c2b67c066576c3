"""The state map on pages: its root, proofs and changes, without ever holding the map in memory.

The map itself is defined in ``stateproof``. Here it is cut along the hexadecimal digits of the keys. A *page* belongs
to a prefix of digits and has 16 slots, one for each next digit: the hash of that subtree and the number of its leaves.
A subtree with at most :data:`BUCKET` leaves has no page; it is recomputed from its leaves when needed::

    page ""      [ 0 … a … f ]          always there
                       |
    page "a"     [ 0 … f … ]            there because more than 32 keys begin with a
                       |
    bucket "af"  leaves af03…, af71…    at most 32: only the leaves are kept

With N keys a question reads about ``log16(N / 32)`` pages and one bucket; a batch of B changes computes about
``B·log2 N`` hashes, fewer where the changes share pages. The counts say where a lone leaf is its own subtree, and
show at once if a page and the leaves are not of the same state.

What it leaves out: where pages and leaves are kept (:class:`MapReader`), and as of which size; verifying proofs.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Protocol

from ledger.errors import FormatError, StorageError
from ledger.merkle.stateproof import (
    EMPTY,
    MAX_DEPTH,
    End,
    StateProof,
    map_leaf,
    map_node,
    verify_absence,
    verify_presence,
)

__all__ = [
    "BUCKET",
    "EMPTY",
    "PAGE_SIZE",
    "End",
    "MapReader",
    "StateProof",
    "map_leaf",
    "map_node",
    "prove",
    "root",
    "update",
    "verify_absence",
    "verify_presence",
]

BUCKET = 32
"""Most leaves of a subtree that has no page."""

PAGE_SIZE = 16 * 36
"""Bytes of a page: 16 slots of a hash (32 bytes) and a number of leaves (32 bits, big endian)."""

Leaf = tuple[bytes, bytes]
Slot = tuple[bytes, int]
Pages = dict[str, bytes]

_DIGITS = "0123456789abcdef"
_PAGE = struct.Struct(">" + "32sI" * 16)
_NO_SLOT: Slot = (EMPTY, 0)
_sha256 = hashlib.sha256


class MapReader(Protocol):
    """The map as it was at one size, chosen by whoever makes the reader."""

    def page(self, prefix: str) -> bytes | None:
        """The page of a prefix of lower-case hexadecimal digits; None if there is none."""

    def leaves(self, prefix: str) -> list[Leaf]:
        """All keys that begin with the prefix, with their values, in the order of the keys."""


def root(reader: MapReader) -> bytes:
    """The root of the map: 32 zero bytes while it is empty.

    Raises:
        StorageError: the page of the root is malformed.
    """
    page = reader.page("")
    return EMPTY if page is None else _rows(_slots("", page))[-1][0][0]


def prove(reader: MapReader, key: bytes) -> tuple[bytes | None, StateProof]:
    """The value of a key and its proof, or None and the proof of its absence.

    Args:
        reader: the map.
        key: 32 bytes.

    Raises:
        FormatError: the key is not 32 bytes.
        StorageError: pages and leaves are not of the same state.
    """
    _check_key(key)
    down: list[bytes] = []
    leaves, depth = _descend(reader, key, down)
    while len(leaves) > 1:
        middle = _middle(leaves, depth)
        mine, others = leaves[:middle], leaves[middle:]
        if _bit(key, depth):
            mine, others = others, mine
        depth += 1
        down.append(_subtree(others, depth))
        leaves = mine
    siblings = tuple(reversed(down))
    if not leaves:
        return None, StateProof(siblings, End.EMPTY)
    found, value = leaves[0]
    if found == key:
        return value, StateProof(siblings, End.PRESENT)
    return None, StateProof(siblings, End.OTHER, found, value)


def update(reader: MapReader, changes: Mapping[bytes, bytes]) -> tuple[bytes, Pages]:
    """Add and change keys.

    Args:
        reader: shows the map *before* the changes.
        changes: new values by key, 32 bytes each; no value is zero.

    Returns:
        The new root, and every page that changes by its prefix, with its whole new content.

    Raises:
        FormatError: a key or value is not 32 bytes, or a value is zero.
        StorageError: pages and leaves are not of the same state.
    """
    for key, value in changes.items():
        _check_key(key)
        if len(value) != 32 or value == EMPTY:
            raise FormatError("a value of the state map has 32 bytes and is not zero")
    if not changes:
        return root(reader), {}
    written: Pages = {}
    return _change(reader, "", 0, sorted(changes.items()), written)[0], written


def _descend(reader: MapReader, key: bytes, down: list[bytes]) -> tuple[list[Leaf], int]:
    """Walk down the pages and note the siblings; return the leaves of the subtree where they end, and its depth."""
    digits, prefix = key.hex(), ""
    page = reader.page("")
    if page is None:
        return [], 0
    while True:
        rows = _rows(_slots(prefix, page))
        digit = int(digits[len(prefix)], 16)
        for shift in (4, 3, 2, 1):
            if rows[shift][digit >> shift][1] <= 1:
                first = digit >> shift << shift
                return _lone(reader, prefix, rows[0], range(first, first + (1 << shift))), 0
            down.append(rows[shift - 1][digit >> (shift - 1) ^ 1][0])
        prefix += digits[len(prefix)]
        count = rows[0][digit][1]
        if count <= BUCKET:
            return _bucket(reader, prefix, count), 4 * len(prefix)
        page = reader.page(prefix)


def _lone(reader: MapReader, prefix: str, slots: Sequence[Slot], digits: range) -> list[Leaf]:
    """The leaf of a subtree that has one leaf at most, in whichever slot it is."""
    for digit in digits:
        if slots[digit][1]:
            return _bucket(reader, prefix + _DIGITS[digit], 1)
    return []


def _change(reader: MapReader, prefix: str, count: int, changes: Sequence[Leaf], written: Pages) -> Slot:
    """The subtree of a prefix after the changes, its pages into ``written``. ``count``: its leaves before."""
    if prefix and count <= BUCKET:
        return _grow(prefix, sorted((dict(_bucket(reader, prefix, count)) | dict(changes)).items()), written)
    page = reader.page(prefix)
    slots = [_NO_SLOT] * 16 if page is None and not prefix else _slots(prefix, page)
    for digit, part in _by_digit(changes, len(prefix)).items():
        slots[digit] = _change(reader, prefix + _DIGITS[digit], slots[digit][1], part, written)
    return _write(prefix, slots, written)


def _grow(prefix: str, leaves: Sequence[Leaf], written: Pages) -> Slot:
    """A subtree that has no page yet: still a bucket, or split into pages as deep as it takes."""
    if len(leaves) <= BUCKET:
        return _subtree(leaves, 4 * len(prefix)), len(leaves)
    slots = [_NO_SLOT] * 16
    for digit, part in _by_digit(leaves, len(prefix)).items():
        slots[digit] = _grow(prefix + _DIGITS[digit], part, written)
    return _write(prefix, slots, written)


def _write(prefix: str, slots: Sequence[Slot], written: Pages) -> Slot:
    written[prefix] = _PAGE.pack(*(field for slot in slots for field in slot))
    return _rows(slots)[-1][0]


def _by_digit(leaves: Sequence[Leaf], position: int) -> dict[int, list[Leaf]]:
    """Leaves by the hexadecimal digit of their keys at a position, in order."""
    byte, shift = position >> 1, 0 if position & 1 else 4
    parts: dict[int, list[Leaf]] = {}
    for leaf in leaves:
        parts.setdefault(leaf[0][byte] >> shift & 15, []).append(leaf)
    return parts


def _slots(prefix: str, page: bytes | None) -> list[Slot]:
    if page is None or len(page) != PAGE_SIZE:
        raise StorageError(f"state map: no whole page for the prefix {prefix!r}, but a count that asks for one")
    fields = _PAGE.unpack(page)
    return list(zip(fields[::2], fields[1::2], strict=True))


def _rows(slots: Sequence[Slot]) -> list[Sequence[Slot]]:
    """The nodes above 16 slots, row by row, the slots first and the subtree of the page last."""
    rows = [slots]
    while len(rows[-1]) > 1:
        nodes = iter(rows[-1])
        rows.append([_join(left, right) for left, right in zip(nodes, nodes, strict=True)])
    return rows


def _join(left: Slot, right: Slot) -> Slot:
    count = left[1] + right[1]
    if count > 1:
        return _sha256(b"\x03" + left[0] + right[0]).digest(), count
    return left if left[1] else right


def _bucket(reader: MapReader, prefix: str, count: int) -> list[Leaf]:
    leaves = reader.leaves(prefix) if count else []
    if len(leaves) != count:
        raise StorageError(f"state map: {len(leaves)} leaves for the prefix {prefix!r}, its page says {count}")
    return leaves


def _subtree(leaves: Sequence[Leaf], depth: int) -> bytes:
    """The hash of the subtree at a depth that has exactly these leaves, in one pass from left to right.

    Neighbours part at the depth of their first different bit. ``pending`` holds what waits for its right sibling:
    (depth where the two join, left sibling), deeper joins last, and they are closed when a shallower one comes.
    """
    if not leaves:
        return EMPTY
    pending: list[tuple[int, bytes]] = []
    bits, at, node = 0, 0, EMPTY
    for number, (key, value) in enumerate(leaves):
        following = int.from_bytes(key, "big")
        if number:
            join = MAX_DEPTH - (bits ^ following).bit_length()
            node, at = _close(pending, join, node, at, bits)
            pending.append((join, _lift(node, at, join + 1, bits)))
        # A leaf needs no lifting: it is its own subtree at any depth. Depth 0, from where nothing is lifted, says so.
        bits, at, node = following, 0, _sha256(b"\x02" + key + value).digest()
    node, at = _close(pending, -1, node, at, bits)
    return _lift(node, at, depth, bits)


def _close(pending: list[tuple[int, bytes]], join: int, node: bytes, at: int, bits: int) -> tuple[bytes, int]:
    """Join ``node``, which stands at depth ``at``, with whatever waits deeper than ``join``."""
    while pending and pending[-1][0] > join:
        depth, left = pending.pop()
        node, at = _sha256(b"\x03" + left + _lift(node, at, depth + 1, bits)).digest(), depth
    return node, at


def _lift(node: bytes, at: int, depth: int, bits: int) -> bytes:
    """Bring an inner node from depth ``at`` up to ``depth``, past siblings that are all empty."""
    for level in range(at - 1, depth - 1, -1):
        pair = EMPTY + node if bits >> (MAX_DEPTH - 1 - level) & 1 else node + EMPTY
        node = _sha256(b"\x03" + pair).digest()
    return node


def _middle(leaves: Sequence[Leaf], depth: int) -> int:
    """How many of the leaves, in order and equal before that bit, have a zero bit at a depth."""
    return bisect_left(leaves, 1, key=lambda leaf: _bit(leaf[0], depth))


def _bit(key: bytes, depth: int) -> int:
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def _check_key(key: bytes) -> None:
    if len(key) != 32:
        raise FormatError(f"a key of the state map has 32 bytes, got {len(key)}")
