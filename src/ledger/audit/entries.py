"""Reads one log entry, with a grammar of its own.

Canonical JSON gives a value one spelling, and every string in an entry is plain ASCII. So the whole grammar
of a known kind is one regular expression over the bytes: what it does not match is not an entry, whatever a
JSON parser may think of it. Nothing is shared with the code that writes entries (``ledger.entry``); a test
holds the two grammars against each other.

What it leaves out: whether the event is one and was legal (``lifefold``) and where the entry stands (``logfold``).
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import NamedTuple

import orjson

MAX_ENTRY = 65_535
"""Largest entry in bytes: C2SP tlog-tiles writes its length in 16 bits."""

MAX_INTEGER = 2**53 - 1
"""Largest integer of canonical JSON as used here (RFC 8785, section 3.2.2.3)."""

MAX_DEPTH = 32
"""Deepest nesting of an unknown entry that is still looked at."""

_HEX32 = r"[0-9a-f]{64}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
_VERSION = r"[1-9][0-9]{0,2}"
_NUMBER = r"0|[1-9][0-9]{0,15}"

_LICENSE = re.compile(
    r'\{"authority":\{"code":"(?P<code>[0-9A-HJ-NPQRTUWXY]{18})","division":"(?P<division>[0-9]{6})"\},'
    r'(?:"commit":"sha256:(?P<commit>' + _HEX32 + r')",)?'
    r'"digest":"sha256:(?P<digest>' + _HEX32 + r')",'
    r'"effective":"(?P<effective>' + _DATE + r')",'
    r'(?:"erased":\[(?P<erased>' + _VERSION + r"(?:," + _VERSION + r")*)\],)?"
    r'"event":"(?P<event>[A-Z_]{1,40})",'
    r'(?:"from":\{"leaf":"(?P<from_leaf>' + _HEX32 + r')","log":"(?P<from_log>' + _HEX32 + r')"\},)?'
    r'"kind":"license",'
    r'"log":"(?P<log>' + _HEX32 + r')",'
    r'"n":(?P<n>' + _NUMBER + r"),"
    r'(?:"prev":"(?P<prev>' + _HEX32 + r')",)?'
    r'"recorded":"(?P<recorded>' + _TIME + r')",'
    r'"status":\{"flags":\[(?P<flags>[A-Z_",]*)\],'
    r'"subject":"(?P<state>[a-z]{1,20})","version":"(?P<version_state>[a-z]{1,20})"\},'
    r'"subject":"(?P<subject>' + _HEX32 + r')",'
    r'(?:"until":"(?P<until>' + _DATE + r')",)?'
    r'"v":1,'
    r'"version":(?P<version>' + _VERSION + r")\}"
)
_TRACK = re.compile(
    r'\{(?:"commit":"sha256:' + _HEX32 + r'",)?'
    r'"event":"(?P<event>[A-Z][A-Z_]{0,39})",'
    r'"kind":"(?P<kind>case|exchange)",'
    r'"log":"(?P<log>' + _HEX32 + r')",'
    r'"n":(?P<n>' + _NUMBER + r"),"
    r'(?:"prev":"(?P<prev>' + _HEX32 + r')",)?'
    r'"recorded":"(?P<recorded>' + _TIME + r')",'
    r'"subject":"(?P<subject>' + _HEX32 + r')",'
    r'"v":1\}'
)
_HEARTBEAT = re.compile(
    r'\{"kind":"heartbeat","log":"(?P<log>' + _HEX32 + r')","recorded":"(?P<recorded>' + _TIME + r')","v":1\}'
)

FLAGS = ("ABNORMAL_LIST", "SERIOUS_ILLEGAL", "SUSPEND_ADDRESS")
"""The public flags, in the order in which an entry lists them."""

_FLAG_LISTS = {
    ",".join(f'"{flag}"' for flag in chosen): frozenset(chosen)
    for mask in range(8)
    for chosen in [[flag for bit, flag in enumerate(FLAGS) if mask >> bit & 1]]
}
STATES = frozenset({"active", "suspended", "moving", "moved", "liquidating", "revoked", "annulled", "deregistered"})
VERSION_STATES = frozenset({"current", "superseded", "voided"})
KINDS = frozenset({"license", "case", "exchange", "heartbeat"})


class License(NamedTuple):
    """What an entry of kind ``license`` says. Dates and times stay text: in one spelling they sort as they are.

    ``commit`` stays the 64 hex digits that it is; few entries have it and only a database's audit looks at it.
    """

    log: str
    subject: bytes
    n: int
    prev: bytes | None
    event: str
    digest: bytes
    version: int
    version_state: str
    state: str
    flags: frozenset[str]
    code: str
    division: str
    effective: str
    recorded: str
    until: str | None
    moved_from: tuple[str, str] | None
    erased: tuple[int, ...]
    commit: str | None = None

    @property
    def kind(self) -> str:
        """As in the entry."""
        return "license"


class Track(NamedTuple):
    """An entry of kind ``case`` or ``exchange``: only the chain of its steps is open."""

    log: str
    kind: str
    subject: bytes
    n: int
    prev: bytes | None
    event: str
    recorded: str


class Heartbeat(NamedTuple):
    """An entry that says only that the log is alive."""

    log: str
    recorded: str


class Unknown(NamedTuple):
    """A version or kind that this program does not know."""

    v: str
    kind: str


class Malformed(NamedTuple):
    """Bytes that are not an entry, and why."""

    reason: str


Read = License | Track | Heartbeat | Unknown | Malformed


def read(data: bytes) -> Read:
    """What the bytes of an entry say; never raises, because what is wrong is what an audit reports."""
    if len(data) > MAX_ENTRY:
        return Malformed(f"{len(data)} bytes; at most {MAX_ENTRY}")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return _other(data)  # known kinds are plain ASCII
    match = _LICENSE.fullmatch(text)
    if match is not None:
        return _license(match)
    match = _TRACK.fullmatch(text)
    if match is not None:
        return _track(match)
    match = _HEARTBEAT.fullmatch(text)
    if match is not None:
        return _heartbeat(match)
    return _other(data)


def _license(match: re.Match[str]) -> Read:
    code, division, commit, digest, effective, erased, event, from_leaf, from_log, log = match.groups()[:10]
    n, prev, recorded, flags, state, version_state, subject, until, version = match.groups()[10:]
    entry = License(
        log,
        bytes.fromhex(subject),
        int(n),
        bytes.fromhex(prev) if prev else None,
        event,
        bytes.fromhex(digest),
        int(version),
        version_state,
        state,
        _FLAG_LISTS.get(flags, frozenset({"?"})),
        code,
        division,
        effective,
        recorded,
        until or None,
        (from_log, from_leaf) if from_log else None,
        tuple(map(int, erased.split(","))) if erased else (),
        commit,
    )
    reason = _license_fault(entry)
    return Malformed(reason) if reason else entry


def _license_fault(entry: License) -> str | None:
    """What the expression alone cannot say: known words, days of the calendar, and fields that need one another."""
    if entry.state not in STATES or entry.version_state not in VERSION_STATES:
        return f"unknown word in status: {entry.version_state}, {entry.state}"
    if "?" in entry.flags:
        return "flags unknown, unsorted or repeated"
    if not (is_date(entry.effective) and is_date(entry.recorded[:10]) and (not entry.until or is_date(entry.until))):
        return "no such day in effective, recorded or until"
    if shanghai_day(entry.recorded) == "":
        return "recorded: no legal date falls on it"
    if (entry.moved_from is None) == (entry.event == "MOVE_ACCEPT"):
        return "from must be there exactly on MOVE_ACCEPT"
    if bool(entry.erased) != (entry.event == "ERASE") or list(entry.erased) != sorted(set(entry.erased)):
        return "erased must be there exactly on ERASE, ascending"
    return _link_fault(entry.n, entry.prev)


def _link_fault(n: int, prev: bytes | None) -> str | None:
    if n > MAX_INTEGER:
        return "n is too large"
    return "prev must be absent exactly when n is 0" if (n == 0) != (prev is None) else None


def _track(match: re.Match[str]) -> Read:
    event, kind, log, n, prev, recorded, subject = match.groups()
    entry = Track(
        log,
        kind,
        bytes.fromhex(subject),
        int(n),
        bytes.fromhex(prev) if prev else None,
        event,
        recorded,
    )
    reason = _link_fault(entry.n, entry.prev) if is_date(entry.recorded[:10]) else "recorded: no such day"
    return Malformed(reason) if reason else entry


def _heartbeat(match: re.Match[str]) -> Read:
    entry = Heartbeat(match["log"], match["recorded"])
    return entry if is_date(entry.recorded[:10]) else Malformed("recorded: no such day")


def _other(data: bytes) -> Read:
    """Bytes of no known kind: an unknown kind if they are a canonical JSON object that says so, else malformed."""
    try:
        obj = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Malformed("not JSON")
    canonical = isinstance(obj, dict) and _plain(obj, 0) and orjson.dumps(obj, option=orjson.OPT_SORT_KEYS) == data
    if not canonical:
        return Malformed("not a canonical JSON object")
    v, kind = obj.get("v"), obj.get("kind")
    if type(v) is int and v == 1 and isinstance(kind, str) and kind in KINDS:
        return Malformed(f"an entry of kind {kind} that breaks its grammar")
    return Unknown(str(v)[:40], str(kind)[:40])


def _plain(value: object, depth: int) -> bool:
    """Only what canonical JSON has here: objects with ASCII keys, lists, strings, booleans, integers below 2^53."""
    if isinstance(value, dict):
        return depth < MAX_DEPTH and all(key.isascii() and _plain(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return depth < MAX_DEPTH and all(_plain(item, depth + 1) for item in value)
    return isinstance(value, str | bool) or (isinstance(value, int) and abs(value) <= MAX_INTEGER)


@lru_cache(maxsize=65_536)
def is_date(text: str) -> bool:
    """Whether ``YYYY-MM-DD`` is a day of the calendar."""
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def shanghai_day(recorded: str) -> str:
    """The legal date of a UTC time, empty if the calendar ends before it. China keeps UTC+8 all year, since 1992."""
    day = recorded[:10]
    return day if recorded[11:13] < "16" else _next_day(day)


@lru_cache(maxsize=65_536)
def _next_day(day: str) -> str:
    if day == "9999-12-31":
        return ""
    return (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
