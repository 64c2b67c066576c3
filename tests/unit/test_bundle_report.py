"""Status in words, what it rests on, freshness, and the report as a program and a person get it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import bundle, canonical
from ledger.bundle import Answer, Report
from ledger.bundle.condition import Demand, describe
from ledger.bundle.verdicts import NAMES, REASONS
from ledger.encoding import SHANGHAI
from ledger.errors import FormatError
from ledger.license.status import Event, Flag, Status, SubjectState, VersionState
from tests.builders import ACTIVE, CHANGED, CHONGQING, SUSPENDED, SUSPENDED_UNTIL, sample

NOON = dt.datetime(2026, 12, 1, 4, 0, tzinfo=dt.UTC)


def newest(version: VersionState, subject: SubjectState, *flags: Flag, **changes: Any) -> Any:
    entry = sample().provinces[CHONGQING].entries[0]
    return replace(entry, version=3, status=Status(version, subject, frozenset(flags)), **changes)


V, S = VersionState, SubjectState


@pytest.mark.parametrize(
    ("entry", "version", "words"),
    [
        (newest(V.CURRENT, S.ACTIVE), 3, ["active"]),
        (newest(V.CURRENT, S.ACTIVE), 2, ["superseded", "active"]),
        (newest(V.SUPERSEDED, S.MOVED), 3, ["moved", "superseded"]),
        (newest(V.VOIDED, S.ACTIVE), 3, ["voided", "active"]),
        (newest(V.CURRENT, S.MOVING), 3, ["moving"]),
        (newest(V.CURRENT, S.LIQUIDATING), 3, ["liquidating"]),
        (newest(V.CURRENT, S.REVOKED), 3, ["revoked"]),
        (newest(V.CURRENT, S.REVOKED), 1, ["revoked", "superseded"]),
        (newest(V.CURRENT, S.ANNULLED), 3, ["annulled"]),
        (newest(V.CURRENT, S.DEREGISTERED), 3, ["deregistered"]),
        (newest(V.CURRENT, S.SUSPENDED), 3, ["suspended"]),
        (newest(V.CURRENT, S.ACTIVE, Flag.ABNORMAL_LIST), 3, ["flagged", "ABNORMAL_LIST"]),
        (newest(V.CURRENT, S.REVOKED, Flag.SERIOUS_ILLEGAL), 3, ["revoked", "SERIOUS_ILLEGAL"]),
        (newest(V.CURRENT, S.ACTIVE, event=Event.ERASE, erased=(1, 2)), 2, ["superseded", "active", "erased"]),
        (newest(V.CURRENT, S.ACTIVE, event=Event.ERASE, erased=(1, 2)), 3, ["active"]),
    ],
)
def test_three_axes_are_told_apart_and_the_gravest_gives_the_verdict(
    entry: Any, version: int, words: list[str]
) -> None:
    condition = describe(entry, version, NOON, "issuer")
    assert [word.code for word in condition.words] == words
    assert condition.verdict().reason == words[0]
    failures = {"deregistered", "annulled", "revoked", "moved", "voided", "superseded"}
    assert condition.verdict().verdict is (Answer.FAILED if words[0] in failures else Answer.OK)


def test_a_suspension_ends_by_itself_at_midnight_in_shanghai() -> None:
    found = sample().provinces[CHONGQING].license_bundle(SUSPENDED)
    midnight = dt.datetime.combine(SUSPENDED_UNTIL + dt.timedelta(days=1), dt.time(), SHANGHAI)
    for now, word in ((midnight - dt.timedelta(seconds=1), "suspended"), (midnight, "active")):
        report = bundle.verify(bundle.encode(found), sample().trust(), now=now)
        assert report.status.reason == word
    before = bundle.verify(bundle.encode(found), sample().trust(), now=sample().now)
    assert str(SUSPENDED_UNTIL) in before.words[0].en


def verify(**options: Any) -> Report:
    world = sample()
    data = bundle.encode(world.provinces[CHONGQING].license_bundle(ACTIVE, which=options.pop("which", -1)))
    return bundle.verify(data, world.trust(), now=options.pop("now", world.now), **options)


@pytest.mark.parametrize(
    ("which", "options", "basis", "ok"),
    [
        (-1, {}, "witnessed:1", True),
        (-1, {"min_basis": "witnessed:1"}, "witnessed:1", True),
        (-1, {"min_basis": "witnessed:2"}, "witnessed:1", False),
        (-1, {"min_basis": "replayed"}, "witnessed:1", False),
        (-1, {"min_basis": "replayed", "replayed": True}, "replayed", True),
        (-1, {"min_basis": "witnessed:999", "replayed": True}, "replayed", True),
        (0, {}, "issuer", True),
        (0, {"min_basis": "witnessed:1"}, "issuer", False),
    ],
)
def test_a_verifier_may_demand_more_than_the_issuers_word(
    which: int, options: dict[str, Any], basis: str, *, ok: bool
) -> None:
    report = verify(which=which, **options)
    assert report.basis == basis
    assert report.status.reason == ("active" if ok else "basis-too-low")
    assert report.exit_code == (0 if ok else 2)


@pytest.mark.parametrize(
    "text", ["", "witnessed", "witnessed:0", "witnessed:01", "witnessed:-1", "Issuer", "replayed "]
)
def test_an_unknown_basis_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Demand.parse(text)


def test_the_age_of_the_anchor_decides_freshness_to_the_second() -> None:
    anchored = sample().directory().newest_anchor(CHONGQING)
    assert anchored is not None
    day, second = dt.timedelta(days=1), dt.timedelta(seconds=1)
    for now, reason in (
        (anchored.time + day, "fresh"),
        (anchored.time + day + second, "stale"),
        (anchored.time, "fresh"),
        (anchored.time - bundle.MAX_SKEW, "fresh"),
        (anchored.time - bundle.MAX_SKEW - second, "from-the-future"),
    ):
        assert verify(now=now, max_age=day).freshness.reason == reason
    stale = verify(now=anchored.time + 2 * day, max_age=day)
    assert (stale.exit_code, stale.status.reason) == (1, "active")


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(FormatError, match="zone"):
        verify(now=dt.datetime(2026, 11, 1))  # noqa: DTZ001 the very mistake


def test_the_report_is_json_with_the_six_verdicts_by_name() -> None:
    obj = verify().to_json()
    assert json.loads(json.dumps(obj)) == obj
    for name in NAMES:
        assert {"verdict", "reason", "zh", "en"} <= obj[name].keys()
        assert obj[name]["verdict"] == "ok"
    assert obj["status"]["basis"] == "witnessed:1"
    assert obj["status"]["as_of"] == obj["as_of"]
    assert set(obj["as_of"]) == {"member", "seq", "size", "block", "time", "chain"}
    assert obj["exit"] == 0
    assert obj["type"] == "license"


def test_a_file_that_is_no_bundle_fails_as_malformed() -> None:
    report = bundle.malformed(FormatError("not JSON"))
    assert report.exit_code == 1
    assert {item.reason for item in report.verdicts} == {"malformed", "needs-parse"}
    assert set(report.to_json()) >= {*NAMES, "as_of", "exit"}


def test_a_refused_trust_file_fails_whom_to_believe_and_leaves_the_rest() -> None:
    data = bundle.encode(sample().provinces[CHONGQING].license_bundle(ACTIVE))
    report = bundle.distrusted(bundle.verify(data, None, now=sample().now), FormatError("not signed"))
    assert (report.issuer.reason, report.anchored.reason) == ("trust-refused", "trust-refused")
    assert report.exit_code == 1
    assert {item.verdict for item in report.verdicts} == {Answer.FAILED, Answer.UNKNOWN}
    assert "no-trust-file" not in {item.reason for item in report.verdicts}  # there was one
    assert report.integrity.verdict is Answer.UNKNOWN


def test_every_reason_is_in_both_languages_and_fills_its_blanks() -> None:
    blanks = dict.fromkeys(("detail", "member", "key", "basis", "wanted", "age", "limit"), "x")
    for _, zh, en in REASONS.values():
        assert zh.format(**blanks)
        assert en.replace("…", "").replace("演示链", "").format(**blanks).isascii()
        assert not zh.isascii()


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in [(*path, key), *paths(item, (*path, key))]]


SAMPLE = canonical.loads(bundle.encode(sample().provinces[CHONGQING].license_bundle(CHANGED, disclose=["name"])))
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
JSON = st.recursive(
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=70) | HASHES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["end", "siblings", "v"]), inner),
    max_leaves=4,
)


@settings(max_examples=200)
@given(st.sampled_from(paths(SAMPLE)), JSON)
def test_any_field_replaced_by_anything_is_refused_without_a_crash(path: tuple[Any, ...], value: Any) -> None:
    obj = json.loads(json.dumps(SAMPLE))
    spot = obj
    for step in path[:-1]:
        spot = spot[step]
    changed = spot[path[-1]] != value
    spot[path[-1]] = value
    try:
        report = bundle.verify(canonical.dumps(obj), sample().trust(), now=sample().now)
    except FormatError:
        return
    assert report.exit_code == (1 if changed else 0)


def test_a_suspension_that_is_over_takes_its_address_with_it() -> None:
    entry = newest(VersionState.CURRENT, SubjectState.SUSPENDED, Flag.SUSPEND_ADDRESS, until=NOON.date())
    during, after = (describe(entry, 3, NOON + dt.timedelta(days=days), "issuer") for days in (0, 1))
    assert [word.code for word in during.words] == ["suspended", "SUSPEND_ADDRESS"]
    assert [word.code for word in after.words] == ["active"]
