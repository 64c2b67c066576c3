"""Names and bytes of C2SP tlog-tiles: where a tile lies, and how entries are packed into bundles.

A log is served as static files. Tile ``(level, index)`` holds up to 256 hashes, each the root of ``256^level`` leaves;
bundle ``index`` holds the entries under tile ``(0, index)``::

    tile/0/x001/234                full tile 1234 of level 0, 256 hashes, never changes again
    tile/1/000.p/7                 the level above, so far 7 hashes wide
    tile/entries/x001/234          the 256 entries under tile 1234

A name has one spelling: it is parsed, written again and compared. Bundles are parsed to the last byte.

What it leaves out: hashing (``tree``) and reading files (whoever serves or audits a log).

Source: https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import FormatError

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_LEVEL = 7
"""Highest level with a tile: the tile (7, 0) holds hashes of 2^56 leaves, and sizes are below 2^64."""

MAX_ENTRY_LENGTH = 0xFFFF

_NAME = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class TileName:
    """What a path names.

    Attributes:
        level: of the tile, 0..7; None for a bundle of entries.
        index: from the left, from 0.
        width: hashes or entries in it, 1..256.
    """

    level: int | None
    index: int
    width: int


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile, without a leading slash.

    Args:
        level: 0..7.
        index: from the left, from 0.
        width: hashes in it, 1..256; 256 is a full tile.

    Raises:
        FormatError: there is no such tile in a tree of less than 2^64 leaves.
    """
    _check_place(level, index, width)
    return f"tile/{level}/{_spell(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """The path of a bundle of entries, without a leading slash; arguments as of :func:`tile_path`.

    Raises:
        FormatError: there is no such bundle in a tree of less than 2^64 leaves.
    """
    _check_place(0, index, width)
    return f"tile/entries/{_spell(index, width)}"


def parse_path(path: str) -> TileName:
    """Parse the path of a tile or bundle.

    Raises:
        FormatError: not the one spelling of a possible tile.
    """
    match = _NAME.fullmatch(path) if path.isascii() else None
    if match is None:
        raise FormatError(f"not the path of a tile: {path[:80]!r}")
    kind, digits, partial = match.groups()
    level = None if kind == "entries" else int(kind)
    index = int(digits.replace("/", "").replace("x", ""))
    width = TILE_WIDTH if partial is None else int(partial)
    again = entries_path(index, width) if level is None else tile_path(level, index, width)
    if again != path:
        raise FormatError(f"not the one spelling of a tile's path: {path!r}")
    return TileName(level, index, width)


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """A bundle: each entry after its length in 16 bits, big endian.

    Args:
        entries: 1..256 entries of at most 65,535 bytes each.

    Raises:
        FormatError: too many, none, or one that is too long.
    """
    if not 0 < len(entries) <= TILE_WIDTH:
        raise FormatError(f"a bundle holds 1 to {TILE_WIDTH} entries, got {len(entries)}")
    longest = max(map(len, entries))
    if longest > MAX_ENTRY_LENGTH:
        raise FormatError(f"an entry of {longest} bytes; at most {MAX_ENTRY_LENGTH}")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_entries(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        FormatError: empty, cut off, or more than 256 entries.
    """
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end and len(entries) < TILE_WIDTH:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if not entries:
        raise FormatError("a bundle without entries")
    if at != end:
        raise FormatError(f"a bundle of {end} bytes whose entry {len(entries) - 1} ends at byte {at}")
    return entries


def _check_place(level: int, index: int, width: int) -> None:
    if not 0 <= level <= MAX_LEVEL:
        raise FormatError(f"no tile of level {level}; 0 to {MAX_LEVEL}")
    if not 0 < width <= TILE_WIDTH:
        raise FormatError(f"no tile of width {width}; 1 to {TILE_WIDTH}")
    if index < 0 or (index * TILE_WIDTH + width) << (TILE_HEIGHT * level) >= 1 << 64:
        raise FormatError(f"no tile {index} of level {level} in a tree of less than 2^64 leaves")


def _spell(index: int, width: int) -> str:
    text = f"{index % 1000:03d}"
    while index := index // 1000:
        text = f"x{index % 1000:03d}/{text}"
    return text if width == TILE_WIDTH else f"{text}.p/{width}"
