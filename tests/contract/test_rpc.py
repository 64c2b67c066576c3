"""The embedded chain's JSON-RPC: as other nodes answer, as standard clients ask, and to nobody but this machine."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError

from ledger.chain import abi, calls
from ledger.chain.embedded import EmbeddedChain
from ledger.chain.errors import RpcError
from ledger.chain.provider import Connection, connect
from ledger.chain.registry import deploy
from ledger.chain.server import MAX_BATCH, MAX_BODY, ChainServer
from ledger.errors import ChainUnavailableError, ConfigError
from tests.contract.conftest import address, fund, new_account, running_anvil
from tests.contract.counter import CREATION, TOPIC, created, transaction


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChainServer]:
    with EmbeddedChain(tmp_path / "chain.sqlite") as chain, ChainServer(chain) as running:
        yield running


def until_there(connection: Connection, method: str, tx_hash: str) -> dict[str, Any]:
    """Anvil answers before it has mined."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        answer = connection.request(method, tx_hash)
        if answer is not None and answer["blockHash"] is not None:
            return dict(answer)
    raise AssertionError(f"{tx_hash} is not mined")


def use_counter(connection: Connection, account: LocalAccount) -> dict[str, Any]:
    """Make the counter, call it, and return what the chain says of both transactions."""
    chain_id = int(connection.request("eth_chainId"), 16)
    fee = {"maxFeePerGas": 10**10 if connection.embedded is None else 0}
    answers: dict[str, Any] = {}
    for name, nonce, to, data in (("made", 0, None, CREATION), ("called", 1, created(account), b"")):
        raw = transaction(account, chain_id, nonce, to, data, **fee)
        tx_hash = connection.request("eth_sendRawTransaction", "0x" + raw.hex())
        receipt = until_there(connection, "eth_getTransactionReceipt", tx_hash)
        answers[name] = until_there(connection, "eth_getTransactionByHash", tx_hash)
        answers[f"{name} receipt"] = receipt
        answers[f"{name} block"] = connection.request("eth_getBlockByHash", receipt["blockHash"], True)
    answers["log"] = connection.request(
        "eth_getLogs", {"address": "0x" + created(account).hex(), "fromBlock": "0x0", "topics": ["0x" + TOPIC.hex()]}
    )[0]
    return answers


