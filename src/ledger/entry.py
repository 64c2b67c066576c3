"""The log entry: what a log says of one event, without any personal value.

Canonical JSON of at most 65,535 bytes (C2SP tlog-tiles gives an entry a 16-bit length). The bytes are
what is hashed into the log; they are parsed by exactly one grammar and written by the same code, so that
an entry has one spelling. An entry of unknown ``v`` or ``kind`` is hashed like any other and comes back as
:class:`UnknownEntry`; nobody guesses what it means.

What it leaves out: whether the event was *legal* (``license.lifecycle``) and where the entry stands (``merkle``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from ledger import canonical
from ledger.encoding import parse_date, parse_hex, parse_timestamp, shanghai_date, timestamp
from ledger.errors import FormatError
from ledger.license.status import FIRST_EVENTS, Event, Status

MAX_ENTRY = 65_535
"""Largest entry in bytes: C2SP tlog-tiles writes its length in 16 bits."""

ENTRY_VERSION = 1
LICENSE, CASE, EXCHANGE, HEARTBEAT = "license", "case", "exchange", "heartbeat"
MAPPED_KINDS = frozenset({LICENSE, CASE})
"""Kinds whose newest entry per subject stands in the state map."""

MAX_VERSION = 999
"""Largest licence version: three digits in the 电子证照标识 (GB/T 36904)."""

_EVENT_NAME = re.compile(r"[A-Z][A-Z_]{0,39}")
_DIVISION = re.compile(r"[0-9]{6}")
_ORGAN = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_REQUIRED = {"v", "log", "kind", "event", "subject", "n", "digest", "version", "status", "authority"} | {
    "effective",
    "recorded",
}
_OPTIONAL = {"prev", "until", "from", "commit", "erased"}
_TRACK_REQUIRED = {"v", "log", "kind", "event", "subject", "n", "recorded"}
_TRACK_OPTIONAL = {"prev", "commit"}
_HEARTBEAT_FIELDS = {"v", "log", "kind", "recorded"}


@dataclass(frozen=True, slots=True)
class Authority:
    """The organ that decided: its own credit code, and the GB/T 2260 division it acts in."""

    code: str
    division: str


@dataclass(frozen=True, slots=True)
class MoveSource:
    """Where a moved-in licence came from: the other log and the leaf of its last entry there."""

    log: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class LicenseEntry:
    """One event of one licence.

    Attributes:
        log: id of the log, 32 bytes; binds the leaf to it.
        event: what happened.
        subject: 32 bytes, :func:`license_subject`.
        n: 0, 1, 2 … per subject.
        prev: leaf hash of the subject's entry ``n - 1``; None iff ``n`` is 0.
        digest: SHA-256 over the credential's ``header.payload.signature``; 32 bytes.
        version: version number of that credential, 1..999.
        status: after the event.
        authority: who decided.
        effective: legal date (Asia/Shanghai), never after ``recorded``.
        recorded: the node's clock, UTC, whole seconds.
        until: last day of a suspension.
        moved_from: where a MOVE_ACCEPT came from.
        commit: salted commitment to anything else that must be provable; 32 bytes.
        erased: versions whose disclosures were destroyed, ascending (ERASE only).
    """

    log: bytes
    event: Event
    subject: bytes
    n: int
    prev: bytes | None
    digest: bytes
    version: int
    status: Status
    authority: Authority
    effective: dt.date
    recorded: dt.datetime
    until: dt.date | None = None
    moved_from: MoveSource | None = None
    commit: bytes | None = None
    erased: tuple[int, ...] = ()

    kind = LICENSE

    def to_json(self) -> dict[str, Any]:
        """The object whose canonical JSON is the entry."""
        obj: dict[str, Any] = {
            "v": ENTRY_VERSION,
            "log": self.log.hex(),
            "kind": LICENSE,
            "event": self.event.value,
            "subject": self.subject.hex(),
            "n": self.n,
            "digest": "sha256:" + self.digest.hex(),
            "version": self.version,
            "status": self.status.to_json(),
            "authority": {"code": self.authority.code, "division": self.authority.division},
            "effective": self.effective.isoformat(),
            "recorded": timestamp(self.recorded),
        }
        if self.prev is not None:
            obj["prev"] = self.prev.hex()
        if self.until is not None:
            obj["until"] = self.until.isoformat()
        if self.moved_from is not None:
            obj["from"] = {"log": self.moved_from.log.hex(), "leaf": self.moved_from.leaf.hex()}
        if self.commit is not None:
            obj["commit"] = "sha256:" + self.commit.hex()
        if self.erased:
            obj["erased"] = list(self.erased)
        return obj

    def encode(self) -> bytes:
        """The entry's bytes.

        Raises:
            FormatError: the entry breaks its own grammar.
        """
        obj = self.to_json()
        _parse_license(obj)
        return _bounded(canonical.dumps(obj))


@dataclass(frozen=True, slots=True)
class TrackEntry:
    """An entry of kind ``case`` or ``exchange``: its steps are opaque here, only the chain of them is not."""

    log: bytes
    kind: str
    event: str
    subject: bytes
    n: int
    prev: bytes | None
    recorded: dt.datetime
    commit: bytes | None = None

    def encode(self) -> bytes:
        """The entry's bytes.

        Raises:
            FormatError: the entry breaks its own grammar.
        """
        obj: dict[str, Any] = {
            "v": ENTRY_VERSION,
            "log": self.log.hex(),
            "kind": self.kind,
            "event": self.event,
            "subject": self.subject.hex(),
            "n": self.n,
            "recorded": timestamp(self.recorded),
        }
        if self.prev is not None:
            obj["prev"] = self.prev.hex()
        if self.commit is not None:
            obj["commit"] = "sha256:" + self.commit.hex()
        _parse_track(obj)
        return _bounded(canonical.dumps(obj))


@dataclass(frozen=True, slots=True)
class HeartbeatEntry:
    """Says only that the log is alive, so that freshness means something over a holiday."""

    log: bytes
    recorded: dt.datetime

    kind = HEARTBEAT

    def encode(self) -> bytes:
        """The entry's bytes."""
        obj = {"v": ENTRY_VERSION, "log": self.log.hex(), "kind": HEARTBEAT, "recorded": timestamp(self.recorded)}
        return canonical.dumps(obj)


