"""Each lie alone is found and named; on a clean log nothing is."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.audit.audit import Audit, Believed
from ledger.audit.report import AuditReport
from ledger.audit.roots import Anchor
from ledger.audit.source import Source, TileFolder
from tests.unit.audit.build import LOG, MEMBER, PUBLIC, Log, Memory, canonical, h, log_root, note, subject, write_tiles

ACTIVE = {"flags": [], "subject": "active", "version": "current"}


def anchors_of(log: Log, *sizes: int) -> list[Anchor]:
    return [Anchor(seq, size, *log.roots(size)) for seq, size in enumerate(sizes, start=1)]


def audit(source: Source, anchors: list[Anchor], **believed: Any) -> AuditReport:
    known: dict[str, Any] = {"log": LOG, "member": MEMBER, "anchors": anchors, "checkpoint_keys": keys}
    return Audit(lambda: source, None, Believed(**(known | believed))).run()


def keys(_size: int) -> list[bytes]:
    return [PUBLIC]


def found(report: AuditReport) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.entry) for finding in report.findings]


@pytest.fixture
def log() -> Log:
    """Two licences and some of what may happen to them; every subject's chain is whole."""
    log = Log()
    log.add("ESTABLISH", "A")
    log.add("ESTABLISH", "B")
    log.add("CHANGE", "A", recorded="2026-11-03T01:00:00Z")
    suspended = {"flags": [], "subject": "suspended", "version": "current"}
    log.add("SUSPEND", "A", status=suspended, until="2027-05-01", effective="2026-11-03")
    log.add("RESUME", "A", status=ACTIVE, until=None)
    revoked = {"flags": [], "subject": "revoked", "version": "voided"}
    log.add("REVOKE", "B", status=revoked, recorded="2026-11-04T01:00:00Z")
    log.append("", {"v": 1, "kind": "heartbeat", "log": LOG, "recorded": "2026-11-04T13:00:00Z"})
    log.append(
        "C",
        {"v": 1, "kind": "case", "event": "RECEIVED", "log": LOG, "subject": subject("C"), "n": 0}
        | {"recorded": "2026-11-04T13:00:01Z"},
    )
    log.add("ERASE", "A", erased=[1], recorded="2026-11-05T01:00:00Z")
    return log


def test_a_clean_log_has_no_findings(log: Log) -> None:
    report = audit(Memory(log), anchors_of(log, 1, 2, 5, 7, 9))
    assert found(report) == []
    assert report.exit_code == 0
    assert [(step.step, step.outcome) for step in report.steps] == [
        *[(1, "not run"), (2, "not run"), (3, "not run")],
        *[(4, "ok"), (5, "ok"), (6, "ok"), (9, "not run")],
    ]


def test_a_clean_folder_has_no_findings(log: Log, tmp_path: Path) -> None:
    for number in range(600):
        log.add("ESTABLISH", f"L{number}")
    write_tiles(log, tmp_path)
    assert found(audit(TileFolder(tmp_path), anchors_of(log, 9, 609))) == []


def test_an_edited_entry_is_named_and_the_root_tells(log: Log) -> None:
    anchors, checkpoint, true = anchors_of(log, 2, 4, 9), Memory(log).checkpoint(), Memory(log)
    tiles = {(0, 0): true.tile(0, 0, 256) or b""}
    log.data[3] = log.data[3].replace(b"2027-05-01", b"2027-06-01")
    report = audit(Memory(log, checkpoint, tiles=tiles), anchors)
    assert ("tile.hash", 3) in found(report)
    assert ("log.root", 2) in found(report)
    assert ("state.root", 2) in found(report)
    assert ("link.prev", 4) in found(report)
    assert ("checkpoint.root", None) in found(report)
    assert next(f.anchor for f in report.findings if f.code == "log.root") == "2–3"


def test_a_deleted_entry_is_named_and_the_log_root_still_computed(log: Log) -> None:
    report = audit(Memory(log, lost={4}), anchors_of(log, 4, 9))
    assert ("entry.missing", 4) in found(report)
    assert ("link.n", 8) in found(report)
    assert not any(code in ("log.root", "checkpoint.root") for code, _ in found(report))


