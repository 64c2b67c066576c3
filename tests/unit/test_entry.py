"""The log entry: one grammar, one spelling, and every field of it checked."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import canonical, entry
from ledger.encoding import shanghai_date
from ledger.errors import FormatError
from ledger.license.status import FIRST_EVENTS, Event, Flag, Status, SubjectState, VersionState

HASH = st.binary(min_size=32, max_size=32)
MOMENT = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC)).map(  # noqa: DTZ001 the zone is added
    lambda moment: moment.replace(microsecond=0)
)
STATUS = st.builds(
    Status, st.sampled_from(VersionState), st.sampled_from(SubjectState), st.frozensets(st.sampled_from(Flag))
)
AUTHORITY = entry.Authority("11500000009275788X", "500000")


@st.composite
def licenses(draw: st.DrawFn) -> entry.LicenseEntry:
    event = draw(st.sampled_from(Event))
    first = event in FIRST_EVENTS and (event is not Event.MOVE_ACCEPT or draw(st.booleans()))
    recorded = draw(MOMENT)
    return entry.LicenseEntry(
        log=draw(HASH),
        event=event,
        subject=draw(HASH),
        n=0 if first else draw(st.integers(1, canonical.MAX_INTEGER)),
        prev=None if first else draw(HASH),
        digest=draw(HASH),
        version=draw(st.integers(1, entry.MAX_VERSION)),
        status=draw(STATUS),
        authority=AUTHORITY,
        effective=draw(st.dates(dt.date(1900, 1, 1), shanghai_date(recorded))),
        recorded=recorded,
        until=draw(st.none() | st.dates()),
        moved_from=draw(st.builds(entry.MoveSource, HASH, HASH)) if event is Event.MOVE_ACCEPT else None,
        commit=draw(st.none() | HASH),
        erased=tuple(sorted(draw(st.sets(st.integers(1, 999), min_size=1)))) if event is Event.ERASE else (),
    )


TRACKS = st.builds(
    lambda kind, event, n, prev, **rest: entry.TrackEntry(
        kind=kind, event=event, n=n, prev=prev if n else None, **rest
    ),
    kind=st.sampled_from([entry.CASE, entry.EXCHANGE]),
    event=st.from_regex(r"\A[A-Z][A-Z_]{0,39}\Z"),
    n=st.integers(0, 3),
    prev=HASH,
    log=HASH,
    subject=HASH,
    recorded=MOMENT,
    commit=st.none() | HASH,
)
HEARTBEATS = st.builds(entry.HeartbeatEntry, HASH, MOMENT)


def sample(**changes: Any) -> dict[str, Any]:
    """A good entry as an object; a change of ``...`` takes the field away."""
    obj: dict[str, Any] = {
        "v": 1,
        "log": "11" * 32,
        "kind": "license",
        "event": "CHANGE",
        "subject": "22" * 32,
        "n": 3,
        "prev": "33" * 32,
        "digest": "sha256:" + "44" * 32,
        "version": 2,
        "status": {"version": "current", "subject": "active", "flags": []},
        "authority": {"code": AUTHORITY.code, "division": "500000"},
        "effective": "2026-11-22",
        "recorded": "2026-11-22T08:00:00Z",
    }
    return {name: value for name, value in (obj | changes).items() if value is not ...}


@given(licenses() | TRACKS | HEARTBEATS)
def test_entries_round_trip(value: entry.LicenseEntry | entry.TrackEntry | entry.HeartbeatEntry) -> None:
    data = value.encode()
    assert entry.parse(data) == value
    assert canonical.dumps(canonical.loads(data)) == data
    assert entry.leaf_hash(data) == hashlib.sha256(b"\0" + data).digest()


@given(licenses() | TRACKS, st.data())
def test_a_field_taken_away_or_added_is_refused_or_another_entry(
    value: entry.LicenseEntry | entry.TrackEntry, data: st.DataObject
) -> None:
    obj = canonical.loads_object(value.encode())
    name = data.draw(st.sampled_from(sorted(obj)))
    less = {key: item for key, item in obj.items() if key != name}
    optional = name in {"until", "commit"} or (name in {"v", "kind"})
    if optional:
        assert entry.parse(canonical.dumps(less)) != value
    else:
        with pytest.raises(FormatError):
            entry.parse(canonical.dumps(less))
    with pytest.raises(FormatError, match="unknown"):
        entry.parse(canonical.dumps(obj | {"extra": 1}))


def test_the_sample_is_good() -> None:
    parsed = entry.parse(canonical.dumps(sample()))
    assert isinstance(parsed, entry.LicenseEntry)
    assert parsed.encode() == canonical.dumps(sample())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log", "11" * 31),
        ("log", "11" * 33),
        ("log", "0x" + "11" * 31),
        ("log", "AA" * 32),
        ("log", 1),
        ("event", "CHANGED"),
        ("event", "change"),
        ("event", 1),
        ("event", []),
        ("event", "ESTABLISH"),
        ("event", "IMPORT_LEGACY"),
        ("event", "ERASE"),
        ("event", "MOVE_ACCEPT"),
        ("subject", "22" * 31),
        ("subject", ""),
        ("n", -1),
        ("n", True),
        ("n", "3"),
        ("n", 0),
        ("prev", ...),
        ("prev", "33" * 31),
        ("prev", "sha256:" + "33" * 32),
        ("digest", "44" * 32),
        ("digest", "sm3:" + "44" * 32),
        ("digest", "SHA256:" + "44" * 32),
        ("digest", "sha256:" + "44" * 31),
        ("digest", 4),
        ("version", 0),
        ("version", 1000),
        ("version", True),
        ("version", "2"),
        ("status", "active"),
        ("status", {"version": "current", "subject": "active"}),
        ("status", {"version": "current", "subject": "active", "flags": [], "x": 1}),
        ("status", {"version": "voided ", "subject": "active", "flags": []}),
        ("status", {"version": "current", "subject": "closed", "flags": []}),
        ("status", {"version": "current", "subject": "active", "flags": ["NO_SUCH"]}),
        ("status", {"version": "current", "subject": "active", "flags": ["SERIOUS_ILLEGAL", "ABNORMAL_LIST"]}),
        ("status", {"version": "current", "subject": "active", "flags": ["ABNORMAL_LIST", "ABNORMAL_LIST"]}),
        ("status", {"version": "current", "subject": "active", "flags": [1]}),
        ("authority", {"code": AUTHORITY.code}),
        ("authority", {"code": AUTHORITY.code, "division": "500000", "name": "x"}),
        ("authority", {"code": AUTHORITY.code[:-1], "division": "500000"}),
        ("authority", {"code": AUTHORITY.code.lower(), "division": "500000"}),
        ("authority", {"code": AUTHORITY.code, "division": "50000"}),
        ("authority", {"code": AUTHORITY.code, "division": 500000}),
        ("authority", {"code": AUTHORITY.code, "division": "٥٠٠٠٠٠"}),
        ("authority", []),
        ("effective", "2026-11-23"),
        ("effective", "2026-13-01"),
        ("effective", "2026-11-22T00:00:00Z"),
        ("recorded", "2026-11-22T08:00:00+08:00"),
        ("recorded", "2026-11-22"),
        ("until", "tomorrow"),
        ("until", ""),
        ("from", {"log": "55" * 32, "leaf": "66" * 32}),
        ("commit", "77" * 32),
        ("commit", "sha256:" + "77" * 33),
        ("erased", [1]),
    ],
)
def test_every_field_is_checked(name: str, value: Any) -> None:
    with pytest.raises(FormatError):
        entry.parse(canonical.dumps(sample(**{name: value})))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", ...),
        ("from", {"log": "55" * 32}),
        ("from", {"log": "55" * 32, "leaf": "66" * 32, "n": 1}),
        ("from", {"log": "55" * 32, "leaf": "66" * 31}),
        ("from", "55" * 32),
    ],
)
def test_a_move_names_where_it_came_from(name: str, value: Any) -> None:
    good = sample(event="MOVE_ACCEPT", **{"from": {"log": "55" * 32, "leaf": "66" * 32}})
    assert isinstance(entry.parse(canonical.dumps(good)), entry.LicenseEntry)
    bad = {key: item for key, item in (good | {name: value}).items() if item is not ...}
    with pytest.raises(FormatError):
        entry.parse(canonical.dumps(bad))


@pytest.mark.parametrize("erased", [..., [], [0], [1000], [2, 1], [1, 1], ["1"], [True], 1])
def test_an_erasure_names_its_versions(erased: Any) -> None:
    assert isinstance(entry.parse(canonical.dumps(sample(event="ERASE", erased=[1, 2]))), entry.LicenseEntry)
    with pytest.raises(FormatError):
        entry.parse(canonical.dumps(sample(event="ERASE", erased=erased)))


@pytest.mark.parametrize(
    "changes",
    [{"v": 2}, {"v": 0}, {"v": "1"}, {"v": True}, {"v": ...}, {"kind": "permit"}, {"kind": 1}, {"kind": ...}],
)
def test_an_unknown_entry_is_not_guessed(changes: dict[str, Any]) -> None:
    data = canonical.dumps(sample(**changes))
    parsed = entry.parse(data)
    assert isinstance(parsed, entry.UnknownEntry)
    assert parsed.data == data
    assert entry.parse_object(canonical.loads_object(data)) == parsed


@pytest.mark.parametrize("changes", [{"n": 0, "prev": "33" * 32}, {"event": "accept"}, {"event": "A" * 41}, {"x": 1}])
def test_steps_of_a_case_are_checked(changes: dict[str, Any]) -> None:
    good = {
        "v": 1,
        "log": "11" * 32,
        "kind": "case",
        "event": "ACCEPT",
        "subject": "22" * 32,
        "n": 1,
        "prev": "33" * 32,
    }
    good["recorded"] = "2026-11-22T08:00:00Z"
    assert isinstance(entry.parse(canonical.dumps(good)), entry.TrackEntry)
    with pytest.raises(FormatError):
        entry.parse(canonical.dumps(good | changes))


def test_an_entry_that_breaks_its_grammar_is_not_written() -> None:
    parsed = entry.parse(canonical.dumps(sample()))
    assert isinstance(parsed, entry.LicenseEntry)
    late = dataclasses.replace(parsed, prev=None)
    with pytest.raises(FormatError, match="prev"):
        late.encode()


def test_the_length_is_bounded() -> None:
    exact = canonical.dumps({"v": 2, "x": "a" * (entry.MAX_ENTRY - 14)})
    assert len(exact) == entry.MAX_ENTRY
    assert isinstance(entry.parse(exact), entry.UnknownEntry)
    with pytest.raises(FormatError, match="at most"):
        entry.parse(canonical.dumps({"v": 2, "x": "a" * (entry.MAX_ENTRY - 13)}))


def test_subjects_logs_and_commitments_are_what_the_formats_say() -> None:
    code, uscc, nonce = "11100000MB0143028R001", "91500000202833134T", bytes(range(32))
    digest = hashlib.sha256
    expected = digest(b"tongban/subject/v1\0license\0" + code.encode() + b"\0" + uscc.encode()).digest()
    assert entry.license_subject(code, uscc) == expected
    assert entry.track_subject("case", nonce) == digest(b"tongban/subject/v1\0case\0" + nonce).digest()
    assert entry.log_id(500000, nonce) == digest(b"tongban/log/v1\0" + b"\x00\x07\xa1\x20" + nonce).digest()
    assert (
        entry.commitment(nonce, {"b": 1, "a": 2}) == digest(b"tongban/commit/v1\0" + nonce + b'{"a":2,"b":1}').digest()
    )


@pytest.mark.parametrize("size", [0, 31, 33])
def test_nonces_and_salts_have_32_bytes(size: int) -> None:
    with pytest.raises(FormatError, match="32"):
        entry.track_subject("case", bytes(size))
    with pytest.raises(FormatError, match="32"):
        entry.log_id(500000, bytes(size))
    with pytest.raises(FormatError, match="32"):
        entry.commitment(bytes(size), 1)
