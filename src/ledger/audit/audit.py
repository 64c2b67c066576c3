"""The order of an audit: what is read when, and which steps could run.

The chain is read first and the log after it, so that a node that works on meanwhile can only be ahead.

What it leaves out: opening files, databases and chains (``request``); all that is judged (the other modules).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger.audit.chain import Chain
from ledger.audit.database import NodeDatabase
from ledger.audit.entries import License, Read, Track
from ledger.audit.members import Member
from ledger.audit.registry import Registry, checkpoint_keys
from ledger.audit.replay import Replay
from ledger.audit.report import STEPS, AuditReport, Findings, StepResult
from ledger.audit.roots import Anchor, Anchors, check_note, check_root, note_of, origin_log
from ledger.audit.rows import Rows
from ledger.audit.source import Note, Source, Stored, UnreadableError
from ledger.audit.tables import LogTables, Pages
from ledger.audit.walk import Progress, Walk

Reason = tuple[str, str]
NO_CHAIN: Reason = ("未提供链", "no chain was given")
NO_DATABASE: Reason = ("没有数据库", "no database at hand")
OTHER_CODE: Reason = (
    "链上代码不是发布物的代码，其事件不可信",
    "the deployed code is not the artifact's, so events mean nothing",
)
NO_ANCHORS: Reason = ("没有可比对的锚定", "there is no anchor to compare with")
STOPPED: Reason = ("审计中断", "the audit stopped before it")


@dataclass(slots=True)
class Believed:
    """What is believed about the log that is audited, before and after the chain was read.

    Attributes:
        log: its id in hex; empty: taken from the checkpoint.
        member: province code of its member; 0: not known.
        anchors: those in force; empty without a chain.
        checkpoint_keys: given the size of a checkpoint, the Ed25519 keys that may have signed it; None: not known.
    """

    log: str = ""
    member: int = 0
    anchors: Sequence[Anchor] = ()
    checkpoint_keys: Callable[[int], Sequence[bytes]] | None = None


@dataclass(slots=True)
class Audit:
    """One audit being made.

    Attributes:
        open_source: opens the log; called once the chain was read. What it opens is closed in the end.
        open_chain: opens the chain; None where there is none.
        believed: what is known beforehand.
        show_values: put values of fields, which may be personal, into findings.
        progress: told how far it is.
        label: what the report calls the source until it is open.
    """

    open_source: Callable[[], Source]
    open_chain: Callable[[], Chain] | None = None
    believed: Believed = field(default_factory=Believed)
    show_values: bool = False
    progress: Progress | None = None
    label: str = ""
    findings: Findings = field(default_factory=Findings)
    _done: dict[int, StepResult] = field(default_factory=dict)
    _walked: int = 0
    _block: int | None = None

    def run(self) -> AuditReport:
        """Run every step that can run; never raises for what it was given to read."""
        started = time.monotonic()
        problem = None
        source: Source | None = None
        try:
            member = self._chain()
            source = self.open_source()
            self.label = source.name
            self._log(source, member)
        except UnreadableError as error:
            problem = (error.zh, error.en)
        finally:
            if isinstance(source, NodeDatabase):
                source.close()
        return self._report(problem, time.monotonic() - started)

    def _chain(self) -> Member | None:
        """Steps 1 to 3."""
        if self.open_chain is None:
            self._skip(NO_CHAIN, 1, 2, 3)
            return None
        chain = self.open_chain()
        self._block = chain.block
        registry = Registry(chain, self.findings, Replay(self.findings))
        member = registry.run(self.believed.log, self.believed.member)
        self._finish(1, 1)
        if not registry.code_ok:
            self._skip(OTHER_CODE, 2, 3)
            return None
        self._finish(2, registry.replay.events)
        self._finish(3, registry.checked)
        if member is not None:
            self.believed.log, self.believed.member = member.log.hex(), member.code
            self.believed.anchors = [
                Anchor(one.seq, one.size, one.log_root, one.state_root, one.time) for one in member.live
            ]
            self.believed.checkpoint_keys = lambda size: checkpoint_keys(member, size)
        return member

    def _log(self, source: Source, member: Member | None) -> None:
        """Steps 4 to 6, and 9 where the source is a database."""
        newest = source.checkpoint()
        note = note_of(newest, self.findings)
        believed = self.believed
        believed.log = believed.log or origin_log(newest)
        walk = Walk(source, self.findings, believed.log, believed.member)
        anchors = Anchors(believed.anchors, self.findings)
        anchors.register(walk)
        size = self._size(note, walk)
        rows = _Step9(source, self.findings, walk, self) if isinstance(source, NodeDatabase) else None
        parts = 1 if rows is None else 2  # a database's entries are gone through twice
        walk.run(size, self._part(0, parts, size))
        self._walked = walk.size
        anchors.close(walk.size)
        if rows is not None:
            rows.close(member, self._block, self._part(1, parts, size))
        for step in (4, 5, 6):
            self._finish(step, walk.size)
        if not believed.anchors:
            self._skip(NO_ANCHORS if self.open_chain else NO_CHAIN, 5)
        if rows is None:
            self._skip(NO_DATABASE, 9)
        else:
            self._finish(9, rows.checked)

    def _part(self, number: int, parts: int, size: int) -> Progress | None:
        """Progress of one of several passes over ``size`` entries, told as progress of all of them."""
        tell = self.progress
        return None if tell is None else lambda done, _: tell(number * size + done, parts * size)

    def _size(self, note: Note | None, walk: Walk) -> int:
        """How many entries there must be, by the checkpoint; without one, by the newest anchor."""
        if note is None:
            anchored = max((anchor.size for anchor in self.believed.anchors), default=0)
            if anchored:
                self.findings.add("checkpoint.missing")
            return anchored
        keys = None if self.believed.checkpoint_keys is None else self.believed.checkpoint_keys(note.size)
        check_note(note, self.believed.log, keys, self.findings)
        walk.checks[note.size].append(lambda root, _state: check_root(note, self.findings, root))
        return note.size

    def _finish(self, step: int, checked: int) -> None:
        faults = any(finding.step == step and finding.severity == "error" for finding in self.findings.kept)
        self._done[step] = StepResult(step, "findings" if faults else "ok", checked)

    def _skip(self, reason: Reason, *steps: int) -> None:
        for step in steps:
            self._done[step] = StepResult(step, "not run", 0, *reason)

    def _report(self, problem: Reason | None, seconds: float) -> AuditReport:
        steps = [self._done.get(step) or StepResult(step, "not run", 0, *STOPPED) for step in STEPS]
        found = sorted(self.findings.kept, key=lambda finding: (finding.step, finding.entry or 0))
        return AuditReport(
            source=self.label,
            log=self.believed.log,
            member=self.believed.member,
            entries=self._walked,
            anchors=len(self.believed.anchors),
            block=self._block,
            steps=tuple(steps),
            findings=tuple(found),
            counts=dict(self.findings.counts),
            problem=problem,
            seconds=seconds,
        )


def incomplete(label: str, zh: str, en: str) -> AuditReport:
    """The report of an audit that could not even begin."""
    steps = tuple(StepResult(step, "not run", 0, *STOPPED) for step in STEPS)
    return AuditReport(label, "", 0, 0, 0, None, steps, (), problem=(zh, en))


class _Step9:
    """Step 9 around the walk: registered before it, closed after it."""

    def __init__(self, database: NodeDatabase, findings: Findings, walk: Walk, audit: Audit) -> None:
        self._rows = Rows(database, findings, show_values=audit.show_values)
        self._pages = Pages(database, findings)
        self._tables = LogTables(database, findings)
        self._walk = walk
        self._tables.register(walk, audit.believed.checkpoint_keys)
        sizes = [anchor.size for anchor in audit.believed.anchors] + self._tables.newest
        self._pages.register(walk, sizes)
        walk.on_entry = self._on_entry
        walk.name = self._rows.name

    @property
    def checked(self) -> int:
        """Rows looked at."""
        return self._rows.checked + self._pages.checked + self._tables.checked

    def close(self, member: Member | None, block: int | None, progress: Progress | None) -> None:
        """What can be compared only when the whole log is known."""
        self._pages.close()
        self._tables.tiles(self._walk.size)
        if member is not None and block is not None:
            self._tables.anchors(member, block)
        self._rows.after(self._walk, progress)

    def _on_entry(self, stored: Stored, leaf: bytes, entry: Read) -> None:
        self._rows.on_entry(stored, leaf, entry)
        if isinstance(entry, License | Track) and entry.kind != "exchange":
            self._pages.touched.append((entry.subject, stored.at))
