"""The database: the schema comes from migrations alone, transactions are whole, errors show no values."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text

from ledger.errors import ConfigError, ConflictError, NotFoundError, StorageError
from ledger.store.engine import Store
from ledger.store.queries import entries, logs, tree
from ledger.store.queries.entries import _runs
from ledger.store.queries.tree import SqlMapReader, SqlTileReader
from ledger.store.tables import licenses, metadata

LOG = b"\x07" * 32


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.sqlite"


@pytest.fixture
def store(url: str) -> Store:
    return Store(url)


@pytest.fixture
def log(store: Store) -> int:
    with store.write() as transaction:
        return logs.add(transaction, LOG, 500000, secret=b"s" * 32).id


def test_the_migrated_schema_is_that_of_the_tables(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        rowless = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'licenses'")).scalar_one()
    assert "WITHOUT ROWID" in rowless


def test_a_database_is_migrated_once(url: str, store: Store, log: int) -> None:
    store.close()
    again = Store(url)
    with again.read() as transaction:
        assert logs.get(transaction, LOG).id == log


def test_a_newer_programs_database_is_refused(url: str, store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(ConfigError, match="does not fit"):
        Store(url)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="URL"):
        Store("nonsense")
    (tmp_path / "file").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="not a database"):
        Store(f"sqlite:///{tmp_path}/file")
    with pytest.raises(StorageError, match="unable to open"):
        Store(f"sqlite:///{tmp_path}/nowhere/file")


def test_commits_are_durable_and_foreign_keys_hold(store: Store) -> None:
    with store.read() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_what_fails_is_rolled_back_whole(store: Store, log: int) -> None:
    def half() -> None:
        with store.write() as transaction:
            logs.set_guard(transaction, log, "half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with store.read() as transaction:
        assert logs.get(transaction, LOG).guard is None


def test_errors_show_no_values(store: Store, log: int) -> None:
    row: dict[str, object] = dict.fromkeys((column.name for column in licenses.columns), "样例人一")
    row |= {"log": log, "subject": b"1" * 32, "version": 1, "n": 0}
    with store.write() as transaction:
        transaction.execute(insert(licenses).values(**row))
    with pytest.raises(ConflictError) as caught, store.write() as transaction:
        transaction.execute(insert(licenses).values(**row))
    shown = f"{caught.value} {caught.value.__cause__}"
    assert "UNIQUE" in shown
    assert "样例人一" not in shown


def test_a_second_writer_waits(store: Store, log: int) -> None:
    order = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with store.write():
            inside.set()
            leave.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    threading.Timer(0.2, leave.set).start()
    with store.write():
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_reader_sees_one_state(store: Store, log: int) -> None:
    with store.read() as reading:
        before = logs.get(reading, LOG).guard
        with store.write() as writing:
            logs.set_guard(writing, log, "new")
        assert logs.get(reading, LOG).guard == before
    with store.read() as reading:
        assert logs.get(reading, LOG).guard == "new"


def test_an_emptied_log_file_holds_nothing(tmp_path: Path, store: Store, log: int) -> None:
    with store.write() as transaction:
        logs.set_guard(transaction, log, "sentinel-value")
    with store.write() as transaction:
        logs.set_guard(transaction, log, None)
    store.purge()
    assert (tmp_path / "ledger.sqlite-wal").stat().st_size == 0
    assert b"sentinel-value" not in (tmp_path / "ledger.sqlite").read_bytes()


def test_a_reader_in_the_way_of_emptying_is_named(
    store: Store, log: int, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr("ledger.store.engine._PRAGMAS", ("PRAGMA busy_timeout=50",))
    impatient = Store(url)
    with store.read() as reading:
        logs.get(reading, LOG)
        with store.write() as writing:
            logs.set_guard(writing, log, "x")
        with pytest.raises(StorageError, match="another reader"):
            impatient.purge()


def test_what_is_missing_is_named(store: Store, log: int) -> None:
    with store.read() as transaction:
        with pytest.raises(NotFoundError, match="no log"):
            logs.get(transaction, b"\x08" * 32)
        with pytest.raises(StorageError, match="no tile 3 of level 1"):
            SqlTileReader(transaction, log).read(1, 3)
        assert SqlMapReader(transaction, log, 10).page("ab") is None
        assert tree.checkpoint(transaction, log, 10) is None


@pytest.mark.parametrize(
    ("ids", "runs"),
    [([], []), ([5], [(0, 1)]), ([5, 6, 7], [(0, 3)]), ([5, 6, 9, 10, 12], [(0, 2), (2, 4), (4, 5)])],
)
def test_gapless_runs(ids: list[int], runs: list[tuple[int, int]]) -> None:
    assert list(_runs(ids)) == runs


def test_places_are_given_in_order_also_over_gaps(store: Store, log: int) -> None:
    with store.write() as transaction:
        row = {"log": log, "kind": "heartbeat", "subject": None, "n": None, "data": b"x"}
        entries.add(transaction, [{**row, "leaf": bytes([number]) * 32} for number in range(6)])
        transaction.execute(text("DELETE FROM entries WHERE id IN (2, 5)"))
        ids = [pending.id for pending in entries.pending(transaction, log, 10)]
        assert entries.assign(transaction, log, ids, 100) == 4
        assert [(row.index, row.leaf[0]) for row in entries.read(transaction, log, 100, 10)] == [
            (100, 0),
            (101, 2),
            (102, 3),
            (103, 5),
        ]
        assert entries.assign(transaction, log, ids, 200) == 0, "what has a place keeps it"


def test_the_older_page_holds_until_the_newer(store: Store, log: int) -> None:
    with store.write() as transaction:
        for size, keep in ((10, 0), (20, 10), (30, 10), (40, 30)):
            tree.write_pages(transaction, log, size, {"a": bytes([size]) * 576}, keep)
        held = {size: SqlMapReader(transaction, log, size).page("a") for size in (9, 10, 15, 30, 39, 40, 99)}
        kept = transaction.execute(text("SELECT size FROM map_pages ORDER BY size")).scalars().all()
    first = {size: page and page[0] for size, page in held.items()}
    assert first == {9: None, 10: 10, 15: 10, 30: 30, 39: 30, 40: 40, 99: 40}
    assert kept == [10, 30, 40], "20 was never anchored and nobody can ask for it"


def test_sqlite_is_new_enough() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35), "RETURNING"
