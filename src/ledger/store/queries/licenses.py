"""Licences as they are now, their versions, and what versions say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ledger.encoding import parse_date, parse_timestamp, timestamp
from ledger.license.status import Flag, Status, SubjectState, VersionState
from ledger.store.rows import LicenseRow, VersionRow
from ledger.store.tables import contents, licenses, requests, versions

_VERSION = (
    versions.c.subject,
    versions.c.version,
    versions.c.n,
    versions.c.identifier,
    versions.c.digest,
    versions.c.jwt,
    contents.c.record,
    contents.c.disclosures,
)
_WITH_CONTENTS = versions.outerjoin(
    contents,
    (versions.c.log == contents.c.log)
    & (versions.c.subject == contents.c.subject)
    & (versions.c.version == contents.c.version),
)


def find(connection: Connection, log: int, subject: bytes, *, lock: bool = False) -> LicenseRow | None:
    """A licence by its subject; ``lock`` keeps other writers of this subject out until the transaction ends."""
    statement = select(licenses).where(licenses.c.log == log, licenses.c.subject == subject)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else _license(row)


def existing(connection: Connection, log: int, subjects: Sequence[bytes]) -> set[bytes]:
    """Those of the subjects that have a licence."""
    found: set[bytes] = set()
    for start in range(0, len(subjects), 500):
        chunk = subjects[start : start + 500]
        statement = select(licenses.c.subject).where(licenses.c.log == log, licenses.c.subject.in_(chunk))
        found.update(connection.execute(statement).scalars())
    return found


def search(connection: Connection, log: int, text: str, limit: int) -> list[LicenseRow]:
    """Licences whose number begins with, or whose name contains, a text; by number."""
    by_number = licenses.c.uscc.startswith(text, autoescape=True)
    by_name = licenses.c.name.contains(text, autoescape=True)
    statement = select(licenses).where(licenses.c.log == log, by_number | by_name)
    return [_license(row) for row in connection.execute(statement.order_by(licenses.c.uscc).limit(limit))]


def count(connection: Connection, log: int) -> int:
    """How many subjects have a history."""
    statement = select(func.count()).select_from(licenses).where(licenses.c.log == log)
    return int(connection.execute(statement).scalar_one())


def add(connection: Connection, log: int, rows: Sequence[LicenseRow]) -> None:
    """Enter licences."""
    connection.execute(insert(licenses), [{"log": log, **_values(row)} for row in rows])


def replace(connection: Connection, log: int, row: LicenseRow) -> None:
    """Bring a licence's row up to its newest entry."""
    where = (licenses.c.log == log, licenses.c.subject == row.subject)
    connection.execute(update(licenses).where(*where).values(**_values(row)))


def add_versions(connection: Connection, log: int, rows: Sequence[VersionRow]) -> None:
    """Enter versions with what they say."""
    names = ("subject", "version", "n", "identifier", "digest", "jwt")
    plain = [{"log": log, **{name: getattr(row, name) for name in names}} for row in rows]
    full = [
        {
            "log": log,
            "subject": row.subject,
            "version": row.version,
            "record": row.record,
            "disclosures": row.disclosures,
        }
        for row in rows
    ]
    connection.execute(insert(versions), plain)
    connection.execute(insert(contents), full)


def version(connection: Connection, log: int, subject: bytes, number: int) -> VersionRow | None:
    """One version of a licence."""
    statement = select(*_VERSION).select_from(_WITH_CONTENTS)
    where = (versions.c.log == log, versions.c.subject == subject, versions.c.version == number)
    row = connection.execute(statement.where(*where)).one_or_none()
    return None if row is None else VersionRow(*row)


def all_versions(connection: Connection, log: int, subject: bytes) -> list[VersionRow]:
    """Every version of a licence, oldest first."""
    statement = select(*_VERSION).select_from(_WITH_CONTENTS)
    where = (versions.c.log == log, versions.c.subject == subject)
    return [VersionRow(*row) for row in connection.execute(statement.where(*where).order_by(versions.c.version))]


def erase(connection: Connection, log: int, subject: bytes, numbers: Sequence[int]) -> None:
    """Destroy what versions say, and what would tell of the requests that made them."""
    where = (contents.c.log == log, contents.c.subject == subject, contents.c.version.in_(numbers))
    connection.execute(delete(contents).where(*where))
    of_subject = (requests.c.log == log, requests.c.subject == subject)
    connection.execute(update(requests).where(*of_subject).values(digest=None))


def _license(row: Row[Any]) -> LicenseRow:
    flags = frozenset(Flag(flag) for flag in row.flags.split(",") if flag)
    return LicenseRow(
        subject=row.subject,
        license_type=row.license_type,
        uscc=row.uscc,
        name=row.name,
        family=row.family,
        version=row.version,
        n=row.n,
        status=Status(VersionState(row.version_state), SubjectState(row.subject_state), flags),
        until=None if row.until is None else parse_date(row.until),
        effective=parse_date(row.effective),
        recorded=parse_timestamp(row.recorded),
    )


def _values(row: LicenseRow) -> dict[str, Any]:
    return {
        "subject": row.subject,
        "license_type": row.license_type,
        "uscc": row.uscc,
        "name": row.name,
        "family": row.family,
        "version": row.version,
        "n": row.n,
        "version_state": row.status.version.value,
        "subject_state": row.status.subject.value,
        "flags": ",".join(sorted(row.status.flags)),
        "until": None if row.until is None else row.until.isoformat(),
        "effective": row.effective.isoformat(),
        "recorded": timestamp(row.recorded),
    }
