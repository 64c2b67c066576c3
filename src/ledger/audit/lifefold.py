"""Each entry judged against the subject's previous one: chain, times, authority, and what the law lets follow.

The table below is written from the statutes as DOMAIN section 5 and (b) report them, not from
``ledger.license.lifecycle``, which issuing uses; a test holds the two against each other. After a fault the
fold goes on from what the entry says, so that one lie is reported once.

What it leaves out: guards that no entry shows, such as "no live branch" or a notice's thirty days; they are
the issuer's, and the audit cannot prove them.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ledger.audit.entries import License, Track, shanghai_day

ACTIVE, SUSPENDED, MOVING, MOVED = "active", "suspended", "moving", "moved"
LIQUIDATING, REVOKED, ANNULLED, DEREGISTERED = "liquidating", "revoked", "annulled", "deregistered"
CURRENT, VOIDED = "current", "voided"
BACK = "as before"
"""The subject returns to what it was before it was moved, annulled or deregistered."""

MAPPED_KINDS = frozenset({"license", "case"})
"""Kinds whose newest entry per subject stands in the state map."""

MAX_SUSPENDED_YEARS = 3
"""条例 art. 30: all suspensions of a subject together."""


class Rule(NamedTuple):
    """What an event needs and does.

    Attributes:
        before: states of the subject in which it may happen.
        after: the state that follows; None: unchanged; BACK: the one before.
        new_version: it makes a new credential, which is current.
    """

    before: frozenset[str]
    after: str | None = None
    new_version: bool = False


_OPEN = frozenset({ACTIVE, SUSPENDED})
_LIVE = _OPEN | {LIQUIDATING}
_HERE = _LIVE | {REVOKED}
_ANY = _HERE | {MOVING, MOVED, ANNULLED, DEREGISTERED}

RULES = {
    "CHANGE": Rule(_LIVE, new_version=True),
    "REISSUE": Rule(_LIVE, new_version=True),
    "CORRECT": Rule(_LIVE, new_version=True),
    "ANNUL_PARTIAL": Rule(_LIVE, new_version=True),
    "FILE": Rule(_HERE),
    "VOID": Rule(_HERE),
    "SUSPEND": Rule(frozenset({ACTIVE}), SUSPENDED),
    "EXTEND_SUSPEND": Rule(frozenset({SUSPENDED})),
    "RESUME": Rule(frozenset({SUSPENDED}), ACTIVE),
    "FLAG_ON": Rule(_HERE),
    "FLAG_OFF": Rule(_HERE),
    "LIQUIDATE": Rule(_OPEN, LIQUIDATING),
    "DEREGISTER": Rule(_HERE, DEREGISTERED),
    "RESTORE": Rule(frozenset({DEREGISTERED}), BACK),
    "REVOKE": Rule(_LIVE, REVOKED),
    "ANNUL": Rule(_HERE, ANNULLED),
    "ANNUL_REVERSE": Rule(frozenset({ANNULLED}), BACK),
    "MOVE_OFFER": Rule(_OPEN, MOVING),
    "MOVE_CANCEL": Rule(frozenset({MOVING}), BACK),
    "MOVE_OUT": Rule(frozenset({MOVING}), MOVED),
    "MOVE_ACCEPT": Rule(frozenset({MOVED}), ACTIVE, new_version=True),
    "ERASE": Rule(_ANY),
}
"""Every event that may follow another one. What opens a history stands in :func:`_first`."""


class Past(NamedTuple):
    """What few subjects have: kept apart, so that the others cost no memory.

    Attributes:
        state: of the subject before it was moved, annulled or deregistered.
        until: last day of its suspension then.
        used: days of suspension used up by earlier ones.
        since: first day of the present suspension.
        erased: versions whose disclosures were destroyed.
    """

    state: str | None = None
    until: str | None = None
    used: int = 0
    since: str | None = None
    erased: frozenset[int] = frozenset()


class Standing:
    """Where a subject stands after its newest entry; small, because there are a million of them."""

    __slots__ = (
        *("leaf", "n", "recorded", "mapped"),
        *("digest", "version", "version_state", "state", "flags", "until", "past"),
    )

    def __init__(self, leaf: bytes, n: int, recorded: str) -> None:
        self.leaf = leaf
        self.n = n
        self.recorded = recorded
        self.mapped = False
        self.digest: bytes | None = None  # None: a case or an exchange, which has no status
        self.version = 0
        self.version_state = CURRENT
        self.state = ACTIVE
        self.flags: frozenset[str] = frozenset()
        self.until: str | None = None
        self.past: Past | None = None


class Fault(NamedTuple):
    """A finding of step 6 before it knows its entry."""

    code: str
    field: str
    got: str
    want: str


def judge(entry: License | Track, before: Standing | None) -> Iterator[Fault]:
    """Every fault of an entry, seen from the subject's previous one (None if it is the first)."""
    yield from _link(entry, before)
    if isinstance(entry, License):
        day = shanghai_day(entry.recorded)
        if entry.effective > day:
            yield Fault("time.effective", "effective", entry.effective, day)
        if before is None:
            yield from _first(entry)
        elif before.digest is None:
            yield Fault("transition.event", "kind", entry.event, "case")
        else:
            yield from _next(entry, before)
    elif before is not None and before.digest is not None:
        yield Fault("transition.event", "kind", entry.event, "license")


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


