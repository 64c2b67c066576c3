"""The three proof bundles as frozen values, each with one spelling: canonical JSON.

- ``license``: a credential with the disclosures shared, the entry that issued it and the subject's newest entry, both
  with inclusion proofs, and the state proof that the newest is the newest;
- ``absence``: the state proof that a log holds nothing about a licence type and credit code;
- ``history``: every entry of a subject with its place, chained, and the state proof that the last is the newest.

Each carries an anchor, and a checkpoint of the anchor's very size and root; all proofs are against that size.

What it leaves out: whether anything in a bundle is true (``verify``). A bundle holds no key, because a key that comes
with a proof proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ledger import canonical, entry
from ledger.directory import Anchor, anchor_digest
from ledger.encoding import parse_hex
from ledger.entry import LicenseEntry, leaf_hash, license_subject
from ledger.errors import DisclosureError, FormatError
from ledger.license import credential, uscc
from ledger.license.credential import Content, Credential
from ledger.merkle.checkpoint import MAX_CHECKPOINT, Checkpoint, log_of
from ledger.merkle.note import parse_note
from ledger.merkle.stateproof import End, StateProof

MEDIA_TYPE = "application/vnd.tongban.bundle+json"
VERSION = 1
MAX_BUNDLE = 1 << 22
"""Largest bundle in bytes (4 MiB): a licence with its proofs takes about 10 KiB, an entry of a history 2 KiB."""

MAX_INCLUSION = 64
"""Most hashes of an inclusion proof: sizes are below 2^64."""

MAX_MEMBER = 2**32 - 1
_TYPE_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}[0-9]{3}")
_ANCHOR = {"member", "epoch", "seq", "size", "log_root", "state_root", "previous"}


@dataclass(frozen=True, slots=True)
class BundleAnchor:
    """The anchor that a bundle claims; nothing of it is believed before the trust file has the same digest."""

    member: int
    epoch: int
    seq: int
    size: int
    log_root: bytes
    state_root: bytes
    previous: bytes

    @property
    def digest(self) -> bytes:
        """The digest that the contract made of it."""
        return anchor_digest(
            self.previous, self.member, self.epoch, self.seq, self.size, self.log_root, self.state_root
        )

    @classmethod
    def of(cls, anchor: Anchor) -> BundleAnchor:
        """The directory's anchor, as it stands in a bundle."""
        roots = (anchor.log_root, anchor.state_root, anchor.previous)
        return cls(anchor.member, anchor.epoch, anchor.seq, anchor.size, *roots)

    def to_json(self) -> dict[str, Any]:
        """The ``anchor`` object."""
        return {
            "member": self.member,
            "epoch": self.epoch,
            "seq": self.seq,
            "size": self.size,
            "log_root": self.log_root.hex(),
            "state_root": self.state_root.hex(),
            "previous": self.previous.hex(),
        }

    @classmethod
    def from_json(cls, obj: object) -> BundleAnchor:
        """Parse the ``anchor`` object; raises FormatError."""
        got = _fields(obj, "anchor", _ANCHOR)
        return cls(
            member=_integer(got["member"], "anchor.member", 1, MAX_MEMBER),
            epoch=_integer(got["epoch"], "anchor.epoch", 0),
            seq=_integer(got["seq"], "anchor.seq", 1),
            size=_integer(got["size"], "anchor.size", 1),
            log_root=parse_hex(got["log_root"], 32),
            state_root=parse_hex(got["state_root"], 32),
            previous=parse_hex(got["previous"], 32),
        )


@dataclass(frozen=True)
class BundleEntry:
    """A licence entry inside a bundle: parsed, and the bytes that are hashed."""

    entry: LicenseEntry
    data: bytes

    @cached_property
    def leaf(self) -> bytes:
        """Its leaf hash, 32 bytes."""
        return leaf_hash(self.data)

    @classmethod
    def from_json(cls, obj: object) -> BundleEntry:
        """Parse an entry object; raises FormatError also for entries that are not of a licence."""
        if not isinstance(obj, dict):
            raise FormatError("an entry is an object")
        data = canonical.dumps(obj)
        if len(data) > entry.MAX_ENTRY:
            raise FormatError(f"entry of {len(data)} bytes; at most {entry.MAX_ENTRY}")
        parsed = entry.parse_object(obj, data)
        if not isinstance(parsed, LicenseEntry):
            raise FormatError("a bundle holds licence entries of version 1 only")
        return cls(parsed, data)

    @classmethod
    def of(cls, licence: LicenseEntry) -> BundleEntry:
        """An entry that was made or parsed elsewhere."""
        return cls(licence, licence.encode())


