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
_LEAST_DEPTH, _MOST_DEPTH = 4, 22


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
        expected: about how many keys there will be; decides how many buckets there are, and so only speed and memory.
    """

    def __init__(self, value: Callable[[bytes], bytes], expected: int = 0) -> None:
        self._value = value
        self._depth = depth = min(max(expected.bit_length() - 1, _LEAST_DEPTH), _MOST_DEPTH)
        self._buckets: list[tuple[bytes, ...]] = [()] * (1 << depth)
        self._changed: set[int] = set()
        # Hash and number of keys of every node from the root down to the buckets, level by level, in one piece each:
        # as objects they would take three times the memory.
        self._hashes = [bytearray(32 << level) for level in range(depth + 1)]
        self._counts = [array("I", bytes(array("I").itemsize << level)) for level in range(depth + 1)]

    def put(self, key: bytes, *, new: bool) -> None:
        """A key got a value; ``new`` if it had none before."""
        bucket = int.from_bytes(key[:4], "big") >> (32 - self._depth)
        self._changed.add(bucket)
        if new:
            self._buckets[bucket] += (key,)

    def root(self) -> bytes:
        """The root of the map as it is now."""
        hashes, counts = self._hashes[-1], self._counts[-1]
        for bucket in self._changed:
            keys = self._buckets[bucket]
            hashes[32 * bucket : 32 * bucket + 32] = subtree(keys, self._depth, self._value)
            counts[bucket] = len(keys)
        changed = self._changed
        for level in range(self._depth - 1, -1, -1):
            changed = {index >> 1 for index in changed}
            self._combine(level, changed)
        self._changed = set()
        return bytes(self._hashes[0])

    def node(self, prefix: str) -> tuple[bytes, int]:
        """Hash and number of keys of the subtree under a prefix of hexadecimal digits; call after :meth:`root`."""
        depth = 4 * len(prefix)
        place = int(prefix or "0", 16)
        if depth <= self._depth:
            return bytes(self._hashes[depth][32 * place : 32 * place + 32]), self._counts[depth][place]
        bucket = self._buckets[place >> (depth - self._depth)]
        keys = [key for key in bucket if key.hex().startswith(prefix)]
        return subtree(keys, depth, self._value), len(keys)

    def _combine(self, level: int, indices: set[int]) -> None:
        """Compute nodes of one level from the two below: an inner node, or the only leaf of the two, or none."""
        below, below_counts = self._hashes[level + 1], self._counts[level + 1]
        hashes, counts, sha256 = self._hashes[level], self._counts[level], hashlib.sha256
        for index in indices:
            left = below_counts[2 * index]
            counts[index] = count = left + below_counts[2 * index + 1]
            start, both = 32 * index, below[64 * index : 64 * index + 64]
            if count > 1:
                hashes[start : start + 32] = sha256(b"\3" + both).digest()
            else:
                hashes[start : start + 32] = both[:32] if left else both[32:]
