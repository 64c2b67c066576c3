"""Reading a log: folding entries gives what applying the events gave, and a false entry is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.entry import LicenseEntry, parse
from ledger.errors import TransitionError
from ledger.license.lifecycle import Now, Request, apply, fold, follow
from ledger.license.status import Event, Flag, Status
from tests.unit.license.histories import DAY, UNTIL, E, S, V, ask, written

WHOLE = (
    ask(E.ESTABLISH),
    ask(E.CHANGE),
    ask(E.SUSPEND),
    ask(E.FLAG_ON, flag=Flag.SUSPEND_ADDRESS),
    ask(E.EXTEND_SUSPEND),
    ask(E.MOVE_OFFER, dt.date(2025, 2, 1)),
    ask(E.MOVE_CANCEL, dt.date(2025, 2, 3)),
    ask(E.ERASE, dt.date(2025, 3, 1)),
    ask(E.FILE, dt.date(2025, 8, 1)),
    ask(E.REVOKE, dt.date(2025, 9, 1)),
    ask(E.DEREGISTER, dt.date(2025, 10, 1)),
    ask(E.ANNUL, dt.date(2023, 1, 1)),
    ask(E.ANNUL_REVERSE, dt.date(2025, 12, 1)),
)


def test_a_history_folds_to_where_its_events_led() -> None:
    now, entries = written(*WHOLE)
    parsed = [parse(entry.encode()) for entry in entries]
    assert parsed == entries
    assert fold(entries) == now
    assert now.status == Status(V.VOIDED, S.DEREGISTERED)
    assert fold([]) is None


def test_an_entry_says_that_a_suspension_has_ended() -> None:
    _, entries = written(*WHOLE)
    filed = entries[8]
    assert (filed.event, filed.status.subject, filed.until) == (E.FILE, S.ACTIVE, None)


def rule_of(entries: list[LicenseEntry]) -> str:
    with pytest.raises(TransitionError) as caught:
        fold(entries)
    return caught.value.rule


Lie = Callable[[LicenseEntry], LicenseEntry]
LIES: list[tuple[str, int, Lie]] = [
    ("entry.status", 1, lambda e: replace(e, version=3)),
    ("entry.status", 1, lambda e: replace(e, status=replace(e.status, subject=S.LIQUIDATING))),
    ("entry.status", 1, lambda e: replace(e, status=replace(e.status, version=V.VOIDED))),
    ("entry.status", 1, lambda e: replace(e, status=replace(e.status, flags=frozenset({Flag.ABNORMAL_LIST})))),
    ("entry.status", 3, lambda e: replace(e, until=UNTIL + dt.timedelta(days=1))),
    ("entry.status", 3, lambda e: replace(e, until=None)),
    ("entry.status", 5, lambda e: replace(e, until=UNTIL)),
    ("entry.digest", 2, lambda e: replace(e, digest=bytes(32))),
    ("entry.recorded", 2, lambda e: replace(e, recorded=dt.datetime(2039, 1, 1, tzinfo=dt.UTC))),
    ("entry.subject", 2, lambda e: replace(e, subject=bytes(32))),
    ("entry.subject", 2, lambda e: replace(e, log=b"\2" * 32)),
    ("entry.n", 2, lambda e: replace(e, n=7)),
    ("flag.missing", 3, lambda e: replace(e, status=replace(e.status, flags=frozenset(Flag)))),
    ("flag.missing", 3, lambda e: replace(e, status=replace(e.status, flags=frozenset()))),
    ("date.backwards", 2, lambda e: replace(e, effective=DAY - dt.timedelta(days=1))),
    ("suspend.three_years", 2, lambda e: replace(e, until=dt.date(2030, 1, 1))),
    ("erase.current", 7, lambda e: replace(e, erased=(2,))),
    ("state", 2, lambda e: replace(e, event=E.RESUME)),
]


@pytest.mark.parametrize(("rule", "position", "lie"), LIES, ids=[f"{n}-{rule}" for n, (rule, *_) in enumerate(LIES)])
def test_a_false_entry_is_refused(rule: str, position: int, lie: Lie) -> None:
    _, entries = written(*WHOLE)
    entries[position] = lie(entries[position])
    assert rule_of(entries) == rule


def test_a_missing_entry_is_found() -> None:
    _, entries = written(*WHOLE)
    assert rule_of(entries[1:]) == "entry.n"
    assert rule_of(entries[:3] + entries[4:]) == "entry.n"


def test_one_step_at_a_time_is_the_same() -> None:
    now, entries = written(*WHOLE)
    at: Now | None = None
    for entry in entries:
        at = follow(at, entry)
    assert at == now


def test_days_of_suspension_in_the_log_before_can_be_brought() -> None:
    spent = ((dt.date(2021, 1, 1), dt.date(2022, 12, 31)),)
    arrives = ask(E.MOVE_ACCEPT, suspended_before=spent)
    now, entries = written(arrives, ask(E.SUSPEND))
    assert fold(entries, suspended_before=spent) == now
    assert fold(entries) != now
    with pytest.raises(TransitionError, match="three_years"):
        written(arrives, ask(E.SUSPEND, until=dt.date(2026, 1, 9)))


EVENTS = sorted(Event)


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    """Any events in any order, with dates that mostly go forward."""
    found, day = [ask(draw(st.sampled_from([E.ESTABLISH, E.IMPORT_LEGACY, E.MOVE_ACCEPT])))], DAY
    for event in draw(st.lists(st.sampled_from(EVENTS), max_size=14)):
        day += dt.timedelta(days=draw(st.integers(-3, 90)))
        facts: dict[str, Any] = {"effective": day}
        if event in (E.SUSPEND, E.EXTEND_SUSPEND):
            facts["until"] = day + dt.timedelta(days=draw(st.integers(-5, 1200)))
        if event in (E.FLAG_ON, E.FLAG_OFF):
            facts["flag"] = draw(st.sampled_from(sorted(Flag)))
        if event is E.ERASE:
            facts["versions"] = tuple(sorted(draw(st.sets(st.integers(1, 8), min_size=1, max_size=3))))
        if event is E.MOVE_ACCEPT:
            facts["version"] = draw(st.integers(2, 40))
        found.append(ask(event, **facts))
    return found


@settings(max_examples=150)
@given(requests())
def test_folding_agrees_with_applying(asked: list[Request]) -> None:
    taken, now = [asked[0]], apply(None, asked[0])
    for request in asked[1:]:
        try:
            now = apply(now, request)
        except TransitionError:
            continue
        taken.append(request)
    end, entries = written(*taken)
    assert end == now == fold(entries)


@settings(max_examples=150)
@given(requests())
def test_the_axes_never_contradict_each_other(asked: list[Request]) -> None:
    now = apply(None, asked[0])
    for request in asked[1:]:
        try:
            now = apply(now, request)
        except TransitionError:
            continue
        subject, version = now.status.subject, now.status.version
        assert (now.until is not None) == (now.suspended_since is not None) == (subject is S.SUSPENDED)
        assert (now.before is not None) == (subject in (S.MOVING, S.DEREGISTERED, S.ANNULLED))
        assert (version is V.SUPERSEDED) == (subject is S.MOVED)
        assert subject not in (S.REVOKED, S.ANNULLED, S.DEREGISTERED) or version is V.VOIDED
        if Flag.SUSPEND_ADDRESS in now.status.flags:
            assert subject not in (S.ACTIVE, S.LIQUIDATING, S.REVOKED)
        assert now.erased <= set(range(1, now.version + 1))
        assert all(first <= last for first, last in now.suspended_before)
