"""The state map folded from its key–value pairs, straight from its definition.

An empty subtree is 32 zero bytes; a subtree with one leaf is that leaf ``H(0x02 ‖ key ‖ value)``; any other
is ``H(0x03 ‖ left ‖ right)``, split at the next bit, the most significant first. :func:`subtree` says exactly
that. :class:`StateFold` only remembers results, so that a root after B changes among N keys costs about
B · log N hashes: keys are sorted into 2^depth buckets by their first bits, a changed bucket is computed anew
by :func:`subtree`, and above the buckets stands a complete binary tree of results.

What it leaves out: proofs and pages; those are the writer's, and this must not know them.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Sequence

EMPTY = bytes(32)
_FIRST_DEPTH, _LAST_DEPTH = 4, 24
_PER_BUCKET = 2
"""Keys per bucket on average when the buckets are split: fewer means less to compute anew, but more memory."""


def leaf(key: bytes, value: bytes) -> bytes:
    """``SHA-256(0x02 ‖ key ‖ value)``."""
    return hashlib.sha256(b"\2" + key + value).digest()


def inner(left: bytes, right: bytes) -> bytes:
    """``SHA-256(0x03 ‖ left ‖ right)``."""
    return hashlib.sha256(b"\3" + left + right).digest()


def subtree(keys: Sequence[bytes], depth: int, value: Callable[[bytes], bytes]) -> bytes:
    """The hash of the subtree holding ``keys``, which share their first ``depth`` bits: the definition itself."""
    if not keys:
        return EMPTY
    if len(keys) == 1:
        return leaf(keys[0], value(keys[0]))
    byte, mask = depth >> 3, 0x80 >> (depth & 7)  # the next bit, the most significant first
    left = [key for key in keys if not key[byte] & mask]
    right = [key for key in keys if key[byte] & mask]
    return inner(subtree(left, depth + 1, value), subtree(right, depth + 1, value))


class StateFold:
    """The map's root after any number of changes.

    Args:
        value: the present value of a key (32 bytes, never zero). The fold keeps keys only, not values.
    """

    def __init__(self, value: Callable[[bytes], bytes]) -> None:
        self._value = value
        self._depth = _FIRST_DEPTH
        self._keys = 0
        self._buckets: list[list[bytes]] = [[] for _ in range(1 << self._depth)]
        self._changed: set[int] = set()
        self._levels: list[bytearray] = []  # one node after another, 32 bytes each: a list of bytes takes thrice that
        self._counts: list[array[int]] = []
        self._forget()

    def put(self, key: bytes, *, new: bool) -> None:
        """A key got a value; ``new`` if it had none before."""
        bucket = self._bucket(key)
        self._changed.add(bucket)
        if new:
            self._buckets[bucket].append(key)
            self._keys += 1
            if self._keys > _PER_BUCKET << self._depth and self._depth < _LAST_DEPTH:
                self._split()

    def root(self) -> bytes:
        """The root of the map as it is now."""
        hashes, counts = self._levels[-1], self._counts[-1]
        for bucket in self._changed:
            keys = self._buckets[bucket]
            hashes[32 * bucket : 32 * bucket + 32] = subtree(keys, self._depth, self._value)
            counts[bucket] = len(keys)
        above = {bucket >> 1 for bucket in self._changed}
        for level in range(self._depth - 1, -1, -1):
            self._combine(level, above)
            above = {index >> 1 for index in above}
        self._changed.clear()
        return bytes(self._levels[0])

    def node(self, prefix: str) -> tuple[bytes, int]:
        """Hash and number of keys of the subtree under a prefix of hexadecimal digits; call after :meth:`root`."""
        depth = 4 * len(prefix)
        place = int(prefix or "0", 16)
        if depth <= self._depth:
            return bytes(self._levels[depth][32 * place : 32 * place + 32]), self._counts[depth][place]
        bucket = self._buckets[place >> (depth - self._depth)]
        keys = [key for key in bucket if key.hex().startswith(prefix)]
        return subtree(keys, depth, self._value), len(keys)

    def _combine(self, level: int, indices: set[int]) -> None:
        """Compute nodes of one level from the two below: none, the only leaf of the two, or an inner node."""
        below, below_counts = self._levels[level + 1], self._counts[level + 1]
        hashes, counts = self._levels[level], self._counts[level]
        for index in indices:
            both = below[64 * index : 64 * index + 64]
            count = below_counts[2 * index] + below_counts[2 * index + 1]
            if count > 1:
                hashes[32 * index : 32 * index + 32] = hashlib.sha256(b"\3" + both).digest()
            else:
                hashes[32 * index : 32 * index + 32] = both[:32] if below_counts[2 * index] else both[32:]
            counts[index] = count

    def _bucket(self, key: bytes) -> int:
        return int.from_bytes(key[:4], "big") >> (32 - self._depth)

    def _split(self) -> None:
        """Twice as many buckets, and everything to be computed anew: seldom, so it costs little in sum."""
        old = self._buckets
        self._depth += 1
        self._buckets = [[] for _ in range(1 << self._depth)]
        for bucket in old:
            for key in bucket:
                self._buckets[self._bucket(key)].append(key)
        self._forget()

    def _forget(self) -> None:
        self._levels = [bytearray(32 << level) for level in range(self._depth + 1)]
        self._counts = [array("I", bytes(array("I").itemsize << level)) for level in range(self._depth + 1)]
        self._changed = {bucket for bucket, keys in enumerate(self._buckets) if keys}
