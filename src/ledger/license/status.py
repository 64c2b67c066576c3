"""The words for what has happened to a licence and what it is now, on three separate axes.

*Version*: is this the paper in force. *Subject*: may the business operate. *Flags*: public remarks that
change neither. One word never stands for two axes: a revoked subject is not yet deregistered, a suspended
one is valid, a superseded version says nothing about the subject (``docs/records.md``).

What it leaves out: which event may follow which status (``lifecycle``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ledger.errors import FormatError


class VersionState(StrEnum):
    """The newest version of a licence document."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    VOIDED = "voided"


class SubjectState(StrEnum):
    """The business itself."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    MOVING = "moving"
    MOVED = "moved"
    LIQUIDATING = "liquidating"
    REVOKED = "revoked"
    ANNULLED = "annulled"
    DEREGISTERED = "deregistered"


class Flag(StrEnum):
    """Public remarks in the log. Others, such as an investigation, never leave the node."""

    ABNORMAL_LIST = "ABNORMAL_LIST"
    SERIOUS_ILLEGAL = "SERIOUS_ILLEGAL"
    SUSPEND_ADDRESS = "SUSPEND_ADDRESS"


class Event(StrEnum):
    """What may happen to a licence (``docs/records.md``). A suspension that ends by its date makes no entry."""

    ESTABLISH = "ESTABLISH"
    IMPORT_LEGACY = "IMPORT_LEGACY"
    CHANGE = "CHANGE"
    REISSUE = "REISSUE"
    CORRECT = "CORRECT"
    FILE = "FILE"
    VOID = "VOID"
    SUSPEND = "SUSPEND"
    EXTEND_SUSPEND = "EXTEND_SUSPEND"
    RESUME = "RESUME"
    FLAG_ON = "FLAG_ON"
    FLAG_OFF = "FLAG_OFF"
    LIQUIDATE = "LIQUIDATE"
    DEREGISTER = "DEREGISTER"
    RESTORE = "RESTORE"
    REVOKE = "REVOKE"
    ANNUL = "ANNUL"
    ANNUL_PARTIAL = "ANNUL_PARTIAL"
    ANNUL_REVERSE = "ANNUL_REVERSE"
    MOVE_OFFER = "MOVE_OFFER"
    MOVE_CANCEL = "MOVE_CANCEL"
    MOVE_OUT = "MOVE_OUT"
    MOVE_ACCEPT = "MOVE_ACCEPT"
    ERASE = "ERASE"


FIRST_EVENTS = frozenset({Event.ESTABLISH, Event.IMPORT_LEGACY, Event.MOVE_ACCEPT})
"""Events that may open a subject's history in a log (``n`` = 0)."""

NEW_VERSION_EVENTS = frozenset(
    {
        Event.ESTABLISH,
        Event.IMPORT_LEGACY,
        Event.MOVE_ACCEPT,
        Event.CHANGE,
        Event.REISSUE,
        Event.CORRECT,
        Event.ANNUL_PARTIAL,
    }
)
"""Events that make a new credential; every other one repeats the digest and version of the newest."""


@dataclass(frozen=True, slots=True)
class Status:
    """One status on the three axes, as it stands in an entry."""

    version: VersionState
    subject: SubjectState
    flags: frozenset[Flag] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """The object that stands in an entry; flags sorted."""
        return {
            "flags": sorted(flag.value for flag in self.flags),
            "subject": self.subject.value,
            "version": self.version.value,
        }

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """Parse the object of an entry.

        Raises:
            FormatError: unknown or missing fields, unknown words, flags unsorted or repeated.
        """
        if not isinstance(obj, dict) or set(obj) != {"flags", "subject", "version"}:
            raise FormatError("status must have exactly flags, subject and version")
        flags = obj["flags"]
        if not isinstance(flags, list) or any(not isinstance(flag, str) for flag in flags):
            raise FormatError("status.flags must be a list of strings")
        if flags != sorted(set(flags)):
            raise FormatError("status.flags must be sorted, without repeats")
        try:
            return cls(
                VersionState(obj["version"]), SubjectState(obj["subject"]), frozenset(Flag(flag) for flag in flags)
            )
        except ValueError as error:
            raise FormatError(f"status: {error}") from error


def subject_on(status: Status, until: dt.date | None, day: dt.date) -> SubjectState:
    """The subject's state on a day: a suspension ends by itself when its last day has passed (细则 art. 42).

    Args:
        status: of the newest entry.
        until: last day of the suspension, if the entry has one.
        day: a date in Asia/Shanghai.
    """
    if status.subject is SubjectState.SUSPENDED and until is not None and day > until:
        return SubjectState.ACTIVE
    return status.subject
