"""Rows out of files: NDJSON, CSV and XLSX, one at a time, however large the file.

A row that cannot be read comes out as its error, with its line, and the next one is read. Only what makes every
further row doubtful (not UTF-8 nor GB18030, a broken workbook, past the limits) stops the file.

Spreadsheets change what one types into them. What can be undone is (a date, a whole number); what cannot is refused by
name: a formula, or a number so long that digits were lost, as happens to an 18-digit code in a cell that is not text.

What it leaves out: what the columns mean (``license.import_mapping``) and what a licence may say (``license.record``).
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import itertools
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from ledger.errors import FormatError, RecordError

MAX_FILE = 4 * 1024**3
"""Largest file in bytes; for XLSX also after decompression (a million licences as NDJSON are about 1 GB)."""

MAX_ROWS = 5_000_000
MAX_LINE = 65_536
"""Longest line of NDJSON in bytes. An entry has at most 65,535, and its record is of the same order."""

MAX_CELL = 20_000
"""Longest cell in characters; the longest 经营范围 known are some thousands."""

MAX_COLUMNS = 200
_EXACT = 10**15
"""Numbers from here on lose digits in a spreadsheet, which keeps 15."""

OnProgress = Callable[[int, int], None]
"""Told how much of how much was read: bytes of a text file, rows of a workbook."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: where it is in the file, from 1 (a row of CSV may take several lines: the last one).
        values: by column name; NDJSON may hold lists and objects, the others hold strings.
        error: why it cannot be read; ``values`` then holds what could be.
    """

    line: int
    values: dict[str, Any]
    error: RecordError | None = None


def read_rows(path: Path, on_progress: OnProgress | None = None) -> Iterator[Row]:
    """Iterate over the rows of a file; its ending says which format it has.

    Args:
        path: ``.ndjson``, ``.jsonl``, ``.csv`` or ``.xlsx``.
        on_progress: told after each row how much was read.

    Raises:
        FormatError: another ending, over the limits, or not readable as its format.
    """
    readers = {".ndjson": _ndjson, ".jsonl": _ndjson, ".csv": _csv, ".xlsx": _xlsx}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FormatError(
            f"不支持的文件类型 / not a known type of file: {path.suffix or path.name}; {', '.join(readers)}"
        )
    try:
        if path.stat().st_size > MAX_FILE:
            raise FormatError(f"文件过大 / file larger than {MAX_FILE} bytes")
        rows = reader(path, on_progress or _ignore)
        for count in itertools.count(1):
            row = next(rows, None)
            if row is None:
                return
            if count > MAX_ROWS:
                raise FormatError(f"行数超过 {MAX_ROWS} / more than {MAX_ROWS} rows")
            yield row
    except OSError as error:
        raise FormatError(f"无法读取文件 / cannot read {path}: {error.strerror}") from error


def _ignore(_done: int, _total: int) -> None:
    """Nobody wants to know how far it is."""


# NDJSON


def _ndjson(path: Path, on_progress: OnProgress) -> Iterator[Row]:
    with path.open("rb") as file:
        line, position, total = 0, 0, path.stat().st_size
        while data := file.readline(MAX_LINE + 1):
            line, position = line + 1, position + len(data)
            if len(data) > MAX_LINE:
                position += _skip_line(file)
                yield Row(line, {}, _error("row.too_long", f"行超过 {MAX_LINE} 字节", f"longer than {MAX_LINE} bytes"))
            elif text := (data.removeprefix(codecs.BOM_UTF8) if line == 1 else data).strip():
                yield _json_row(line, text)
            on_progress(position, total)


def _skip_line(file: IO[bytes]) -> int:
    skipped = 0
    while data := file.readline(MAX_LINE):
        skipped += len(data)
        if data.endswith(b"\n"):
            break
    return skipped


def _json_row(line: int, data: bytes) -> Row:
    try:
        orjson.loads(data)  # refuses hostile nesting before json.loads, whose depth follows the interpreter's limit
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_no_duplicates)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError):
        return Row(line, {}, _error("row.json", "不是一行 JSON", "not one line of JSON in UTF-8"))
    if not isinstance(value, dict):
        return Row(line, {}, _error("row.object", "不是 JSON 对象", "not a JSON object"))
    return Row(line, value)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key twice")
    return value


# CSV


def _csv(path: Path, on_progress: OnProgress) -> Iterator[Row]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        counted = _counted(file, encoding, path.stat().st_size, on_progress)
        reader = csv.reader(counted, strict=True)
        header = None
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:  # a quotation mark without its other half: everything after it is doubtful
                raise FormatError(f"CSV 第 {reader.line_num} 行无法读取 / line {reader.line_num}: {error}") from error
            if header is None:
                header = _header(cells)
            elif any(cells):
                yield _row(reader.line_num, header, cells)


def _encoding(path: Path) -> str:
    """UTF-8 (with or without a mark) if the whole file is, else GB18030, which registries' programs write."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while data := file.read(1 << 20):
                    decoder.decode(data)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FormatError("文件编码既非 UTF-8 也非 GB18030 / neither UTF-8 nor GB18030")


