"""Step 9: every row of a node's database against the entries, nothing missing and nothing extra.

While the log is walked, each entry's row is compared with its bytes. Afterwards the licences are gone through one
subject at a time: entries, versions, contents, commitments and the licence's row must tell one story. Tiles,
checkpoints, pages and anchors are the matter of ``tables``.

What it leaves out: operational tables (requests, imports, transactions): nothing about a licence stands there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from ledger.audit import content
from ledger.audit.database import NodeDatabase
from ledger.audit.entries import Heartbeat, License, Read, Track, read
from ledger.audit.legality import FIRST_EVENTS, RULES
from ledger.audit.logfold import leaf_hash
from ledger.audit.report import Findings
from ledger.audit.source import Beside, Stored
from ledger.audit.walk import Progress, Walk

_SUBJECTS = """
SELECT e.subject, CAST(e.data AS BLOB), CAST(e.idx AS INTEGER), v.version, v.identifier, v.digest, CAST(v.jwt AS TEXT),
CAST(c.record AS TEXT), CAST(c.disclosures AS TEXT), CAST(m.salt AS BLOB), CAST(m.value AS TEXT)
FROM entries e
LEFT JOIN versions v ON v.log = e.log AND v.subject = e.subject AND v.n = e.n
LEFT JOIN contents c ON c.log = v.log AND c.subject = v.subject AND c.version = v.version
LEFT JOIN commitments m ON m.log = e.log AND m.subject = e.subject AND m.n = e.n
WHERE e.log = ? AND e.kind = 'license' ORDER BY e.subject, e.n
"""
_BEAT = 256
"""Licences between two calls of the progress callback."""

_LOOK_UP = ("license_type", "uscc", "name", "family")
_LICENSE = """
SELECT license_type, uscc, name, family, version, n, version_state, subject_state, flags, until, effective, recorded
FROM licenses WHERE log = ? AND subject = ?
"""
_EXTRA = {
    "licenses": "SELECT subject, '' FROM licenses t WHERE log = ? AND NOT EXISTS (SELECT 1 FROM entries e WHERE"
    " e.log = t.log AND e.subject = t.subject)",
    "versions": "SELECT subject, version FROM versions t WHERE log = ? AND NOT EXISTS (SELECT 1 FROM entries e WHERE"
    " e.log = t.log AND e.subject = t.subject AND e.n = t.n)",
    "contents": "SELECT subject, version FROM contents t WHERE log = ? AND NOT EXISTS (SELECT 1 FROM versions v WHERE"
    " v.log = t.log AND v.subject = t.subject AND v.version = t.version)",
    "commitments": "SELECT subject, n FROM commitments t WHERE log = ? AND NOT EXISTS (SELECT 1 FROM entries e WHERE"
    " e.log = t.log AND e.subject = t.subject AND e.n = t.n)",
}
"""Rows that no entry (or version) calls for."""


class Line(NamedTuple):
    """One entry of a subject, its place (None while pending), and the rows that belong to it (None: there is none)."""

    entry: License
    place: int | None
    version: int | None
    identifier: str
    digest: bytes
    jwt: str
    record: str | None
    disclosures: str | None
    salt: bytes | None
    value: str


@dataclass(slots=True)
class Rows:
    """The licences' rows, compared.

    Attributes:
        database: to be compared.
        findings: where faults go.
        show_values: put the values of fields into findings; they may be personal.
        checked: rows looked at.
    """

    database: NodeDatabase
    findings: Findings
    show_values: bool = False
    checked: int = 0

    def name(self, subject: bytes) -> str | None:
        """The credit code of a subject, from whatever row spells one that really gives this subject."""
        log = self.database.id
        spelt = self.database.all("SELECT license_type, uscc FROM licenses WHERE log = ? AND subject = ?", log, subject)
        records = "SELECT CAST(record AS TEXT) FROM contents WHERE log = ? AND subject = ? ORDER BY version DESC"
        for kind, uscc in (*spelt, *map(_spelt, self.database.each(records, log, subject))):
            if isinstance(kind, str) and isinstance(uscc, str) and license_subject(kind, uscc) == subject:
                return uscc
        return None

    def on_entry(self, stored: Stored, leaf: bytes, entry: Read) -> None:
        """Compare what stands beside an entry's bytes with them."""
        self.checked += 1
        beside = stored.beside
        if beside is None:
            return
        want = beside._replace(leaf=leaf)
        if isinstance(entry, License | Track):
            want = Beside(entry.kind, entry.subject, entry.n, leaf)
        elif isinstance(entry, Heartbeat):
            want = Beside("heartbeat", None, None, leaf)
        for field, got, wanted in zip(Beside._fields, beside, want, strict=True):
            if got != wanted:
                called = self._called(want.subject)
                self.findings.add("row.entry", entry=stored.at, licence=called, field=field, got=got, want=wanted)

    def after(self, walk: Walk, progress: Progress | None = None) -> None:
        """Everything that is compared once the log was walked; ``progress`` is told how many entries are done."""
        for number, stored in enumerate(self.database.pending()):
            later = Stored(walk.size + number, stored.data, stored.beside)
            walk.judge_pending(later)
            self.on_entry(later, leaf_hash(stored.data), read(stored.data))
        rows = self.database.each(_SUBJECTS, self.database.id)
        done = 0
        for number, (_, group) in enumerate(groupby(rows, key=itemgetter(0))):
            lines = [line for row in group if (line := _line(row)) is not None]
            if lines:
                self._subject(lines)
            done += len(lines)
            if progress is not None and number % _BEAT == 0:
                progress(min(done, walk.size), walk.size)
        if progress is not None:
            progress(walk.size, walk.size)
        for table, select in _EXTRA.items():
            for subject, key in self.database.each(select, self.database.id):
                self.findings.add("row.extra", licence=self._called(subject), field=f"{table} {key}".strip())

    def _called(self, subject: bytes | None) -> str | None:
        return self.name(subject) or subject.hex() if isinstance(subject, bytes) else None

    def _subject(self, lines: Sequence[Line]) -> None:
        """All rows of one licence."""
        self.checked += len(lines)
        newest, proved = 0, None
        for place, line in enumerate(lines):
            erased = line.entry.version in _erased_after(lines, place)
            self._commitment(line, erased=erased)
            if makes_version(line.entry):
                newest, proved = place, self._version(line, erased=erased)
            elif line.version is not None:
                self._add("row.extra", line, f"versions {line.version}")
        gone = lines[-1].entry.version in _erased_after(lines, newest)
        self._license(lines[-1], proved, erased=gone)

    def _version(self, line: Line, *, erased: bool) -> content.Signed | None:
        """The row of a version and its content; what the credential proves, if it is the entry's."""
        entry = line.entry
        if line.version is None:
            self._add("row.missing", line, f"versions {entry.version}")
            return None
        for field, got, want in (("version", line.version, entry.version), ("digest", line.digest, entry.digest)):
            if got != want:
                self._add("row.version", line, field, got=got, want=want)
        claims = content.claims_of(line.jwt)
        if content.jwt_digest(line.jwt) != entry.digest or claims is None:
            self._add("row.version", line, "jwt", got=content.jwt_digest(line.jwt), want=entry.digest)
            return None
        if claims.get("version") != entry.version:
            self._add("row.version", line, "jwt.version", got=claims.get("version"), want=entry.version)
        if line.record is None or line.disclosures is None:
            if not erased:
                self._add("row.missing", line, f"contents {entry.version}")
            return None
        if erased:
            self._add("row.not_erased", line, "contents")
        return self._content(line, claims, line.disclosures, line.record)

    def _content(self, line: Line, claims: dict[str, Any], disclosures: str, record: str) -> content.Signed:
        signed = content.open_disclosures(claims, disclosures)
        for found in content.differences(signed, record):
            self._personal(found.code, line, found.field, found.got, found.want)
        identifier = signed.fields.get("cert_identifier", line.identifier)
        if line.identifier != identifier:
            self._add("row.version", line, "identifier", got=line.identifier, want=identifier)
        return signed

    def _license(self, last: Line, proved: content.Signed | None, *, erased: bool) -> None:
        """The licence's row against its newest entry, and its look-up fields against its newest version."""
        entry = last.entry
        rows = self.database.all(_LICENSE, self.database.id, entry.subject)
        if not rows:
            self._add("row.missing", last, "licenses")
            return
        names = ("version", "n", "status.version", "status.subject", "status.flags", "until", "effective", "recorded")
        status = (entry.version_state, entry.state, ",".join(sorted(entry.flags)))
        want = (entry.version, entry.n, *status, entry.until, entry.effective, entry.recorded)
        for field, got, wanted in zip(names, rows[0][4:], want, strict=True):
            if got != wanted:
                self._add("row.license", last, field, got=got, want=wanted)
        self._look_up(last, dict(zip(_LOOK_UP, rows[0][:4], strict=True)), proved, erased=erased)

    def _look_up(self, last: Line, stored: dict[str, Any], proved: content.Signed | None, *, erased: bool) -> None:
        """By what a licence is found: gone once its newest version is erased, else as the credential has it."""
        if erased:
            for field in ("uscc", "name"):
                if stored[field] is not None:
                    self._add("row.not_erased", last, field)
        elif proved is None:  # nothing proves the name; the number still has to give the subject
            if license_subject(str(stored["license_type"]), str(stored["uscc"])) != last.entry.subject:
                self._add("row.license", last, "uscc")
        elif not proved.lost:
            fields = proved.fields | {"license_type": proved.claims.get("license_type")}
            for field in _LOOK_UP:
                if field not in proved.spoilt and stored[field] != fields.get(field):
                    self._personal("row.license", last, field, stored[field], fields.get(field))

    def _commitment(self, line: Line, *, erased: bool) -> None:
        """What an entry commits to must be kept until it is erased, and be what was committed to."""
        entry = line.entry
        if line.salt is None:
            if entry.commit is not None and not erased:
                self._add("row.missing", line, f"commitments {entry.n}")
        elif entry.commit is None:
            self._add("row.extra", line, f"commitments {entry.n}")
        elif erased:
            self._add("row.not_erased", line, f"commitments {entry.n}")
        elif commitment(line.salt, line.value) != entry.commit:
            self._add("row.commitment", line, "commit")

    def _personal(self, code: str, line: Line, field: str, got: object, want: object) -> None:
        """A finding whose values may be personal: shown only where the reader asked for them."""
        values = {"got": got, "want": want} if self.show_values else {}
        self._add(code, line, field, **values)

    def _add(self, code: str, line: Line, field: str, **values: object) -> None:
        called = self._called(line.entry.subject)
        self.findings.add(code, entry=line.place, licence=called, field=field, version=line.entry.version, **values)