@pytest.mark.node
def test_answers__same_fields_and_types_as_anvil(embedded: Connection) -> None:
    """Paris has no withdrawals and no blobs, and blobs' fields are all that Anvil may have beyond ours."""
    later = {"withdrawals", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"}
    later |= {"blobGasPrice", "authorizationList", "yParity", "blockTimestamp"}
    with running_anvil() as anvil:
        theirs, ours = use_counter(anvil, new_account(anvil)), use_counter(embedded, new_account(embedded))
    for name, answer in ours.items():
        missing = set(theirs[name]) - set(answer) - later
        assert not missing, f"{name} lacks {missing}"
        for field, value in answer.items():
            if field in theirs[name]:
                assert type(value) is type(theirs[name][field]), f"{name}.{field}"


@pytest.mark.node
def test_gas__same_as_on_anvil(embedded: Connection) -> None:
    """What an anchor costs here is what it costs on a chain where gas is paid for."""
    keys = [hashlib.sha256(bytes([number])).digest() for number in range(3)]
    proof = [hashlib.sha256(b"\0" + bytes([number])).digest() for number in range(2)]
    root = hashlib.sha256(b"\1" + proof[0] + proof[1]).digest()
    used: list[list[int]] = []
    with running_anvil("--hardfork", "paris") as anvil:  # later forks charge for the size of a creation (EIP-3860)
        for connection in (embedded, anvil):
            deployer, admin, anchorer = (Account.from_key(key) for key in keys)
            for account in (deployer, admin, anchorer):
                fund(connection, account)
            founder = calls.Founder(500000, address(admin), address(anchorer), b"\7" * 32)
            registry, receipt = deploy(connection, [founder], deployer)
            first = registry.transact(calls.anchor(500000, 1, proof[0], b"\1" * 32), anchorer)
            second = registry.transact(calls.anchor(500000, 2, root, b"\2" * 32, [proof[1]]), anchorer)
            used.append([receipt.gas_used, first.gas_used, second.gas_used])
    assert used[0] == used[1]


def test_errors__as_other_nodes_say(connection: Connection) -> None:
    account = new_account(connection)
    use_counter(connection, account)
    contract = "0x" + created(account).hex()
    with pytest.raises(RpcError) as reverted:
        connection.request("eth_call", {"to": contract, "data": "0xdead"}, "latest")
    assert (reverted.value.code, reverted.value.data) == (3, "0xdead")
    with pytest.raises(RpcError) as estimated:
        connection.request("eth_estimateGas", {"to": contract, "data": "0xdead"})
    assert (estimated.value.code, estimated.value.data) == (3, "0xdead")
    with pytest.raises(RpcError) as unknown:
        connection.request("eth_doesNotExist")
    assert unknown.value.code == -32601
    chain_id = int(connection.request("eth_chainId"), 16)
    raw = transaction(account, chain_id, 0, None, CREATION, maxFeePerGas=0 if connection.embedded else 10**11)
    with pytest.raises(RpcError, match="nonce too low"):
        connection.request("eth_sendRawTransaction", "0x" + raw.hex())


def test_state__at_tags_numbers_and_hashes(embedded: Connection) -> None:
    account = new_account(embedded)
    use_counter(embedded, account)
    contract, first = "0x" + created(account).hex(), embedded.request("eth_getBlockByNumber", "0x1", False)["hash"]
    slots = {
        tag if isinstance(tag, str) else next(iter(tag)): embedded.request("eth_getStorageAt", contract, "0x0", tag)
        for tag in ("latest", "safe", "finalized", "pending", "earliest", "0x1", "0x2", first, {"blockHash": first})
    }
    counted = {tag: int(value, 16) for tag, value in slots.items()}
    assert counted == {
        **dict.fromkeys(("latest", "safe", "finalized", "pending", "0x2"), 1),
        **dict.fromkeys(("earliest", "0x1", first, "blockHash"), 0),
    }
    assert embedded.request("eth_getTransactionCount", account.address, {"blockNumber": "0x1"}) == "0x1"
    assert embedded.request("eth_getBalance", account.address) == "0x0"
    assert embedded.request("eth_getBlockByNumber", "0x3", False) is None
    assert embedded.request("eth_getBlockByHash", "0x" + "11" * 32, False) is None
    with pytest.raises(RpcError, match="header not found"):
        embedded.request("eth_call", {"to": contract}, "0x3")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0x01", False]),
        ("eth_getBlockByNumber", [1, False]),
        ("eth_getBlockByNumber", [{"number": "0x1"}, False]),
        ("eth_getBlockByNumber", ["newest", False]),
        ("eth_getBlockByNumber", []),
        ("eth_getBlockByNumber", {"tag": "latest"}),
        ("eth_getBlockByHash", ["0x1234", False]),
        ("eth_getCode", ["0x00", "latest"]),
        ("eth_call", ["0x00", "latest"]),
        ("eth_call", [{"to": "0x" + "00" * 20, "data": "0x0"}, "latest"]),
        ("eth_call", [{"to": "0x" + "00" * 20, "data": "0x00", "input": "0x01"}, "latest"]),
        ("eth_getLogs", [{"fromBlock": "0x0", "topics": ["0x00"]}]),
        ("eth_getLogs", [{"topics": [None] * 5}]),
        ("eth_getLogs", [{"blockHash": "0x" + "00" * 32, "fromBlock": "0x0"}]),
        ("eth_getLogs", ["latest"]),
        ("eth_sendRawTransaction", ["0xzz"]),
        ("eth_chainId", ["latest"]),
    ],
)
def test_wrong_parameters__refused_by_name(embedded: Connection, method: str, params: Any) -> None:
    from ledger.chain.rpc import Dispatcher

    assert embedded.embedded is not None
    with pytest.raises(RpcError) as caught:
        Dispatcher(embedded.embedded).dispatch(method, params)
    assert caught.value.code == -32602


def test_logs__of_one_block_and_of_a_range(embedded: Connection) -> None:
    account = new_account(embedded)
    block = use_counter(embedded, account)["called block"]
    assert len(embedded.request("eth_getLogs", {"blockHash": block["hash"]})) == 1
    assert len(embedded.request("eth_getLogs", {})) == 1
    assert embedded.request("eth_getLogs", {"fromBlock": "0x3", "toBlock": "0x2"}) == []
    assert embedded.request("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x1"}) == []
    assert len(embedded.request("eth_getLogs", {"fromBlock": "earliest", "toBlock": "0xffffffffffffffffff"})) == 1
    assert embedded.request("eth_getLogs", {"fromBlock": "0x0", "topics": [None, ["0x" + TOPIC.hex()]]}) == []


# ------------------------------------------------------------------------------------------------- a standard client


