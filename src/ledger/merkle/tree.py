r"""The log as tiles: roots, proofs and appending, each touching few of them.

Tile ``(level, index)`` holds up to 256 hashes, hash ``j`` being the root of the ``256^level`` leaves from
``(256·index + j)·256^level``. Only complete subtrees are stored, so a stored hash never changes; a tile can only grow
to the right. The seven rows of nodes inside a tile are recomputed when needed (and remembered a while)::

    level 1              [ t0 t1 t2 ]                 hash j is the root of tile (0, j)
                          /   |   \
    level 0   [256 leaves] [256] [256] [ 5 ]          the last one is partial: no hash above it yet

A tree of n leaves has ``log256 n`` levels: a root reads one tile of each, a proof at most two.

What it leaves out: where tiles are stored (:class:`TileReader`), and verifying (``proofs``).

Source: RFC 9162, section 2.1; https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from ledger.errors import FormatError, NotFoundError, StorageError
from ledger.merkle.proofs import EMPTY_ROOT, HASH_SIZE, MAX_SIZE, node_hash
from ledger.merkle.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    TileName,
    entries_path,
    pack_entries,
    parse_path,
    tile_path,
    unpack_entries,
)

__all__ = [
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "MemoryTiles",
    "TileName",
    "TileReader",
    "consistency_proof",
    "entries_path",
    "extend",
    "inclusion_proof",
    "pack_entries",
    "parse_path",
    "root",
    "tile_path",
    "unpack_entries",
]

Tiles = dict[tuple[int, int], bytes]
"""Tiles by (level, index)."""

_sha256 = hashlib.sha256


class TileReader(Protocol):
    """Where tiles come from."""

    def read(self, level: int, index: int) -> bytes:
        """The hashes of one tile, 32 bytes each, at least as many as the tree in question has there.

        A wider tile, of a later size, serves as well: hashes in it never change.
        """


class MemoryTiles:
    """Tiles in memory, over those of another reader if there is one: for a batch not yet stored, an audit, a test.

    Args:
        base: asked for tiles that are not in memory.
    """

    def __init__(self, base: TileReader | None = None) -> None:
        self.tiles: Tiles = {}
        self._base = base

    def read(self, level: int, index: int) -> bytes:
        """The tile as it was last written, else the base's.

        Raises:
            StorageError: there is none.
        """
        tile = self.tiles.get((level, index))
        if tile is not None:
            return tile
        if self._base is None:
            raise StorageError(f"no tile {index} of level {level}")
        return self._base.read(level, index)

    def write(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        """Keep tiles, as :func:`extend` returns them."""
        self.tiles.update(tiles)


def extend(reader: TileReader, size: int, leaf_hashes: Sequence[bytes]) -> Tiles:
    """Append leaves.

    Args:
        reader: shows the tree of ``size`` leaves; asked for its partial tiles only, at most one of each level.
        size: leaves so far.
        leaf_hashes: of the new leaves, in order, 32 bytes each.

    Returns:
        Every tile that changes, with its whole new content.

    Raises:
        FormatError: a hash is not 32 bytes, or the tree would grow beyond 2^64 - 1 leaves.
        StorageError: a tile is narrower than the tree.
    """
    if set(map(len, leaf_hashes)) - {HASH_SIZE}:
        raise FormatError("a leaf hash is not 32 bytes")
    if not 0 <= size <= MAX_SIZE - len(leaf_hashes):
        raise FormatError(f"a tree of {size} leaves cannot grow by {len(leaf_hashes)}")
    touched: Tiles = {}
    level, position, row = 0, size, list(leaf_hashes)
    while row:
        first, used = divmod(position, TILE_WIDTH)
        if used:
            row = _hashes(reader, level, first, used) + row
        row = _fill(touched, level, first, row)
        level, position = level + 1, first
    return touched


def root(reader: TileReader, size: int) -> bytes:
    """The root of the tree of the first ``size`` leaves.

    Raises:
        StorageError: a tile is narrower than the tree.

    Source: RFC 9162, section 2.1.1.
    """
    return _range_root(_Nodes(reader), 0, size) if size else EMPTY_ROOT


def inclusion_proof(reader: TileReader, index: int, size: int) -> list[bytes]:
    """The inclusion proof of a leaf in the tree of the first ``size`` leaves.

    Args:
        reader: shows at least ``size`` leaves.
        index: of the leaf, from 0.
        size: of the tree that the proof is for.

    Raises:
        NotFoundError: the tree has no such leaf.
        StorageError: a tile is narrower than the tree.

    Source: RFC 9162, section 2.1.3.1.
    """
    if not 0 <= index < size:
        raise NotFoundError(f"a tree of {size} leaves has no leaf {index}")
    return _siblings(_Nodes(reader), index, size, 0)


def consistency_proof(reader: TileReader, size1: int, size2: int) -> list[bytes]:
    """The proof that the tree of ``size2`` leaves begins with the tree of ``size1`` leaves.

    Args:
        reader: shows at least ``size2`` leaves.
        size1: of the older tree, 1 .. ``size2``.
        size2: of the newer tree.

    Raises:
        NotFoundError: there is no such pair of trees.
        StorageError: a tile is narrower than the tree.

    Source: RFC 9162, section 2.1.4.1.
    """
    if not 0 < size1 <= size2:
        raise NotFoundError(f"no consistency proof from size {size1} to size {size2}")
    if size1 == size2:
        return []
    nodes = _Nodes(reader)
    lowest = (size1 & -size1).bit_length() - 1
    siblings = _siblings(nodes, size1 - 1, size2, lowest)
    if size1 == 1 << lowest:
        return siblings
    return [nodes.get(lowest, (size1 - 1) >> lowest), *siblings]


class _Nodes:
    """Nodes of complete subtrees, each tile read once."""

    def __init__(self, reader: TileReader) -> None:
        self._reader = reader
        self._tiles: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def get(self, level: int, index: int) -> bytes:
        """The root of leaves ``index·2^level`` to ``(index + 1)·2^level``."""
        tile_level, row = divmod(level, TILE_HEIGHT)
        tile_index, slot = divmod(index, TILE_WIDTH >> row)
        rows = self._tiles.get((tile_level, tile_index))
        if rows is None:
            rows = self._tiles[tile_level, tile_index] = _rows(self._reader.read(tile_level, tile_index))
        node = rows[row][slot * HASH_SIZE : (slot + 1) * HASH_SIZE]
        if len(node) != HASH_SIZE:
            raise StorageError(f"tile {tile_index} of level {tile_level} is narrower than the tree")
        return node


def _siblings(nodes: _Nodes, index: int, size: int, lowest: int) -> list[bytes]:
    """Siblings from level ``lowest`` up to the root, on the way from leaf ``index``. Requires ``index < size``."""
    inner = (index ^ (size - 1)).bit_length()
    proof = [nodes.get(level, index >> level ^ 1) for level in range(lowest, inner - 1)]
    if inner > lowest:  # the last sibling before the right edge is itself on that edge, so it may be incomplete
        begin = (index >> (inner - 1) ^ 1) << (inner - 1)
        proof.append(_range_root(nodes, begin, min(begin + (1 << (inner - 1)), size)))
    edge = (level for level in range(inner, index.bit_length()) if index >> level & 1)
    return proof + [nodes.get(level, (index >> level) - 1) for level in edge]


def _range_root(nodes: _Nodes, begin: int, end: int) -> bytes:
    """The root over leaves ``begin`` to ``end``. Requires ``begin`` to be where a subtree that large can begin."""
    parts = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        parts.append(nodes.get(level, begin >> level))
        begin += 1 << level
    node = parts.pop()
    while parts:
        node = node_hash(parts.pop(), node)
    return node


def _hashes(reader: TileReader, level: int, index: int, width: int) -> list[bytes]:
    tile = reader.read(level, index)
    if len(tile) < width * HASH_SIZE:
        raise StorageError(f"tile {index} of level {level} is narrower than the tree")
    return [tile[at : at + HASH_SIZE] for at in range(0, width * HASH_SIZE, HASH_SIZE)]


def _fill(touched: Tiles, level: int, first: int, row: list[bytes]) -> list[bytes]:
    """Lay a row of hashes into tiles from tile ``first`` on; return the roots of those that are full."""
    roots = []
    for number, at in enumerate(range(0, len(row), TILE_WIDTH)):
        part = row[at : at + TILE_WIDTH]
        touched[level, first + number] = b"".join(part)
        if len(part) == TILE_WIDTH:
            while len(part) > 1:
                part = _pairs(part)
            roots.append(part[0])
    return roots


def _pairs(row: list[bytes]) -> list[bytes]:
    """The row above; an odd last node has no parent yet. The hot loop: one hash, two concatenations, no calls."""
    nodes = iter(row)
    return [_sha256(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=False)]


@lru_cache(maxsize=512)
def _rows(tile: bytes) -> tuple[bytes, ...]:
    """All rows of nodes in a tile, the stored one first. Remembered: 512 tiles and their rows take 8 MB.

    Raises:
        StorageError: the tile is not 1 to 256 hashes.
    """
    if len(tile) % HASH_SIZE or not 0 < len(tile) <= TILE_WIDTH * HASH_SIZE:
        raise StorageError(f"a tile of {len(tile)} bytes; 1 to 256 hashes of 32 bytes")
    row = [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]
    rows = [tile]
    for _ in range(TILE_HEIGHT - 1):
        row = _pairs(row)
        rows.append(b"".join(row))
    return tuple(rows)
