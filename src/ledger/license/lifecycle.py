"""The one table of what may happen to a licence, and to what each event leads.

Three axes move together here: the *subject* (may the business operate), the *version* (is this paper in force)
and the *flags* (public remarks). Issuing asks :func:`apply` before it writes an entry; whoever reads a log asks
:func:`fold` or :func:`follow`, which apply the same table and compare. The audit has a naive table of its own.

Rules that hold for every event:

- Effective dates do not go backwards from entry to entry. Only ANNUL and ANNUL_PARTIAL may bear an earlier date,
  because an annulled registration is void from the day on which it was wrongly made (条例 arts. 40–42).
- A suspension ends by itself when its last day has passed (细则 art. 42). No entry is made of that; the next event
  finds the subject active, and its entry says so.
- MOVE_CANCEL, RESTORE and ANNUL_REVERSE go back to the state that MOVE_OFFER, DEREGISTER or ANNUL had left.
- SUSPEND_ADDRESS falls with the suspension: an active, liquidating or revoked subject never bears it.

What it leaves out: facts that are in no log, such as a live branch or the family. The caller brings them in the
:class:`Request`; :func:`fold` cannot check those guards again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from ledger.license import effects, guards
from ledger.license.guards import Now, Period, Request, refuse
from ledger.license.status import (
    FIRST_EVENTS,
    NEW_VERSION_EVENTS,
    Event,
    Flag,
    Status,
    SubjectState,
    VersionState,
    subject_on,
)
from ledger.license.words import NO_HISTORY, SUBJECT_WORDS

__all__ = ["BACKDATED", "TABLE", "Now", "Period", "Request", "Step", "apply", "fold", "follow", "status_on"]

S, V = SubjectState, VersionState
BACKDATED = frozenset({Event.ANNUL, Event.ANNUL_PARTIAL})
"""Events that may take effect before the subject's previous entry."""


class Step(Protocol):
    """What :func:`follow` reads of a log entry; :class:`ledger.entry.LicenseEntry` has it."""

    @property
    def log(self) -> bytes:
        """Id of the log."""

    @property
    def subject(self) -> bytes:
        """Of whom it speaks."""

    @property
    def event(self) -> Event:
        """What happened."""

    @property
    def n(self) -> int:
        """0, 1, 2 … per subject."""

    @property
    def digest(self) -> bytes:
        """Of the newest credential."""

    @property
    def version(self) -> int:
        """Number of the newest credential."""

    @property
    def status(self) -> Status:
        """After the event."""

    @property
    def effective(self) -> dt.date:
        """Legal date."""

    @property
    def recorded(self) -> dt.datetime:
        """The node's clock."""

    @property
    def until(self) -> dt.date | None:
        """Last day of a suspension."""

    @property
    def erased(self) -> tuple[int, ...]:
        """Versions whose disclosures were destroyed."""


# ---- the table -------------------------------------------------------------------------------------------------

