"""Filling in, sending and looking up, against nodes that answer in their own ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from ledger.chain import transactions
from ledger.chain.errors import RpcError
from ledger.chain.provider import _result
from ledger.chain.transactions import PENDING, Receipt
from ledger.chain.wire import data
from ledger.errors import ChainUnavailableError, ContractRevertedError, FinalityTimeoutError
from tests.unit.chain.fake import FakeChain

SENDER, TO, HASH = b"\x11" * 20, b"\x22" * 20, b"\x33" * 32
REVERT = data(keccak(b"RegistryNotGrowing(uint64,uint64)")[:4] + bytes(63) + b"\1")  # size 0, current 1


def answering(**answers: Any) -> FakeChain:
    chain = FakeChain()
    chain.answers |= {
        name: answer if callable(answer) else (lambda *_, answer=answer: answer) for name, answer in answers.items()
    }
    return chain


def node(**answers: Any) -> FakeChain:
    usual = {
        "eth_estimateGas": "0x64",
        "eth_getTransactionCount": "0x7",
        "eth_gasPrice": "0x9",
        "eth_maxPriorityFeePerGas": "0x2",
    }
    return answering(**(usual | answers))


def prepare(chain: FakeChain) -> dict[str, Any]:
    return transactions.prepare(chain.connection(), chain_id=1337, sender=SENDER, to=TO, call=b"\xab")


def refusing(code: int, message: str, said: object = None) -> Callable[..., Any]:
    def refuse(*_params: object) -> Any:
        raise RpcError(code, message, said)

    return refuse


def test_prepare__dynamic_fee_where_there_is_a_base_fee() -> None:
    chain = node(eth_getBlockByNumber={"baseFeePerGas": "0xa"})
    filled = prepare(chain)
    assert filled == {
        "chainId": 1337,
        "value": 0,
        "data": "0xab",
        "to": "0x" + TO.hex(),
        "gas": 120,
        "nonce": 7,
        "maxFeePerGas": 22,
        "maxPriorityFeePerGas": 2,
    }
    assert ("eth_getTransactionCount", [data(SENDER), "pending"]) in chain.asked


def test_prepare__gas_price_where_there_is_none() -> None:
    filled = prepare(node(eth_getBlockByNumber={}))
    assert filled["gasPrice"] == 9
    assert "maxFeePerGas" not in filled


def test_prepare__node_without_tip__price_is_what_it_says() -> None:
    filled = prepare(
        node(eth_getBlockByNumber={"baseFeePerGas": "0x4"}, eth_maxPriorityFeePerGas=refusing(-32601, "no such method"))
    )
    assert (filled["maxFeePerGas"], filled["maxPriorityFeePerGas"]) == (13, 5)


@pytest.mark.parametrize(
    ("refusal", "name"),
    [
        (refusing(3, "execution reverted", REVERT), "RegistryNotGrowing"),
        (refusing(-32000, "Execution reverted", REVERT), "RegistryNotGrowing"),
        (refusing(-32603, "Error: VM Exception", {"data": REVERT}), "RegistryNotGrowing"),
        (refusing(3, "execution reverted"), "unknown"),
    ],
)
def test_prepare__contract_would_refuse(refusal: Callable[..., Any], name: str) -> None:
    with pytest.raises(ContractRevertedError) as caught:
        prepare(node(eth_estimateGas=refusal))
    assert caught.value.name == name


def test_prepare__other_refusal__stays_the_nodes() -> None:
    with pytest.raises(RpcError, match="insufficient funds"):
        prepare(node(eth_estimateGas=refusing(-32000, "insufficient funds")))


@pytest.mark.parametrize("nonsense", [None, 7, "seven", "0x", {}])
def test_prepare__nonsense__unavailable(nonsense: object) -> None:
    with pytest.raises(ChainUnavailableError):
        prepare(node(eth_getTransactionCount=nonsense))


def test_bump__fees_rise_enough_and_nothing_else_changes() -> None:
    old = {
        "chainId": 1,
        "nonce": 3,
        "gas": 100,
        "value": 0,
        "data": "0x",
        "maxFeePerGas": 80,
        "maxPriorityFeePerGas": 0,
    }
    new = transactions.bump(old)
    assert (new["maxFeePerGas"], new["maxPriorityFeePerGas"]) == (90, 1)
    assert {name: value for name, value in new.items() if not name.startswith("max")} == {
        name: value for name, value in old.items() if not name.startswith("max")
    }


def test_sign__hash_is_that_of_the_bytes() -> None:
    account = Account.create()
    signed = transactions.sign(prepare(node(eth_getBlockByNumber={"baseFeePerGas": "0x0"})), account)
    assert (signed.hash, signed.nonce) == (keccak(signed.raw), 7)
    assert Account.recover_transaction(signed.raw) == account.address
    assert data(signed.sender) == account.address.lower()


def receipt(**changes: Any) -> dict[str, Any]:
    usual = {"transactionHash": data(HASH), "blockNumber": "0x5", "blockHash": data(bytes(32)), "status": "0x1"}
    return {**usual, "gasUsed": "0x10", "contractAddress": None, "logs": [], **changes}


def test_send__answer_is_the_hash() -> None:
    transactions.send(answering(eth_sendRawTransaction=data(HASH)).connection(), b"\1", HASH)
    with pytest.raises(ChainUnavailableError, match="calls it"):
        transactions.send(answering(eth_sendRawTransaction=data(bytes(32))).connection(), b"\1", HASH)


@pytest.mark.parametrize("message", ["already known", "nonce too low", "transaction underpriced"])
def test_send__refused_but_known__fine(message: str) -> None:
    chain = answering(
        eth_sendRawTransaction=refusing(-32000, message),
        eth_getTransactionReceipt=None,
        eth_getTransactionByHash={"hash": data(HASH)},
    )
    transactions.send(chain.connection(), b"\1", HASH)


def test_send__refused_and_unknown__refused() -> None:
    chain = answering(
        eth_sendRawTransaction=refusing(-32000, "nonce too low"),
        eth_getTransactionReceipt=None,
        eth_getTransactionByHash=None,
    )
    with pytest.raises(RpcError, match="nonce too low"):
        transactions.send(chain.connection(), b"\1", HASH)


def test_look_up__mined_pending_unknown() -> None:
    mined = answering(eth_getTransactionReceipt=receipt())
    assert transactions.look_up(mined.connection(), HASH) == Receipt(HASH, 5, bytes(32), True, 16, None, ())
    pending = answering(eth_getTransactionReceipt=None, eth_getTransactionByHash={"hash": data(HASH)})
    assert transactions.look_up(pending.connection(), HASH) is PENDING
    unknown = answering(eth_getTransactionReceipt=None, eth_getTransactionByHash=None)
    assert transactions.look_up(unknown.connection(), HASH) is None


@pytest.mark.parametrize(
    "answer",
    [
        receipt(transactionHash=data(bytes(32))),
        receipt(status=None),
        receipt(blockNumber="5"),
        receipt(blockHash="0x00"),
        receipt(logs=None),
        {},
        "receipt",
    ],
)
def test_look_up__not_a_receipt_of_ours__unavailable(answer: object) -> None:
    with pytest.raises(ChainUnavailableError):
        transactions.look_up(answering(eth_getTransactionReceipt=answer).connection(), HASH)


def test_wait__gives_up_in_time() -> None:
    unknown = answering(eth_getTransactionReceipt=None, eth_getTransactionByHash=None)
    with pytest.raises(FinalityTimeoutError, match="unknown to the node after 0 s"):
        transactions.wait(unknown.connection(), HASH, 0)


@pytest.mark.parametrize("response", [None, [], "x", {}, {"id": 1}, {"error": None}])
def test_answer_that_is_not_json_rpc__unavailable(response: object) -> None:
    with pytest.raises(ChainUnavailableError, match="not JSON-RPC"):
        _result("eth_chainId", response)


@pytest.mark.parametrize(
    "error", ["no", {"message": "no"}, {"code": "x", "message": "no"}, {"code": -1, "message": "no"}]
)
def test_error_objects__as_nodes_spell_them(error: object) -> None:
    with pytest.raises(RpcError, match="no"):
        _result("eth_chainId", {"error": error})


def test_answer__result_may_be_null_beside_a_null_error() -> None:
    assert _result("eth_getTransactionReceipt", {"result": None, "error": None}) is None
