"""The life cycle: every pair of state and event, every guard, and what each event leads to."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ledger.errors import TransitionError
from ledger.license.families import Family
from ledger.license.guards import suspension_limit
from ledger.license.lifecycle import BACKDATED, TABLE, Now, Request, apply, status_on
from ledger.license.status import Event, Flag, Status, SubjectState
from tests.unit.license.histories import DAY, FACTS, UNTIL, WAYS, E, S, V, ask, at

# What the statutes allow, written out by hand: event → states from which it is legal, and (subject, version) after it;
# None: as before. The version axis of what goes back is that of the state that was left.
LAW: dict[Event, tuple[str, str | None, str | None]] = {
    E.CHANGE: ("active suspended liquidating", None, "current"),
    E.REISSUE: ("active suspended liquidating", None, "current"),
    E.CORRECT: ("active suspended liquidating", None, "current"),
    E.ANNUL_PARTIAL: ("active suspended liquidating", None, "current"),
    E.FILE: ("active suspended liquidating revoked", None, None),
    E.VOID: ("active suspended liquidating", None, "voided"),
    E.SUSPEND: ("active", "suspended", None),
    E.EXTEND_SUSPEND: ("suspended", "suspended", None),
    E.RESUME: ("suspended", "active", None),
    E.FLAG_ON: ("active suspended moving liquidating revoked", None, None),
    E.FLAG_OFF: ("active suspended moving liquidating revoked", None, None),
    E.LIQUIDATE: ("active suspended", "liquidating", None),
    E.DEREGISTER: ("active suspended liquidating revoked", "deregistered", "voided"),
    E.RESTORE: ("deregistered", "active", "current"),
    E.REVOKE: ("active suspended liquidating", "revoked", "voided"),
    E.ANNUL: ("active suspended moving liquidating revoked deregistered", "annulled", "voided"),
    E.ANNUL_REVERSE: ("annulled", "active", "current"),
    E.MOVE_OFFER: ("active suspended", "moving", None),
    E.MOVE_CANCEL: ("moving", "active", "current"),
    E.MOVE_OUT: ("moving", "moved", "superseded"),
    E.MOVE_ACCEPT: ("moved", "active", "current"),
    E.ERASE: (" ".join(S), None, None),
    E.ESTABLISH: ("", None, None),
    E.IMPORT_LEGACY: ("", None, None),
}
PAIRS = [(state, event) for state in S for event in E]
LEGAL = [(state, event) for state, event in PAIRS if state in LAW[event][0].split()]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]


def refused(now: Now | None, request: Request) -> str:
    """The rule by which a request is refused; the message is in both languages."""
    with pytest.raises(TransitionError) as caught:
        apply(now, request)
    assert caught.value.event == request.event
    assert caught.value.zh.startswith("不能办理")
    assert " refused: " in caught.value.en
    return caught.value.rule


def test_the_table_allows_what_the_law_allows() -> None:
    table = {event: set(row.sources) for event, row in TABLE.items()}
    assert table == {event: set(map(SubjectState, states.split())) for event, (states, *_) in LAW.items() if states}


@pytest.mark.parametrize(("state", "event"), ILLEGAL, ids=str)
def test_an_illegal_pair_is_refused(state: SubjectState, event: Event) -> None:
    assert refused(at(*WAYS[state]), ask(event)) == "state"


@pytest.mark.parametrize(("state", "event"), LEGAL, ids=str)
def test_a_legal_pair_leads_where_it_must(state: SubjectState, event: Event) -> None:
    before = at(*WAYS[state])
    after = apply(before, ask(event))
    _, subject, version = LAW[event]
    assert after.status.subject == (before.status.subject if subject is None else subject)
    assert after.status.version == (before.status.version if version is None else version)
    new = event in (E.CHANGE, E.REISSUE, E.CORRECT, E.ANNUL_PARTIAL)
    assert after.version == (FACTS[event]["version"] if event is E.MOVE_ACCEPT else before.version + new)
    assert (after.until is not None) == (after.status.subject is S.SUSPENDED)


@pytest.mark.parametrize("event", E, ids=str)
def test_a_history_begins_with_a_first_event(event: Event) -> None:
    if event in (E.ESTABLISH, E.IMPORT_LEGACY):
        assert apply(None, ask(event)) == Now(Status(V.CURRENT, S.ACTIVE), 1, DAY)
    elif event is E.MOVE_ACCEPT:
        assert apply(None, ask(event)) == Now(Status(V.CURRENT, S.ACTIVE), 5, DAY)
    else:
        assert refused(None, ask(event)) == "state"


# ---- dates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [event for _, event in LEGAL if _ is S.ACTIVE], ids=str)
def test_effective_dates_do_not_go_backwards(event: Event) -> None:
    request = ask(event, **{**FACTS.get(event, {}), "effective": DAY - dt.timedelta(days=1)})
    if event in BACKDATED:
        assert apply(at(), request).effective == DAY, "void from an earlier day; the next event comes after both"
    else:
        assert refused(at(), request) == "date.backwards"


def test_the_same_day_is_not_backwards() -> None:
    assert apply(at(), ask(E.REVOKE, DAY)).status.subject is S.REVOKED


# ---- suspension --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "before", "limit"),
    [
        ((2024, 1, 10), (), (2027, 1, 10)),
        ((2024, 2, 29), (), (2027, 2, 28)),
        ((2021, 3, 1), (), (2024, 3, 1)),
        ((2024, 1, 10), (((2020, 1, 1), (2020, 1, 1)),), (2027, 1, 9)),
        ((2024, 1, 10), (((2020, 1, 1), (2020, 12, 31)), ((2022, 1, 1), (2022, 1, 10))), (2025, 12, 30)),
    ],
)
def test_three_years_in_all(since: Any, before: Any, limit: Any) -> None:
    periods = tuple((dt.date(*first), dt.date(*last)) for first, last in before)
    assert suspension_limit(dt.date(*since), periods) == dt.date(*limit)


def test_a_suspension_has_an_end_within_three_years() -> None:
    limit = dt.date(2027, 1, 10)
    assert refused(at(), ask(E.SUSPEND, until=None)) == "suspend.until_missing"
    assert refused(at(), ask(E.SUSPEND, until=DAY - dt.timedelta(days=1))) == "suspend.until_past"
    assert refused(at(), ask(E.SUSPEND, until=limit + dt.timedelta(days=1))) == "suspend.three_years"
    assert apply(at(), ask(E.SUSPEND, until=limit)).until == limit
    assert apply(at(), ask(E.SUSPEND, until=DAY)).until == DAY


def test_earlier_suspensions_count() -> None:
    resumed = at(E.SUSPEND, ask(E.RESUME, DAY + dt.timedelta(days=100)))
    assert resumed.suspended_before == ((DAY, DAY + dt.timedelta(days=99)),)
    again = DAY + dt.timedelta(days=200)
    limit = again.replace(year=again.year + 3) - dt.timedelta(days=100)
    assert refused(resumed, ask(E.SUSPEND, again, until=limit + dt.timedelta(days=1))) == "suspend.three_years"
    assert apply(resumed, ask(E.SUSPEND, again, until=limit)).suspended_since == again


def test_a_suspension_of_no_day_leaves_no_trace() -> None:
    assert at(E.SUSPEND, E.RESUME).suspended_before == ()


@pytest.mark.parametrize(
    ("effective", "until", "rule"),
    [
        (UNTIL - dt.timedelta(days=31), UNTIL + dt.timedelta(days=1), "suspend.extend_window"),
        (UNTIL, UNTIL, "suspend.not_longer"),
        (UNTIL, None, "suspend.until_missing"),
        (UNTIL, dt.date(2027, 1, 11), "suspend.three_years"),
        (UNTIL + dt.timedelta(days=1), UNTIL + dt.timedelta(days=9), "state"),
    ],
)
def test_an_extension_is_refused(effective: dt.date, until: dt.date | None, rule: str) -> None:
    assert refused(at(E.SUSPEND), ask(E.EXTEND_SUSPEND, effective=effective, until=until)) == rule


@pytest.mark.parametrize("effective", [UNTIL - dt.timedelta(days=30), UNTIL])
def test_an_extension_is_filed_within_thirty_days_before_the_end(effective: dt.date) -> None:
    now = apply(at(E.SUSPEND), ask(E.EXTEND_SUSPEND, effective=effective, until=dt.date(2027, 1, 10)))
    assert (now.until, now.suspended_since) == (dt.date(2027, 1, 10), DAY)


def test_a_suspension_ends_by_itself() -> None:
    after = apply(at(E.SUSPEND), ask(E.CHANGE, UNTIL + dt.timedelta(days=1)))
    assert (after.status.subject, after.until) == (S.ACTIVE, None)
    assert after.suspended_before == ((DAY, UNTIL),)
    assert apply(at(E.SUSPEND), ask(E.CHANGE, UNTIL)).status.subject is S.SUSPENDED
    assert refused(at(E.SUSPEND), ask(E.RESUME, UNTIL + dt.timedelta(days=1))) == "state"


@pytest.mark.parametrize("event", [E.LIQUIDATE, E.REVOKE, E.RESUME], ids=str)
def test_what_ends_a_suspension_counts_its_days(event: Event) -> None:
    after = apply(at(E.SUSPEND), ask(event, DAY + dt.timedelta(days=10)))
    assert after.suspended_before == ((DAY, DAY + dt.timedelta(days=9)),)
    assert after.until is None


# ---- flags -------------------------------------------------------------------------------------------------------


def test_a_flag_is_set_once_and_lifted_once() -> None:
    assert refused(at(), ask(E.FLAG_ON, flag=Flag.SERIOUS_ILLEGAL)) == "flag.on"
    assert refused(at(), ask(E.FLAG_OFF, flag=Flag.ABNORMAL_LIST)) == "flag.off"
    assert refused(at(), ask(E.FLAG_ON, flag=None)) == "flag.missing"
    assert refused(at(), ask(E.FLAG_OFF, flag=None)) == "flag.missing"
    assert apply(at(), ask(E.FLAG_ON)).status.flags == {Flag.ABNORMAL_LIST, Flag.SERIOUS_ILLEGAL}
    assert apply(at(), ask(E.FLAG_OFF)).status.flags == frozenset()


def test_the_service_address_stands_only_while_suspended() -> None:
    on = ask(E.FLAG_ON, flag=Flag.SUSPEND_ADDRESS)
    assert refused(at(), on) == "flag.suspend_address"
    suspended = at(E.SUSPEND, on)
    assert Flag.SUSPEND_ADDRESS in suspended.status.flags
    for event in (E.RESUME, E.LIQUIDATE, E.REVOKE):
        assert apply(suspended, ask(event)).status.flags == {Flag.SERIOUS_ILLEGAL}, event
    assert apply(suspended, ask(E.CHANGE, UNTIL + dt.timedelta(days=1))).status.flags == {Flag.SERIOUS_ILLEGAL}
    back = apply(apply(suspended, ask(E.MOVE_OFFER)), ask(E.MOVE_CANCEL))
    assert back == suspended


# ---- versions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [E.REISSUE, E.CHANGE, E.CORRECT, E.ANNUL_PARTIAL], ids=str)
def test_a_lost_paper_is_replaced_by_a_new_version(event: Event) -> None:
    lost = at(E.VOID)
    assert (lost.status.version, lost.version) == (V.VOIDED, 2)
    assert refused(lost, ask(E.VOID)) == "void.not_current"
    after = apply(lost, ask(event))
    assert (after.status.version, after.version) == (V.CURRENT, 3)


def test_there_are_at_most_999_versions() -> None:
    last = Now(Status(V.CURRENT, S.ACTIVE), 999, DAY)
    assert refused(last, ask(E.CHANGE)) == "version.limit"


# ---- deregistration, revocation, annulment -----------------------------------------------------------------------


def test_a_live_branch_stops_deregistration() -> None:
    assert refused(at(), ask(E.DEREGISTER, has_live_branch=True)) == "deregister.branch"


def test_the_simple_procedure_is_closed_to_some() -> None:
    listed = at(ask(E.FLAG_ON, flag=Flag.ABNORMAL_LIST))
    assert refused(at(E.REVOKE), ask(E.DEREGISTER, simple=True)) == "deregister.simple_revoked"
    assert refused(at(E.ANNUL), ask(E.DEREGISTER, simple=True)) == "state"
    assert refused(listed, ask(E.DEREGISTER, simple=True)) == "deregister.simple_abnormal"
    assert apply(listed, ask(E.DEREGISTER)).status.subject is S.DEREGISTERED
    assert apply(at(E.REVOKE), ask(E.DEREGISTER)).status.subject is S.DEREGISTERED
    assert refused(at(), ask(E.DEREGISTER, simple=True, ordered_closed=True)) == "deregister.simple_closed"


@pytest.mark.parametrize(
    ("family", "days", "rule"),
    [
        (Family.COMPANY, 19, "deregister.simple_early"),
        (Family.COMPANY, 20, None),
        (Family.COMPANY, 40, None),
        (Family.COMPANY, 41, "deregister.simple_late"),
        (Family.HOUSEHOLD, 9, "deregister.simple_early"),
        (Family.HOUSEHOLD, 10, None),
        (Family.HOUSEHOLD, 400, None),
    ],
)
def test_the_simple_procedure_is_open_for_some_days_only(family: Family, days: int, rule: str | None) -> None:
    plain = ask(E.DEREGISTER, simple=True)
    request = replace(plain, family=family, published=plain.effective - dt.timedelta(days=days))
    if rule is None:
        assert apply(at(), request).status.subject is S.DEREGISTERED
    else:
        assert refused(at(), request) == rule
    assert refused(at(), replace(request, published=None)) == "deregister.simple_unpublished"


@pytest.mark.parametrize("way", [E.LIQUIDATE, E.REVOKE, E.SUSPEND, E.VOID, E.MOVE_OFFER, E.DEREGISTER], ids=str)
def test_a_reversed_annulment_gives_back_the_very_state(way: Event) -> None:
    before = at(way)
    annulled = apply(before, ask(E.ANNUL))
    assert annulled.annulled_from == before.status
    assert before.annulled_from is None
    assert apply(annulled, ask(E.ANNUL_REVERSE)) == before


@pytest.mark.parametrize("way", [E.LIQUIDATE, E.REVOKE, E.SUSPEND, E.VOID], ids=str)
def test_a_restored_subject_has_its_state_back(way: Event) -> None:
    before = at(way)
    assert apply(apply(before, ask(E.DEREGISTER)), ask(E.RESTORE)) == before


def test_going_back_finds_an_ended_suspension_ended() -> None:
    annulled = apply(at(E.SUSPEND), ask(E.ANNUL))
    after = apply(annulled, ask(E.ANNUL_REVERSE, UNTIL + dt.timedelta(days=1)))
    assert (after.status.subject, after.suspended_before) == (S.ACTIVE, ((DAY, UNTIL),))


def test_going_back_keeps_remarks_made_in_between() -> None:
    moving = at(E.MOVE_OFFER, ask(E.FLAG_ON, flag=Flag.ABNORMAL_LIST))
    assert apply(moving, ask(E.MOVE_CANCEL)).status.flags == {Flag.ABNORMAL_LIST, Flag.SERIOUS_ILLEGAL}


# ---- moving ------------------------------------------------------------------------------------------------------


def test_households_do_not_move_unless_configured() -> None:
    assert refused(at(), ask(E.MOVE_OFFER, family=Family.HOUSEHOLD)) == "move.family"
    assert refused(None, ask(E.MOVE_ACCEPT, family=Family.HOUSEHOLD)) == "move.family"
    allowed = ask(E.MOVE_OFFER, family=Family.HOUSEHOLD, household_may_move=True)
    assert apply(at(), allowed).status.subject is S.MOVING
    assert apply(at(), ask(E.MOVE_OFFER, family=Family.COMPANY)).status.subject is S.MOVING


SUSPENDED = Status(V.CURRENT, S.SUSPENDED, frozenset({Flag.SUSPEND_ADDRESS}))
ARRIVALS: list[tuple[dict[str, Any], str]] = [
    ({"arriving": None}, "move.arrival_missing"),
    ({"version": None}, "move.arrival_missing"),
    ({"version": 1}, "move.version"),
    ({"version": 1000}, "move.version"),
    ({"arriving": Status(V.CURRENT, S.REVOKED)}, "move.status"),
    ({"arriving": Status(V.VOIDED, S.ACTIVE)}, "move.status"),
    ({"until": UNTIL}, "move.not_suspended"),
    ({"arriving": Status(V.CURRENT, S.ACTIVE, frozenset({Flag.SUSPEND_ADDRESS}))}, "move.not_suspended"),
    ({"arriving": SUSPENDED}, "suspend.until_missing"),
    ({"arriving": SUSPENDED, "until": dt.date(2027, 1, 11)}, "suspend.three_years"),
    ({"arriving": SUSPENDED, "until": UNTIL, "suspended_before": ((dt.date(2021, 1, 1), dt.date(2023, 12, 31)),)},
     "suspend.three_years"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "rule"), ARRIVALS)
def test_an_arrival_is_refused(facts: dict[str, Any], rule: str) -> None:
    assert refused(None, ask(E.MOVE_ACCEPT, **facts)) == rule


def test_a_suspended_subject_arrives_suspended() -> None:
    now = apply(None, ask(E.MOVE_ACCEPT, arriving=SUSPENDED, until=UNTIL))
    assert (now.status, now.until, now.suspended_since) == (SUSPENDED, UNTIL, DAY)


def test_who_comes_back_brings_what_was_known_here() -> None:
    gone = at(E.SUSPEND, ask(E.MOVE_OFFER, DAY + dt.timedelta(days=5)), ask(E.MOVE_OUT, DAY + dt.timedelta(days=9)))
    assert gone.suspended_before == ((DAY, DAY + dt.timedelta(days=8)),)
    day = DAY + dt.timedelta(days=20)
    assert refused(gone, ask(E.MOVE_ACCEPT, day, version=3)) == "move.version"
    back = apply(gone, ask(E.MOVE_ACCEPT, day, version=4))
    assert (back.status, back.version) == (Status(V.CURRENT, S.ACTIVE), 4)
    assert back.suspended_before == gone.suspended_before


# ---- erasure -----------------------------------------------------------------------------------------------------


ERASURES = [((), "none"), ((0,), "unknown"), ((3,), "unknown"), ((1, 2), "current"), ((2,), "current")]


@pytest.mark.parametrize(("versions", "rule"), ERASURES)
def test_an_erasure_is_refused(versions: tuple[int, ...], rule: str) -> None:
    assert refused(at(), ask(E.ERASE, versions=versions)) == f"erase.{rule}"


@pytest.mark.parametrize("state", S, ids=str)
def test_the_newest_version_is_erased_only_after_the_end(state: SubjectState) -> None:
    now = at(*WAYS[state])
    if state in (S.DEREGISTERED, S.ANNULLED, S.MOVED):
        assert apply(now, ask(E.ERASE, versions=(2, 1))).erased == {1, 2}
    else:
        assert refused(now, ask(E.ERASE, versions=(2,))) == "erase.current"


def test_a_version_is_erased_once() -> None:
    erased = at(E.ERASE)
    assert erased.status == at().status
    assert refused(erased, ask(E.ERASE)) == "erase.twice"
    assert apply(apply(erased, ask(E.MOVE_OFFER)), ask(E.MOVE_CANCEL)).erased == {1}


# ---- requests and answers ----------------------------------------------------------------------------------------

LOST_FACTS: list[tuple[Event, dict[str, Any], str]] = [
    (E.CHANGE, {"until": UNTIL}, "request.until"),
    (E.CHANGE, {"flag": Flag.ABNORMAL_LIST}, "request.flag"),
    (E.CHANGE, {"versions": (1,)}, "request.versions"),
    (E.CHANGE, {"simple": True}, "request.simple"),
    (E.CHANGE, {"arriving": Status(V.CURRENT, S.ACTIVE)}, "request.arriving"),
    (E.CHANGE, {"version": 3}, "request.version"),
    (E.CHANGE, {"suspended_before": ((DAY, DAY),)}, "request.suspended_before"),
]


@pytest.mark.parametrize(("event", "facts", "rule"), LOST_FACTS)
def test_a_fact_that_an_event_has_no_use_for_is_refused(event: Event, facts: dict[str, Any], rule: str) -> None:
    assert refused(at(), ask(event, **facts)) == rule


FLAGGED = frozenset({Flag.ABNORMAL_LIST})


def test_a_suspension_is_over_when_its_last_day_has_passed_and_its_address_with_it() -> None:
    tomorrow = UNTIL + dt.timedelta(days=1)
    assert status_on(SUSPENDED, UNTIL, UNTIL) == SUSPENDED
    assert status_on(SUSPENDED, UNTIL, tomorrow) == Status(V.CURRENT, S.ACTIVE)
