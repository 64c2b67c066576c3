"""The chain in a file: it persists, it survives, it belongs to one process at a time."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.chain.blockstore import LogFilter
from ledger.chain.embedded import TRANSACTION_GAS, Call, EmbeddedChain
from ledger.chain.errors import RpcError
from ledger.chain.holder import ChainLockedError
from ledger.chain.provider import connect
from ledger.errors import ChainUnavailableError, ConfigError, StorageError
from tests.conftest import ROOT
from tests.contract.counter import CREATION, RUNTIME, TOPIC, created, transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chain.sqlite"


@pytest.fixture
def chain(path: Path) -> Iterator[EmbeddedChain]:
    with EmbeddedChain(path) as opened:
        yield opened


@pytest.fixture
def account() -> LocalAccount:
    made: LocalAccount = Account.create()
    return made


def sender(account: LocalAccount) -> bytes:
    return bytes.fromhex(account.address[2:])


def count(chain: EmbeddedChain, account: LocalAccount, times: int = 1) -> bytes:
    """Make the counter if there is none, and call it."""
    contract = created(account)
    if chain.nonce(sender(account)) == 0:
        chain.send(transaction(account, chain.chain_id, 0, None, CREATION))
    for _ in range(times):
        chain.send(transaction(account, chain.chain_id, chain.nonce(sender(account)), contract))
    return contract


def test_reopened__everything_there(path: Path, account: LocalAccount) -> None:
    with EmbeddedChain(path) as first:
        contract = count(first, account, 3)
        before = (first.chain_id, first.genesis_hash, first.head(), first.logs(LogFilter(0, 99, [contract])))
        tx = transaction(account, first.chain_id, 4, contract)
        tx_hash = first.send(tx)
    with EmbeddedChain(path) as second:
        assert (second.chain_id, second.genesis_hash) == before[:2]
        assert second.header(4) == before[2]
        assert second.logs(LogFilter(0, 4, [contract])) == before[3]
        assert second.code(contract) == RUNTIME
        assert second.storage(contract, 0) == 4
        mined = second.mined(tx_hash)
        assert mined is not None
        assert (mined.block.number, mined.transaction.encode()) == (5, tx)


def test_two_chains__nothing_in_common(tmp_path: Path) -> None:
    with EmbeddedChain(tmp_path / "a") as a, EmbeddedChain(tmp_path / "b") as b:
        assert a.chain_id != b.chain_id
        assert a.genesis_hash != b.genesis_hash


def test_every_transaction__a_block_of_its_own(chain: EmbeddedChain, account: LocalAccount) -> None:
    contract = count(chain, account, 4)
    logs = chain.logs(LogFilter(0, 99, [contract], [[TOPIC]]))
    assert [log.block for log in logs] == [2, 3, 4, 5]
    assert [int.from_bytes(log.data, "big") for log in logs] == [1, 2, 3, 4]
    for log in logs:
        header = chain.header(log.block)
        assert header is not None
        assert (log.block_hash, log.time) == (header.hash, header.timestamp)


def test_logs__filters(chain: EmbeddedChain, account: LocalAccount) -> None:
    contract = count(chain, account, 2)
    assert len(chain.logs(LogFilter(0, 99))) == 2
    assert chain.logs(LogFilter(0, 99, [bytes(20)])) == []
    assert chain.logs(LogFilter(0, 99, [contract], [[bytes(32)]])) == []
    assert len(chain.logs(LogFilter(0, 99, [contract, bytes(20)], [[bytes(32), TOPIC]]))) == 2
    assert chain.logs(LogFilter(0, 99, [contract], [[], [TOPIC]])) == []
    assert [log.block for log in chain.logs(LogFilter(3, 3))] == [3]


def test_block_time__never_before_its_parent(path: Path, account: LocalAccount) -> None:
    times = iter([1000.0, 2000.9, 500.0, 2001.0, 9000.0])
    with EmbeddedChain(path, clock=lambda: next(times)) as chain:
        count(chain, account, 3)
        headers = [chain.header(number) for number in range(5)]
    assert [header.timestamp for header in headers if header] == [1000, 2000, 2001, 2002, 9000]


def test_base_fee__stays_zero_after_a_full_block(chain: EmbeddedChain, account: LocalAccount) -> None:
    burner = bytes.fromhex("fe")  # the invalid opcode takes all gas
    chain.send(transaction(account, chain.chain_id, 0, None, burner, gas=TRANSACTION_GAS))
    assert chain.head().gas_used == TRANSACTION_GAS
    count_after = chain.send(transaction(account, chain.chain_id, 1, None, CREATION))
    assert chain.mined(count_after) is not None
    assert chain.head().base_fee_per_gas == 0


@pytest.mark.parametrize("fees", [{"gasPrice": 0}, {}, {"accessList": [], "gasPrice": 0}])
def test_transaction_types__all_taken(chain: EmbeddedChain, account: LocalAccount, fees: dict[str, object]) -> None:
    mined = chain.mined(chain.send(transaction(account, chain.chain_id, 0, None, CREATION, **fees)))
    assert mined is not None
    assert mined.receipt.state_root == b"\x01"


def test_refused_transactions__nothing_mined(chain: EmbeddedChain, account: LocalAccount) -> None:
    good = transaction(account, chain.chain_id, 0, None, CREATION)
    unprotected = Account.sign_transaction(
        {"nonce": 0, "gas": 99_000, "gasPrice": 0, "value": 0, "data": b""}, account.key
    )
    refused = {
        "is for chain": transaction(account, chain.chain_id + 1, 0, None, CREATION),
        "is for chain None": bytes(unprotected.raw_transaction),
        "nonce too high": transaction(account, chain.chain_id, 1, None, CREATION),
        "cannot afford": transaction(account, chain.chain_id, 0, None, CREATION, gasPrice=1),
        "not have enough balance": transaction(account, chain.chain_id, 0, None, CREATION, value=1),
        "exceeds block gas limit": transaction(account, chain.chain_id, 0, None, CREATION, gas=TRANSACTION_GAS + 1),
        "not a signed transaction": good[:-1],
        "not a signed transaction: ": b"",
    }
    for reason, raw in refused.items():
        with pytest.raises(RpcError, match=reason.strip(": ")):
            chain.send(raw)
    assert chain.head().block_number == 0
    chain.send(good)
    with pytest.raises(RpcError, match="nonce too low"):
        chain.send(good)


def test_reverted_transaction__mined_with_status_zero(chain: EmbeddedChain, account: LocalAccount) -> None:
    contract = count(chain, account)
    mined = chain.mined(chain.send(transaction(account, chain.chain_id, 2, contract, b"no")))
    assert mined is not None
    assert (mined.receipt.state_root, mined.receipt.logs) == (b"", ())
    assert chain.storage(contract, 0) == 1
    assert chain.nonce(sender(account)) == 3


def test_call__reverts_with_data_and_changes_nothing(chain: EmbeddedChain, account: LocalAccount) -> None:
    contract = count(chain, account)
    with pytest.raises(RpcError) as caught:
        chain.call(Call(contract, b"\xde\xad"))
    assert (caught.value.code, caught.value.data) == (3, "0xdead")
    assert chain.call(Call(contract)) == b""
    assert chain.storage(contract, 0) == 1
    count(chain, account)
    assert [chain.storage(contract, 0, chain.header(number)) for number in (1, 2, 3)] == [0, 1, 2]


def test_estimate__is_enough_and_not_far_off(chain: EmbeddedChain, account: LocalAccount) -> None:
    contract = count(chain, account)
    limit = chain.estimate(Call(contract, sender=sender(account)))
    mined = chain.mined(chain.send(transaction(account, chain.chain_id, 2, contract, gas=limit)))
    assert mined is not None
    assert mined.receipt.state_root == b"\x01"
    assert mined.receipt.gas_used <= limit < mined.receipt.gas_used * 1.2


def test_full_disk__block_not_stored_and_chain_goes_on(chain: EmbeddedChain, account: LocalAccount) -> None:
    contract = count(chain, account, 2)
    database = chain._store._db
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="could not be stored"):
        count(chain, account, 50)
    stored = chain.head().block_number
    assert chain.storage(contract, 0) == stored - 1
    database.execute("PRAGMA max_page_count = 1000000")
    count(chain, account)
    assert chain.head().block_number == stored + 1


def test_index_and_chain_apart__refused(path: Path, account: LocalAccount) -> None:
    with EmbeddedChain(path) as chain:
        count(chain, account)
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM block WHERE number = 2")
    database.close()
    with pytest.raises(StorageError, match="the index ends in"):
        EmbeddedChain(path)


@pytest.mark.parametrize("content", [b"not a database, surely not a database", b"SQLite format 3\0" + bytes(500)])
def test_other_file__refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match="not an embedded chain"):
        EmbeddedChain(path)


def test_other_database__refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE licences (name TEXT)")
    database.close()
    with pytest.raises(StorageError, match="not an embedded chain"):
        EmbeddedChain(path)


def test_opening_and_looking_up__read_the_head_not_the_chain(path: Path, account: LocalAccount) -> None:
    """A bound in queries, not in seconds."""
    with EmbeddedChain(path) as chain:
        count(chain, account, 30)
    statements: list[str] = []
    with EmbeddedChain(path) as chain:
        chain._store._db.set_trace_callback(statements.append)
        chain._chain = chain._load()
        chain._check()
        chain.mined(bytes(32))
        chain._store._db.set_trace_callback(None)
    assert len(statements) < 20


# ---------------------------------------------------------------------------------------------------------- kill -9


def crash(mode: str, folder: Path, *arguments: str) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "tests.contract.crashing", mode, str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_before_each_statement__old_head_or_new(tmp_path: Path) -> None:
    reports = crash("statements", tmp_path)
    assert [report["killed"] for report in reports] == [True] * (len(reports) - 1) + [False]
    assert len(reports) >= 6, "a block takes several statements; dying between them is what is tested"
    for report in reports:
        assert report["linked"]
        new = not report["killed"]
        assert (report["head"], report["counted"], report["events"]) == ((2, 1, 1) if new else (1, 0, 0))
        assert report["then"] == (2 if new else 1), "the chain goes on"


def test_killed_while_it_is_made__made_at_the_next_opening(tmp_path: Path) -> None:
    reports = crash("creation", tmp_path)
    assert [report["killed"] for report in reports] == [True] * (len(reports) - 1) + [False]
    assert len(reports) >= 10, "pragmas, tables, genesis: dying between them is what is tested"
    for report in reports:
        assert (report["linked"], report["head"], report["counted"], report["then"]) == (True, 1, 0, 1)


@pytest.mark.slow
def test_killed_at_random_moments__nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    reports = crash("moments", tmp_path, "5", "20261122")
    assert sum(int(str(report["answered"])) for report in reports) > 0
    for report in reports:
        assert report["linked"]
        assert report["lost"] == []
        blocks = int(str(report["head"])) - 1
        assert report["counted"] == report["events"] == blocks
        assert blocks - int(str(report["answered"])) in (0, 1), "at most the one that was not answered yet"
        assert report["then"] == blocks + 1


# ------------------------------------------------------------------------------------------------------- one process

HOLD = """
import sys, pathlib
from ledger.chain.embedded import EmbeddedChain
from ledger.chain.server import ChainServer
chain = EmbeddedChain(pathlib.Path(sys.argv[1]))
server = ChainServer(chain) if sys.argv[2] == "serve" else None
print(chain.chain_id, flush=True)
sys.stdin.read()
if server:
    server.close()