@dataclass(frozen=True, slots=True)
class UnknownEntry:
    """An entry of a version or kind that this program does not know: hashed, reported, never guessed."""

    data: bytes
    v: object
    kind: object


Entry = LicenseEntry | TrackEntry | HeartbeatEntry | UnknownEntry


def license_subject(type_code: str, uscc: str) -> bytes:
    """The 32-byte subject of a licence: every province computes the same from type code and credit code.

    Raises:
        FormatError: either has other than ASCII characters, so it is the code of nothing.
    """
    if not (type_code + uscc).isascii():
        raise FormatError("代码只含 ASCII 字符 / a code has ASCII characters only")
    return _subject(LICENSE, type_code.encode("ascii") + b"\0" + uscc.encode("ascii"))


def track_subject(kind: str, key: bytes) -> bytes:
    """The subject of a case or an exchange: ``key`` is 32 random bytes, so that tiles tell nobody about whom."""
    if len(key) != 32:
        raise FormatError(f"a {kind} key has 32 bytes, got {len(key)}")
    return _subject(kind, key)


def _subject(kind: str, key: bytes) -> bytes:
    return hashlib.sha256(b"tongban/subject/v1\0" + kind.encode("ascii") + b"\0" + key).digest()


def log_id(member: int, nonce: bytes) -> bytes:
    """The identity of a log, 32 bytes.

    Args:
        member: GB/T 2260 province code of the member, such as 500000.
        nonce: 32 random bytes, drawn once when the node is set up.
    """
    if len(nonce) != 32:
        raise FormatError(f"a log's nonce has 32 bytes, got {len(nonce)}")
    return hashlib.sha256(b"tongban/log/v1\0" + member.to_bytes(4, "big") + nonce).digest()


def commitment(salt: bytes, value: Any) -> bytes:
    """Salted commitment to a canonical JSON value, for the ``commit`` field.

    Args:
        salt: 32 random bytes kept off the ledger; destroying them makes the commitment meaningless.
        value: anything :func:`ledger.canonical.dumps` takes.
    """
    if len(salt) != 32:
        raise FormatError(f"a commitment's salt has 32 bytes, got {len(salt)}")
    return hashlib.sha256(b"tongban/commit/v1\0" + salt + canonical.dumps(value)).digest()


def leaf_hash(data: bytes) -> bytes:
    """RFC 9162 leaf hash of an entry: ``SHA-256(0x00 ‖ entry)``."""
    return hashlib.sha256(b"\0" + data).digest()


def parse(data: bytes) -> Entry:
    """Parse an entry's bytes.

    Returns:
        The entry; an :class:`UnknownEntry` where ``v`` or ``kind`` is not known.

    Raises:
        FormatError: too long, not canonical JSON, or a known kind that breaks its grammar.
    """
    if len(data) > MAX_ENTRY:
        raise FormatError(f"entry of {len(data)} bytes; at most {MAX_ENTRY}")
    obj = canonical.loads_object(data)
    return parse_object(obj, data)


def parse_object(obj: dict[str, Any], data: bytes | None = None) -> Entry:
    """Parse an entry that was already decoded, as it stands inside a bundle.

    Raises:
        FormatError: as :func:`parse`.
    """
    version, kind = obj.get("v"), obj.get("kind")
    if type(version) is not int or version != ENTRY_VERSION:
        return UnknownEntry(canonical.dumps(obj) if data is None else data, version, kind)
    if kind == LICENSE:
        return _parse_license(obj)
    if kind in (CASE, EXCHANGE):
        return _parse_track(obj)
    if kind == HEARTBEAT:
        _check_fields(obj, _HEARTBEAT_FIELDS, set())
        return HeartbeatEntry(parse_hex(obj["log"], 32), parse_timestamp(obj["recorded"]))
    return UnknownEntry(canonical.dumps(obj) if data is None else data, version, kind)


