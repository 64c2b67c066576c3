"""One bit changed anywhere: refused, by the verdict that owns it, without a crash.

Two sweeps over the same samples. *Values*: every field of every proof, entry, checkpoint and anchor has each of its
bits changed as a value (a hash stays a hash), the file is written again canonically, and the owner's verdict must be
``failed``. *Bytes*: every bit of the file as it lies on the disk; it must be refused by the parser or fail, and what
the parser lets through must fail at the owner of that part. A licence, an absence, a history and a trust file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger import bundle, canonical, trust
from ledger.bundle import Report
from ledger.encoding import b64, b64url, parse_b64, parse_b64url
from ledger.errors import FormatError, LedgerError
from tests import naive_verifier, reference
from tests.builders import ABSENT, CHONGQING, LIQUIDATING, SUSPENDED, sample

OWNERS = {
    "anchor": {"anchored", "logged"},
    "checkpoint": {"logged"},
    "credential": {"integrity"},
    "current": {"logged"},
    "entries": {"logged"},
    "issued": {"logged"},
    "license_type": {"status"},
    "state": {"status"},
    "type": set(),
    "uscc": set(),
    "v": set(),
}
"""Which verdict refuses a change in a field of a bundle; the empty set: only the parser may."""

PARTS = 4
Path = tuple[Any, ...]


@functools.cache
def files() -> dict[str, bytes]:
    """One bundle of each type, every verdict ``ok``; the licence's issuing entry is not its newest."""
    cq = sample().provinces[CHONGQING]
    shown = ("name", "uscc", "authority", "cert_identifier", "heads")
    made = cq.license_bundle(SUSPENDED, disclose=shown), cq.absence_bundle(ABSENT), cq.history_bundle(LIQUIDATING)
    return {item.type: bundle.encode(item) for item in made}


@functools.cache
def trust_data() -> bytes:
    return sample().trust_bytes()


@functools.cache
def trusted() -> trust.TrustFile:
    return trust.parse(trust_data())


def judge(data: bytes) -> Report | None:
    """The report, or None where the parser refuses; anything else that is raised is a crash."""
    try:
        return bundle.verify(data, trusted(), now=sample().now)
    except FormatError:
        return None


def failed(report: Report) -> set[str]:
    pairs = zip(bundle.NAMES, report.verdicts, strict=True)
    return {name for name, item in pairs if item.verdict is bundle.Answer.FAILED}


def verdicts(report: Report) -> dict[str, str]:
    pairs = zip(bundle.NAMES, report.verdicts, strict=True)
    return {name: f"{item.verdict}:{item.reason}" for name, item in pairs}


def naive_verdicts(data: bytes) -> dict[str, str]:
    """What the verifier written from the document alone says."""
    return naive_verifier.judge(data, trust_data(), sample().now, max_age=bundle.MAX_AGE)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every string and number in a JSON value, with the way to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def flipped_bytes(data: bytes) -> Iterator[bytes]:
    for position in range(8 * len(data)):
        changed = bytearray(data)
        changed[position >> 3] ^= 1 << (position & 7)
        yield bytes(changed)


def flipped(path: Path, value: Any) -> Iterator[Any]:
    """A value with each of its bits changed, as the value that it is."""
    if isinstance(value, int):
        yield from (value ^ 1 << bit for bit in range(53))
    elif path[-1] == "checkpoint":
        yield from _flipped_checkpoint(value)
    elif path[-1] == "credential":
        yield from _flipped_credential(value)
    elif len(value) == 64 or value.startswith("sha256:"):
        prefix, digits = value[:-64], value[-64:]
        yield from (prefix + changed.hex() for changed in flipped_bytes(bytes.fromhex(digits)))
    else:
        for changed in flipped_bytes(value.encode()):
            if changed.isascii():
                yield changed.decode()


def _flipped_checkpoint(note: str) -> Iterator[str]:
    """The origin's log, the size, the root and the signature, in a note of the right form."""
    origin, size, root, _, line = note.removesuffix("\n").split("\n")
    dash, name, signature = line.split(" ")
    for changed in flipped_bytes(bytes.fromhex(origin[-64:])):
        other = origin[:-64] + changed.hex()
        yield "\n".join((other, size, root, "", f"{dash} {other} {signature}", ""))
    for bit in range(53):
        yield "\n".join((origin, str(int(size) ^ 1 << bit), root, "", line, ""))
    for changed in flipped_bytes(parse_b64(root)):
        yield "\n".join((origin, size, b64(changed), "", line, ""))
    for changed in flipped_bytes(parse_b64(signature)):
        yield "\n".join((origin, size, root, "", f"{dash} {name} {b64(changed)}", ""))


