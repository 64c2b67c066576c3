"""Importing: a file of licences, good rows in, bad rows to an error file, safe to run twice.

Rows are mapped to drafts (``license.import_mapping``), issued a batch at a time in one transaction each, and
remembered by a keyed digest of what they say. An import that was interrupted is run again from the beginning: rows that
are in already are skipped, wherever they stand in the file. A row whose licence exists, but says something else, is
refused: a change is an event of its own.

The error file is NDJSON, one line for each refused row: ``line``, ``field``, ``rule``, ``zh``, ``en``, ``more``
(further errors of the same row) and ``row`` as it was read. It holds personal data and is for its owner only.

What it leaves out: reading files (``import_rows``).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ledger.encoding import shanghai_date
from ledger.errors import ConfigError, FormatError, LedgerError, RecordError, TransitionError
from ledger.license import draft as drafts
from ledger.license.import_mapping import to_draft
from ledger.license.status import Event
from ledger.services.import_rows import Row, read_rows
from ledger.services.issuing import Issuer
from ledger.services.model import Clock, ImportReport
from ledger.store.engine import Store
from ledger.store.queries import logs

BATCH = 1_000
"""Rows of one transaction: enough that its fixed cost does not matter, few enough that clerks hardly wait."""

Progress = Callable[[int, int, int], None]
"""Told rows done, and how much of how much was read (bytes, or rows of a workbook)."""


@dataclass(slots=True)
class _Good:
    """A row that became a draft, and the key under which it is remembered."""

    row: Row
    draft: dict[str, Any]
    key: str


@dataclass(slots=True)
class _Counts:
    rows: int = 0
    issued: int = 0
    known: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Place:
    """How much of the file was read."""

    done: int = 0
    total: int = 0

    def set(self, done: int, total: int) -> None:
        self.done, self.total = done, total


@dataclass(slots=True)
class _Refused:
    """The error file: opened before anything is issued, left only if there are errors."""

    path: Path
    file: IO[str] = field(init=False)
    empty: bool = True

    def __enter__(self) -> Self:
        try:
            self.path.unlink(missing_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            reason = f"无法写入错误文件 / cannot write the error file {self.path}: {error.strerror}"
            raise ConfigError(reason) from error
        self.file = os.fdopen(descriptor, "w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        if self.empty:
            self.path.unlink(missing_ok=True)

    def write(self, row: Row, errors: list[LedgerError]) -> None:
        self.empty = False
        first, *more = [_explained(error) for error in errors]
        line = {"line": row.line, **first, "more": more, "row": row.values}
        self.file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self.file.flush()


class Importer:
    """Imports files into one log.

    Args:
        store: the database.
        log: id of the log, 32 bytes.
        issuer: of that log.
        organ: the organ of rows that name none, as a draft's ``authority``.
        clock: the node's clock.
    """

    def __init__(self, store: Store, log: bytes, issuer: Issuer, *, organ: Mapping[str, Any], clock: Clock) -> None:
        self._store = store
        self._log = log
        self._issuer = issuer
        self._organ = organ
        self._clock = clock

    def run(self, path: Path, *, errors: Path, legacy: bool = False, progress: Progress | None = None) -> ImportReport:
        """Import a file.

        Args:
            path: NDJSON, CSV or XLSX (see ``import_rows`` for limits).
            errors: the error file; replaced, and there afterwards only if rows were refused.
            legacy: the licences exist already on paper or in another system.
            progress: told after each batch.

        Returns:
            What was done. Everything that it counts as issued is on disk.

        Raises:
            FormatError: the file cannot be read (any further); what was read before is in.
            ConfigError, StorageError: nothing further was issued; the error file cannot be written, for one.
        """
        if errors.resolve() == path.resolve() or (errors.exists() and path.exists() and errors.samefile(path)):
            raise FormatError("错误文件不能是导入文件本身 / the error file cannot be the file itself")
        with self._store.write() as transaction:
            log = logs.get(transaction, self._log)
            number = logs.begin_import(transaction, log.id, self._clock())
        counts, place = _Counts(), _Place()
        rows = read_rows(path, place.set)
        with _Refused(errors) as refused:
            while batch := list(islice(rows, BATCH)):
                self._run_batch(batch, counts, refused, log.secret or b"", legacy=legacy)
                self._note(number, counts, finished=False)
                if progress is not None:
                    progress(counts.rows, place.done, place.total)
        self._note(number, counts, finished=True)
        written = str(errors) if counts.refused else None
        return ImportReport(counts.rows, counts.issued, counts.known, counts.refused, written)

    def _run_batch(self, batch: list[Row], counts: _Counts, refused: _Refused, secret: bytes, *, legacy: bool) -> None:
        good, bad = [], []
        for row in batch:
            try:
                good.append(self._good(row, secret, legacy=legacy))
            except LedgerError as error:
                bad.append((row, [error]))
        answers = self._issuer.issue_many([one.draft for one in good], legacy=legacy, keys=[one.key for one in good])
        for one, answer in zip(good, answers, strict=True):
            if isinstance(answer, LedgerError):
                bad.append((one.row, self._all_errors(one.draft, answer, legacy=legacy)))
            elif answer.replayed:
                counts.known += 1
            else:
                counts.issued += 1
        for row, errors in sorted(bad, key=lambda item: item[0].line):
            refused.write(row, errors)
        counts.rows += len(batch)
        counts.refused += len(bad)

    def _good(self, row: Row, secret: bytes, *, legacy: bool) -> _Good:
        if row.error is not None:
            raise row.error
        drafts.check_depth(row.values)
        draft = to_draft(row.values, organ=self._organ).draft
        text = json.dumps([legacy, draft], sort_keys=True, default=str)
        return _Good(row, draft, "import:" + hmac.digest(secret, text.encode(), hashlib.sha256).hex())

    def _all_errors(self, draft: dict[str, Any], answer: LedgerError, *, legacy: bool) -> list[LedgerError]:
        """Every rule that a refused row breaks, so that its owner need not find them one by one."""
        if not isinstance(answer, RecordError):
            return [answer]
        fields = {name: value for name, value in draft.items() if name in drafts.FIELDS}
        event = Event.IMPORT_LEGACY if legacy else Event.ESTABLISH
        found = drafts.draft_errors(fields, issue_date=shanghai_date(self._clock()), event=event)
        further = [error for error in found if (error.field, error.rule) != (answer.field, answer.rule)]
        return [answer, *further]

    def _note(self, number: int, counts: _Counts, *, finished: bool) -> None:
        values = {name: getattr(counts, name) for name in _Counts.__slots__}
        with self._store.write() as transaction:
            logs.update_import(transaction, number, values, self._clock() if finished else None)


def _explained(error: LedgerError) -> dict[str, str]:
    if isinstance(error, RecordError):
        return {"field": error.field, "rule": error.rule, "zh": error.zh, "en": error.en}
    if isinstance(error, TransitionError):
        return {"field": "uscc", "rule": error.rule, "zh": error.zh, "en": error.en}
    zh, _, en = str(error).partition(" / ")
    return {"field": "row", "rule": type(error).__name__, "zh": zh, "en": en or zh}
