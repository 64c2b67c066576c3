"""Naive references, written from the definitions and used only in tests: slow, obvious, and sharing no code.

The log is RFC 9162, section 2.1, formula by formula; the state map is the recursive definition of docs/formats.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

ZERO = bytes(32)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def largest_power_below(n: int) -> int:
    """The ``k`` of RFC 9162: the largest power of two smaller than ``n``."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tree_hash(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1."""
    if not entries:
        return sha256()
    if len(entries) == 1:
        return sha256(b"\x00", entries[0])
    k = largest_power_below(len(entries))
    return sha256(b"\x01", tree_hash(entries[:k]), tree_hash(entries[k:]))


def path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162, section 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = largest_power_below(len(entries))
    if index < k:
        return [*path(index, entries[:k]), tree_hash(entries[k:])]
    return [*path(index - k, entries[k:]), tree_hash(entries[:k])]


def proof(size: int, entries: Sequence[bytes]) -> list[bytes]:
    """PROOF of RFC 9162, section 2.1.4.1."""
    return _subproof(size, entries, whole=True)


def _subproof(size: int, entries: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if size == len(entries):
        return [] if whole else [tree_hash(entries)]
    k = largest_power_below(len(entries))
    if size <= k:
        return [*_subproof(size, entries[:k], whole=whole), tree_hash(entries[k:])]
    return [*_subproof(size - k, entries[k:], whole=False), tree_hash(entries[:k])]


def inclusion_root(leaf: bytes, index: int, size: int, siblings: Sequence[bytes]) -> bytes:
    """The steps of RFC 9162, section 2.1.3.2, as they stand there; ValueError where they say "fail"."""
    if index >= size:
        raise ValueError("index")
    fn, sn, r = index, size - 1, leaf
    for p in siblings:
        if sn == 0:
            raise ValueError("too long")
        if fn & 1 or fn == sn:
            r = sha256(b"\x01", p, r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01", r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ValueError("too short")
    return r


def consistency_roots(size1: int, root1: bytes, size2: int, siblings: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The steps of RFC 9162, section 2.1.4.2, for ``0 < size1 < size2``; ValueError where they say "fail"."""
    nodes = list(siblings)
    if not nodes:
        raise ValueError("empty")
    if size1 & (size1 - 1) == 0:
        nodes.insert(0, root1)
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = nodes[0]
    for c in nodes[1:]:
        if sn == 0:
            raise ValueError("too long")
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\x01", c, fr), sha256(b"\x01", c, sr)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01", sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ValueError("too short")
    return fr, sr


def map_root(leaves: Mapping[bytes, bytes], depth: int = 0) -> bytes:
    """The root of the state map: empty is zero, one leaf is itself, anything else splits at the next bit."""
    if not leaves:
        return ZERO
    if len(leaves) == 1:
        ((key, value),) = leaves.items()
        return sha256(b"\x02", key, value)
    left = {key: value for key, value in leaves.items() if not bit(key, depth)}
    right = {key: value for key, value in leaves.items() if bit(key, depth)}
    return sha256(b"\x03", map_root(left, depth + 1), map_root(right, depth + 1))


def map_path(leaves: Mapping[bytes, bytes], key: bytes, depth: int = 0) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Siblings on the way to a key, deepest first, and the at most one leaf at its end."""
    if len(leaves) <= 1:
        return [], dict(leaves)
    same = {other: value for other, value in leaves.items() if bit(other, depth) == bit(key, depth)}
    rest = {other: value for other, value in leaves.items() if bit(other, depth) != bit(key, depth)}
    siblings, end = map_path(same, key, depth + 1)
    return [*siblings, map_root(rest, depth + 1)], end


def bit(key: bytes, depth: int) -> int:
    """Bit ``depth`` of a key, the most significant first."""
    return int.from_bytes(key, "big") >> (255 - depth) & 1


class MemoryMap:
    """A state map in memory, read through the same two questions as a stored one, and counting them."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.values: dict[bytes, bytes] = {}
        self.reads = 0

    def page(self, prefix: str) -> bytes | None:
        self.reads += 1
        return self.pages.get(prefix)

    def leaves(self, prefix: str) -> list[tuple[bytes, bytes]]:
        self.reads += 1
        return sorted(leaf for leaf in self.values.items() if leaf[0].hex().startswith(prefix))
