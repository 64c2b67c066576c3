"""No personal value leaves the node's licence tables: not to the chain, the log, its files or the program's log.

The samples are imported, changed and anchored by real commands, with every logger at its most talkative. Then all that
others can see is searched for every personal value of the samples: as text, in the encodings that it could have, and
as an unsalted hash of it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from ledger.cli.main import main
from tests.integration.nodes import PASSPHRASE

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NEW_HOME = "样例市样例区搬迁后路77号（样例）"
DECISION = "样例决定文书第1号"


def stored(database: Path) -> list[dict[str, Any]]:
    """Every version's record as the node keeps it."""
    with closing(sqlite3.connect(database)) as connection:
        return [json.loads(text) for (text,) in connection.execute("SELECT record FROM contents")]


def personal_values(records: list[dict[str, Any]]) -> set[str]:
    """Names, persons and places; the credit codes of households, which stand for a person."""
    values = {NEW_HOME, DECISION}
    for record in records:
        values |= {record["premises"], *(head["name"] for head in record["heads"])}
        values |= {record["name"]} if "name" in record else set()
        values |= {record["uscc"]} if record["uscc"].startswith("92") else set()
    return values


def traces(value: str) -> Iterator[bytes]:
    """How a value could show: plain, escaped, in other encodings, or hashed without a salt."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        yield value.encode(encoding)
    yield json.dumps(value)[1:-1].encode()
    yield value.encode().hex().encode()
    for digest in (hashlib.sha256(value.encode()), hashlib.new("sm3", value.encode())):
        yield digest.digest()
        yield digest.hexdigest().encode()
    yield keccak(value.encode())


def found(places: Iterable[tuple[str, bytes]], values: set[str]) -> list[tuple[str, str]]:
    """Where which value shows."""
    wanted = [(value, trace) for value in values for trace in traces(value)]
    return [(place, value) for place, content in places for value, trace in wanted if trace in content]


def chain_rows(path: Path) -> Iterator[tuple[str, bytes]]:
    """All that the chain keeps: blocks with calldata, receipts with events, state with storage."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608  # names from the database itself
                for cell in row:
                    yield f"chain {table}", cell if isinstance(cell, bytes) else str(cell).encode()


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    return ((str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Lived:
    """A node's life: its folder, what was personal in it, and the household whose old face was erased."""

    folder: Path
    values: set[str]
    erased: dict[str, Any]


@pytest.fixture
def lived(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Lived:
    """A node that imported all samples, changed a licence, erased its old version and anchored."""
    monkeypatch.setenv("TONGBAN_PASSPHRASE", PASSPHRASE)
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="sqlalchemy")  # which is quiet unless told otherwise by name
    at = ["--data", str(tmp_path / "cq")]
    run(["import", str(SAMPLES / "chongqing.ndjson"), "--errors", str(tmp_path / "refused.ndjson"), *at])
    run(["import", str(SAMPLES / "sichuan.csv"), *at], ["sync", *at])
    records = stored(tmp_path / "cq" / "ledger.sqlite")
    household = next(record for record in records if record["uscc"].startswith("92"))
    values = personal_values(records)
    assert len(values) > 60, "the samples have lost their persons"
    code = household["uscc"]
    run(["change", code, "--set", f"premises={NEW_HOME}", "--decision", DECISION, *at])
    run(["erase", code, *at], ["sync", *at], ["export", str(tmp_path / "tiles"), *at])
    return Lived(tmp_path, values, household)


def run(*commands: list[str]) -> None:
    for command in commands:
        assert main(command) == 0, command


def test_chain_and_log__after_everything__hold_no_personal_value(
    lived: Lived, caplog: pytest.LogCaptureFixture
) -> None:
    folder = lived.folder
    records = caplog.get_records("setup")
    assert any(record.name.startswith("sqlalchemy") for record in records), "a silent log proves nothing"
    logged = "\n".join(record.getMessage() for record in records)
    places = [*chain_rows(folder / "chain.sqlite"), *files(folder / "tiles"), ("program's log", logged.encode())]
    places.append(("node.json", (folder / "cq" / "node.json").read_bytes()))
    assert len(places) > 100, "the search has nothing to search"
    assert found(places, lived.values) == []


def test_search__a_value_that_is_there__is_found(lived: Lived) -> None:
    planted = next(iter(lived.values))
    assert found([("here", b"x" + planted.encode() + b"y")], lived.values)
    assert found([("here", hashlib.sha256(planted.encode()).digest())], lived.values)
    database = [("database", (lived.folder / "cq" / "ledger.sqlite").read_bytes())]
    assert found(database, lived.values), "the licence tables do hold them: the search works on real bytes"


def test_audit__after_erasing__is_clean_and_the_old_face_is_gone(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = b"".join(content for _, content in files(lived.folder / "cq"))
    old = lived.erased["premises"].encode()
    assert old not in everything, "free pages and the write-ahead log included"
    assert NEW_HOME.encode() in everything
    capsys.readouterr()
    assert main(["audit", "--data", str(lived.folder / "cq"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "clean"
