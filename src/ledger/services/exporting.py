"""The log written as a folder of C2SP tlog-tiles: what auditors and mirrors read without the node.

The checkpoint is written last and in one step, so that a folder never promises more than it holds; a tile's name says
how wide it is, so its content never changes and a folder written again is only added to.

What it leaves out: reading such a folder (``ledger.audit``) and serving the same over HTTP (``api``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ledger.config import write_atomically
from ledger.errors import NotFoundError
from ledger.merkle.tiles import TILE_WIDTH, entries_path, pack_entries, tile_path
from ledger.services.serving import LogFiles


def export_tiles(log: LogFiles, folder: Path) -> int:
    """Write checkpoint, tiles and entry bundles of the newest checkpoint.

    Args:
        log: the log.
        folder: made if missing.

    Returns:
        How many files the exported log consists of.

    Raises:
        NotFoundError: nothing has been logged yet.
    """
    newest = log.checkpoint()
    if newest is None:
        raise NotFoundError("日志尚无内容，先 `tongban sync` / nothing has been logged yet: `tongban sync` first")
    size, note = newest
    count = 0
    for path, content in _files(log, size):
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, content)
        count += 1
    write_atomically(folder / "checkpoint", note)
    return count + 1


def _files(log: LogFiles, size: int) -> Iterator[tuple[str, bytes]]:
    level, width = 0, size
    while width:
        for index, part in _tiles(width):
            yield tile_path(level, index, part), log.read(level, index)[: 32 * part]
        level, width = level + 1, width // TILE_WIDTH
    for index, part in _tiles(size):
        yield entries_path(index, part), pack_entries(log.entries(index * TILE_WIDTH, part))


def _tiles(width: int) -> Iterator[tuple[int, int]]:
    """Index and width of each tile of a level that is ``width`` hashes wide."""
    for index in range(width // TILE_WIDTH):
        yield index, TILE_WIDTH
    if width % TILE_WIDTH:
        yield width // TILE_WIDTH, width % TILE_WIDTH
