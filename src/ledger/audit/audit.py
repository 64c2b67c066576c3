"""The order of an audit: what is read when, and which steps could run.

What it leaves out: opening files, databases and chains (``request``); all that is judged (the other modules).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.audit.report import STEPS, AuditReport, Findings, StepResult
from ledger.audit.roots import ORIGIN, Anchor, Anchors, check_note, check_root, note_of
from ledger.audit.source import Note, Source, UnreadableError
from ledger.audit.walk import Progress, Walk

NO_CHAIN = ("未提供链", "no chain was given")
NO_DATABASE = ("没有数据库", "no database at hand")


@dataclass(slots=True)
class Believed:
    """What is believed about the log that is audited, and from where.

    Attributes:
        log: its id in hex; empty: taken from the checkpoint.
        member: province code of its member; 0: not known.
        anchors: those in force; empty without a chain.
        checkpoint_keys: the member's Ed25519 checkpoint keys; None: not known.
    """

    log: str = ""
    member: int = 0
    anchors: Sequence[Anchor] = ()
    checkpoint_keys: Sequence[bytes] | None = None


@dataclass(slots=True)
class Audit:
    """One audit being made."""

    source: Source
    believed: Believed = field(default_factory=Believed)
    findings: Findings = field(default_factory=Findings)
    progress: Progress | None = None
    _done: dict[int, StepResult] = field(default_factory=dict)
    _walk: Walk = field(init=False)

    def __post_init__(self) -> None:
        self._walk = Walk(self.source, self.findings)

    def run(self) -> AuditReport:
        """Run every step that can run; never raises for what it was given to read."""
        started = time.monotonic()
        problem = None
        try:
            self._log()
        except UnreadableError as error:
            problem = (error.zh, error.en)
        return self._report(problem, time.monotonic() - started)

    def _log(self) -> None:
        """Steps 4 to 6."""
        note = note_of(self.source.checkpoint(), self.findings)
        believed = self.believed
        if note is not None and not believed.log and note.origin.startswith(ORIGIN):
            believed.log = note.origin.removeprefix(ORIGIN)
        walk, anchors = self._walk, Anchors(believed.anchors, self.findings)
        walk.log, walk.member = believed.log, believed.member
        anchors.register(walk)
        size = self._size(note)
        walk.run(size, self.progress)
        anchors.close(size)
        for step in (4, 5, 6):
            self._finish(step, walk.size)
        if not believed.anchors:
            zh, en = NO_CHAIN
            self._done[5] = StepResult(5, "not run", 0, zh, en)

    def _size(self, note: Note | None) -> int:
        """How many entries there must be, by the checkpoint; without one, by the newest anchor."""
        if note is None:
            anchored = max((anchor.size for anchor in self.believed.anchors), default=0)
            if anchored:
                self.findings.add("checkpoint.missing")
            return anchored
        check_note(note, self.believed.log, self.believed.checkpoint_keys, self.findings)
        self._walk.checks[note.size].append(lambda root, _state: check_root(note, self.findings, root))
        return note.size

    def _finish(self, step: int, checked: int) -> None:
        faults = any(finding.step == step and finding.severity == "error" for finding in self.findings.kept)
        self._done[step] = StepResult(step, "findings" if faults else "ok", checked)

    def _report(self, problem: tuple[str, str] | None, seconds: float) -> AuditReport:
        missing = NO_CHAIN if problem is None else ("审计中断", "the audit stopped before it")
        steps = [self._done.get(step) or StepResult(step, "not run", 0, *missing) for step in STEPS]
        found = sorted(self.findings.kept, key=lambda finding: (finding.step, finding.entry or 0))
        return AuditReport(
            source=self.source.name,
            log=self.believed.log,
            member=self.believed.member,
            entries=self._walk.size,
            anchors=len(self.believed.anchors),
            block=None,
            steps=tuple(steps),
            findings=tuple(found),
            counts=dict(self.findings.counts),
            problem=problem,
            seconds=seconds,
        )
