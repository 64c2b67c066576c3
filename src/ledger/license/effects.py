"""To what each event leads: one function per event, from a state to the next. They check nothing.

The table of ``lifecycle`` names each event's effect; a state reaches it settled on the event's effective date and
past the event's guards.

What it leaves out: whether the event is legal (``lifecycle``, ``guards``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from ledger.license import guards
from ledger.license.guards import Now, Request
from ledger.license.status import Flag, Status, SubjectState, VersionState

S, V = SubjectState, VersionState
_WITHOUT_SUSPENSION = frozenset({S.ACTIVE, S.LIQUIDATING, S.REVOKED})
_DAY = dt.timedelta(days=1)


def begin(request: Request) -> Now:
    """ESTABLISH, IMPORT_LEGACY: version 1 of an active subject."""
    return Now(Status(V.CURRENT, S.ACTIVE), 1, request.effective)


def arrive(now: Now | None, request: Request) -> Now:
    """MOVE_ACCEPT: the subject stands as the other log left it, with a new version made here."""
    return guards.arrival(now, request)


def new_version(now: Now, _request: Request) -> Now:
    """CHANGE, REISSUE, CORRECT, ANNUL_PARTIAL: a new paper is in force, also where the old one was void."""
    return replace(now, version=now.version + 1, status=replace(now.status, version=V.CURRENT))


def unchanged(now: Now, _request: Request) -> Now:
    """FILE: the licence stays as it is."""
    return now


def void(now: Now, _request: Request) -> Now:
    """VOID: the paper is no longer in force, the subject is as before."""
    return replace(now, status=replace(now.status, version=V.VOIDED))


def suspend(now: Now, request: Request) -> Now:
    """SUSPEND: the licence stays valid until a named day."""
    status = replace(now.status, subject=S.SUSPENDED)
    return replace(now, status=status, until=request.until, suspended_since=request.effective)


def extend(now: Now, request: Request) -> Now:
    """EXTEND_SUSPEND: the same suspension, with a later end."""
    return replace(now, until=request.until)


def resume(now: Now, request: Request) -> Now:
    """RESUME: the effective day is the first one of business again."""
    return _to(_end_suspension(now, request.effective - _DAY), S.ACTIVE)


def liquidate(now: Now, request: Request) -> Now:
    """LIQUIDATE: ends a suspension; the licence stays valid for the liquidation."""
    return _to(_end_suspension(now, request.effective - _DAY), S.LIQUIDATING)


def revoke(now: Now, request: Request) -> Now:
    """REVOKE: ends a suspension and voids the paper; the subject lives on to be deregistered."""
    return void(_to(_end_suspension(now, request.effective - _DAY), S.REVOKED), request)


def flag_on(now: Now, request: Request) -> Now:
    """FLAG_ON: one more public remark."""
    return replace(now, status=replace(now.status, flags=now.status.flags | {guards.named_flag(request)}))


def flag_off(now: Now, request: Request) -> Now:
    """FLAG_OFF: one public remark less."""
    return replace(now, status=replace(now.status, flags=now.status.flags - {guards.named_flag(request)}))


def deregister(now: Now, request: Request) -> Now:
    """DEREGISTER: the end, from which only RESTORE leads back."""
    return void(_leave(now, S.DEREGISTERED), request)


def annul(now: Now, request: Request) -> Now:
    """ANNUL: void, until the annulment is itself reversed."""
    return void(_leave(now, S.ANNULLED), request)


def offer(now: Now, _request: Request) -> Now:
    """MOVE_OFFER: on the way to another authority; the licence stays valid until that one issues its own."""
    return _leave(now, S.MOVING)


def move_out(now: Now, request: Request) -> Now:
    """MOVE_OUT: another authority has issued the next version; this log has done with the subject."""
    gone = replace(_return(now), status=replace(now.status, subject=S.MOVED, version=V.SUPERSEDED))
    return _end_suspension(gone, request.effective - _DAY)


def go_back(now: Now, request: Request) -> Now:
    """MOVE_CANCEL, RESTORE, ANNUL_REVERSE: the state that was left; a suspension may be over in the meantime."""
    return settle(_return(now), request.effective)


def erase(now: Now, request: Request) -> Now:
    """ERASE: disclosures are destroyed; the licence stays as it is."""
    return replace(now, erased=now.erased | set(request.versions))


def settle(now: Now, day: dt.date) -> Now:
    """The state on a day: a suspension whose last day has passed is over (细则 art. 42)."""
    if now.status.subject is S.SUSPENDED and now.until is not None and day > now.until:
        return _to(_end_suspension(now, now.until), S.ACTIVE)
    return now


def without_address(status: Status) -> Status:
    """A status rid of SUSPEND_ADDRESS where the subject cannot be suspended any more."""
    if status.subject in _WITHOUT_SUSPENSION and Flag.SUSPEND_ADDRESS in status.flags:
        return replace(status, flags=status.flags - {Flag.SUSPEND_ADDRESS})
    return status


def _to(now: Now, subject: SubjectState) -> Now:
    return replace(now, status=without_address(replace(now.status, subject=subject)))


def _leave(now: Now, subject: SubjectState) -> Now:
    """Step aside to a state from which there is a way back; the suspension, if any, waits there."""
    status = replace(now.status, subject=subject)
    return replace(now, status=status, until=None, suspended_since=None, before=now)


def _return(now: Now) -> Now:
    """The state that was left, with what has happened since: remarks, erasures, dates."""
    left = now.before or now  # moving, deregistered and annulled always have one
    status = replace(left.status, flags=now.status.flags)
    return replace(left, status=status, erased=now.erased, effective=now.effective)


def _end_suspension(now: Now, last: dt.date) -> Now:
    """Close the running suspension, if there is one, with its last day; a suspension of no day leaves no trace."""
    if now.suspended_since is None:
        return now
    last = last if now.until is None else min(last, now.until)
    ended = ((now.suspended_since, last),) if last >= now.suspended_since else ()
    return replace(now, until=None, suspended_since=None, suspended_before=now.suspended_before + ended)
