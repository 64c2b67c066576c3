"""A node's folder audited: clean as it was written, and every change behind its back found and named."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import config
from ledger.audit import AuditReport, AuditRequest, render_json, render_text, run
from ledger.chain.provider import connect
from ledger.config import ChainSettings
from ledger.license.status import Event, Flag
from ledger.services.model import Operation
from ledger.services.node import Node
from tests.builders import credit_code
from tests.integration.nodes import Clock, draft, passphrase

A, B, C, D, E = (credit_code(number) for number in range(1, 6))
LICENSES = 60
"""More than 32, so that the state map has pages."""


def live(node: Node, clock: Clock) -> None:
    """A year in the life of a log: four anchors, erasure in two ways, reasons kept and erased, entries pending."""

    def enter(event: Event, uscc: str, **facts: Any) -> None:
        clock.pass_(minutes=1)
        node.issuer.apply(Operation(event, uscc, **facts))

    node.issuer.issue_many([draft(number) for number in range(1, LICENSES + 1)])
    node.sync()
    enter(Event.CHANGE, A, changes={"name": "重庆样例新名有限公司"}, facts={"decision": "样例一号"})
    enter(Event.SUSPEND, B, until=dt.date(2027, 5, 1))
    enter(Event.REVOKE, C, facts={"decision": "样例二号"})
    node.sync()
    enter(Event.ERASE, A, versions=(1,))
    enter(Event.FLAG_ON, D, flag=Flag.ABNORMAL_LIST)
    enter(Event.DEREGISTER, C)
    enter(Event.ERASE, C, versions=(1,))
    node.sync()
    clock.pass_(hours=13)
    node.sync()
    enter(Event.CHANGE, B, changes={"premises": "重庆市渝北区样例路9号"})
    enter(Event.FILE, E, facts={"what": "备案"})


@pytest.fixture(scope="module")
def lived(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a node that lived, its chain beside it, nothing open."""
    folder = tmp_path_factory.mktemp("lived")
    shutil.copytree(founded, folder, dirs_exist_ok=True)
    clock = Clock()
    with connect(embedded=folder / "chain.sqlite") as connection:
        connector: Callable[[ChainSettings], Any] = lambda _settings: Lent(connection)  # noqa: E731 a stand-in of one line
        with Node.open(config.load(folder / "cq", {}), passphrase, clock=clock, connector=connector) as node:
            live(node, clock)
    return folder


class Lent:
    """A connection that outlives the node it is lent to."""

    def __init__(self, connection: Any) -> None:
        self.embedded, self.request = connection.embedded, connection.request

    def close(self) -> None:
        """Stays open."""


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    return tmp_path


def audit(folder: Path, **request: Any) -> AuditReport:
    return run(AuditRequest(data=folder / "cq", env={}, **request))


def edit(folder: Path, *statements: tuple[str, Any]) -> None:
    with closing(sqlite3.connect(folder / "cq" / "ledger.sqlite")) as connection, connection:
        for statement, values in statements:
            assert connection.execute(statement, values).rowcount > 0, statement


def query(folder: Path, statement: str, *values: Any) -> Any:
    with closing(sqlite3.connect(folder / "cq" / "ledger.sqlite")) as connection:
        return connection.execute(statement, values).fetchone()[0]


def subject_of(folder: Path, uscc: str) -> bytes:
    return bytes(query(folder, "SELECT subject FROM licenses WHERE uscc = ?", uscc))


def found(report: AuditReport) -> list[tuple[str, str | None, str | None]]:
    """Errors only: the notice about clocks depends on the day on which the tests run."""
    assert report.problem is None, report.problem
    errors = (finding for finding in report.findings if finding.severity == "error")
    return [(finding.code, finding.licence, finding.field) for finding in errors]


