"""``docs/formats.md`` says what the code does: reasons, worked example, words, numbers and field names."""

from __future__ import annotations

import re

import pytest

from ledger import bundle, canonical, entry, trust
from ledger.keys import Purpose
from ledger.license.status import NEW_VERSION_EVENTS, Event, Flag, SubjectState, VersionState
from ledger.merkle.checkpoint import MAX_CHECKPOINT
from scripts.vectors.bundles import told
from scripts.vectors.example import DOCUMENT, rewrite
from tests.builders import ABSENT, ACTIVE, REVOKED

TEXT = DOCUMENT.read_text("utf-8")


def test_reasons_and_worked_example_are_up_to_date() -> None:
    assert rewrite(TEXT) == TEXT


def test_a_stale_example_would_be_noticed() -> None:
    assert rewrite(TEXT.replace("`witnessed:1`", "`witnessed:9`")) == TEXT


@pytest.mark.parametrize("word", [*Event, *VersionState, *SubjectState, *Flag])
def test_every_word_is_listed(word: str) -> None:
    section = TEXT[TEXT.index("### 3.4") : TEXT.index("## 4 ")]
    assert f"`{word}`" in section


def test_the_events_that_make_a_credential_are_the_ones_listed() -> None:
    sentence = re.search(r"The events (.*?) make a new credential", TEXT, re.DOTALL)
    assert sentence is not None
    assert set(re.findall(r"`([A-Z_]+)`", sentence[1])) == {event.value for event in NEW_VERSION_EVENTS}


def field_names(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(field_names, value.values()))
    return set().union(*map(field_names, value)) if isinstance(value, list) else set()


def test_every_field_of_every_file_is_named() -> None:
    _, cq, trusted = told()
    files = [bundle.encode(found) for found in (cq.license_bundle(ACTIVE), cq.absence_bundle(ABSENT))]
    files += [bundle.encode(cq.history_bundle(REVOKED)), trusted.split(b"\n")[1]]
    names = field_names([canonical.loads(data) for data in files])
    assert len(names) > 40
    quoted = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))
    assert names - quoted == set()


def test_the_limits_are_those_of_the_code() -> None:
    assert f"1 to {entry.MAX_ENTRY:,} bytes" in TEXT
    assert f"at most {MAX_CHECKPOINT:,} bytes" in TEXT
    assert f"at most {trust.MAX_TRUST >> 20} MiB" in TEXT
    assert f"at most {bundle.MAX_BUNDLE >> 20} MiB" in TEXT
    assert f"{bundle.MAX_AGE.total_seconds() / 3600:.0f} hours" in TEXT
    assert f"at most {bundle.MAX_SKEW.total_seconds() / 60:.0f} minutes ahead" in TEXT
    assert all(f"| {purpose.name.lower()} | {purpose.value} |" in TEXT for purpose in Purpose)
