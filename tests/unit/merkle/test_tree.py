"""The tiled tree against the naive reference, and how many tiles it touches."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError, NotFoundError, StorageError
from ledger.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from ledger.merkle.tree import MemoryTiles, consistency_proof, extend, inclusion_proof, root
from tests import reference

ENTRIES = [b"%d" % number for number in range(1100)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SMALL = 70
EDGES = [255, 256, 257, 511, 512, 513, 600, 768, 1023, 1024, 1025, 1100]


class CountingTiles(MemoryTiles):
    """Tiles in memory that note which of them were read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[tuple[int, int]] = []

    def read(self, level: int, index: int) -> bytes:
        self.reads.append((level, index))
        return super().read(level, index)


def grown(sizes: list[int], tiles: MemoryTiles | None = None) -> MemoryTiles:
    """A tree grown in batches of these sizes."""
    tiles, at = tiles or MemoryTiles(), 0
    for size in sizes:
        tiles.write(extend(tiles, at, LEAVES[at : at + size]))
        at += size
    return tiles


@cache
def expected(size: int) -> bytes:
    return reference.tree_hash(ENTRIES[:size])


WHOLE = grown([len(ENTRIES)])


@pytest.mark.parametrize("size", [*range(SMALL + 1), *EDGES])
def test_roots_of_every_size_from_the_widest_tiles(size: int) -> None:
    assert root(WHOLE, size) == expected(size)


def test_every_small_proof_is_the_reference_s() -> None:
    for size in range(1, SMALL + 1):
        for index in range(size):
            assert inclusion_proof(WHOLE, index, size) == reference.path(index, ENTRIES[:size])
            assert consistency_proof(WHOLE, index + 1, size) == reference.proof(index + 1, ENTRIES[:size])


@settings(max_examples=150)
@given(st.sampled_from([*EDGES, 700, 900]), st.data())
def test_proofs_across_tiles_verify(size: int, data: st.DataObject) -> None:
    index = data.draw(
        st.integers(0, size - 1) | st.sampled_from([0, 254, 255, 256, 511, 512]).filter(lambda i: i < size)
    )
    verify_inclusion(LEAVES[index], index, size, expected(size), inclusion_proof(WHOLE, index, size))
    proof = consistency_proof(WHOLE, index + 1, size)
    verify_consistency(index + 1, root(WHOLE, index + 1), size, expected(size), proof)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=8).filter(lambda sizes: sum(sizes) <= len(ENTRIES)))
def test_batches_do_not_matter(sizes: list[int]) -> None:
    total = sum(sizes)
    tiles = grown(sizes)
    assert tiles.tiles == grown([total]).tiles
    assert root(tiles, total) == root(WHOLE, total)


def test_tiles_are_as_the_specification_says() -> None:
    """Hash j of tile (L, N) is the root of the 256^L leaves from (256·N + j)·256^L on."""
    tiles = WHOLE.tiles
    assert sorted(tiles) == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)]
    assert tiles[0, 4] == b"".join(LEAVES[1024:])
    assert tiles[0, 1] == b"".join(LEAVES[256:512])
    assert tiles[1, 0] == b"".join(reference.tree_hash(ENTRIES[at : at + 256]) for at in (0, 256, 512, 768))


def test_a_batch_writes_only_what_it_touches() -> None:
    tiles = CountingTiles()
    grown([300], tiles)
    tiles.reads.clear()
    touched = extend(tiles, 300, LEAVES[300:310])
    assert set(touched) == {(0, 1)}
    assert tiles.reads == [(0, 1)]
    tiles.reads.clear()
    assert set(extend(tiles, 300, LEAVES[300:520])) == {(0, 1), (0, 2), (1, 0)}
    assert tiles.reads == [(0, 1), (1, 0)]
    assert extend(tiles, 300, []) == {}


def test_three_levels_and_few_reads() -> None:
    """70,000 leaves: two full levels and a third; every question reads at most two tiles of each level."""
    leaves = [hashlib.sha256(b"%d" % number).digest() for number in range(70_000)]
    tiles = CountingTiles()
    tiles.write(extend(tiles, 0, leaves[:65_530]))
    tiles.write(extend(tiles, 65_530, leaves[65_530:]))
    assert max(tiles.tiles) == (2, 0)
    whole = root(tiles, 70_000)
    for index in (0, 255, 256, 65_529, 65_535, 65_536, 69_999):
        tiles.reads.clear()
        proof = inclusion_proof(tiles, index, 70_000)
        assert len(tiles.reads) == len(set(tiles.reads)) <= 6
        verify_inclusion(leaves[index], index, 70_000, whole, proof)
        older = root(tiles, index + 1)
        tiles.reads.clear()
        verify_consistency(index + 1, older, 70_000, whole, consistency_proof(tiles, index + 1, 70_000))
        assert len(tiles.reads) == len(set(tiles.reads)) <= 6


def test_a_batch_over_stored_tiles_is_seen_without_being_stored() -> None:
    stored = grown([500])
    batch = MemoryTiles(stored)
    batch.write(extend(stored, 500, LEAVES[500:600]))
    assert root(batch, 600) == expected(600)
    assert root(stored, 500) == root(batch, 500) == expected(500)
    with pytest.raises(StorageError):
        root(stored, 600)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
def test_leaves_that_are_not_there_have_no_proof(index: int, size: int) -> None:
    with pytest.raises(NotFoundError):
        inclusion_proof(WHOLE, index, size)


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_sizes_that_are_not_in_order_have_no_proof(size1: int, size2: int) -> None:
    with pytest.raises(NotFoundError):
        consistency_proof(WHOLE, size1, size2)


def test_equal_sizes_have_an_empty_proof() -> None:
    assert consistency_proof(WHOLE, 7, 7) == []
    assert root(MemoryTiles(), 0) == EMPTY_ROOT


@pytest.mark.parametrize("tile", [b"", bytes(31), bytes(33), bytes(32 * 257), bytes(32 * 4), bytes(32 * 6 + 1)])
def test_a_tile_that_is_not_what_the_tree_needs_is_named(tile: bytes) -> None:
    tiles = MemoryTiles()
    tiles.write({(0, 0): tile})
    with pytest.raises(StorageError, match="tile"):
        root(tiles, 5)
    if len(tile) < 5 * 32:
        with pytest.raises(StorageError, match="narrower"):
            extend(tiles, 5, [LEAVES[5]])


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
def test_a_leaf_that_is_not_a_hash_is_refused(leaf: bytes) -> None:
    with pytest.raises(FormatError, match="32 bytes"):
        extend(MemoryTiles(), 0, [LEAVES[0], leaf])


@pytest.mark.parametrize("size", [-1, 2**64 - 1])
def test_a_tree_cannot_grow_beyond_64_bits(size: int) -> None:
    with pytest.raises(FormatError, match="cannot grow"):
        extend(MemoryTiles(), size, [LEAVES[0]])
