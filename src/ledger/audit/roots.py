"""What others say of the log's roots, compared with what the walk computes: anchors and checkpoints.

Anchors that disagree one after another are one finding: a single changed entry spoils every later root.

What it leaves out: whether an anchor was rightly made (``members``, step 3).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.audit.report import Findings
from ledger.audit.source import Note, parse_note
from ledger.audit.statefold import StateFold
from ledger.audit.walk import Walk

CLOCKS = 300
"""Seconds by which an entry's clock may run ahead of the block that anchors it: no two clocks are the same."""

ORIGIN = "tongban-ledger/"
"""Before the log id in a checkpoint's first line."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the chain (or whoever else is believed) says of one size.

    Roots are 32 bytes; ``time`` is the block's, in seconds since 1970, None if nobody said.
    """

    seq: int
    size: int
    log_root: bytes
    state_root: bytes
    time: int | None = None


@dataclass(slots=True)
class _Run:
    """Anchors in a row that disagree in one way; ``since`` is the size up to which all was well."""

    first: Anchor
    last: Anchor
    since: int
    got: bytes
    want: bytes


@dataclass(slots=True)
class Anchors:
    """Compares anchors with the walk, in order of size.

    Call :meth:`register` before the walk and :meth:`close` after it.
    """

    anchors: Sequence[Anchor]
    findings: Findings
    _good: dict[str, int] = field(default_factory=dict)
    _runs: dict[str, _Run] = field(default_factory=dict)

    def register(self, walk: Walk) -> None:
        """Ask the walk for the roots at every anchored size."""
        for anchor in self.anchors:
            walk.checks[anchor.size].append(partial(self._check, walk, anchor))

    def close(self, size: int) -> None:
        """Report what disagreed, and anchors beyond the log's end (``size``)."""
        for code in list(self._runs):
            self._flush(code)
        for anchor in self.anchors:
            if anchor.size > size:
                self.findings.add("log.short", anchor=anchor.seq, got=size, want=anchor.size)

    def _check(self, walk: Walk, anchor: Anchor, root: bytes, state: StateFold) -> None:
        self._compare("log.root", anchor, anchor.log_root, root)
        self._compare("state.root", anchor, anchor.state_root, state.root())
        index, recorded = walk.latest
        walk.latest = (-1, "")
        if anchor.time is not None:
            limit = dt.datetime.fromtimestamp(anchor.time + CLOCKS, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if recorded > limit:
                self.findings.add("time.ahead", entry=index, anchor=anchor.seq, got=recorded, want=f"<= {limit}")

    def _compare(self, code: str, anchor: Anchor, got: bytes, want: bytes) -> None:
        if got == want:
            self._flush(code)
            self._good[code] = anchor.size
        elif code in self._runs:
            self._runs[code].last = anchor
        else:
            self._runs[code] = _Run(anchor, anchor, self._good.get(code, 0), got, want)

    def _flush(self, code: str) -> None:
        run = self._runs.pop(code, None)
        if run is not None:
            numbers = str(run.first.seq) + (f"–{run.last.seq}" if run.last is not run.first else "")
            self.findings.add(code, entry=run.since, anchor=numbers, got=run.got, want=run.want)


def note_of(data: bytes | None, findings: Findings) -> Note | None:
    """The newest checkpoint taken apart; None, and a finding, if it is malformed; None if there is none."""
    if data is None:
        return None
    try:
        return parse_note(data)
    except ValueError as error:
        findings.add("checkpoint.format", got=error)
        return None


def origin_log(data: bytes | None) -> str:
    """The log id in a checkpoint's first line, in hex; empty if it is of no such form."""
    origin = (data or b"").split(b"\n")[0].decode("ascii", "replace")
    return origin.removeprefix(ORIGIN) if origin.startswith(ORIGIN) else ""


def check_note(note: Note, log: str, keys: Iterable[bytes] | None, findings: Findings) -> None:
    """Compare a checkpoint's origin with the log's id, and its signature with the member's keys.

    Args:
        note: the checkpoint.
        log: the log's id in hex; empty: not known.
        keys: the member's Ed25519 checkpoint keys; None: not known, nothing is compared.
        findings: where faults go.
    """
    if log and note.origin != ORIGIN + log:
        findings.add("checkpoint.origin", got=note.origin, want=ORIGIN + log)
    if keys is None:
        return
    signatures = [signature for name, _, signature in note.signatures if name == note.origin]
    if not any(_verifies(key, signature, note.signed) for key in keys for signature in signatures):
        findings.add("checkpoint.signature", got=note.size)


def check_root(note: Note, findings: Findings, root: bytes) -> None:
    """Compare a checkpoint's root with the entries'."""
    if note.root != root:
        findings.add("checkpoint.root", got=note.root, want=root)


def _verifies(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
