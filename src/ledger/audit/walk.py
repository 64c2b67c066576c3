"""Steps 4 to 6 in one pass over the entries, from the first to the last.

Each entry is hashed into the log fold, read, judged against its subject's previous one, and folded into the
state map. At every size that somebody made a statement about (an anchor, a checkpoint) both roots are
computed and handed to whoever compares them. Memory grows with the number of subjects, not of entries.

What it leaves out: where anchors come from (``members``) and what else a database holds (``rows``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.audit.entries import License, Malformed, Read, Track, Unknown, read
from ledger.audit.lifefold import Standing, judge
from ledger.audit.logfold import TILE_WIDTH, LogFold, leaf_hash
from ledger.audit.report import Findings
from ledger.audit.source import Source, Stored, tile_name
from ledger.audit.statefold import StateFold

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all; they count once for each pass over them."""

Check = Callable[[bytes, StateFold], None]
"""Called with the log root and the state map at the size it was registered for."""

_BEAT = 2048
"""Entries between two calls of the progress callback."""


@dataclass(slots=True)
class Walk:
    """One pass over a log.

    Attributes:
        source: the log.
        findings: where faults go.
        log: the log's id in hex; entries must be bound to it. Empty: not known.
        member: province code of its member; 0: not known, so provinces are not checked.
        checks: what to call at which size.
        on_entry: called with each entry as stored, its leaf hash and what it says; for step 9.
        name: what a licence is called in findings; the subject in hex where it answers None.
        standing: where each subject stands at present.
        latest: index and time of the entry with the latest ``recorded`` since somebody last reset it.
    """

    source: Source
    findings: Findings
    log: str = ""
    member: int = 0
    checks: defaultdict[int, list[Check]] = field(default_factory=lambda: defaultdict(list))
    on_entry: Callable[[Stored, bytes, Read], None] | None = None
    name: Callable[[bytes], str | None] = lambda _subject: None
    standing: dict[bytes, Standing] = field(default_factory=dict)
    latest: tuple[int, str] = (-1, "")
    _fold: LogFold = field(init=False)
    _state: StateFold = field(init=False)
    _recent: list[bytes | None] = field(init=False)

    def __post_init__(self) -> None:
        self._fold = LogFold(self._compare_tile)
        self._state = self._new_state(0)
        self._recent = [None] * TILE_WIDTH

    @property
    def size(self) -> int:
        """Entries walked so far."""
        return self._fold.size

    def run(self, size: int, progress: Progress | None = None) -> None:
        """Walk from the first entry to the last.

        Args:
            size: how many entries there must be; others are reported as missing or extra.
            progress: told now and then how far it is.
        """
        self._state = self._new_state(size)
        self._check()
        for stored in self.source.entries(size):
            if not self._fold.size <= stored.at < size:
                self.findings.add("entry.extra", entry=stored.at)
                continue
            self._fill(stored.at, size)
            self._take(stored)
            if progress is not None and self._fold.size % _BEAT == 0:
                progress(self._fold.size, size)
        self._fill(size, size)
        for tile in self._fold.open_tiles():
            self._compare_tile(*tile)
        if progress is not None:
            progress(size, size)

    def _new_state(self, expected: int) -> StateFold:
        return StateFold(lambda key: self.standing[key].leaf, expected)

    def called(self, subject: bytes | None) -> str | None:
        """What findings call a subject."""
        return None if subject is None else self.name(subject) or subject.hex()

    def _take(self, stored: Stored) -> None:
        leaf = leaf_hash(stored.data)
        entry = read(stored.data)
        self._recent[stored.at % TILE_WIDTH] = entry.subject if isinstance(entry, License | Track) else None
        if isinstance(entry, License | Track):
            self._judge(stored.at, entry, leaf)
        elif isinstance(entry, Malformed):
            self.findings.add("entry.malformed", entry=stored.at, got=entry.reason)
        elif isinstance(entry, Unknown):
            self.findings.add("entry.unknown", entry=stored.at, got=f"v={entry.v} kind={entry.kind}")
        elif self.log not in ("", entry.log):
            self.findings.add("entry.log", entry=stored.at, field="log", got=entry.log, want=self.log)
        if not isinstance(entry, Malformed | Unknown) and entry.recorded > self.latest[1]:
            self.latest = (stored.at, entry.recorded)
        if self.on_entry is not None:
            self.on_entry(stored, leaf, entry)
        self._append(leaf)

    def judge_pending(self, stored: Stored) -> None:
        """Judge an entry that has no place yet, after :meth:`run`; it changes no root."""
        entry = read(stored.data)
        if isinstance(entry, License | Track):
            self._judge(stored.at, entry, leaf_hash(stored.data))
        elif isinstance(entry, Malformed):
            self.findings.add("entry.malformed", entry=stored.at, got=entry.reason)

    def _judge(self, index: int, entry: License | Track, leaf: bytes) -> None:
        subject = entry.subject
        before = self.standing.get(subject)
        known = before is not None and before.mapped
        faults, after = judge(entry, before)
        for fault in faults:
            self.findings.add(
                fault.code,
                entry=index,
                licence=self.called(subject),
                field=fault.field,
                got=fault.got,
                want=fault.want,
            )
        if self.log not in ("", entry.log):
            self.findings.add(
                "entry.log", entry=index, licence=self.called(subject), field="log", got=entry.log, want=self.log
            )
        if self.member and isinstance(entry, License) and entry.division[:2] != str(self.member)[:2]:
            self.findings.add(
                "authority.province",
                entry=index,
                licence=self.called(subject),
                field="authority.division",
                got=entry.division,
                want=self.member,
            )
        after.leaf = leaf
        self.standing[subject] = after
        if after.mapped:
            self._state.put(subject, new=not known)

    def _append(self, leaf: bytes) -> None:
        self._fold.append(leaf)
        self._check()

    def _check(self) -> None:
        checks = self.checks.pop(self._fold.size, ())
        if checks:
            root = self._fold.root()
            for check in checks:
                check(root, self._state)

    def _fill(self, index: int, size: int) -> None:
        """Go on over missing entries with the leaf hashes that the tiles have for them, so that roots still tell."""
        while self._fold.size < index:
            missing = self._fold.size
            self.findings.add("entry.missing", entry=missing)
            number, offset = divmod(missing, TILE_WIDTH)
            tile = self.source.tile(0, number, min(TILE_WIDTH, size - number * TILE_WIDTH)) or b""
            self._recent[offset] = None
            self._append(tile[32 * offset : 32 * offset + 32].ljust(32, b"\0"))

    def _compare_tile(self, level: int, index: int, want: bytes) -> None:
        width = len(want) // 32
        path = f"tile/{level}/{tile_name(index)}" + (f".p/{width}" if width < TILE_WIDTH else "")
        got = self.source.tile(level, index, width)
        if got is None:
            self.findings.add("tile.missing", field=path)
        elif got[: len(want)] != want:
            self._blame(level, index, path, got, want)

    def _blame(self, level: int, index: int, path: str, got: bytes, want: bytes) -> None:
        for offset in range(len(want) // 32):
            here = slice(32 * offset, 32 * offset + 32)
            if got[here] == want[here]:
                continue
            if level == 0:
                self.findings.add(
                    "tile.hash",
                    entry=index * TILE_WIDTH + offset,
                    licence=self.called(self._recent[offset]),
                    field=path,
                    got=got[here],
                    want=want[here],
                )
            else:
                self.findings.add("tile.node", field=path, got=got[here], want=want[here])
                return
