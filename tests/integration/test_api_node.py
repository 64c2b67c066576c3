"""``python -m api``: a node's folder, its database and a real server process."""

from __future__ import annotations

import datetime as dt
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.__main__ import main
from ledger import config
from ledger.config import IssuerDefaults, Settings
from ledger.merkle import leaf_hash
from ledger.merkle.tiles import entries_path, tile_path, unpack_entries
from ledger.merkle.tree import MemoryTiles, extend
from ledger.store.engine import Store
from ledger.store.queries import entries, logs, tree
from ledger.store.rows import CheckpointRow

LOG = b"\7" * 32
SIZE = 300
NOTE = f"tongban-ledger/{LOG.hex()}\n{SIZE}\nAAAA\n\n— x y\n"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node's folder with 300 logged entries and one that is pending."""
    issuer = IssuerDefaults("11500000MB1630623X", "样例登记机关", "500000", "重庆市")
    settings = Settings(tmp_path, 500000, LOG, issuer, None, config.default_database(tmp_path))
    config.save(settings)
    store = Store(settings.database)
    contents = [b'{"entry":%d}' % i for i in range(SIZE + 1)]
    leaves = [leaf_hash(data) for data in contents]
    with store.write() as transaction:
        log = logs.add(transaction, LOG, 500000, secret=bytes(32)).id
        rows = [
            {"log": log, "kind": "heartbeat", "subject": None, "n": None, "data": data, "leaf": leaf}
            for data, leaf in zip(contents, leaves, strict=True)
        ]
        entries.add(transaction, rows)
        waiting = entries.pending(transaction, log, SIZE)
        entries.assign(transaction, log, [row.id for row in waiting], 0)
        tree.write_tiles(transaction, log, extend(MemoryTiles(), 0, leaves[:SIZE]))
        signed = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
        tree.add_checkpoint(transaction, log, CheckpointRow(SIZE, bytes(32), bytes(32), NOTE, signed))
    store.close()
    return tmp_path


def test_a_folder_without_a_node_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "none")]) == 1
    assert "tongban init" in capsys.readouterr().err


def test_a_node_s_log_is_served_by_a_process_of_its_own(node: Path) -> None:
    command = [sys.executable, "-m", "api", "--data", str(node), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            lines = iter(process.stderr.readline, "")
            url = next(match[0] for line in lines if (match := re.search(r"http://[\d.]+:\d+", line)))
            with httpx.Client(base_url=f"{url}/api/v1/log/") as client:
                assert client.get("checkpoint").text == NOTE
                hashes = client.get(tile_path(0, 1, SIZE - 256)).content
                bundle = unpack_entries(client.get(entries_path(1, SIZE - 256)).content)
                assert b"".join(map(leaf_hash, bundle)) == hashes
                assert bundle[-1] == b'{"entry":%d}' % (SIZE - 1)
                assert client.get(entries_path(1, SIZE - 255)).status_code == 404
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    assert process.returncode in {0, 130, -signal.SIGINT}