def test_a_node_that_lived_is_clean_after_erasure_too(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = audit(folder, progress=lambda done, total: seen.append((done, total)))
    assert found(report) == []
    assert report.exit_code == 0
    assert [(step.step, step.outcome) for step in report.steps] == [(step, "ok") for step in (1, 2, 3, 4, 5, 6, 9)]
    assert (report.member, report.anchors) == (500000, 4)
    assert report.entries == LICENSES + 3 + 4 + 1
    assert seen[-1] == (2 * report.entries, 2 * report.entries)
    assert seen == sorted(seen)
    assert json.loads(render_json(report))["verdict"] == "clean"
    assert "未发现问题" in render_text(report)


def test_auditing_changes_no_file(folder: Path) -> None:
    def content() -> dict[str, bytes]:
        files = (path for path in (folder / "cq").rglob("*") if path.is_file())
        return {path.name: path.read_bytes() for path in files if not path.name.endswith(("-shm", "-wal"))}

    before = content()
    audit(folder)
    assert content() == before


COPY_VERSION = """INSERT INTO versions
    SELECT log, subject, 2, {n}, identifier || 'x', digest, jwt FROM versions WHERE subject = ?"""


def record_edit(path: list[Any], value: Any, uscc: str = D) -> Callable[[Path], None]:
    """Change one value inside the newest stored record."""

    def tamper(folder: Path) -> None:
        subject = subject_of(folder, uscc)
        record = json.loads(query(folder, "SELECT record FROM contents WHERE subject = ?", subject))
        holder = record
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value
        edit(folder, ("UPDATE contents SET record = ? WHERE subject = ?", (json.dumps(record), subject)))

    return tamper


def disclosure_edit(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """Change the stored disclosures of D."""

    def tamper(folder: Path) -> None:
        subject = subject_of(folder, D)
        parts = str(query(folder, "SELECT disclosures FROM contents WHERE subject = ?", subject)).split("~")[:-1]
        text = "".join(f"{part}~" for part in change(parts))
        edit(folder, ("UPDATE contents SET disclosures = ? WHERE subject = ?", (text, subject)))

    return tamper


def resalted(parts: list[str]) -> list[str]:
    """Another salt for the disclosure of the name, everything else as it was."""
    import base64

    def again(part: str) -> str:
        claim = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        if claim[1] != "name":
            return part
        text = json.dumps(["A" * 22, *claim[1:]], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    return [again(part) for part in parts]


def sql(statement: str, uscc: str = D, *before: Any) -> Callable[[Path], None]:
    """Run one statement on the rows of a licence; its parameters are ``before`` and the subject."""
    return lambda folder: edit(folder, (statement, (*before, subject_of(folder, uscc))))


ROWS: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "name in the look-up row": (sql("UPDATE licenses SET name = '别名' WHERE subject = ?"), "row.license", D, "name"),
    "name in the record": (record_edit(["name"], "别名"), "row.record", D, "name"),
    "head person": (record_edit(["heads", 0, "name"], "别人"), "row.record", D, "heads[0].name"),
    "head person added": (record_edit(["heads", slice(1, 1)], [{"name": "别人"}]), "row.record", D, "heads[1]"),
    "organ": (record_edit(["authority", "division", "name"], "别区"), "row.record", D, "authority.division.name"),
    "number as text": (record_edit(["copies", "duplicates"], "1"), "row.record", D, "copies.duplicates"),
    "version in the record": (record_edit(["version_no"], 2), "row.record", D, "version_no"),
    "field added": (record_edit(["nickname"], "x"), "row.record", D, "nickname"),
    "no record": (sql("UPDATE contents SET record = '{' WHERE subject = ?"), "row.record", D, "record"),
    "record of bytes": (sql("UPDATE contents SET record = x'ff' WHERE subject = ?"), "row.record", D, "record"),
    "salt": (disclosure_edit(resalted), "row.disclosure", D, "name"),
    "disclosure lost": (disclosure_edit(lambda parts: parts[1:]), "row.disclosure", D, "schema_version"),
    "disclosure doubled": (disclosure_edit(lambda parts: [*parts, parts[0]]), "row.disclosure", D, "schema_version"),
    "number": (sql("UPDATE licenses SET uscc = ? WHERE subject = ?", D, credit_code(99)), "row.license", D, "uscc"),
    "status": (
        sql("UPDATE licenses SET subject_state = 'active' WHERE subject = ?", B),
        "row.license",
        B,
        "status.subject",
    ),
    "flag": (sql("UPDATE licenses SET flags = '' WHERE subject = ?"), "row.license", D, "status.flags"),
    "until": (sql("UPDATE licenses SET until = '2028-01-01' WHERE subject = ?", B), "row.license", B, "until"),
    "digest": (sql("UPDATE versions SET digest = zeroblob(32) WHERE subject = ?"), "row.version", D, "digest"),
    "credential": (sql("UPDATE versions SET jwt = jwt || 'A' WHERE subject = ?"), "row.version", D, "jwt"),
    "identifier": (sql("UPDATE versions SET identifier = '1.2' WHERE subject = ?"), "row.version", D, "identifier"),
    "version of no entry": (sql(COPY_VERSION.format(n=7)), "row.extra", D, "versions 2"),
    "version of another entry": (sql(COPY_VERSION.format(n=1)), "row.extra", D, "versions 2"),
    "content lost": (sql("DELETE FROM contents WHERE subject = ?"), "row.missing", D, "contents 1"),
    "reasons": (
        sql("UPDATE commitments SET value = '{}' WHERE n = 1 AND subject = ?", E),
        "row.commitment",
        E,
        "commit",
    ),
    "reasons lost": (sql("DELETE FROM commitments WHERE subject = ?", E), "row.missing", E, "commitments 1"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_changed_behind_its_back(folder: Path, name: str) -> None:
    tamper, *want = ROWS[name]
    tamper(folder)
    report = audit(folder)
    assert found(report) == [tuple(want)]
    assert report.exit_code == 1


def test_values_are_shown_only_where_asked_for(folder: Path) -> None:
    record_edit(["name"], "别名")(folder)
    assert "别名" not in render_json(audit(folder)) + render_text(audit(folder))
    assert "别名" in render_json(audit(folder, show_values=True))


def test_an_erased_licence_that_is_found_again(folder: Path) -> None:
    subject = query(folder, "SELECT subject FROM licenses WHERE uscc IS NULL")
    edit(folder, ("UPDATE licenses SET uscc = ?, name = 'x' WHERE subject = ?", (C, subject)))
    assert found(audit(folder)) == [("row.not_erased", C, "uscc"), ("row.not_erased", C, "name")]


LOG: dict[str, tuple[str, set[tuple[str, str | None]]]] = {
    "entry bytes": (
        "UPDATE entries SET data = replace(data, '\"n\":0', '\"n\":1') WHERE idx = 5",
        {("tile.hash", "tile/0/000.p/68"), ("log.root", None), ("entry.malformed", None), ("row.entry", "leaf")},
    ),
    "entry deleted": ("DELETE FROM entries WHERE idx = 5", {("entry.missing", None), ("state.root", None)}),
    "leaf beside an entry": ("UPDATE entries SET leaf = zeroblob(32) WHERE idx = 5", {("row.entry", "leaf")}),
    "kind beside an entry": ("UPDATE entries SET kind = 'case' WHERE idx = 5", {("row.entry", "kind")}),
    "n beside an entry": ("UPDATE entries SET n = 9 WHERE idx = 5", {("row.entry", "n")}),
    "tile swapped": ("UPDATE tiles SET data = zeroblob(length(data))", {("tile.hash", "tile/0/000.p/68")}),
    "tile too wide": ("UPDATE tiles SET data = zeroblob(32 * 70)", {("row.tile", "tile/0/000")}),
    "tile of text": ("UPDATE tiles SET data = 'x'", {("tile.hash", "tile/0/000.p/68")}),
    "tile beyond": ("INSERT INTO tiles SELECT log, level, 7, data FROM tiles", {("row.extra", "tiles tile/0/007")}),
    "tile lost": ("DELETE FROM tiles", {("tile.missing", "tile/0/000.p/68")}),
    "page changed": ("UPDATE map_pages SET page = zeroblob(576) WHERE size = 60", {("row.page", "the root")}),
    "page lost": ("DELETE FROM map_pages WHERE size = 67", {("row.missing", "map_pages ''")}),
    "page of too few": (
        "INSERT INTO map_pages SELECT log, 'ab', size, page FROM map_pages WHERE size = 60",
        {("row.extra", "map_pages 'ab' 60")},
    ),
    "page of no prefix": (
        "INSERT INTO map_pages SELECT log, 'zz', size, page FROM map_pages WHERE size = 60",
        {("row.extra", "map_pages 'zz' 60")},
    ),
    "page beyond all prefixes": (
        "INSERT INTO map_pages SELECT log, printf('%064d', 0), size, page FROM map_pages WHERE size = 60",
        {("row.extra", f"map_pages '{'0' * 64}' 60")},
    ),
    "page beyond the log": (
        "INSERT INTO map_pages SELECT log, '', 900, page FROM map_pages WHERE size = 60",
        {("row.extra", "map_pages '' 900")},
    ),
    "checkpoint root": (
        "UPDATE checkpoints SET root = zeroblob(32) WHERE size = 63",
        {("row.checkpoint", "63 root"), ("row.checkpoint", "63 note")},
    ),
    "checkpoint state": (
        "UPDATE checkpoints SET state_root = zeroblob(32) WHERE size = 68",
        {("row.checkpoint", "68 state_root")},
    ),
    "older note swapped": (
        "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 60) WHERE size = 63",
        {("row.checkpoint", "63 note")},
    ),
    "newest note swapped": (
        "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 60) WHERE size = 68",
        {("entry.extra", None), ("log.short", None)},
    ),
    "note of bytes": ("UPDATE checkpoints SET note = x'ff'", {("checkpoint.format", None)}),
    "checkpoints lost": ("DELETE FROM checkpoints", {("checkpoint.missing", None)}),
    "anchor's digest": ("UPDATE anchors SET digest = zeroblob(32) WHERE seq = 2", {("row.anchor", "digest")}),
    "anchor invented": (
        """INSERT INTO anchors SELECT log, 9, epoch, size, log_root, state_root, previous, digest, tx_hash, block,
        block_hash, block_time, final FROM anchors WHERE seq = 1""",
        {("row.extra", "anchors 9")},
    ),
    "pending entry": (
        "UPDATE entries SET data = replace(data, '\"n\":2', '\"n\":3') WHERE idx IS NULL",
        {("link.n", "n"), ("row.entry", "n"), ("row.entry", "leaf")},
    ),
    "licence lost": ("DELETE FROM licenses WHERE subject_state = 'suspended'", {("row.missing", "licenses")}),
    "erased content back": (
        """INSERT INTO contents SELECT v.log, v.subject, 1, '{}', '' FROM versions v JOIN licenses l
        ON l.subject = v.subject WHERE v.version = 1 AND l.version = 2 AND l.name LIKE '%新名%'""",
        {("row.not_erased", "contents")},
    ),
}


@pytest.mark.parametrize("name", LOG)
def test_the_logs_own_tables_changed(folder: Path, name: str) -> None:
    statement, want = LOG[name]
    edit(folder, (statement, ()))
    report = audit(folder)
    named = {(code, field) for code, _, field in found(report)} | {(code, None) for code, _, _ in found(report)}
    assert want <= named
    assert report.exit_code == 1


def test_an_anchor_that_the_node_has_not_noted_is_no_fault(folder: Path) -> None:
    edit(folder, ("DELETE FROM anchors WHERE seq = 4", ()))
    report = audit(folder)
    assert "row.unseen" in [finding.code for finding in report.findings]
    assert found(report) == []
    assert report.exit_code == 0


def test_what_cannot_be_read_is_named_and_exits_2(folder: Path, tmp_path: Path) -> None:
    (folder / "chain.sqlite").rename(folder / "elsewhere")
    lost_chain = audit(folder)
    (folder / "elsewhere").rename(folder / "chain.sqlite")
    (folder / "cq" / "ledger.sqlite").write_bytes(b"no database" * 1000)
    tiles = tmp_path / "tiles"
    tiles.mkdir()
    (tiles / "checkpoint").write_text("none")
    reports = [
        (lost_chain, "chain.sqlite"),
        (audit(folder), "ledger.sqlite"),
        (run(AuditRequest(data=tmp_path / "nowhere", env={})), "nowhere"),
        (run(AuditRequest(tiles=tmp_path / "nowhere")), "checkpoint"),
        (run(AuditRequest()), "folder"),
        (run(AuditRequest(tiles=tiles, chain="http://127.0.0.1:9", registry="00" * 20)), "chain"),
        (run(AuditRequest(tiles=tiles, chain="http://127.0.0.1:9", registry="xyz")), "address"),
    ]
    for report, word in reports:
        assert report.exit_code == 2
        assert word in render_text(report, "en")
        assert json.loads(render_json(report))["verdict"] == "incomplete"


@pytest.fixture
def writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who holds the database with a writing transaction."""
    with closing(sqlite3.connect(folder / "cq" / "ledger.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("ROLLBACK")


def test_a_node_at_work_is_audited_as_it_was_committed(folder: Path, writing: sqlite3.Connection) -> None:
    writing.execute("DELETE FROM entries WHERE idx = 3")
    assert found(audit(folder)) == []
