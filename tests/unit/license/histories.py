"""States to begin with, and log entries of a history, for the tests of the life cycle."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ledger.entry import Authority, LicenseEntry, MoveSource, leaf_hash
from ledger.license.lifecycle import Now, Request, apply
from ledger.license.status import NEW_VERSION_EVENTS, Event, Flag, Status, SubjectState, VersionState

S, V, E = SubjectState, VersionState, Event
DAY = dt.date(2024, 1, 10)
UNTIL = dt.date(2025, 1, 9)
ARRIVING = Status(V.CURRENT, S.ACTIVE)

FACTS: dict[Event, dict[str, Any]] = {
    E.SUSPEND: {"until": UNTIL},
    E.EXTEND_SUSPEND: {"until": dt.date(2025, 6, 1), "effective": dt.date(2025, 1, 2)},
    E.FLAG_ON: {"flag": Flag.ABNORMAL_LIST},
    E.FLAG_OFF: {"flag": Flag.SERIOUS_ILLEGAL},
    E.MOVE_ACCEPT: {"arriving": ARRIVING, "version": 5},
    E.ERASE: {"versions": (1,)},
}
"""What an event needs besides its date."""

WAYS: dict[SubjectState, tuple[Event, ...]] = {
    S.ACTIVE: (),
    S.SUSPENDED: (E.SUSPEND,),
    S.MOVING: (E.MOVE_OFFER,),
    S.MOVED: (E.MOVE_OFFER, E.MOVE_OUT),
    S.LIQUIDATING: (E.LIQUIDATE,),
    S.REVOKED: (E.REVOKE,),
    S.ANNULLED: (E.ANNUL,),
    S.DEREGISTERED: (E.DEREGISTER,),
}


def ask(event: Event, day: dt.date = DAY, **facts: Any) -> Request:
    """A request with what its event needs."""
    return Request(**{"event": event, "effective": day, **FACTS.get(event, {}), **facts})


def at(*events: Event | Request) -> Now:
    """Where a licence of version 2, on the list of serious violations, stands after these events."""
    now = None
    for event in (E.ESTABLISH, E.CHANGE, ask(E.FLAG_ON, flag=Flag.SERIOUS_ILLEGAL), *events):
        now = apply(now, event if isinstance(event, Request) else ask(event))
    assert now is not None
    return now


def entry(request: Request, after: Now, previous: LicenseEntry | None) -> LicenseEntry:
    """The log entry of an event."""
    n = 0 if previous is None else previous.n + 1
    fresh = request.event in NEW_VERSION_EVENTS or previous is None
    return LicenseEntry(
        log=bytes(32),
        event=request.event,
        subject=b"\1" * 32,
        n=n,
        prev=None if previous is None else leaf_hash(previous.encode()),
        digest=bytes([after.version % 256]) * 32 if fresh or previous is None else previous.digest,
        version=after.version,
        status=after.status,
        authority=Authority("11100000MB0143028R", "500106"),
        effective=request.effective,
        recorded=dt.datetime(2040, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=n),
        until=after.until,
        moved_from=MoveSource(bytes(32), bytes(32)) if request.event is E.MOVE_ACCEPT else None,
        erased=tuple(sorted(request.versions)),
    )


def written(*requests: Request) -> tuple[Now, list[LicenseEntry]]:
    """A history: where the licence stands in the end, and its entries, each of which the grammar accepts."""
    now: Now | None = None
    entries: list[LicenseEntry] = []
    for request in requests:
        now = apply(now, request)
        entries.append(entry(request, now, entries[-1] if entries else None))
        entries[-1].encode()
    assert now is not None
    return now, entries
