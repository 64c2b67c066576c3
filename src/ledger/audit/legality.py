"""What the law lets follow what: one table, its effects and the guards that an entry shows.

Written from the statutes (条例, 细则) as ``docs/records.md`` reports them, not from ``ledger.license.lifecycle``, which
issuing uses; a test holds the two against each other.

What it leaves out: guards that no entry shows, such as a live branch or the subject's family; they are the
issuer's, and an audit of the log cannot prove them. And the chain of entries (``lifefold``).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ledger.audit.entries import License

ACTIVE, SUSPENDED, MOVING, MOVED = "active", "suspended", "moving", "moved"
LIQUIDATING, REVOKED, ANNULLED, DEREGISTERED = "liquidating", "revoked", "annulled", "deregistered"
CURRENT, SUPERSEDED, VOIDED = "current", "superseded", "voided"
SUSPEND_ADDRESS = "SUSPEND_ADDRESS"

AWAY = (MOVING, ANNULLED, DEREGISTERED)
"""States with a way back."""

ENDED = (DEREGISTERED, ANNULLED, MOVED)
"""States in which nobody presents the newest credential any more."""

SUSPENDED_YEARS = 3
"""条例 art. 30: all suspensions of a subject together."""

EXTENSION_DAYS = 30
"""细则 art. 41: an extension is filed within so many days before the end."""


class Life(NamedTuple):
    """What a subject is. Dates are text.

    Attributes:
        version_state, state, flags, until: as an entry says them.
        since: first day of the running suspension.
        spent: days of suspensions that are over.
        erased: versions whose disclosures were destroyed.
        back: what MOVE_CANCEL, RESTORE or ANNUL_REVERSE go back to.
    """

    version_state: str = CURRENT
    state: str = ACTIVE
    flags: frozenset[str] = frozenset()
    until: str | None = None
    since: str | None = None
    spent: int = 0
    erased: frozenset[int] = frozenset()
    back: Life | None = None


BORN = Life()
COMMON = {
    life: life
    for state in (ACTIVE, LIQUIDATING, REVOKED)
    for version_state in (CURRENT, VOIDED)
    for life in [Life(version_state, state)]
}
"""What nearly all of a million subjects are: one object for all of them."""


class Fault(NamedTuple):
    """A finding of step 6 before it knows its entry."""

    code: str
    field: str
    got: str
    want: str


# ---- time --------------------------------------------------------------------------------------------------------


def settle(life: Life, day: str) -> Life:
    """The life on a legal day: a suspension whose last day has passed has ended by itself (细则 art. 42)."""
    if life.state == SUSPENDED and life.until is not None and day > life.until:
        return _at_home(_end(life, life.until), ACTIVE)
    return life


def _end(life: Life, last: str) -> Life:
    """End the running suspension, whose last day is ``last``; its days are spent."""
    if life.since is None:
        return life
    days = max(0, (_date(last) - _date(life.since)).days + 1)
    return life._replace(until=None, since=None, spent=life.spent + days)


def _limit(since: str, spent: int) -> str:
    """Last day that a suspension begun on ``since`` may have: three years in all."""
    first = _date(since)
    year = first.year + SUSPENDED_YEARS
    day = min(first.day, calendar.monthrange(year, first.month)[1])
    return (dt.date(year, first.month, day) - dt.timedelta(days=spent)).isoformat()


def _date(day: str) -> dt.date:
    return dt.date.fromisoformat(day)


def _day_before(day: str) -> str:
    return (_date(day) - dt.timedelta(days=1)).isoformat()


# ---- effects -----------------------------------------------------------------------------------------------------


def _at_home(life: Life, state: str) -> Life:
    """A state in which no suspension runs, so no service address holds (条例 art. 30)."""
    return life._replace(state=state, flags=life.flags - {SUSPEND_ADDRESS})


def _leave(life: Life, state: str) -> Life:
    """A state with a way back."""
    return life._replace(state=state, until=None, since=None, back=life)


def _return(life: Life) -> Life:
    """Back to what was left; flags and erasures since then stay."""
    return (life.back or BORN)._replace(flags=life.flags, erased=life.erased)


def _same(life: Life, _entry: License) -> Life:
    return life


def _reissued(life: Life, _entry: License) -> Life:
    return life._replace(version_state=CURRENT)


def _voided(life: Life, _entry: License) -> Life:
    return life._replace(version_state=VOIDED)


def _suspended(life: Life, entry: License) -> Life:
    return life._replace(state=SUSPENDED, until=entry.until, since=life.since or entry.effective)


def _resumed(life: Life, entry: License) -> Life:
    return _at_home(_end(life, _day_before(entry.effective)), ACTIVE)


def _liquidated(life: Life, entry: License) -> Life:
    return _at_home(_end(life, _day_before(entry.effective)), LIQUIDATING)


def _revoked(life: Life, entry: License) -> Life:
    return _at_home(_end(life, _day_before(entry.effective)), REVOKED)._replace(version_state=VOIDED)


def _flagged(life: Life, entry: License) -> Life:
    return life._replace(flags=entry.flags)


def _deregistered(life: Life, _entry: License) -> Life:
    return _leave(life, DEREGISTERED)._replace(version_state=VOIDED)


def _annulled(life: Life, _entry: License) -> Life:
    return _leave(life, ANNULLED)._replace(version_state=VOIDED)


def _offered(life: Life, _entry: License) -> Life:
    return _leave(life, MOVING)


def _gone_back(life: Life, entry: License) -> Life:
    return settle(_return(life), entry.effective)


def _moved(life: Life, entry: License) -> Life:
    gone = _end(_return(life), _day_before(entry.effective))
    return gone._replace(state=MOVED, version_state=SUPERSEDED, back=None)


def arrive(life: Life, entry: License) -> Life:
    """The life of a subject that moved in, or back; what its first authority knew of it stays."""
    since = entry.effective if entry.state == SUSPENDED else None
    return Life(CURRENT, entry.state, entry.flags, entry.until, since, life.spent, life.erased)


def _erased(life: Life, entry: License) -> Life:
    return life._replace(erased=life.erased | set(entry.erased))


# ---- guards that an entry shows ----------------------------------------------------------------------------------


def _free(_entry: License, _life: Life, _version: int) -> Iterator[Fault]:
    return iter(())


def _in_force(_entry: License, life: Life, _version: int) -> Iterator[Fault]:
    if life.version_state != CURRENT:
        yield Fault(
            "transition.guard", "status.version", life.version_state, "only a licence in force is declared void"
        )


def _period(entry: License, life: Life, _version: int) -> Iterator[Fault]:
    limit = _limit(life.since or entry.effective, life.spent)
    if entry.until is None or not entry.effective <= entry.until <= limit:
        yield Fault("transition.guard", "until", entry.until or "none", f"{entry.effective}..{limit}")


def _extension(entry: License, life: Life, version: int) -> Iterator[Fault]:
    yield from _period(entry, life, version)
    if life.until is None:
        return
    opens = (_date(life.until) - dt.timedelta(days=EXTENSION_DAYS)).isoformat()
    if entry.effective < opens:
        yield Fault("transition.guard", "effective", entry.effective, f"{opens}..{life.until}")
    if entry.until is not None and entry.until <= life.until:
        yield Fault("transition.guard", "until", entry.until, f"after {life.until}")


def _one_more_flag(entry: License, life: Life, _version: int) -> Iterator[Fault]:
    added = entry.flags - life.flags
    if len(added) != 1 or life.flags - entry.flags:
        yield Fault("transition.guard", "status.flags", spell(entry.flags), f"{spell(life.flags)}, and one more")
    elif SUSPEND_ADDRESS in added and life.state != SUSPENDED:
        yield Fault("transition.guard", "status.flags", SUSPEND_ADDRESS, "only during a suspension")


def _one_less_flag(entry: License, life: Life, _version: int) -> Iterator[Fault]:
    if len(life.flags - entry.flags) != 1 or entry.flags - life.flags:
        yield Fault("transition.guard", "status.flags", spell(entry.flags), f"{spell(life.flags)}, one less")


def _comes_back(entry: License, life: Life, version: int) -> Iterator[Fault]:
    yield from arrival(entry, life, version + 1)


def arrival(entry: License, life: Life, last: int) -> Iterator[Fault]:
    """It arrives with a new version: the other authority made at least one."""
    if entry.version <= last:
        yield Fault("transition.version", "version", str(entry.version), f"above {last}")
    if entry.version_state != CURRENT or entry.state not in (ACTIVE, SUSPENDED):
        yield Fault("transition.status", "status.subject", f"{entry.version_state} {entry.state}", "current active")
    elif entry.state == SUSPENDED:
        yield from _period(entry, life, last)
    elif entry.until is not None or SUSPEND_ADDRESS in entry.flags:
        yield Fault("transition.status", "until", entry.until or SUSPEND_ADDRESS, "none")


def _erasable(entry: License, life: Life, version: int) -> Iterator[Fault]:
    last = version if life.state in ENDED else version - 1
    if max(entry.erased) > last or life.erased & set(entry.erased):
        allowed = [number for number in range(1, last + 1) if number not in life.erased]
        yield Fault("transition.guard", "erased", str(list(entry.erased)), f"among {allowed}")


# ---- the table ---------------------------------------------------------------------------------------------------

Effect = Callable[[Life, License], Life]
Guard = Callable[[License, Life, int], Iterator[Fault]]


class Rule(NamedTuple):
    """When an event may happen, what it makes of the subject, and what else must hold."""

    sources: frozenset[str]
    effect: Effect
    guard: Guard = _free
    new_version: bool = False


_OPEN = frozenset({ACTIVE, SUSPENDED})
_ALIVE = _OPEN | {LIQUIDATING}
_HERE = _ALIVE | {REVOKED}
_ANY = _HERE | {MOVING, MOVED, ANNULLED, DEREGISTERED}

RULES = {
    "CHANGE": Rule(_ALIVE, _reissued, new_version=True),
    "REISSUE": Rule(_ALIVE, _reissued, new_version=True),
    "CORRECT": Rule(_ALIVE, _reissued, new_version=True),
    "ANNUL_PARTIAL": Rule(_ALIVE, _reissued, new_version=True),
    "FILE": Rule(_HERE, _same),
    "VOID": Rule(_ALIVE, _voided, _in_force),
    "SUSPEND": Rule(frozenset({ACTIVE}), _suspended, _period),
    "EXTEND_SUSPEND": Rule(frozenset({SUSPENDED}), _suspended, _extension),
    "RESUME": Rule(frozenset({SUSPENDED}), _resumed),
    "FLAG_ON": Rule(_HERE | {MOVING}, _flagged, _one_more_flag),
    "FLAG_OFF": Rule(_HERE | {MOVING}, _flagged, _one_less_flag),
    "LIQUIDATE": Rule(_OPEN, _liquidated),
    "DEREGISTER": Rule(_HERE, _deregistered),
    "RESTORE": Rule(frozenset({DEREGISTERED}), _gone_back),
    "REVOKE": Rule(_ALIVE, _revoked),
    "ANNUL": Rule(_HERE | {MOVING, DEREGISTERED}, _annulled),
    "ANNUL_REVERSE": Rule(frozenset({ANNULLED}), _gone_back),
    "MOVE_OFFER": Rule(_OPEN, _offered),
    "MOVE_CANCEL": Rule(frozenset({MOVING}), _gone_back),
    "MOVE_OUT": Rule(frozenset({MOVING}), _moved),
    "MOVE_ACCEPT": Rule(frozenset({MOVED}), arrive, _comes_back, new_version=True),
    "ERASE": Rule(_ANY, _erased, _erasable),
}
"""Every event that may follow another one. What opens a history stands in :func:`_first`."""

FIRST_EVENTS = frozenset({"ESTABLISH", "IMPORT_LEGACY", "MOVE_ACCEPT"})
"""Events that open a subject's history in a log."""

BACKDATED = frozenset({"ANNUL", "ANNUL_PARTIAL"})
"""Events that may take effect before the previous one: what is annulled is void from the start (条例 arts. 40–42)."""


def spell(flags: frozenset[str]) -> str:
    """Flags in words, for a report."""
    return ", ".join(sorted(flags)) or "none"
