"""The audit's own grammar and table say the same as those that issuing uses. Neither is derived from the other."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import canonical
from ledger.audit.entries import Heartbeat, License, Malformed, Track, Unknown, read
from ledger.audit.legality import RULES
from ledger.audit.lifefold import Standing, judge
from ledger.entry import Entry, HeartbeatEntry, LicenseEntry, TrackEntry, UnknownEntry, parse
from ledger.errors import FormatError, TransitionError
from ledger.license import lifecycle
from ledger.license.status import FIRST_EVENTS, NEW_VERSION_EVENTS, Event, Flag, Status, SubjectState, VersionState
from tests.unit.audit.build import LOG, Log, subject
from tests.unit.audit.build import canonical as spell

EVENTS = list(Event)
FLAGS = list(Flag)


def test_the_tables_name_the_same_events_and_states() -> None:
    assert {event.value for event in lifecycle.TABLE} == set(RULES)
    for event, row in lifecycle.TABLE.items():
        assert {state.value for state in row.sources} == RULES[event.value].sources, event
        assert RULES[event.value].new_version == (event in NEW_VERSION_EVENTS)
    assert {event.value for event in lifecycle.BACKDATED} == {"ANNUL", "ANNUL_PARTIAL"}


def entry_of(rng: random.Random, now: lifecycle.Now | None, n: int, day: dt.date) -> dict[str, Any]:
    """An event chosen at random, mostly one that may follow, mostly spelt as the life cycle wants it."""
    event = rng.choice(EVENTS if n else [*FIRST_EVENTS, *EVENTS])
    until = day + dt.timedelta(days=rng.choice([-1, 0, 10, 30, 200, 900, 1095, 1096, 1200]))
    status = Status(VersionState.CURRENT, rng.choice([SubjectState.ACTIVE, SubjectState.SUSPENDED]))
    versions = tuple(sorted({rng.randint(1, max(1, now.version if now else 1)) for _ in range(2)}))
    arrives = event is Event.MOVE_ACCEPT
    suspends = event in (Event.SUSPEND, Event.EXTEND_SUSPEND) or (arrives and status.subject is SubjectState.SUSPENDED)
    request = lifecycle.Request(
        event=event,
        effective=day,
        until=until if suspends else None,
        flag=rng.choice(FLAGS) if event in (Event.FLAG_ON, Event.FLAG_OFF) else None,
        versions=versions if event is Event.ERASE else (),
        arriving=status if arrives else None,
        version=(now.version if now else 0) + rng.randint(1, 4) if arrives else None,
    )
    try:
        after = lifecycle.apply(now, request)
    except TransitionError:
        after = lifecycle.Now(status, request.version or (now.version if now else 1), day, request.until)
        if request.flag and now:
            after = lifecycle.Now(Status(now.status.version, now.status.subject, now.status.flags ^ {request.flag}),
                                  now.version, day, now.until)  # fmt: skip
    return lie(rng, event, after, versions)


def lie(rng: random.Random, event: Event, after: lifecycle.Now, versions: tuple[int, ...]) -> dict[str, Any]:
    status, version, until = after.status, after.version, after.until
    match rng.randrange(16):
        case 0:
            status = Status(rng.choice(list(VersionState)), status.subject, status.flags)
        case 1:
            status = Status(status.version, rng.choice(list(SubjectState)), status.flags)
        case 2:
            status = Status(status.version, status.subject, status.flags ^ {rng.choice(FLAGS)})
        case 3:
            version += rng.choice([-1, 1]) if version > 1 else 1
        case 4:
            until = None if until else dt.date(2027, 1, 1)
    obj: dict[str, Any] = {"event": event.value, "status": status.to_json(), "version": version}
    obj |= {"until": until.isoformat()} if until else {}
    obj |= {"erased": list(versions)} if event is Event.ERASE else {}
    return obj | ({"from": {"log": "00" * 32, "leaf": "00" * 32}} if event is Event.MOVE_ACCEPT else {})


@given(st.integers(0, 2**32))
@settings(max_examples=150)
def test_both_say_the_same_of_any_history(seed: int) -> None:
    rng = random.Random(seed)
    now, standing, previous = None, None, None
    day, n, digest = dt.date(2026, 1, 1), 0, "00" * 32
    for step in range(60):
        day += dt.timedelta(days=rng.choice([0, 0, 1, 5, 30, 100, 400]))
        effective = day - dt.timedelta(days=rng.choice([0, 0, 0, 0, 40]))
        obj = entry_of(rng, now, n, effective)
        fresh = hashlib.sha256(b"%d" % step).hexdigest() if Event(obj["event"]) in NEW_VERSION_EVENTS else digest
        obj |= {"v": 1, "kind": "license", "log": LOG, "subject": subject("A"), "n": n, "digest": "sha256:" + fresh}
        obj |= {"authority": {"code": "11500000009275904T", "division": "500106"}, "effective": str(effective)}
        obj |= {"recorded": f"{day}T03:00:00Z"} | ({"prev": previous.hex()} if previous else {})
        try:
            entry = parse(spell(obj))
        except FormatError:
            continue  # a first event where none may be: the core's grammar has that rule already
        assert isinstance(entry, LicenseEntry)
        theirs = refused(now, entry)
        twin = copy(standing)
        ours, after = judge(read_license(obj), twin)
        assert bool(ours) == (theirs is not None), (obj, ours, theirs)
        if theirs is None:
            now, standing, n, digest = lifecycle.follow(now, entry), after, n + 1, fresh
            previous = after.leaf = hashlib.sha256(b"\0" + spell(obj)).digest()


def refused(now: lifecycle.Now | None, entry: LicenseEntry) -> TransitionError | None:
    try:
        lifecycle.follow(now, entry)
    except TransitionError as error:
        return error
    return None


def read_license(obj: dict[str, Any]) -> License:
    entry = read(spell(obj))
    assert isinstance(entry, License)
    return entry


def copy(standing: Standing | None) -> Standing | None:
    if standing is None:
        return None
    twin = Standing()
    for name in Standing.__slots__:
        setattr(twin, name, getattr(standing, name))
    return twin


def samples() -> list[bytes]:
    log = Log()
    log.add("ESTABLISH")
    log.add("SUSPEND", until="2027-01-01", commit="sha256:" + "ab" * 32)
    log.add("ERASE", until=None, erased=[1, 12, 999])
    log.add("MOVE_ACCEPT", "B", **{"from": {"log": "00" * 32, "leaf": "11" * 32}})
    log.add("FLAG_ON", status={"flags": ["ABNORMAL_LIST", "SUSPEND_ADDRESS"], "subject": "moved", "version": "voided"})
    track = {"v": 1, "kind": "case", "event": "HANDED_OVER", "log": LOG, "subject": subject("C"), "n": 0}
    log.append("C", track | {"recorded": "2026-11-04T23:59:59Z"})
    log.append("C", track | {"recorded": "2026-11-05T00:00:00Z", "n": 1, "prev": "22" * 32, "kind": "exchange"})
    log.append("", {"v": 1, "kind": "heartbeat", "log": LOG, "recorded": "2026-02-28T00:00:00Z"})
    log.raw(canonical.dumps({"v": 1, "kind": "voucher", "x": ["é", {"y": False}]}))
    return log.data


SAMPLES = samples()
KINDS = {LicenseEntry: License, TrackEntry: Track, HeartbeatEntry: Heartbeat, UnknownEntry: Unknown}


def agree(data: bytes) -> None:
    """Same verdict; the rules that the audit reports by a code of their own are left out of the comparison."""
    ours = read(data)
    theirs = parsed(data)
    if isinstance(theirs, FormatError):
        elsewhere = any(words in str(theirs) for words in ("is after it was recorded", "cannot be", "unknown event"))
        assert elsewhere or isinstance(ours, Malformed), (data, theirs)
        return
    assert type(ours) is KINDS[type(theirs)], (data, ours)
    if isinstance(theirs, LicenseEntry) and isinstance(ours, License):
        assert (ours.subject, ours.n, ours.prev, ours.digest) == (theirs.subject, theirs.n, theirs.prev, theirs.digest)
        assert (ours.event, ours.version, ours.erased) == (theirs.event, theirs.version, theirs.erased)
        assert (ours.flags, ours.state) == (frozenset(map(str, theirs.status.flags)), theirs.status.subject.value)
        assert (ours.until, ours.effective) == (theirs.until and theirs.until.isoformat(), theirs.effective.isoformat())


def parsed(data: bytes) -> Entry | FormatError:
    try:
        return parse(data)
    except FormatError as error:
        return error


def test_the_end_of_the_calendar_crashes_nothing() -> None:
    log = Log()
    log.add("ESTABLISH", effective="9999-12-31", recorded="9999-12-31T16:00:00Z")
    agree(log.data.pop())
    log.last.clear()
    last = {"effective": "9999-12-31", "recorded": "9999-12-31T15:59:59Z"}
    suspended = {"flags": [], "subject": "suspended", "version": "current"}
    log.add("ESTABLISH", **last)
    log.add("SUSPEND", status=suspended, until="9999-12-31")
    log.add("EXTEND_SUSPEND", status=suspended, effective="0001-01-01")
    log.add("RESUME", status=suspended, effective="0001-01-01")
    standing = None
    for data in log.data:
        entry = read(data)
        assert isinstance(entry, License)
        faults, standing = judge(entry, standing)
        assert "time.range" in [fault.code for fault in faults]


@pytest.mark.parametrize("data", SAMPLES)
def test_samples_are_read_by_both(data: bytes) -> None:
    assert not isinstance(read(data), Malformed)
    agree(data)


@pytest.mark.parametrize("data", SAMPLES)
def test_every_byte_changed_or_dropped_gets_the_same_verdict(data: bytes) -> None:
    for position in range(len(data)):
        agree(data[:position] + data[position + 1 :])
        for other in b'09aAf,"{x':
            agree(data[:position] + bytes([other]) + data[position + 1 :])


ODD = [
    "",
    -1,
    0,
    1,
    2**53 - 1,
    2**53,
    1000,
    True,
    [],
    {},
    "00",
    "2026-02-30",
    "2026-11-02T24:00:00Z",
    "ok",
    "é",
    "\ud7ff",
]


@given(st.sampled_from(SAMPLES), st.data())
def test_every_field_of_another_value_gets_the_same_verdict(sample: bytes, data: st.DataObject) -> None:
    obj = canonical.loads_object(sample)
    holder = data.draw(st.sampled_from([obj, *(value for value in obj.values() if isinstance(value, dict) and value)]))
    name = data.draw(st.sampled_from([*sorted(holder), "prev", "until", "erased", "from", "commit", "extra"]))
    match data.draw(st.integers(0, 2)):
        case 0:
            holder.pop(name, None)
        case 1:
            holder[name] = data.draw(st.sampled_from(ODD))
        case 2:
            holder[name] = data.draw(
                st.sampled_from([value for other in SAMPLES for value in canonical.loads(other).values()])
            )
    try:
        changed = canonical.dumps(obj)
    except FormatError:
        changed = spell(obj)
    agree(changed)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_reading_anything_raises_nothing(data: bytes) -> None:
    agree(data)
