"""Importing: good rows in, bad rows explained in a file, twice the same as once, three formats the same."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ledger.errors import ConfigError, FormatError, StorageError
from ledger.services import import_rows, importing
from ledger.services.import_rows import Row, read_rows
from ledger.services.model import ImportReport
from ledger.services.node import Node
from ledger.store.queries import licenses
from tests.builders import credit_code
from tests.integration.nodes import draft


def ndjson(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def registry_row(number: int, **changes: str) -> dict[str, str]:
    """A row as registries spell it."""
    return {
        "UNISCID": credit_code(number),
        "ENTNAME": f"重庆样例第{number}有限公司",
        "ENTTYPE": "1190",
        "LEREP": f"样例人{number}",
        "REGCAP": "100",
        "DOM": f"重庆市沙坪坝区样例路{number}号",
        "OPSCOPE": "软件开发。",
        "ESTDATE": "2019-03-01",
        **changes,
    }


def workbook(path: Path, *rows: list[Any]) -> Path:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet()
    for row in rows:
        sheet.append(row)
    made.save(path)
    return path


def run(node: Node, path: Path, **options: Any) -> ImportReport:
    return node.importer.run(path, errors=path.with_suffix(".errors"), **{"legacy": True, **options})


def errors_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_suffix(".errors").read_text(encoding="utf-8").splitlines()]


def test_good_rows_go_in_and_bad_rows_are_explained(node: Node, tmp_path: Path) -> None:
    wrong_code = draft(2, uscc=draft(2)["uscc"][:-1] + "?")
    path = ndjson(tmp_path / "rows.ndjson", [draft(1), wrong_code, draft(3, premises=None, heads=None), draft(4)])
    report = run(node, path)
    assert report == ImportReport(4, 2, 0, 2, str(tmp_path / "rows.errors"))
    first, second = errors_of(path)
    assert (first["line"], first["field"], first["row"]["uscc"]) == (2, "uscc", wrong_code["uscc"])
    assert (second["line"], second["rule"]) == (3, "required")
    assert {second["field"], *(more["field"] for more in second["more"])} >= {"heads", "premises"}
    assert all(not error["zh"].isascii() for error in (first, second))
    assert (tmp_path / "rows.errors").stat().st_mode & 0o777 == 0o600
    assert node.state().pending == 2


def test_twice_is_once(node: Node, tmp_path: Path) -> None:
    path = ndjson(tmp_path / "rows.ndjson", [draft(number) for number in range(1, 6)])
    assert run(node, path) == ImportReport(5, 5, 0, 0, None)
    assert run(node, path) == ImportReport(5, 0, 5, 0, None)
    ndjson(path, [draft(6), *(draft(number) for number in range(5, 0, -1))])
    assert run(node, path) == ImportReport(6, 1, 5, 0, None)
    assert not (tmp_path / "rows.errors").exists()
    assert node.state().pending == 6


def test_a_row_that_says_something_else_of_a_known_licence_is_refused(node: Node, tmp_path: Path) -> None:
    run(node, ndjson(tmp_path / "rows.ndjson", [draft(1)]))
    path = ndjson(tmp_path / "rows.ndjson", [draft(1, premises="重庆市渝中区样例路2号"), draft(2)])
    assert run(node, path) == ImportReport(2, 1, 0, 1, str(tmp_path / "rows.errors"))
    assert [(error["line"], error["field"], error["rule"]) for error in errors_of(path)] == [(1, "uscc", "state")]


def test_the_same_row_twice_in_one_file(node: Node, tmp_path: Path) -> None:
    path = ndjson(tmp_path / "rows.ndjson", [draft(1), draft(1), draft(1, name="重庆样例另一有限公司")])
    assert run(node, path) == ImportReport(3, 1, 1, 1, str(tmp_path / "rows.errors"))


def test_an_interrupted_import_goes_on(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second batch fails before and after its commit; each time nothing of the first is lost or doubled."""
    monkeypatch.setattr(importing, "BATCH", 4)
    path = ndjson(tmp_path / "rows.ndjson", [draft(number) for number in range(1, 11)])
    add, calls = licenses.add, []

    def fail_second(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        add(*arguments)

    monkeypatch.setattr(licenses, "add", fail_second)
    with pytest.raises(OSError, match="No space"):
        run(node, path)
    assert node.state().pending == 4
    assert run(node, path) == ImportReport(10, 6, 4, 0, None)


def test_progress_is_told(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    path = ndjson(tmp_path / "rows.ndjson", [draft(number) for number in range(1, 6)])
    told: list[tuple[int, int, int]] = []
    run(node, path, progress=lambda *done: told.append(done))
    size = path.stat().st_size
    assert [rows for rows, _, _ in told] == [2, 4, 5]
    assert told[-1][1:] == (size, size)


def test_three_formats_give_the_same_licences(node: Node, tmp_path: Path) -> None:
    rows = [registry_row(number) for number in (1, 2)]
    header = list(rows[0])
    with (tmp_path / "a.csv").open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([header, *(row.values() for row in rows)])
    cells: list[list[Any]] = [list(row.values()) for row in rows]
    for values in cells:
        values[header.index("ESTDATE")] = dt.datetime(2019, 3, 1)  # noqa: DTZ001  # a cell has no zone
        values[header.index("REGCAP")] = 100
    workbook(tmp_path / "a.xlsx", header, *cells)
    assert run(node, ndjson(tmp_path / "a.ndjson", rows)) == ImportReport(2, 2, 0, 0, None)
    assert run(node, tmp_path / "a.csv") == ImportReport(2, 0, 2, 0, None)
    assert run(node, tmp_path / "a.xlsx") == ImportReport(2, 0, 2, 0, None)
    record = node.show(credit_code(1)).record
    assert record is not None
    assert (record["capital_amount"], record["establishment_date"]) == ("1000000", "2019-03-01")


def test_a_guarded_node_imports_nothing(node: Node, tmp_path: Path) -> None:
    from ledger.store.queries import logs

    with node.store.write() as transaction:
        logs.set_guard(transaction, logs.get(transaction, node.settings.log).id, "a test")
    with pytest.raises(StorageError, match="a test"):
        run(node, ndjson(tmp_path / "rows.ndjson", [draft(1)]))


def test_the_error_file_is_not_the_file_itself(node: Node, tmp_path: Path) -> None:
    path = ndjson(tmp_path / "rows.ndjson", [draft(1)])
    with pytest.raises(FormatError, match="itself"):
        node.importer.run(path, errors=path)
    assert path.exists()


def test_an_error_file_that_cannot_be_written_stops_before_anything_is_issued(node: Node, tmp_path: Path) -> None:
    path = ndjson(tmp_path / "rows.ndjson", [draft(1), {}])
    for errors in (tmp_path / "missing" / "x", tmp_path):
        with pytest.raises(ConfigError, match="error file"):
            node.importer.run(path, errors=errors)
    assert run(node, path, legacy=False).issued == 1
    assert path.with_suffix(".errors").exists()
    assert run(node, ndjson(path, [draft(1)]), legacy=False).known == 1
    assert not path.with_suffix(".errors").exists()


def test_the_error_file_is_not_the_file_under_another_name(node: Node, tmp_path: Path) -> None:
    path = ndjson(tmp_path / "rows.ndjson", [draft(1)])
    (tmp_path / "sub").mkdir()
    (tmp_path / "linked").symlink_to(path)
    for errors in (tmp_path / "sub" / ".." / "rows.ndjson", tmp_path / "linked"):
        with pytest.raises(FormatError, match="itself"):
            node.importer.run(path, errors=errors)
    assert path.exists()


def test_a_row_that_is_nested_too_deep_is_refused_and_the_next_goes_in(node: Node, tmp_path: Path) -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    path = ndjson(tmp_path / "rows.ndjson", [draft(1, heads=deep), draft(2)])
    assert (run(node, path, legacy=False).issued, errors_of(path)[0]["rule"]) == (1, "depth")


# ---- reading ---------------------------------------------------------------------------------------------------------


def lines(path: Path) -> list[tuple[int, str | None]]:
    return [(row.line, None if row.error is None else row.error.rule) for row in read_rows(path)]


def test_a_line_that_cannot_be_read_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    parts = [b'\xef\xbb\xbf{"uscc":"1"}', b"", b"[1]", b"{broken", b'{"a":1,"a":2}', b'{"b":"\xff"}', b'{"c":"3"}']
    path.write_bytes(b"\n".join(parts))
    assert lines(path) == [
        (1, None), (3, "row.object"), (4, "row.json"), (5, "row.json"), (6, "row.json"), (7, None),
    ]  # fmt: skip


def test_a_line_has_a_length(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a":"' + b"x" * 200_000 + b'"}\n{"b":"1"}\n')
    assert lines(path) == [(1, "row.too_long"), (2, None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes('名称,备注\r\n" 样例，公司 ","两\n行"\r\n\r\n乙,\r\n'.encode(encoding))
    assert list(read_rows(path)) == [Row(3, {"名称": "样例，公司", "备注": "两\n行"}), Row(5, {"名称": "乙"})]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"a,b\n1,2,3\n", "row.columns"),
        (b"a,b\n1," + b"x" * 20_001 + b"\n", "cell.too_long"),
    ],
)
def test_a_csv_row_that_does_not_fit(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    assert lines(path) == [(2, rule)]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\xff\xff\xff", "GB18030"),
        ("a.csv", b"a,a\n1,2\n", "different columns"),
        ("a.csv", b",b\n1,2\n", "different columns"),
        ("a.csv", b'a,b\n"1"x,2\n', "line 2"),
        ("a.xlsx", b"not a workbook", "XLSX"),
        ("a.txt", b"", "known type"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=words):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize(
    ("value", "rule"),
    [("=1+1", "cell.formula"), (914403001922038216, "cell.number"), (1e300, "cell.number"), ("#REF!", "cell.error")],
)
def test_what_a_spreadsheet_spoiled_is_named(tmp_path: Path, value: Any, rule: str) -> None:
    path = workbook(tmp_path / "a.xlsx", ["uscc", "name"], ["1", value], ["2", "b"])
    assert lines(path) == [(2, rule), (3, None)]
    assert next(read_rows(path)).error.field == "name"  # type: ignore[union-attr]  # compared above


def test_what_a_spreadsheet_only_dressed_up_is_undressed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", list("abcde"), [dt.date(2020, 2, 29), 1000.0, 0.5, True, None], [None] * 5)
    assert list(read_rows(path)) == [Row(2, {"a": "2020-02-29", "b": "1000", "c": "0.5", "d": "true"})]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("a.ndjson", "a.csv", "a.xlsx"):
        with pytest.raises(FormatError, match="cannot read"):
            list(read_rows(tmp_path / name))


def test_files_and_rows_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ndjson(tmp_path / "rows.ndjson", [{"a": "1"}] * 3)
    monkeypatch.setattr(import_rows, "MAX_ROWS", 2)
    with pytest.raises(FormatError, match="more than 2 rows"):
        list(read_rows(path))
    book = workbook(tmp_path / "a.xlsx", ["a"], ["1"])
    monkeypatch.setattr(import_rows, "MAX_FILE", book.stat().st_size + 10)
    with pytest.raises(FormatError, match="unpacks to more"):
        list(read_rows(book))
    monkeypatch.setattr(import_rows, "MAX_FILE", 10)
    with pytest.raises(FormatError, match="larger than 10 bytes"):
        list(read_rows(path))