def test_entries_beyond_the_checkpoint(log: Log) -> None:
    anchors, checkpoint = anchors_of(log, 9), Memory(log).checkpoint()
    log.add("ESTABLISH", "late")
    assert found(audit(Memory(log, checkpoint), anchors)) == [("entry.extra", 9)]


def test_a_shorter_log_than_anchored(log: Log) -> None:
    anchors = anchors_of(log, 4, 9)
    del log.data[8]
    report = audit(Memory(log), anchors)
    assert found(report) == [("log.short", None)]
    assert (report.findings[0].got, report.findings[0].want) == ("8", "9")


@pytest.mark.parametrize(("which", "code"), [("log", "log.root"), ("state", "state.root")])
def test_a_wrong_anchored_root_is_one_finding(log: Log, which: str, code: str) -> None:
    first, second, third = anchors_of(log, 3, 5, 9)
    roots = (h(b"lie"), second.state_root) if which == "log" else (second.log_root, h(b"lie"))
    report = audit(Memory(log), [first, Anchor(2, 5, *roots), third])
    assert found(report) == [(code, 3)]
    assert report.findings[0].anchor == "2"
    assert report.findings[0].got == h(b"lie").hex()


def test_a_swapped_leaf_in_a_tile(log: Log) -> None:
    tile = bytearray(Memory(log).tile(0, 0, 256) or b"")
    tile[32:64], tile[64:96] = tile[64:96], tile[32:64]
    report = audit(Memory(log, tiles={(0, 0): bytes(tile)}), anchors_of(log, 9))
    assert found(report) == [("tile.hash", 1), ("tile.hash", 2)]
    assert [finding.licence for finding in report.findings] == [subject("B"), subject("A")]


def test_a_wrong_inner_tile_and_a_lost_one(log: Log, tmp_path: Path) -> None:
    for number in range(600):
        log.add("ESTABLISH", f"L{number}")
    write_tiles(log, tmp_path)
    inner = tmp_path / "tile/1/000.p/2"
    inner.write_bytes(bytes(64))
    (tmp_path / "tile/0/001").unlink()
    report = audit(TileFolder(tmp_path), anchors_of(log, 609))
    assert [(f.code, f.field) for f in report.findings] == [
        ("tile.missing", "tile/0/001"),
        ("tile.node", "tile/1/000.p/2"),
    ]


def test_a_lost_bundle_names_every_entry_in_it(log: Log, tmp_path: Path) -> None:
    for number in range(300):
        log.add("ESTABLISH", f"L{number}")
    write_tiles(log, tmp_path)
    (tmp_path / "tile/entries/001.p/53").unlink()
    report = audit(TileFolder(tmp_path), anchors_of(log, 256))
    assert found(report) == [("entry.missing", index) for index in range(256, 309)]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda _: note(LOG, 9, h(b"lie")), "checkpoint.root"),
        (
            lambda log: note(LOG, 9, log.roots()[0], Ed25519PrivateKey.from_private_bytes(bytes(32))),
            "checkpoint.signature",
        ),
        (lambda log: note("0" * 64, 9, log.roots()[0]), "checkpoint.origin"),
        (lambda log: note(LOG, 9, log.roots()[0]).replace(b"\n9\n", b"\n09\n"), "checkpoint.format"),
        (lambda log: note(LOG, 9, log.roots()[0])[:-1], "checkpoint.format"),
    ],
)
def test_a_replaced_checkpoint(log: Log, make: Callable[[Log], bytes], code: str) -> None:
    report = audit(Memory(log, make(log)), anchors_of(log, 9))
    assert code in [finding.code for finding in report.findings]
    assert {finding.code for finding in report.findings} <= {code, "checkpoint.missing"}