Guard = Callable[[Now, Request], None]
Effect = Callable[[Now, Request], Now]


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: the states from which an event is legal, what else must hold, and its effect."""

    sources: frozenset[SubjectState]
    effect: Effect
    guards: tuple[Guard, ...] = ()


def _row(sources: Iterable[SubjectState], effect: Effect, *checks: Guard) -> Transition:
    return Transition(frozenset(sources), effect, checks)


_ALIVE = (S.ACTIVE, S.SUSPENDED, S.LIQUIDATING)

TABLE: dict[Event, Transition] = {
    Event.CHANGE: _row(_ALIVE, effects.new_version, guards.version_number_left),
    Event.REISSUE: _row(_ALIVE, effects.new_version, guards.version_number_left),
    Event.CORRECT: _row(_ALIVE, effects.new_version, guards.version_number_left),
    Event.ANNUL_PARTIAL: _row(_ALIVE, effects.new_version, guards.version_number_left),
    Event.FILE: _row((*_ALIVE, S.REVOKED), effects.unchanged),
    Event.VOID: _row(_ALIVE, effects.void, guards.version_in_force),
    Event.SUSPEND: _row((S.ACTIVE,), effects.suspend, guards.suspension_within_limit),
    Event.EXTEND_SUSPEND: _row(
        (S.SUSPENDED,), effects.extend, guards.extension_in_window, guards.suspension_within_limit
    ),
    Event.RESUME: _row((S.SUSPENDED,), effects.resume),
    Event.FLAG_ON: _row((*_ALIVE, S.MOVING, S.REVOKED), effects.flag_on, guards.flag_can_be_set),
    Event.FLAG_OFF: _row((*_ALIVE, S.MOVING, S.REVOKED), effects.flag_off, guards.flag_can_be_lifted),
    Event.LIQUIDATE: _row((S.ACTIVE, S.SUSPENDED), effects.liquidate),
    Event.DEREGISTER: _row(
        (*_ALIVE, S.REVOKED), effects.deregister, guards.simple_procedure_open, guards.no_live_branch
    ),
    Event.RESTORE: _row((S.DEREGISTERED,), effects.go_back),
    Event.REVOKE: _row(_ALIVE, effects.revoke),
    Event.ANNUL: _row((*_ALIVE, S.MOVING, S.REVOKED, S.DEREGISTERED), effects.annul),
    Event.ANNUL_REVERSE: _row((S.ANNULLED,), effects.go_back),
    Event.MOVE_OFFER: _row((S.ACTIVE, S.SUSPENDED), effects.offer, guards.family_may_move),
    Event.MOVE_CANCEL: _row((S.MOVING,), effects.go_back),
    Event.MOVE_OUT: _row((S.MOVING,), effects.move_out),
    Event.MOVE_ACCEPT: _row((S.MOVED,), effects.arrive, guards.family_may_move),
    Event.ERASE: _row(S, effects.erase, guards.erasable),
}
"""Events on a subject that has a history here. What opens a history stands in :func:`_begin`."""


def _begin(request: Request) -> Now:
    """The first event of a subject in this log: established, imported, or moved in."""
    if request.event in (Event.ESTABLISH, Event.IMPORT_LEGACY):
        return effects.begin(request)
    if request.event is Event.MOVE_ACCEPT:
        guards.family_may_move(None, request)
        return effects.arrive(None, request)
    return refuse(request.event, "state", NO_HISTORY.zh, NO_HISTORY.en)


def apply(now: Now | None, request: Request) -> Now:
    """Where a licence stands after an event.

    Args:
        now: where it stands before; None where this log has no entry of the subject.
        request: the event with its date and facts.

    Returns:
        The new state; an entry of it carries ``status``, ``version`` and ``until`` as they stand there.

    Raises:
        TransitionError: the event is not legal here; the rule says why not.
    """
    guards.only_facts_of_event(request)
    if now is None:
        return _begin(request)
    if request.effective < now.effective and request.event not in BACKDATED:
        zh, en = f"生效日早于上一事项的 {now.effective}", f"it takes effect before the previous event ({now.effective})"
        refuse(request.event, "date.backwards", zh, en)
    effective = max(now.effective, request.effective)
    settled = replace(effects.settle(now, effective), effective=effective)
    row = TABLE.get(request.event)
    if row is None or settled.status.subject not in row.sources:
        words = SUBJECT_WORDS[settled.status.subject]
        zh, en = f"主体状态为{words.zh}", f"the subject is {words.en}"
        if request.event in FIRST_EVENTS:
            zh, en = (
                f"已在册（{words.zh}），更改请办理变更登记",
                f"registered here already ({words.en}): enter a change",
            )
        refuse(request.event, "state", zh, en)
    for guard in row.guards:
        guard(settled, request)
    return row.effect(settled, request)


# ---- reading a history -----------------------------------------------------------------------------------------


def fold(entries: Iterable[Step], *, suspended_before: tuple[Period, ...] = ()) -> Now | None:
    """Where a licence stands after its entries in one log, in their order; None where there are none.

    Args:
        entries: of one subject and one log, n = 0, 1, 2 …
        suspended_before: suspensions in the log that the subject moved from, where the caller knows them.

    Raises:
        TransitionError: an entry is not legal after those before it, or does not say what it led to.
    """
    now: Now | None = None
    previous: Step | None = None
    for entry in entries:
        _check_link(previous, entry)
        now = follow(now, entry, suspended_before=suspended_before)
        previous = entry
    return now


def follow(now: Now | None, entry: Step, *, suspended_before: tuple[Period, ...] = ()) -> Now:
    """One step of :func:`fold`, for a caller who keeps the state. It does not see what links two entries.

    Raises:
        TransitionError: as :func:`fold`.
    """
    after = apply(now, _request_of(now, entry, suspended_before))
    want, got = (after.version, after.status, after.until), (entry.version, entry.status, entry.until)
    if got != want:
        zh, en = f"条目状态应为 {_spell(*want)}，现为 {_spell(*got)}", f"the entry must say {_spell(*want)}"
        refuse(entry.event, "entry.status", zh, en + f", it says {_spell(*got)}")
    return after


def _request_of(now: Now | None, entry: Step, suspended_before: tuple[Period, ...]) -> Request:
    event, arrives = entry.event, entry.event is Event.MOVE_ACCEPT
    dated = arrives or event in (Event.SUSPEND, Event.EXTEND_SUSPEND)
    return Request(
        event=event,
        effective=entry.effective,
        until=entry.until if dated else None,
        flag=_changed_flag(now, entry) if event in (Event.FLAG_ON, Event.FLAG_OFF) else None,
        versions=entry.erased,
        arriving=entry.status if arrives else None,
        version=entry.version if arrives else None,
        suspended_before=suspended_before if arrives and now is None else (),
    )


def _changed_flag(now: Now | None, entry: Step) -> Flag | None:
    before = effects.settle(now, entry.effective).status.flags if now is not None else frozenset()
    changed = before ^ entry.status.flags
    return next(iter(changed)) if len(changed) == 1 else None


def _check_link(previous: Step | None, entry: Step) -> None:
    n = 0 if previous is None else previous.n + 1
    if entry.n != n:
        refuse(entry.event, "entry.n", f"序号应为 {n}", f"n must be {n}, got {entry.n}")
    if previous is None:
        return
    if (entry.log, entry.subject) != (previous.log, previous.subject):
        refuse(entry.event, "entry.subject", "不属同一主体与日志", "another subject or log than the entry before")
    if entry.recorded < previous.recorded:
        refuse(entry.event, "entry.recorded", "记录时间早于上一条目", "recorded before the previous entry")
    if entry.event not in NEW_VERSION_EVENTS and entry.digest != previous.digest:
        refuse(entry.event, "entry.digest", "未换发而凭证摘要改变", "another digest without a new version")


def _spell(version: int, status: Status, until: dt.date | None) -> str:
    flags = "".join(f" {flag}" for flag in sorted(status.flags))
    end = "" if until is None else f" until {until}"
    return f"v{version} {status.version}, {status.subject}{end}{flags}"


# ---- as it is on a day --------------------------------------------------------------------------------------


def status_on(status: Status, until: dt.date | None, day: dt.date) -> Status:
    """The status of a newest entry as it is on a day: a suspension that is over is over, and so is its address.

    Args:
        status: of the newest entry.
        until: last day of the suspension, if the entry has one.
        day: a date in Asia/Shanghai.
    """
    return effects.without_address(replace(status, subject=subject_on(status, until, day)))
