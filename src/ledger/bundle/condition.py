"""What the newest entry of a licence means for somebody who holds one of its versions: step 5.3 of the argument.

Three axes, never one word: the version in hand, the subject, the flags. The gravest of them gives the reason; all of
them are told.

What it leaves out: whether the entry is the newest (steps 1, 2 and 5.1), and which events may follow (``lifecycle``).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass

from ledger.bundle.verdicts import Verdict, Word, flag_word, reason_word, verdict
from ledger.encoding import shanghai_date
from ledger.entry import LicenseEntry
from ledger.errors import FormatError
from ledger.license.lifecycle import status_on
from ledger.license.status import Event, SubjectState, VersionState

_GRAVEST = (
    "deregistered",
    "annulled",
    "revoked",
    "moved",
    "voided",
    "superseded",
    "liquidating",
    "moving",
    "suspended",
    "flagged",
    "active",
)
"""Reasons of a status, the gravest first; those up to ``superseded`` are failures."""

_WITNESSED = re.compile(r"witnessed:([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Demand:
    """What a verifier wants a status to rest on: a number of replays besides the issuer's own word."""

    text: str
    replays: float

    @classmethod
    def parse(cls, text: str) -> Demand:
        """Parse ``issuer``, ``witnessed:k`` (k from 1) or ``replayed``; raises FormatError."""
        if text in ("issuer", "replayed"):
            return cls(text, 0 if text == "issuer" else math.inf)
        found = _WITNESSED.fullmatch(text)
        if not found:
            raise FormatError(f"a basis is issuer, witnessed:k or replayed, not {text!r}")
        return cls(text, int(found[1]))

    def met_by(self, basis: str) -> bool:
        """Whether that basis is enough; one's own replay always is."""
        return Demand.parse(basis).replays >= self.replays


@dataclass(frozen=True, slots=True)
class Condition:
    """The status in words, and what it rests on."""

    basis: str = ""
    words: tuple[Word, ...] = ()
    reason: str = ""

    @classmethod
    def never_issued(cls, basis: str) -> Condition:
        """Nothing in the log."""
        return cls(basis, (reason_word("never-issued"),), "never-issued")

    def verdict(self) -> Verdict:
        """The verdict that the gravest word means."""
        return verdict(self.reason)


def describe(newest: LicenseEntry, version: int, now: dt.datetime, basis: str) -> Condition:
    """What somebody who holds a version of a licence must know today.

    Args:
        newest: the subject's newest entry.
        version: of the licence in hand.
        now: an aware datetime; the legal day is the one in Shanghai.
        basis: what the status rests on.
    """
    status = status_on(newest.status, newest.until, shanghai_date(now))
    reasons = {status.subject.value}
    if status.version is VersionState.VOIDED:
        reasons.add("voided")
    if version < newest.version or status.version is VersionState.SUPERSEDED:
        reasons.add("superseded")
    if status.flags and reasons == {"active"}:
        reasons = {"flagged"}
    ordered = sorted(reasons, key=_GRAVEST.index)
    words = [_word(reason, newest, version) for reason in ordered]
    words += [flag_word(flag) for flag in sorted(status.flags)]
    if newest.event is Event.ERASE and version in newest.erased:
        words.append(Word("erased", "内容已依法删除", "its contents were erased by law"))
    return Condition(basis, tuple(words), ordered[0])


def _word(reason: str, newest: LicenseEntry, version: int) -> Word:
    if reason == SubjectState.SUSPENDED.value and newest.until is not None:
        return reason_word(reason, f"，至 {newest.until}", f", until {newest.until}")
    if reason == "superseded":
        return reason_word(reason, f"（{version:03d} → {newest.version:03d}）", f" ({version} → {newest.version})")
    return reason_word(reason)