LIES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("n gap", "link.n", "CHANGE", {"n": 3}),
    ("prev broken", "link.prev", "CHANGE", {"prev": "00" * 32}),
    ("recorded going back", "time.order", "CHANGE", {"recorded": "2026-11-02T00:59:59Z"}),
    ("effective in the future", "time.effective", "CHANGE", {"effective": "2026-11-03"}),
    ("effective before an earlier one", "time.effective_order", "CHANGE", {"effective": "2026-11-01"}),
    ("suspended for too long", "transition.guard", "SUSPEND",
     {"status": {**ACTIVE, "subject": "suspended"}, "until": "2029-11-03"}),
    ("a date of no licence", "time.range", "ANNUL",
     {"status": {**ACTIVE, "subject": "annulled", "version": "voided"}, "effective": "0001-01-01"}),
    ("another province", "authority.province", "CHANGE",
     {"authority": {"code": "11510000008282770P", "division": "510104"}}),
    ("another log", "entry.log", "CHANGE", {"log": "11" * 32}),
    ("illegal transition", "transition.event", "RESUME", {}),
    ("unknown event", "transition.event", "PROMOTE", {}),
    ("wrong status", "transition.status", "LIQUIDATE", {}),
    ("version skipped", "transition.version", "CHANGE", {"version": 3}),
    ("credential repeated", "transition.digest", "CHANGE", {"digest": "sha256:" + hashlib.sha256(b"A 1").hexdigest()}),
    ("credential smuggled in", "transition.digest", "FILE", {"digest": "sha256:" + "00" * 32}),
    ("until without suspension", "transition.status", "FILE", {"until": "2027-01-01"}),
    ("erased twice", "transition.guard", "ERASE", {"erased": [2]}),
    ("not an entry", "entry.malformed", "CHANGE", {"version": 1000}),
    ("unsorted flags", "entry.malformed", "FLAG_ON",
     {"status": {**ACTIVE, "flags": ["SERIOUS_ILLEGAL", "ABNORMAL_LIST"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "event", "changes"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_a_lie_signed_and_anchored(code: str, event: str, changes: dict[str, Any]) -> None:
    log = Log()
    log.add("ESTABLISH", "A")
    log.add("ESTABLISH", "B")
    at = log.add(event, "A", **changes)
    report = audit(Memory(log), anchors_of(log, 2, 3))
    spoilt = [("state.root", 2)] if code == "entry.malformed" else []  # nobody folds what is not an entry
    assert found(report) == [*spoilt, (code, at)]
    if code != "entry.malformed":
        assert report.findings[0].licence == subject("A")
    assert report.exit_code == 1


def test_an_unknown_kind_is_a_notice(log: Log) -> None:
    log.raw(canonical({"v": 2, "kind": "license", "x": True}))
    report = audit(Memory(log), anchors_of(log, 10))
    assert found(report) == [("entry.unknown", 9)]
    assert report.exit_code == 0


def test_an_entry_from_after_its_anchor_is_a_notice(log: Log) -> None:
    anchored = dt.datetime(2026, 11, 4, 0, 55, tzinfo=dt.UTC)  # entry 5 says 01:00:00: five minutes are allowed
    first, second = anchors_of(log, 3, 6)
    sure = replace(second, time=int(anchored.timestamp()))
    assert found(audit(Memory(log), [first, sure])) == []
    report = audit(Memory(log), [first, replace(sure, time=int(anchored.timestamp()) - 1)])
    assert found(report) == [("time.ahead", 5)]
    assert report.exit_code == 0


def test_a_folder_without_checkpoint_cannot_be_audited(tmp_path: Path) -> None:
    report = audit(TileFolder(tmp_path), [])
    assert report.exit_code == 2
    assert str(tmp_path / "checkpoint") in report.to_json()["problem"]["en"]


def test_the_log_id_comes_from_the_checkpoint_where_nobody_knows_it(log: Log) -> None:
    report = audit(Memory(log), [], log="", member=0, checkpoint_keys=None)
    assert report.log == LOG
    assert found(report) == []


def test_bit_flips_anywhere_in_the_entries_are_found(log: Log) -> None:
    anchors, checkpoint = anchors_of(log, 9), Memory(log).checkpoint()
    for index, data in enumerate(log.data):
        for position in range(0, len(data), 11):
            log.data[index] = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
            report = audit(Memory(log, checkpoint), anchors)
            assert report.exit_code == 1
            assert "log.root" in json.dumps(report.to_json())
        log.data[index] = data
    assert log_root([h(b"\0", data) for data in log.data]) == base64.b64decode((checkpoint or b"").split(b"\n")[2])
