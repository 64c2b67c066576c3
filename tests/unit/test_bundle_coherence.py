"""Step 2.4: which entries fit together, rule by rule, on entries that nobody signed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ledger.bundle.evidence import _chain_incoherence, _contradiction, _pair_incoherence
from ledger.bundle.model import BundleEntry, Located
from ledger.entry import LicenseEntry, MoveSource, leaf_hash
from ledger.license.status import Event
from tests.builders import ACTIVE, CHANGED, CHONGQING, ORGANS, SICHUAN, sample, seed

HOUR = dt.timedelta(hours=1)


def first() -> LicenseEntry:
    """The change that made version 2."""
    cq = sample().provinces[CHONGQING]
    return cq.entries[cq.newest[CHANGED]]


def after(entry: LicenseEntry, event: Event = Event.FILE, **changes: Any) -> LicenseEntry:
    """An entry that follows; changed afterwards."""
    plain = replace(entry, event=event, n=entry.n + 1, prev=leaf_hash(entry.encode()), recorded=entry.recorded + HOUR)
    return replace(plain, **changes)


def pair(last: LicenseEntry) -> str:
    issued = Located(BundleEntry.of(first()), 5, ())
    return _pair_incoherence(issued, Located(BundleEntry.of(last), 9, ()))


def chain(*last: LicenseEntry) -> str:
    start = replace(first(), n=0, prev=None, event=Event.ESTABLISH)
    return _chain_incoherence(
        [Located(BundleEntry.of(item), 3 + place, ()) for place, item in enumerate((start, *last))]
    )


def start() -> LicenseEntry:
    return replace(first(), n=0, prev=None, event=Event.ESTABLISH)


FROM = MoveSource(seed("log"), seed("leaf"))


def test_what_follows_is_accepted() -> None:
    assert pair(first()) == "two entries with n = 1"
    assert pair(after(first())) == ""
    assert pair(after(first(), Event.CHANGE, version=3, digest=seed("new"))) == ""
    assert pair(after(after(first()), Event.CHANGE, version=9, digest=seed("new"))) == ""
    assert chain() == ""
    assert chain(after(start())) == ""
    assert chain(after(start(), Event.CHANGE, version=3, digest=seed("new"))) == ""
    assert chain(after(start(), Event.MOVE_ACCEPT, version=7, digest=seed("new"), moved_from=FROM)) == ""


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"version": 1, "digest": seed("new")}, "go back"),
        ({"version": 3}, "two credentials"),
        ({"digest": seed("new")}, "two credentials"),
        ({"event": Event.CHANGE}, "without a new version"),
        ({"recorded": first().recorded - HOUR}, "comes before"),
        ({"prev": seed("else")}, "prev is not"),
        ({"subject": seed("else")}, "two subjects"),
    ],
)
def test_a_newest_entry_that_does_not_fit(changes: dict[str, Any], detail: str) -> None:
    assert detail in pair(after(first(), **changes))


def test_a_newest_entry_at_an_earlier_place() -> None:
    issued = Located(BundleEntry.of(first()), 9, ())
    assert "comes before" in _pair_incoherence(issued, Located(BundleEntry.of(after(first())), 5, ()))
    same = Located(BundleEntry.of(first()), 5, ())
    assert "two entries" in _pair_incoherence(issued, same)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"version": 3}, "cannot change the credential"),
        ({"digest": seed("new")}, "cannot change the credential"),
        ({"event": Event.CHANGE, "version": 4, "digest": seed("new")}, "without the next version"),
        ({"event": Event.CHANGE}, "without the next version"),
        ({"event": Event.MOVE_ACCEPT, "moved_from": FROM}, "without the next version"),
        ({"recorded": first().recorded - HOUR}, "recorded before"),
        ({"prev": seed("else")}, "does not follow"),
        ({"n": 3}, "does not follow"),
        ({"subject": seed("else")}, "does not follow"),
    ],
)
def test_a_history_with_a_link_that_does_not_fit(changes: dict[str, Any], detail: str) -> None:
    assert detail in chain(after(start(), **changes))


def test_a_history_that_does_not_begin_at_the_beginning() -> None:
    assert "begin" in _chain_incoherence([Located(BundleEntry.of(first()), 5, ())])


def test_a_history_whose_places_do_not_rise() -> None:
    held = (BundleEntry.of(start()), BundleEntry.of(after(start())))
    assert _chain_incoherence([Located(held[0], 3, ()), Located(held[1], 4, ())]) == ""
    assert "stands before" in _chain_incoherence([Located(held[0], 4, ()), Located(held[1], 4, ())])


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"version": 2}, "version"),
        ({"subject": seed("else")}, "uscc"),
        ({"authority": replace(first().authority, division="500107")}, "authority"),
        ({"authority": replace(first().authority, code="11500106MB0000027A")}, "authority"),
        ({}, ""),
    ],
)
def test_a_credential_and_the_entry_of_another(changes: dict[str, Any], detail: str) -> None:
    cq = sample().provinces[CHONGQING]
    credential, index = cq.credentials[ACTIVE, 1]
    assert _contradiction(credential.content, replace(cq.entries[index], **changes), CHONGQING) == detail
    assert _contradiction(credential.content, cq.entries[index], SICHUAN) == "iss"


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("cert_identifier", "1.2.156.3005.2.x", "five parts"),
        ("uscc", 5, "uscc"),
        ("uscc", "９１", "ASCII"),
        ("authority", "x", "authority"),
        ("authority", {"code": "x", "division": {}}, "authority"),
        ("authority", {"code": ORGANS[CHONGQING][0], "division": {"code": 500106}}, "authority"),
    ],
)
def test_disclosed_values_that_are_nonsense_contradict_the_entry(name: str, value: Any, detail: str) -> None:
    cq = sample().provinces[CHONGQING]
    credential, index = cq.credentials[ACTIVE, 1]
    shown = tuple(replace(item, value=value) if item.name == name else item for item in credential.content.disclosures)
    content = replace(credential.content, disclosures=shown)
    assert detail in _contradiction(content, cq.entries[index], CHONGQING)


def test_an_identifier_of_another_version_contradicts_the_credential() -> None:
    cq = sample().provinces[CHONGQING]
    credential, _ = cq.credentials[CHANGED, 1]
    newer, index = cq.credentials[CHANGED, 2]
    other = next(item for item in credential.content.disclosures if item.name == "cert_identifier")
    shown = tuple(other if item.name == other.name else item for item in newer.content.disclosures)
    content = replace(newer.content, disclosures=shown)
    assert _contradiction(content, cq.entries[index], CHONGQING) == "cert_identifier"
