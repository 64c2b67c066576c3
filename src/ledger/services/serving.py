"""The log as others read it: the newest checkpoint, tiles and entries, each answer from one state of the database.

What it leaves out: paths and HTTP (``api.routes.log``), which check that nothing beyond the checkpoint is asked for.
"""

from __future__ import annotations

from ledger.store.engine import Store
from ledger.store.queries import entries, logs, tree
from ledger.store.queries.tree import SqlTileReader


class LogFiles:
    """One log of a database, read-only.

    Args:
        store: the database.
        log: id of the log, 32 bytes.
    """

    def __init__(self, store: Store, log: bytes) -> None:
        self._store = store
        with store.read() as transaction:
            self._row = logs.get(transaction, log).id

    def checkpoint(self) -> tuple[int, bytes] | None:
        """Size and signed note of the newest checkpoint; None if nothing was signed yet."""
        with self._store.read() as transaction:
            newest = tree.newest_checkpoint(transaction, self._row)
        return None if newest is None else (newest.size, newest.note.encode())

    def read(self, level: int, index: int) -> bytes:
        """The hashes of one tile, 32 bytes each, as wide as it is now.

        Raises:
            StorageError: there is no such tile.
        """
        with self._store.read() as transaction:
            return SqlTileReader(transaction, self._row).read(level, index)

    def entries(self, start: int, count: int) -> list[bytes]:
        """The entries from index ``start``, at most ``count``."""
        with self._store.read() as transaction:
            return [row.data for row in entries.read(transaction, self._row, start, count)]