chain.close()
"""


def hold(path: Path, mode: str) -> subprocess.Popen[str]:
    """Another process that holds the chain until its input ends."""
    command = [sys.executable, "-c", HOLD, str(path), mode]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_held_without_server__clear_error(path: Path) -> None:
    with hold(path, "only") as other:
        chain_id = int(first_line(other))
        with pytest.raises(ChainLockedError, match=r"held by another process.*serves no JSON-RPC"):
            connect(embedded=path)
        other.communicate()
    with connect(embedded=path) as ours:
        assert int(ours.request("eth_chainId"), 16) == chain_id


def test_held_with_server__reached_over_json_rpc(path: Path, account: LocalAccount) -> None:
    with hold(path, "serve") as other:
        chain_id = int(first_line(other))
        with connect(embedded=path) as ours:
            assert ours.embedded is None
            assert int(ours.request("eth_chainId"), 16) == chain_id
            raw = transaction(account, chain_id, 0, None, CREATION)
            tx_hash = ours.request("eth_sendRawTransaction", "0x" + raw.hex())
            assert ours.request("eth_getTransactionReceipt", tx_hash)["status"] == "0x1"
        other.communicate()
    with EmbeddedChain(path) as chain:
        assert chain.code(created(account)) == RUNTIME


def test_holder_killed__its_address_is_not_believed(path: Path) -> None:
    with hold(path, "serve") as other:
        chain_id = int(first_line(other))
        other.kill()
        other.communicate()
    assert path.with_name("chain.sqlite.rpc").exists()
    with connect(embedded=path) as ours:
        assert ours.embedded is not None
        assert ours.embedded.chain_id == chain_id
        assert not path.with_name("chain.sqlite.rpc").exists()


def test_wait__until_the_other_lets_go(path: Path) -> None:
    with hold(path, "only") as other:
        first_line(other)
        assert other.stdin is not None
        other.stdin.close()
        started = time.monotonic()
        with connect(embedded=path, wait=30):
            assert time.monotonic() - started < 30
        other.wait()


def test_same_process__not_twice(chain: EmbeddedChain) -> None:
    with pytest.raises(ChainLockedError):
        EmbeddedChain(chain.path)


def test_folder_missing_or_in_the_way__said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be locked: No such file"):
        EmbeddedChain(tmp_path / "nowhere" / "chain.sqlite")
    (tmp_path / "chain.sqlite").mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        EmbeddedChain(tmp_path / "chain.sqlite")


def test_lost_file__not_made_anew_where_a_chain_was_pinned(path: Path) -> None:
    with pytest.raises(ChainUnavailableError, match="no embedded chain at"):
        connect(embedded=path, create=False)
    assert not path.exists()
    with connect(embedded=path) as made:
        genesis = made.request("eth_getBlockByNumber", "0x0", False)["hash"]
    with connect(embedded=path, create=False) as found:
        assert found.request("eth_getBlockByNumber", "0x0", False)["hash"] == genesis


def test_connect__one_of_file_and_url() -> None:
    with pytest.raises(ConfigError, match="either"):
        connect()
    for url in ("ftp://node", "http://", "http://[", "http://node:99999"):
        with pytest.raises(ConfigError, match="not an HTTP endpoint"):
            connect(url=url)