def _first(entry: License) -> Iterator[Fault]:
    if entry.event == "ESTABLISH":
        yield from _says(entry, CURRENT, ACTIVE, frozenset())
        if entry.version != 1:
            yield Fault("transition.version", "version", str(entry.version), "1")
    elif entry.event == "MOVE_ACCEPT":
        yield from _says(entry, CURRENT, ACTIVE, entry.flags)
    elif entry.event != "IMPORT_LEGACY":
        yield Fault("transition.event", "event", entry.event, "—")
    yield from _until(entry, entry.until if entry.state == SUSPENDED and entry.until else None)


def _next(entry: License, before: Standing) -> Iterator[Fault]:
    rule = RULES.get(entry.event)
    state = state_on(before, shanghai_day(entry.recorded))
    if rule is None or state not in rule.before:
        yield Fault("transition.event", "event", entry.event, f"{before.version_state}, {state}")
        return
    yield from _guards(entry, before)
    yield from _version(entry, before, new=rule.new_version)
    past = before.past or Past()
    after = (past.state or ACTIVE) if rule.after == BACK else rule.after or state
    version_state = CURRENT if rule.new_version else VOIDED if entry.event == "VOID" else before.version_state
    flags = entry.flags if entry.event in ("FLAG_ON", "FLAG_OFF", "MOVE_ACCEPT") else before.flags
    yield from _says(entry, version_state, after, flags)
    yield from _until(entry, _until_after(entry, before, after))


def state_on(standing: Standing, day: str) -> str:
    """The subject's state on a day: a suspension ends by itself when its last day has passed (细则 art. 42)."""
    if standing.state == SUSPENDED and standing.until is not None and day > standing.until:
        return ACTIVE
    return standing.state


def _says(entry: License, version_state: str, state: str, flags: frozenset[str]) -> Iterator[Fault]:
    if entry.version_state != version_state:
        yield Fault("transition.status", "status.version", entry.version_state, version_state)
    if entry.state != state:
        yield Fault("transition.status", "status.subject", entry.state, state)
    if entry.flags != flags:
        yield Fault("transition.status", "status.flags", _flags(entry.flags), _flags(flags))


def _version(entry: License, before: Standing, *, new: bool) -> Iterator[Fault]:
    version = before.version + 1 if new else before.version
    if entry.version != version:
        yield Fault("transition.version", "version", str(entry.version), str(version))
    if new == (entry.digest == before.digest):
        yield Fault("transition.digest", "digest", entry.digest.hex(), "new" if new else "unchanged")


def _guards(entry: License, before: Standing) -> Iterator[Fault]:
    """What DOMAIN (b) lists and an entry shows."""
    if entry.event == "VOID" and before.version_state != CURRENT:
        yield Fault("transition.guard", "event", before.version_state, "void.once")
    if entry.event in ("FLAG_ON", "FLAG_OFF"):
        more, less = entry.flags - before.flags, before.flags - entry.flags
        on, off = (more, less) if entry.event == "FLAG_ON" else (less, more)
        if len(on) != 1 or off:
            yield Fault("transition.guard", "status.flags", _flags(entry.flags), "flag.one")
    if entry.event == "ERASE":
        known = (before.past or Past()).erased
        if set(entry.erased) & known or max(entry.erased) > before.version:
            yield Fault("transition.guard", "erased", str(list(entry.erased)), "erase.once")


def _until_after(entry: License, before: Standing, after: str) -> str | None:
    """What ``until`` must be: the entry's own choice where the event sets it, else as it was."""
    if after != SUSPENDED:
        return None
    if entry.event in ("SUSPEND", "EXTEND_SUSPEND"):
        return entry.until or "a date"
    return before.until if before.state == SUSPENDED else (before.past or Past()).until


def _until(entry: License, want: str | None) -> Iterator[Fault]:
    if entry.until != want or (entry.state == SUSPENDED) != (entry.until is not None):
        yield Fault("transition.until", "until", entry.until or "—", want or "—")


def _flags(flags: frozenset[str]) -> str:
    return ", ".join(sorted(flags)) or "none"


def follow(entry: License | Track, leaf: bytes, before: Standing | None) -> Standing:
    """Where the subject stands after the entry, taking the entry at its word."""
    standing = before or Standing(leaf, entry.n, entry.recorded)
    if isinstance(entry, License):
        standing.past = _past(entry, standing) if before is not None else None
        standing.digest, standing.version = entry.digest, entry.version
        standing.version_state, standing.state = sys.intern(entry.version_state), sys.intern(entry.state)
        standing.flags, standing.until = entry.flags, entry.until
    standing.leaf, standing.n, standing.recorded = leaf, entry.n, sys.intern(entry.recorded)
    standing.mapped = standing.mapped or entry.kind in MAPPED_KINDS
    return standing


def _past(entry: License, before: Standing) -> Past | None:
    past = before.past or Past()
    if entry.event in ("ANNUL", "DEREGISTER", "MOVE_OFFER"):
        past = past._replace(state=before.state, until=before.until)
    if entry.event == "ERASE":
        past = past._replace(erased=past.erased | set(entry.erased))
    return past if past != Past() else None


@lru_cache(maxsize=4096)
def days_between(first: str, last: str) -> int:
    """Days from ``first`` to ``last``, both included."""
    return (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days + 1