def _counted(file: Iterable[str], encoding: str, total: int, on_progress: OnProgress) -> Iterator[str]:
    """Lines, and how many bytes they were: a text file cannot tell its place while it is iterated."""
    position = 0
    for line in file:
        position += len(line.encode(encoding.removesuffix("-sig")))
        on_progress(position, total)
        yield line


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names or len(names) > MAX_COLUMNS or "" in names or len(set(names)) != len(names):
        raise FormatError(f"表头应为不重复的列名 / the first row must name up to {MAX_COLUMNS} different columns")
    return names


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}
    if any(cell.strip() for cell in cells[len(header) :]):
        return Row(line, values, _error("row.columns", "单元格多于表头", "more cells than the first row has names"))
    for name, cell in values.items():
        if len(cell) > MAX_CELL:
            text = f"longer than {MAX_CELL} characters"
            return Row(line, values, _error("cell.too_long", f"超过 {MAX_CELL} 字", text, field=name))
    return Row(line, values)


# XLSX


def _xlsx(path: Path, on_progress: OnProgress) -> Iterator[Row]:
    import openpyxl  # a third of a second: only those who import a workbook pay for it

    _check_workbook(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on styles, which do not matter here
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        try:
            yield from _sheet(workbook.worksheets[0], on_progress)
        finally:
            workbook.close()
    except FormatError:
        raise
    except Exception as error:  # openpyxl lets out whatever its XML and ZIP readers raise
        raise FormatError(f"无法读取工作簿 / not a readable workbook: {type(error).__name__}") from error


def _sheet(sheet: Any, on_progress: OnProgress) -> Iterator[Row]:
    header = None
    for line, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if header is None:
            header = _header([_text(cell)[0] for cell in cells])
        elif any(cell.value is not None for cell in cells):
            yield _sheet_row(line, header, cells)
        on_progress(line, max(line, sheet.max_row or 0))


def _check_workbook(path: Path) -> None:
    """Refuse a workbook that would unpack to more than the limit, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise FormatError("不是 XLSX 工作簿 / not an XLSX workbook") from error
    if total > MAX_FILE:
        raise FormatError(f"工作簿解压后过大 / the workbook unpacks to more than {MAX_FILE} bytes")


def _sheet_row(line: int, header: list[str], cells: Iterable[Any]) -> Row:
    texts, problem = [], None
    for place, cell in enumerate(cells):
        text, reason = _text(cell)
        texts.append(text)
        if reason is not None and problem is None:
            name = header[place] if place < len(header) else "row"
            problem = _error(*reason, field=name)
    row = _row(line, header, texts)
    return row if problem is None else Row(line, row.values, problem)


def _text(cell: Any) -> tuple[str, tuple[str, str, str] | None]:
    """A cell as text, and why it cannot be trusted (rule, Chinese, English) if it cannot."""
    value = cell.value
    if value is None:
        return "", None
    if cell.data_type == "f":
        return str(value), ("cell.formula", "单元格是公式，请粘贴为值", "the cell holds a formula; paste its value")
    if cell.data_type == "e":
        return str(value), ("cell.error", "单元格是错误值", "the cell holds an error")
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()[:10], None
    if isinstance(value, int | float):
        return _number(value)
    return str(value), None


def _number(value: float) -> tuple[str, tuple[str, str, str] | None]:
    if abs(value) >= _EXACT or value != value:  # noqa: PLR0124  # not a number is the only value unlike itself
        reason = "数字过长，已丢失位数，请将单元格设为文本", "too long a number: digits were lost; make the cell text"
        return str(value), ("cell.number", *reason)
    return (str(int(value)) if value == int(value) else repr(value)), None


def _error(rule: str, zh: str, en: str, *, field: str = "row") -> RecordError:
    return RecordError(field, rule, zh, en)