def makes_version(entry: License) -> bool:
    """Whether an event makes a new credential."""
    rule = RULES.get(entry.event)
    return entry.event in FIRST_EVENTS if rule is None else rule.new_version


def license_subject(license_type: str, uscc: str) -> bytes:
    """A licence's subject (``docs/formats.md``): SHA-256 over domain, kind, type code and credit code."""
    return hashlib.sha256(f"tongban/subject/v1\0license\0{license_type}\0{uscc}".encode()).digest()


def commitment(salt: bytes, value: str) -> str:
    """What an entry's ``commit`` says, in hex digits as it stands there."""
    return hashlib.sha256(b"tongban/commit/v1\0" + salt + value.encode()).hexdigest()


def _line(row: tuple[Any, ...]) -> Line | None:
    """The row of one entry; None where its bytes are none, which step 6 reports."""
    entry = read(row[1])
    return Line(entry, *row[2:]) if isinstance(entry, License) else None


def _spelt(row: tuple[Any, ...]) -> tuple[object, object]:
    record = content.read_object(row[0]) or {}
    return record.get("cert_type_code"), record.get("uscc")


def _erased_after(lines: Sequence[Line], place: int) -> set[int]:
    """Versions erased by entries after ``place``."""
    return {version for line in lines[place + 1 :] for version in line.entry.erased}