def _flipped_credential(compact: str) -> Iterator[str]:
    """The signature, and the salt of every disclosure: what parses again whatever bit is changed."""
    jwt, *disclosures, end = compact.split("~")
    signed, _, signature = jwt.rpartition(".")
    for changed in flipped_bytes(parse_b64url(signature)):
        yield "~".join((f"{signed}.{b64url(changed)}", *disclosures, end))
    for position, disclosure in enumerate(disclosures):
        salt, *rest = canonical.loads(parse_b64url(disclosure))
        for changed in flipped_bytes(parse_b64url(salt)):
            other = b64url(canonical.dumps([b64url(changed), *rest]))
            yield "~".join((jwt, *disclosures[:position], other, *disclosures[position + 1 :], end))


def with_value(obj: Any, path: Path, value: Any) -> bytes:
    """The file with one value in another's place; the object is put back as it was."""
    spot = obj
    for step in path[:-1]:
        spot = spot[step]
    before, spot[path[-1]] = spot[path[-1]], value
    try:
        return canonical.dumps(obj)
    finally:
        spot[path[-1]] = before


def owner_of(path: Path) -> set[str]:
    """For a changed value the owner is one verdict; the member's code is refused by what the other logs are."""
    if path[0] == "anchor":
        return {"logged"} if path[1] == "member" else {"anchored"}
    return OWNERS[path[0]]


def is_true_absence(data: bytes) -> bool:
    """Another type of licence is absent too: whether the changed statement happens to be true, by the naive map."""
    parsed = bundle.parse(data)
    assert isinstance(parsed, bundle.AbsenceBundle)
    state = sample().provinces[CHONGQING].anchored[-1].state
    siblings, end = reference.map_path(state, parsed.subject)
    return tuple(siblings) == parsed.state.siblings and parsed.subject not in end


@pytest.mark.parametrize("kind", ["license", "absence", "history"])
def test_the_samples_are_ok_before_anything_is_changed(kind: str) -> None:
    report = judge(files()[kind])
    assert report is not None
    assert report.exit_code == 0


@pytest.mark.parametrize("kind", ["license", "absence", "history"])
def test_every_value_changed_by_one_bit_is_refused_by_its_owner(kind: str) -> None:
    obj = canonical.loads(files()[kind])
    judged = 0
    for path, value in list(leaves(obj)):
        for change in flipped(path, value):
            data = with_value(obj, path, change)
            report = judge(data)
            if report is None:
                continue
            judged += 1
            if path[0] == "license_type" and is_true_absence(data):
                continue
            assert owner_of(path) & failed(report), (path, change, report.to_json())
            if judged % 40 == 0:
                assert naive_verdicts(data) == verdicts(report), (path, change)
    assert judged > 2_000


def spans(data: bytes) -> list[str]:
    """For each byte of a bundle's file the top-level field whose value it is in; empty for keys and punctuation."""
    names = []
    for key, value in sorted(canonical.loads(data).items()):
        names += [""] * len(b'{"' + key.encode() + b'":') + [key] * len(canonical.dumps(value))
    return [*names, ""]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", ["license", "absence", "history"])
def test_every_bit_of_a_bundle_is_refused(kind: str, part: int) -> None:
    data = files()[kind]
    where = spans(data)
    assert len(where) == len(data)
    for position in range(part, len(data), PARTS):
        for bit in range(8):
            changed = data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]
            report = judge(changed)
            if report is None or (where[position] == "license_type" and is_true_absence(changed)):
                continue
            assert OWNERS[where[position]] & failed(report), (position, bit, report.to_json())
            assert report.exit_code == 1


@pytest.mark.parametrize("part", range(PARTS))
def test_every_bit_of_a_trust_file_is_refused(part: int) -> None:
    data = trust_data()
    assert trust.parse(data).members
    for position in range(part, len(data), PARTS):
        for bit in range(8):
            changed = data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]
            with pytest.raises(LedgerError):
                trust.parse(changed)


def _cut(data: bytes) -> Iterator[bytes]:
    yield from (data[:length] for length in range(0, len(data), 7))


def _grown(data: bytes) -> Iterator[bytes]:
    yield from (data + extra for extra in (b"\n", b" ", b"\0", data))
    yield from (b"\xef\xbb\xbf" + data, b" " + data)


@pytest.mark.parametrize("change", [_cut, _grown])
@pytest.mark.parametrize("kind", ["license", "absence", "history"])
def test_a_file_cut_short_or_grown_is_refused(kind: str, change: Callable[[bytes], Iterator[bytes]]) -> None:
    assert all(judge(data) is None for data in change(files()[kind]))
