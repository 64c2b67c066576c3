"""The log folded from its entries, straight from RFC 9162 section 2.1.1.

A list of the perfect subtrees under the entries so far, largest first: appending a leaf merges equal
neighbours, and the root folds the list from the right. On the way the nodes at heights 0, 8, 16 … are what
the tiles of C2SP tlog-tiles must hold.

What it leaves out: proofs, and reading or writing of tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """``SHA-256(0x00 ‖ entry)``."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """``SHA-256(0x01 ‖ left ‖ right)``."""
    return hashlib.sha256(b"\1" + left + right).digest()


class LogFold:
    """The tree over the leaves so far; memory is one hash per bit of its size, and the open tiles.

    Args:
        on_tile: called with (level, index, hashes) when a tile is full: 256 hashes of 32 bytes, joined.
    """

    def __init__(self, on_tile: Callable[[int, int, bytes], None] | None = None) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []
        self._open: list[list[bytes]] = []
        self._closed: list[int] = []
        self._on_tile = on_tile

    def append(self, leaf: bytes) -> None:
        """Add the next leaf hash."""
        self.size += 1
        peaks = self._peaks
        height, node = 0, leaf
        self._into_tile(0, node)
        while peaks and peaks[-1][0] == height:
            node = node_hash(peaks.pop()[1], node)
            height += 1
            if height % TILE_HEIGHT == 0:
                self._into_tile(height // TILE_HEIGHT, node)
        peaks.append((height, node))

    def root(self) -> bytes:
        """The Merkle tree head of the leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = node_hash(left, node)
        return node

    def open_tiles(self) -> Iterator[tuple[int, int, bytes]]:
        """The partial tiles at the right edge: (level, index, hashes joined). Empty ones are left out."""
        for level, hashes in enumerate(self._open):
            if hashes:
                yield level, self._closed[level], b"".join(hashes)

    def _into_tile(self, level: int, node: bytes) -> None:
        if level == len(self._open):
            self._open.append([])
            self._closed.append(0)
        hashes = self._open[level]
        hashes.append(node)
        if len(hashes) == TILE_WIDTH:
            if self._on_tile is not None:
                self._on_tile(level, self._closed[level], b"".join(hashes))
            self._closed[level] += 1
            hashes.clear()
