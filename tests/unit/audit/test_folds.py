"""The audit's naive folds: log roots and state roots against the definitions, whatever the order of steps."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit.logfold import LogFold
from ledger.audit.statefold import StateFold
from ledger.audit.tables import page_of
from ledger.merkle import statemap, tree
from tests.unit.audit.build import log_root, state_root


def leaf(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8, "big")).digest()


def test_log_root_at_every_size_is_the_definition() -> None:
    fold, leaves = LogFold(), []
    assert fold.root() == log_root([])
    for number in range(300):
        leaves.append(leaf(number))
        fold.append(leaves[-1])
        assert fold.root() == log_root(leaves)


def test_tiles_hold_the_roots_of_full_subtrees() -> None:
    tiles: dict[tuple[int, int], bytes] = {}
    fold = LogFold(lambda level, index, hashes: tiles.__setitem__((level, index), hashes))
    leaves = [leaf(number) for number in range(70_000)]
    for item in leaves:
        fold.append(item)
    tiles |= {(level, index): hashes for level, index, hashes in fold.open_tiles()}
    assert tiles[0, 5] == b"".join(leaves[1280:1536])
    assert tiles[1, 0] == b"".join(log_root(leaves[at : at + 256]) for at in range(0, 65_536, 256))
    assert tiles[2, 0] == log_root(leaves[:65_536])
    assert tiles[0, 273] == b"".join(leaves[273 * 256 :])
    assert {key for key in tiles if key[0] == 0} == {(0, index) for index in range(274)}


@given(st.lists(st.tuples(st.binary(min_size=2, max_size=2), st.booleans()), max_size=120))
@settings(max_examples=60)
def test_state_root_after_any_changes_is_the_definition(changes: list[tuple[bytes, bool]]) -> None:
    pairs: dict[bytes, bytes] = {}
    fold = StateFold(lambda key: pairs[key])
    for number, (short, look) in enumerate(changes):
        key = short * 16  # many keys share long prefixes
        new = key not in pairs
        pairs[key] = leaf(number)
        fold.put(key, new=new)
        if look:
            assert fold.root() == state_root(pairs)
    assert fold.root() == state_root(pairs)


@pytest.mark.parametrize("expected", [0, 100, 5000, 100_000])
@pytest.mark.parametrize("count", [0, 1, 2, 65, 1000])
def test_state_root_does_not_depend_on_the_number_of_buckets(count: int, expected: int) -> None:
    pairs = {leaf(number): leaf(~number & 0xFFFF) for number in range(count)}
    fold = StateFold(pairs.__getitem__, expected)
    for number, key in enumerate(pairs):
        fold.put(key, new=True)
        if number % 97 == 0:
            fold.root()
    assert fold.root() == state_root(pairs)
    for prefix in ("", "a", "3b", "3b7", "00000"):
        below = {key: value for key, value in pairs.items() if key.hex().startswith(prefix)}
        assert fold.node(prefix)[1] == len(below)


def test_keys_that_differ_only_in_the_last_bit() -> None:
    pairs = {bytes(31) + b"\0": leaf(1), bytes(31) + b"\1": leaf(2), b"\x80" + bytes(31): leaf(3)}
    fold = StateFold(pairs.__getitem__)
    for key in pairs:
        fold.put(key, new=True)
    assert fold.root() == state_root(pairs)


def test_the_core_computes_the_same_roots() -> None:
    """The fast code that writes and the naive code that audits, on more keys than the definition could take."""
    log, state, values = LogFold(), StateFold(lambda key: values[key]), dict[bytes, bytes]()
    tiles, pages = tree.MemoryTiles(), dict[str, bytes]()
    for batch in range(12):
        keys = [leaf(number % 2000) for number in range(batch * 250, batch * 250 + 250)]
        leaves = [leaf(1_000_000 + batch * 250 + place) for place in range(250)]
        root, changed = statemap.update(MapReader(pages, dict(values)), dict(zip(keys, leaves, strict=True)))
        pages |= changed
        tiles.write(tree.extend(tiles, log.size, leaves))
        for key, value in zip(keys, leaves, strict=True):
            state.put(key, new=key not in values)
            values[key] = value
            log.append(value)
        assert state.root() == root
        assert log.root() == tree.root(tiles, log.size)
        assert all(page_of(state, prefix) == page for prefix, page in pages.items())
    assert len(pages) > 16


class MapReader:
    """The core's view of a map in memory."""

    def __init__(self, pages: dict[str, bytes], values: dict[bytes, bytes]) -> None:
        self._pages, self._values = dict(pages), values

    def page(self, prefix: str) -> bytes | None:
        return self._pages.get(prefix)

    def leaves(self, prefix: str) -> list[tuple[bytes, bytes]]:
        return sorted(pair for pair in self._values.items() if pair[0].hex().startswith(prefix))