def _parse_license(obj: dict[str, Any]) -> LicenseEntry:
    _check_fields(obj, _REQUIRED, _OPTIONAL)
    n, prev = _link(obj)
    event = _event(obj["event"])
    if (n == 0) != (event in FIRST_EVENTS) and not (n > 0 and event is Event.MOVE_ACCEPT):
        raise FormatError(f"entry n={n} cannot be {event}: a history begins with one of its first events")
    recorded, effective = parse_timestamp(obj["recorded"]), parse_date(obj["effective"])
    if effective > shanghai_date(recorded):
        raise FormatError(f"effective {effective} is after it was recorded ({timestamp(recorded)})")
    return LicenseEntry(
        log=parse_hex(obj["log"], 32),
        event=event,
        subject=parse_hex(obj["subject"], 32),
        n=n,
        prev=prev,
        digest=_digest(obj["digest"], "digest"),
        version=_integer(obj["version"], "version", 1, MAX_VERSION),
        status=Status.from_json(obj["status"]),
        authority=_authority(obj["authority"]),
        effective=effective,
        recorded=recorded,
        until=parse_date(obj["until"]) if "until" in obj else None,
        moved_from=_move_source(obj, event),
        commit=_digest(obj["commit"], "commit") if "commit" in obj else None,
        erased=_erased(obj, event),
    )


def _parse_track(obj: dict[str, Any]) -> TrackEntry:
    _check_fields(obj, _TRACK_REQUIRED, _TRACK_OPTIONAL)
    n, prev = _link(obj)
    event = obj["event"]
    if not isinstance(event, str) or not _EVENT_NAME.fullmatch(event):
        raise FormatError(f"event is not a name: {event!r}")
    return TrackEntry(
        log=parse_hex(obj["log"], 32),
        kind=obj["kind"],
        event=event,
        subject=parse_hex(obj["subject"], 32),
        n=n,
        prev=prev,
        recorded=parse_timestamp(obj["recorded"]),
        commit=_digest(obj["commit"], "commit") if "commit" in obj else None,
    )


def _check_fields(obj: dict[str, Any], required: set[str], optional: set[str]) -> None:
    missing, unknown = required - obj.keys(), obj.keys() - required - optional
    if missing or unknown:
        raise FormatError(f"entry fields: missing {sorted(missing)}, unknown {sorted(unknown)}")


def _link(obj: dict[str, Any]) -> tuple[int, bytes | None]:
    n = _integer(obj["n"], "n", 0, canonical.MAX_INTEGER)
    if (n == 0) == ("prev" in obj):
        raise FormatError("prev must be absent exactly when n is 0")
    return n, parse_hex(obj["prev"], 32) if n else None


def _event(value: object) -> Event:
    try:
        return Event(value)  # type: ignore[arg-type]  # any object may come in; the ValueError is the answer
    except ValueError as error:
        raise FormatError(f"unknown event: {value!r}") from error


def _integer(value: object, name: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"{name} must be an integer in {low}..{high}, got {value!r}")
    return value


def _digest(value: object, name: str) -> bytes:
    if not isinstance(value, str) or not value.startswith("sha256:"):
        raise FormatError(f"{name} must be sha256: and 64 hex digits")
    return parse_hex(value[7:], 32)


def _authority(value: object) -> Authority:
    if not isinstance(value, dict) or set(value) != {"code", "division"}:
        raise FormatError("authority must have exactly code and division")
    code, division = value["code"], value["division"]
    if not isinstance(code, str) or not _ORGAN.fullmatch(code):
        raise FormatError(f"authority.code is not a credit code: {code!r}")
    if not isinstance(division, str) or not _DIVISION.fullmatch(division):
        raise FormatError(f"authority.division is not a six-digit division: {division!r}")
    return Authority(code, division)


def _move_source(obj: dict[str, Any], event: Event) -> MoveSource | None:
    if ("from" in obj) != (event is Event.MOVE_ACCEPT):
        raise FormatError("from must be present exactly on MOVE_ACCEPT")
    if "from" not in obj:
        return None
    source = obj["from"]
    if not isinstance(source, dict) or set(source) != {"log", "leaf"}:
        raise FormatError("from must have exactly log and leaf")
    return MoveSource(parse_hex(source["log"], 32), parse_hex(source["leaf"], 32))


def _erased(obj: dict[str, Any], event: Event) -> tuple[int, ...]:
    if ("erased" in obj) != (event is Event.ERASE):
        raise FormatError("erased must be present exactly on ERASE")
    if "erased" not in obj:
        return ()
    versions = obj["erased"]
    if not isinstance(versions, list) or not versions:
        raise FormatError("erased must be a non-empty list of versions")
    checked = [_integer(version, "erased", 1, MAX_VERSION) for version in versions]
    if checked != sorted(set(checked)):
        raise FormatError("erased must be ascending, without repeats")
    return tuple(checked)


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_ENTRY:
        raise FormatError(f"entry of {len(data)} bytes; at most {MAX_ENTRY}")
    return data
