"""Paths and bundles of C2SP tlog-tiles: the specification's examples, round trips, one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.merkle.tiles import (
    MAX_ENTRY_LENGTH,
    TileName,
    entries_path,
    pack_entries,
    parse_path,
    tile_path,
    unpack_entries,
)

PLACES = st.integers(0, 7).flatmap(
    lambda level: st.tuples(st.just(level), st.integers(0, max(0, (2**56 >> 8 * level) - 2)), st.integers(1, 255))
)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tile/0/000", TileName(0, 0, 256)),
        ("tile/0/x001/x234/067", TileName(0, 1234067, 256)),  # the example of the specification
        ("tile/0/x001/000.p/1", TileName(0, 1000, 1)),
        ("tile/1/999.p/255", TileName(1, 999, 255)),
        ("tile/7/000.p/255", TileName(7, 0, 255)),
        ("tile/entries/000.p/70", TileName(None, 0, 70)),
        ("tile/entries/x001/x234/067", TileName(None, 1234067, 256)),
    ],
)
def test_known_paths(path: str, name: TileName) -> None:
    assert parse_path(path) == name
    level, index, width = name.level, name.index, name.width
    assert (entries_path(index, width) if level is None else tile_path(level, index, width)) == path


@given(PLACES)
def test_paths_round_trip(place: tuple[int, int, int]) -> None:
    level, index, width = place
    assert parse_path(tile_path(level, index, width)) == TileName(level, index, width)
    assert parse_path(entries_path(index, width)) == TileName(None, index, width)
    if level < 7:
        assert parse_path(tile_path(level, index)) == TileName(level, index, 256)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0",
        "tile/00/000",
        "tile/-1/000",
        "tile/8/000.p/1",
        "tile/63/000.p/1",
        "tile/7/000",
        "tile/7/001.p/1",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x000/x001/000",
        "tile/0/x001/x000",
        "tile/0/001/000",
        "tile/0/X001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1\n",
        "tile/0/000.p/+1",
        "tile/0/٠٠٠",
        "tile/ 0/000",
        "tile/data/000",
        "tile/entries/0",
        "tile/entries/../000",
        "tile/0/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x001/x001/x001/x001/x001/x001/001",
        "checkpoint",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(FormatError):
        parse_path(path)


@given(st.text(alphabet="tile/0123entrsxp.9", max_size=24))
def test_any_path_has_one_spelling_or_none(text: str) -> None:
    try:
        name = parse_path("tile/" + text)
    except FormatError:
        return
    level, index, width = name.level, name.index, name.width
    assert "tile/" + text == (entries_path(index, width) if level is None else tile_path(level, index, width))


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(-1, 0, 1), (8, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 0, -1), (0, 2**56, 1), (7, 0, 256), (6, 256, 1)],
)
def test_impossible_tiles_have_no_path(level: int, index: int, width: int) -> None:
    with pytest.raises(FormatError):
        tile_path(level, index, width)


def test_the_last_possible_tile_has_a_path() -> None:
    assert parse_path(tile_path(0, 2**56 - 1, 255)) == TileName(0, 2**56 - 1, 255)
    with pytest.raises(FormatError):
        tile_path(0, 2**56 - 1)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    data = pack_entries(entries)
    assert unpack_entries(data) == entries
    assert len(data) == sum(2 + len(entry) for entry in entries)


@given(st.binary(max_size=60))
def test_any_bundle_has_one_spelling_or_none(data: bytes) -> None:
    try:
        entries = unpack_entries(data)
    except FormatError:
        return
    assert pack_entries(entries) == data


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=5), st.integers(1, 2))
def test_a_bundle_cut_off_or_with_a_rest_is_refused(entries: list[bytes], cut: int) -> None:
    data = pack_entries(entries)
    for bad in (data[:-cut], data + b"\0", data + b"\0\5abc"):
        with pytest.raises(FormatError):
            unpack_entries(bad) if bad else unpack_entries(b"")


def test_the_longest_entry_fits_and_a_longer_one_does_not() -> None:
    longest = bytes(MAX_ENTRY_LENGTH)
    assert unpack_entries(pack_entries([longest, b""])) == [longest, b""]
    with pytest.raises(FormatError, match="at most"):
        pack_entries([longest + b"\0"])


def test_a_bundle_has_1_to_256_entries() -> None:
    with pytest.raises(FormatError):
        pack_entries([])
    with pytest.raises(FormatError):
        pack_entries([b""] * 257)
    with pytest.raises(FormatError, match="without entries"):
        unpack_entries(b"")
    with pytest.raises(FormatError):
        unpack_entries(bytes(2 * 257))
    assert unpack_entries(bytes(2 * 256)) == [b""] * 256
