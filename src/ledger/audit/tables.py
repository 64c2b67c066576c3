"""Step 9, the log's own tables: tiles, checkpoints, pages of the state map, and anchors as the node noted them.

A page of the map is stored once for each size at which it changed. Each is compared at its own size; at every
size that was anchored, and at the newest, no page that the map needs may be missing or older than its last change.

What it leaves out: licences (``rows``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ledger.audit.database import NodeDatabase
from ledger.audit.logfold import TILE_HEIGHT, TILE_WIDTH
from ledger.audit.members import Member
from ledger.audit.report import Findings
from ledger.audit.roots import check_note, note_of
from ledger.audit.source import tile_name
from ledger.audit.statefold import StateFold
from ledger.audit.walk import Walk

BUCKET = 32
"""Subtrees with more leaves than this have a page; smaller ones are recomputed from their entries."""

_PAGE = struct.Struct(">" + "32sI" * 16)
_DIGITS = "0123456789abcdef"


def page_of(state: StateFold, prefix: str) -> bytes:
    """The page of a prefix: hash and number of leaves of its sixteen subtrees."""
    return _PAGE.pack(*(part for digit in _DIGITS for part in state.node(prefix + digit)))


def _is_prefix(text: str) -> bool:
    """Whether it begins a subject in hex and leaves a digit to choose a subtree."""
    return len(text) < 64 and set(text) <= set(_DIGITS)


@dataclass(slots=True)
class Pages:
    """Compares the state map's pages while the log is walked."""

    database: NodeDatabase
    findings: Findings
    touched: list[tuple[bytes, int]] = field(default_factory=list)
    checked: int = 0
    _stored: Iterator[tuple[str, int, bytes]] = field(init=False)
    _next: tuple[str, int, bytes] | None = field(init=False)
    _newest: dict[str, int] = field(default_factory=dict)

    def register(self, walk: Walk, sizes: Sequence[int]) -> None:
        """Ask the walk for the map at every size that has pages, and at ``sizes``, where the map must be whole."""
        log = self.database.id
        select = """SELECT CAST(prefix AS TEXT), CAST(size AS INTEGER), CAST(page AS BLOB) FROM map_pages
            WHERE log = ? ORDER BY size, prefix"""
        self._stored = self.database.each(select, log)
        self._next = next(self._stored, None)
        for (size,) in self.database.all("SELECT DISTINCT CAST(size AS INTEGER) FROM map_pages WHERE log = ?", log):
            walk.checks[size].append(partial(self._compare, size))
        for size in {*sizes}:
            walk.checks[size].append(self._whole)

    def close(self) -> None:
        """Pages of sizes that the log never had."""
        while self._next is not None:
            self.findings.add("row.extra", field=f"map_pages {self._next[0]!r} {self._next[1]}")
            self._next = next(self._stored, None)

    def _compare(self, size: int, _root: bytes, state: StateFold) -> None:
        state.root()
        while self._next is not None and self._next[1] <= size:
            prefix, at, page = self._next
            self.checked += 1
            if at < size or not _is_prefix(prefix) or (prefix and state.node(prefix)[1] <= BUCKET):
                self.findings.add("row.extra", field=f"map_pages {prefix!r} {at}")
            elif page != page_of(state, prefix):
                self.findings.add("row.page", field=prefix or "the root", got=size)
            self._newest[prefix] = at
            self._next = next(self._stored, None)

    def _whole(self, _root: bytes, state: StateFold) -> None:
        state.root()
        needed: dict[str, int] = {}
        for subject, index in self.touched:
            digits, depth = subject.hex(), 0
            while depth == 0 or state.node(digits[:depth])[1] > BUCKET:
                needed[digits[:depth]] = index
                depth += 1
        self.touched.clear()
        for prefix, index in needed.items():
            if self._newest.get(prefix, 0) <= index:
                self.findings.add("row.missing", field=f"map_pages {prefix!r}")


@dataclass(slots=True)
class LogTables:
    """Compares checkpoints, tiles and anchors."""

    database: NodeDatabase
    findings: Findings
    newest: list[int] = field(default_factory=list)
    checked: int = 0

    def register(self, walk: Walk, keys: Callable[[int], Sequence[bytes]] | None) -> None:
        """Ask the walk for both roots at the size of every checkpoint.

        Args:
            walk: not begun yet.
            keys: which Ed25519 keys may have signed a checkpoint of a size; None: signatures are not compared.
        """
        select = """SELECT CAST(size AS INTEGER), root, state_root, CAST(note AS BLOB) FROM checkpoints
            WHERE log = ? ORDER BY size"""
        rows = self.database.all(select, self.database.id)
        self.newest = [size for size, *_ in rows[-1:]]
        for size, root, state_root, note in rows:
            self.checked += 1
            walk.checks[size].append(partial(self._checkpoint, size, root, state_root))
            if size not in self.newest:
                self._note(note, size, root, walk.log, keys)

    def _note(
        self, data: bytes, size: int, root: bytes, log: str, keys: Callable[[int], Sequence[bytes]] | None
    ) -> None:
        """An older note. The newest one is step 4's matter."""
        note = note_of(data, self.findings)
        if note is None:
            return
        if (note.size, note.root) != (size, root):
            self.findings.add("row.checkpoint", field=f"{size} note", got=note.root, want=root)
        check_note(note, log, None if keys is None else keys(size), self.findings)

    def _checkpoint(self, size: int, root: bytes, state_root: bytes, want: bytes, state: StateFold) -> None:
        if root != want:
            self.findings.add("row.checkpoint", field=f"{size} root", got=root, want=want)
        if state_root != state.root():
            self.findings.add("row.checkpoint", field=f"{size} state_root", got=state_root, want=state.root())

    def tiles(self, size: int) -> None:
        """No tile beyond the log, none wider than the log is. Their hashes were compared on the walk."""
        select = (
            "SELECT CAST(level AS INTEGER), CAST(idx AS INTEGER), length(CAST(data AS BLOB)) FROM tiles WHERE log = ?"
        )
        for level, index, length in self.database.each(select, self.database.id):
            self.checked += 1
            width = min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH)
            path = f"tile/{level}/{tile_name(index)}"
            if width <= 0:
                self.findings.add("row.extra", field=f"tiles {path}")
            elif length != 32 * width:
                self.findings.add("row.tile", field=path, got=length, want=32 * width)

    def anchors(self, member: Member, block: int) -> None:
        """The node's notes of its anchors against the chain's, up to the block that was read."""
        names = ("epoch", "size", "log_root", "state_root", "previous", "digest", "block", "transaction")
        known = {anchor.seq: anchor for anchor in [*member.live, *member.taken_back] if not anchor.adopted}
        select = """SELECT CAST(seq AS INTEGER), epoch, size, log_root, state_root, previous, digest,
            CAST(block AS INTEGER), tx_hash FROM anchors WHERE log = ? ORDER BY seq"""
        for seq, *got in self.database.each(select, self.database.id):
            self.checked += 1
            anchor = known.pop(seq, None)
            if anchor is None and got[6] <= block:
                self.findings.add("row.extra", field=f"anchors {seq}", anchor=seq)
            for name, mine in zip(names, got, strict=True) if anchor is not None else ():
                if mine != getattr(anchor, name):
                    self.findings.add("row.anchor", anchor=seq, field=name, got=mine, want=getattr(anchor, name))
        for seq in sorted(known):
            self.findings.add("row.unseen", anchor=seq)