def test_web3py_over_http__deploys_calls_reads(server: ChainServer) -> None:
    w3 = Web3(HTTPProvider(server.url))
    account = Account.create()
    assert w3.is_connected()
    obj = json.loads((Path(abi.__file__).parent / "artifacts" / "LicenseRegistry.json").read_text())
    factory = w3.eth.contract(abi=obj["abi"], bytecode=obj["bytecode"])
    founder = (500000, account.address, Account.create().address, b"\1" * 32, "https://node.example")
    fill = {"from": account.address, "nonce": w3.eth.get_transaction_count(account.address)}
    signed = account.sign_transaction(factory.constructor([founder]).build_transaction(fill))
    receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction))
    assert receipt["status"] == 1
    contract = w3.eth.contract(address=receipt["contractAddress"], abi=obj["abi"])
    assert contract.functions.members().call() == [500000]
    with pytest.raises(ContractCustomError):
        contract.functions.head(110000).call()
    assert [event["args"]["member"] for event in contract.events.MemberAdmitted.get_logs(from_block=0)] == [500000]
    mined = w3.eth.get_block("latest", full_transactions=True)["transactions"]
    assert [dict(item)["hash"] for item in mined] == [receipt["transactionHash"]]  # type: ignore[arg-type]  # full_transactions makes them dicts
    assert w3.eth.get_transaction(receipt["transactionHash"])["to"] is None
    assert w3.eth.fee_history(2, "latest", [50.0])["baseFeePerGas"] == [0, 0, 0]
    assert w3.eth.gas_price == w3.eth.max_priority_fee == 0


def test_web3py_in_process__same_chain(embedded: Connection) -> None:
    use_counter(embedded, new_account(embedded))
    assert embedded.w3.eth.block_number == 2
    assert (
        embedded.w3.eth.get_block(2)["hash"].hex() == embedded.request("eth_getBlockByNumber", "0x2", False)["hash"][2:]
    )
    assert embedded.w3.is_connected()


# --------------------------------------------------------------------------------------------------------- the server


def post(server: ChainServer, body: bytes, **headers: str) -> tuple[int, Any]:
    address = urlsplit(server.url)
    client = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        client.request("POST", "/", body, {"Content-Type": "application/json", **headers})
        response = client.getresponse()
        answer = response.read()
        return response.status, json.loads(answer) if answer else None
    finally:
        client.close()


def call(method: str, *params: Any, number: object = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])  # noqa: S104 refused
def test_bind__loopback_only(embedded: Connection, host: str) -> None:
    assert embedded.embedded is not None
    with pytest.raises(ConfigError, match="loopback only"):
        ChainServer(embedded.embedded, host=host)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8545"}, 200),
        ({"Host": "[::1]:8545"}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Length": "nine"}, 411),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": str(MAX_BODY + 1)}, 413),
    ],
)
def test_requests_that_a_web_page_could_make__refused(
    server: ChainServer, headers: dict[str, str], status: int
) -> None:
    assert post(server, json.dumps(call("eth_chainId")).encode(), **headers)[0] == status


def test_get__is_no_method_here(server: ChainServer) -> None:
    address = urlsplit(server.url)
    client = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    client.request("GET", "/")
    assert client.getresponse().status == 501
    client.close()


def test_batch__answered_in_order_notifications_not(server: ChainServer) -> None:
    silent = {"jsonrpc": "2.0", "method": "eth_chainId"}
    batch = [call("eth_blockNumber", number="a"), silent, call("eth_nothing", number=2), 7]
    status, answers = post(server, json.dumps(batch).encode())
    assert status == 200
    assert answers[0] == {"jsonrpc": "2.0", "id": "a", "result": "0x0"}
    assert [answer.get("error", {}).get("code") for answer in answers[1:]] == [-32601, -32600]
    assert post(server, json.dumps([silent]).encode()) == (200, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (json.dumps([call("eth_chainId")] * (MAX_BATCH + 1)).encode(), -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": 5}', -32602),
    ],
)
def test_malformed__named_error(server: ChainServer, body: bytes, code: int) -> None:
    assert post(server, body)[1]["error"]["code"] == code


def test_closed_server__connection_says_unavailable(tmp_path: Path) -> None:
    with EmbeddedChain(tmp_path / "chain.sqlite") as chain:
        running = ChainServer(chain)
        with connect(url=running.url) as connection:
            assert connection.request("eth_blockNumber") == "0x0"
            running.close()
            with pytest.raises(ChainUnavailableError, match="eth_blockNumber: no answer"):
                connection.request("eth_blockNumber")
