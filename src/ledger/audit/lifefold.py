"""Each entry judged against the subject's previous one: chain, times, numbers, and what it says of the subject.

After a fault the fold goes on from what the entry says, so that one lie is reported once.

What it leaves out: which event may follow what (``legality``), and the log as a whole (``walk``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ledger.audit.entries import License, Track, shanghai_day
from ledger.audit.legality import (
    AWAY,
    BACKDATED,
    BORN,
    COMMON,
    RULES,
    SUSPENDED,
    Fault,
    Life,
    arrival,
    arrive,
    settle,
    spell,
)

MAPPED_KINDS = frozenset({"license", "case"})
"""Kinds whose newest entry per subject stands in the state map."""


FIRST_DAY, LAST_DAY = "1900-01-01", "2999-12-31"
"""Days outside are no legal dates of a licence, whatever the calendar says; the rules about periods stop there."""


class Standing:
    """Where a subject stands after its newest entry."""

    __slots__ = ("digest", "effective", "leaf", "life", "mapped", "n", "recorded", "version")

    def __init__(self) -> None:
        self.leaf = self.digest = b""
        self.n = self.version = 0
        self.effective = self.recorded = ""
        self.mapped = False
        self.life: Life | None = None  # None: a case or an exchange, which has no status


def judge(entry: License | Track, before: Standing | None) -> tuple[list[Fault], Standing]:
    """Every fault of an entry, seen from the subject's previous one, and where the subject stands after it.

    Args:
        entry: what the entry says.
        before: the subject's standing so far, which is changed; None if this is its first entry.
    """
    faults = list(_link(entry, before))
    standing = before or Standing()
    if isinstance(entry, License):
        faults += _license(entry, before, standing)
    elif before is not None and before.life is not None:
        faults.append(Fault("transition.event", "kind", entry.kind, "license"))
    standing.n, standing.recorded = entry.n, sys.intern(entry.recorded)
    standing.mapped = standing.mapped or entry.kind in MAPPED_KINDS
    return faults, standing


def _link(entry: License | Track, before: Standing | None) -> Iterator[Fault]:
    n = 0 if before is None else before.n + 1
    if entry.n != n:
        yield Fault("link.n", "n", str(entry.n), str(n))
    if before is None:
        return
    if entry.prev is not None and entry.prev != before.leaf:
        yield Fault("link.prev", "prev", entry.prev.hex(), before.leaf.hex())
    if entry.recorded < before.recorded:
        yield Fault("time.order", "recorded", entry.recorded, before.recorded)


def _license(entry: License, before: Standing | None, standing: Standing) -> Iterator[Fault]:
    """Judge, then let the standing follow; faults come out while it does."""
    today = shanghai_day(entry.recorded)
    if entry.effective > today:
        yield Fault("time.effective", "effective", entry.effective, today)
    if not (_plausible(entry.effective) and _plausible(entry.until)):
        yield Fault(
            "time.range", "effective", f"{entry.effective}, {entry.until or 'none'}", f"{FIRST_DAY}..{LAST_DAY}"
        )
        entry = entry._replace(effective=_clip(entry.effective), until=entry.until and _clip(entry.until))
    life = None if before is None else before.life
    if before is not None and life is None:
        yield Fault("transition.event", "kind", "license", "case")
    if before is None or life is None:
        after, faults = _first(entry)
    else:
        after, faults = _next(entry, before, life)
    yield from faults
    standing.life = COMMON.get(after, after)
    standing.digest, standing.version = entry.digest, entry.version
    standing.effective = sys.intern(max(entry.effective, standing.effective))


def _plausible(day: str | None) -> bool:
    return day is None or FIRST_DAY <= day <= LAST_DAY


def _clip(day: str) -> str:
    """A day with which one can count on."""
    return min(max(day, FIRST_DAY), LAST_DAY)


def _first(entry: License) -> tuple[Life, list[Fault]]:
    if entry.event == "MOVE_ACCEPT":
        faults = [*arrival(entry, BORN, 1)]
        return arrive(BORN, entry), faults
    if entry.event not in ("ESTABLISH", "IMPORT_LEGACY"):
        return _told(entry, BORN), [Fault("transition.event", "event", entry.event, "none")]
    faults = [*_says(entry, BORN)]
    if entry.version != 1:
        faults.append(Fault("transition.version", "version", str(entry.version), "1"))
    return (_told(entry, BORN) if faults else BORN), faults


def _next(entry: License, before: Standing, life: Life) -> tuple[Life, list[Fault]]:
    life = settle(life, max(entry.effective, before.effective))
    rule = RULES.get(entry.event)
    if rule is None or life.state not in rule.sources:
        return _told(entry, life), [Fault("transition.event", "event", entry.event, life.state)]
    faults = []
    if entry.effective < before.effective and entry.event not in BACKDATED:
        faults.append(Fault("time.effective_order", "effective", entry.effective, before.effective))
    faults += _version(entry, before, new=rule.new_version)
    faults += rule.guard(entry, life, before.version)
    after = rule.effect(life, entry)
    wrong = [*_says(entry, after)]
    return (_told(entry, after) if wrong else after), faults + wrong


def _says(entry: License, life: Life) -> Iterator[Fault]:
    """Compare what the entry says with what it must say."""
    if entry.version_state != life.version_state:
        yield Fault("transition.status", "status.version", entry.version_state, life.version_state)
    if entry.state != life.state:
        yield Fault("transition.status", "status.subject", entry.state, life.state)
    if entry.flags != life.flags:
        yield Fault("transition.status", "status.flags", spell(entry.flags), spell(life.flags))
    if entry.until != life.until:
        yield Fault("transition.status", "until", entry.until or "none", life.until or "none")


def _told(entry: License, life: Life) -> Life:
    """What the entry says, whatever it should have said."""
    since = (life.since or entry.effective) if entry.state == SUSPENDED else None
    back = (life.back or life) if entry.state in AWAY else None
    return Life(entry.version_state, entry.state, entry.flags, entry.until, since, life.spent, life.erased, back)


def _version(entry: License, before: Standing, *, new: bool) -> Iterator[Fault]:
    if entry.event != "MOVE_ACCEPT" and entry.version != before.version + new:
        yield Fault("transition.version", "version", str(entry.version), str(before.version + new))
    if new == (entry.digest == before.digest):
        yield Fault("transition.digest", "digest", entry.digest.hex(), "new" if new else before.digest.hex())