@dataclass(frozen=True)
class Located:
    """An entry, its place in the log, and the proof of it."""

    held: BundleEntry
    index: int
    inclusion: tuple[bytes, ...]

    @property
    def entry(self) -> LicenseEntry:
        """The entry itself."""
        return self.held.entry

    def to_json(self) -> dict[str, Any]:
        """The ``issued`` or ``current`` object."""
        return {
            "entry": self.entry.to_json(),
            "index": self.index,
            "inclusion": [sibling.hex() for sibling in self.inclusion],
        }

    @classmethod
    def from_json(cls, obj: object) -> Located:
        """Parse the ``issued`` or ``current`` object; raises FormatError."""
        got = _fields(obj, "located entry", {"entry", "index", "inclusion"})
        siblings = _list(got["inclusion"], "inclusion")
        if len(siblings) > MAX_INCLUSION:
            raise FormatError(f"an inclusion proof has at most {MAX_INCLUSION} hashes, got {len(siblings)}")
        return cls(
            BundleEntry.from_json(got["entry"]),
            _integer(got["index"], "index", 0),
            tuple(parse_hex(sibling, 32) for sibling in siblings),
        )


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with the log's one signature line; whose key made it is not known here.

    Attributes:
        data: the note as it stands in the bundle.
        message: the signed text.
        checkpoint: origin, size and root.
        key_hash: the four bytes that find the key.
        signature: 64 bytes.
    """

    data: str
    message: bytes
    checkpoint: Checkpoint
    key_hash: bytes
    signature: bytes

    @property
    def log(self) -> bytes:
        """The log that it says it is of, 32 bytes."""
        return log_of(self.checkpoint.origin)

    @classmethod
    def parse(cls, data: object) -> SignedCheckpoint:
        """Parse a checkpoint with exactly one signature line, named like its origin; raises FormatError."""
        if not isinstance(data, str):
            raise FormatError("checkpoint must be a string")
        text, lines = parse_note(data.encode(), max_size=MAX_CHECKPOINT)
        checkpoint = Checkpoint.from_text(text)
        if len(lines) != 1 or lines[0].name != checkpoint.origin or len(lines[0].signature) != 64:
            raise FormatError("a bundle's checkpoint has one signature, by the log itself")
        return cls(data, text.encode(), checkpoint, lines[0].key_hash, lines[0].signature)


@dataclass(frozen=True)
class LicenseBundle:
    """A licence with everything that a stranger needs to verify it, but the trust file."""

    credential: Credential
    issued: Located
    current: Located
    state: StateProof
    anchor: BundleAnchor
    checkpoint: SignedCheckpoint
    type: ClassVar[str] = "license"

    @cached_property
    def claims(self) -> Content:
        """What the signed part says; with the disclosures shown unless one of them does not belong to it."""
        try:
            return self.credential.content
        except DisclosureError:
            return Credential(self.credential.jwt, ()).content

    def to_json(self) -> dict[str, Any]:
        """The object of the file."""
        return _common(self) | {
            "credential": self.credential.compact(),
            "issued": self.issued.to_json(),
            "current": self.current.to_json(),
        }


@dataclass(frozen=True)
class AbsenceBundle:
    """A log holds nothing about this licence type and credit code."""

    license_type: str
    uscc: str
    state: StateProof
    anchor: BundleAnchor
    checkpoint: SignedCheckpoint
    type: ClassVar[str] = "absence"

    @property
    def subject(self) -> bytes:
        """The subject that is absent, computed and never read."""
        return license_subject(self.license_type, self.uscc)

    def to_json(self) -> dict[str, Any]:
        """The object of the file."""
        return _common(self) | {"license_type": self.license_type, "uscc": self.uscc}


@dataclass(frozen=True)
class HistoryBundle:
    """Everything that a log says of one subject: each entry with the proof of its place."""

    entries: tuple[Located, ...]
    state: StateProof
    anchor: BundleAnchor
    checkpoint: SignedCheckpoint
    type: ClassVar[str] = "history"

    def to_json(self) -> dict[str, Any]:
        """The object of the file."""
        return _common(self) | {"entries": [place.to_json() for place in self.entries]}


Bundle = LicenseBundle | AbsenceBundle | HistoryBundle


def encode(bundle: Bundle) -> bytes:
    """The bundle's file.

    Raises:
        FormatError: the bundle breaks its own grammar.
    """
    data = canonical.dumps(bundle.to_json())
    parse(data)
    return data


def parse(data: bytes) -> Bundle:
    """Parse a bundle's file. Nothing is verified.

    Raises:
        FormatError: too large, or not the one spelling of a bundle of a known version and type.
    """
    if len(data) > MAX_BUNDLE:
        raise FormatError(f"bundle of {len(data)} bytes; at most {MAX_BUNDLE}")
    obj = canonical.loads_object(data)
    if type(obj.get("v")) is not int or obj["v"] != VERSION:
        raise FormatError(f"bundle version {obj.get('v')!r} is not known")
    kind = obj.get("type")
    if not isinstance(kind, str) or kind not in _PARSERS:
        raise FormatError(f"bundle type {kind!r} is not known")
    return _PARSERS[kind](obj)


def _parse_license(obj: dict[str, Any]) -> LicenseBundle:
    got = _fields(obj, "bundle", _COMMON | {"credential", "issued", "current"})
    return LicenseBundle(
        credential=_credential(got["credential"]),
        issued=Located.from_json(got["issued"]),
        current=Located.from_json(got["current"]),
        **_parse_common(got, {End.PRESENT}),
    )


def _credential(compact: object) -> Credential:
    """The credential, also where a disclosure does not belong to it: that is a verdict, not a question of spelling."""
    try:
        return credential.parse(compact)
    except DisclosureError:
        jwt, *disclosures, _ = str(compact).split("~")
    try:
        _ = Credential(jwt, ()).content
    except DisclosureError as error:
        raise FormatError(f"credential: {error}") from error
    return Credential(jwt, tuple(disclosures))


def _parse_absence(obj: dict[str, Any]) -> AbsenceBundle:
    got = _fields(obj, "bundle", _COMMON | {"license_type", "uscc"})
    type_code = got["license_type"]
    if not isinstance(type_code, str) or not _TYPE_CODE.fullmatch(type_code):
        raise FormatError(f"license_type is not a credit code and three digits: {type_code!r}")
    uscc.validate(type_code[:18])
    return AbsenceBundle(
        license_type=type_code,
        uscc=uscc.validate(got["uscc"]).code,
        **_parse_common(got, {End.EMPTY, End.OTHER}),
    )


def _parse_history(obj: dict[str, Any]) -> HistoryBundle:
    got = _fields(obj, "bundle", _COMMON | {"entries"})
    entries = _list(got["entries"], "entries")
    if not entries:
        raise FormatError("a history has at least one entry")
    return HistoryBundle(
        entries=tuple(Located.from_json(item) for item in entries), **_parse_common(got, {End.PRESENT})
    )


_COMMON = {"v", "type", "state", "anchor", "checkpoint"}
_PARSERS: dict[str, Callable[[dict[str, Any]], Bundle]] = {
    "license": _parse_license,
    "absence": _parse_absence,
    "history": _parse_history,
}


def _common(bundle: Bundle) -> dict[str, Any]:
    return {
        "v": VERSION,
        "type": bundle.type,
        "state": bundle.state.to_json(),
        "anchor": bundle.anchor.to_json(),
        "checkpoint": bundle.checkpoint.data,
    }


def _parse_common(got: Mapping[str, Any], ends: set[End]) -> dict[str, Any]:
    state = StateProof.from_json(got["state"])
    if state.end not in ends:
        raise FormatError(f"the state proof of this type of bundle cannot end in {state.end}")
    return {
        "state": state,
        "anchor": BundleAnchor.from_json(got["anchor"]),
        "checkpoint": SignedCheckpoint.parse(got["checkpoint"]),
    }


def _fields(obj: object, name: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(obj, dict) or obj.keys() != names:
        raise FormatError(f"{name} must be an object with exactly {', '.join(sorted(names))}")
    return obj


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError(f"{name} must be a list")
    return value


def _integer(value: object, name: str, low: int, high: int = canonical.MAX_INTEGER) -> int:
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"{name} must be an integer in {low}..{high}, got {value!r}")
    return value
