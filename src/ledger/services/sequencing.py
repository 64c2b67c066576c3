"""Sequencing: pending entries get their places, log and state map grow, the checkpoint is signed.

All in one database transaction, so that there is no moment at which the log is half extended: after a crash the
batch was sequenced, or it is still pending. The order of a batch is the order of arrival. Before it signs, the
sequencer recomputes the last signed roots from what the database holds now; a checkpoint never grows from a state
that is not the one signed before.

One sequencer works at a time: the transaction locks the log. A second one waits, then finds nothing left to do.

What it leaves out: what entries say (``issuing``), and the chain (``anchoring``).
"""

from __future__ import annotations

import datetime as dt

from ledger import entry
from ledger.errors import RestoredBackupError, StorageError
from ledger.keys import Signer
from ledger.merkle import EMPTY_ROOT, checkpoint, statemap, tree
from ledger.services.model import Clock
from ledger.store.engine import Store
from ledger.store.queries import anchors, entries, logs
from ledger.store.queries import tree as tree_rows
from ledger.store.queries.tree import SqlMapReader, SqlTileReader
from ledger.store.rows import CheckpointRow, PendingRow
from ledger.store.transaction import Transaction

MAX_BATCH = 65_536
"""Most entries of one checkpoint: about 30 MB while it is made, two to four seconds of other writers waiting."""

HEARTBEAT_AFTER = dt.timedelta(hours=12)
"""Idle time after which the log says that it is alive; freshness is judged against 72 hours."""


class Sequencer:
    """Sequences one log.

    Args:
        store: the database.
        log: id of the log, 32 bytes.
        signer: the log's checkpoint key.
        clock: the node's clock.
    """

    def __init__(self, store: Store, log: bytes, signer: Signer, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._signer = signer
        self._clock = clock

    def sequence(self, limit: int = MAX_BATCH) -> CheckpointRow | None:
        """Sequence what is pending, or a heartbeat after a long silence.

        Args:
            limit: most entries to take.

        Returns:
            The new checkpoint; None if there was nothing to do.

        Raises:
            StorageError: the database does not hold the state that was last signed. Nothing is signed.
            RestoredBackupError: it is older than what was anchored. Nothing is signed: it would be a second history.
        """
        with self._store.write() as transaction:
            row = logs.get(transaction, self._log, lock=True)
            if row.guard is not None:
                raise RestoredBackupError(f"本节点暂停签署 / this node signs nothing: {row.guard}")
            log = row.id
            last = self._verified_last(transaction, log)
            batch = entries.pending(transaction, log, limit)
            if not batch and last is not None and self._silent(last):
                self._add_heartbeat(transaction, log)
                batch = entries.pending(transaction, log, 1)
            return self._extend(transaction, log, last, batch) if batch else None

    def sequence_all(self) -> CheckpointRow | None:
        """Sequence until nothing is pending; the newest checkpoint made, None if none was."""
        made = None
        while (checkpoint_row := self.sequence()) is not None:
            made = checkpoint_row
        return made

    def _verified_last(self, transaction: Transaction, log: int) -> CheckpointRow | None:
        """The last checkpoint, after recomputing its roots from tiles and pages: about log N hashes."""
        last = tree_rows.newest_checkpoint(transaction, log)
        size, want_root, want_state = (0, EMPTY_ROOT, statemap.EMPTY) if last is None else _signed(last)
        if entries.size(transaction, log) != size:
            raise StorageError(f"the log has {entries.size(transaction, log)} entries, but {size} were signed")
        root = tree.root(SqlTileReader(transaction, log), size)
        state = statemap.root(SqlMapReader(transaction, log, size))
        if (root, state) != (want_root, want_state):
            raise StorageError(f"tiles or map of size {size} are not those that were signed; nothing is signed")
        return last

    def _extend(
        self, transaction: Transaction, log: int, last: CheckpointRow | None, batch: list[PendingRow]
    ) -> CheckpointRow:
        old = 0 if last is None else last.size
        size = old + len(batch)
        root = self._extend_tree(transaction, log, old, [row.leaf for row in batch])
        changes = {row.subject: row.leaf for row in batch if row.kind in entry.MAPPED_KINDS and row.subject}
        state_root, pages = statemap.update(SqlMapReader(transaction, log, old), changes)
        tree_rows.write_pages(transaction, log, size, pages, anchors.kept_size(transaction, log))
        if entries.assign(transaction, log, [row.id for row in batch], old) != len(batch):
            raise StorageError("pending entries were sequenced by somebody else meanwhile; nothing is signed")
        row = self._sign(last, size, root, state_root)
        tree_rows.add_checkpoint(transaction, log, row)
        return row

    def _extend_tree(self, transaction: Transaction, log: int, size: int, leaves: list[bytes]) -> bytes:
        tiles = tree.MemoryTiles(SqlTileReader(transaction, log))
        tiles.write(tree.extend(tiles, size, leaves))
        tree_rows.write_tiles(transaction, log, tiles.tiles)
        return tree.root(tiles, size + len(leaves))

    def _sign(self, last: CheckpointRow | None, size: int, root: bytes, state_root: bytes) -> CheckpointRow:
        signed = self._clock() if last is None else max(self._clock(), last.signed)
        text = checkpoint.Checkpoint(checkpoint.origin(self._log), size, root)
        note = checkpoint.sign_checkpoint(text, self._signer).decode()
        return CheckpointRow(size, root, state_root, note, signed.replace(microsecond=0))

    def _silent(self, last: CheckpointRow) -> bool:
        return self._clock() - last.signed >= HEARTBEAT_AFTER

    def _add_heartbeat(self, transaction: Transaction, log: int) -> None:
        data = entry.HeartbeatEntry(self._log, self._clock().replace(microsecond=0)).encode()
        leaf = entry.leaf_hash(data)
        row = {"log": log, "kind": entry.HEARTBEAT, "subject": None, "n": None, "data": data, "leaf": leaf}
        entries.add(transaction, [row])


def _signed(row: CheckpointRow) -> tuple[int, bytes, bytes]:
    return row.size, row.root, row.state_root
