"""The artifact on a third chain, through a client that is not ours: plain web3.py on eth-tester.

Our embedded chain uses py-evm without eth-tester, which looks every block through for each receipt and keeps nothing;
so here it serves as the other implementation.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from typing import Any

import pytest
from eth_tester.exceptions import TransactionFailed
from web3 import EthereumTesterProvider, Web3

from ledger.chain.abi import artifact
from ledger.directory import anchor_digest, empty_head
from tests import reference
from tests.conftest import ROOT

ABI = json.loads((ROOT / "src/ledger/chain/artifacts/LicenseRegistry.json").read_text("utf-8"))["abi"]
CODE = 500000
STATE = hashlib.sha256(b"state").digest()
LOG = hashlib.sha256(b"log").digest()
ENTRIES = [bytes([number]) for number in range(7)]


@pytest.fixture
def registry() -> Any:
    """The registry on eth-tester, founded by one member whose anchorer is the second of the chain's accounts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eth-tester's own
        w3 = Web3(EthereumTesterProvider())
    admin, anchorer = list(w3.eth.accounts)[:2]
    made = w3.eth.contract(abi=ABI, bytecode=artifact().bytecode)
    receipt = w3.eth.wait_for_transaction_receipt(
        made.constructor([(CODE, admin, anchorer, LOG, "")]).transact({"from": admin})
    )
    return w3.eth.contract(address=receipt["contractAddress"], abi=ABI)


def test_artifact__on_eth_tester__anchors_and_emits_what_we_compute(registry: Any) -> None:
    w3 = registry.w3
    anchorer = list(w3.eth.accounts)[1]
    assert bytes(w3.eth.get_code(registry.address)) == artifact().deployed
    first, second = reference.tree_hash(ENTRIES[:3]), reference.tree_hash(ENTRIES)
    registry.functions.anchor(CODE, 3, first, STATE, []).transact({"from": anchorer})
    proof = reference.proof(3, ENTRIES)
    done = registry.functions.anchor(CODE, 7, second, STATE, proof).transact({"from": anchorer})
    receipt = w3.eth.wait_for_transaction_receipt(done)
    event = next(iter(registry.events.Anchored().process_receipt(receipt)))
    assert (event["args"]["seq"], event["args"]["size"], event["args"]["logRoot"]) == (2, 7, second)
    before = anchor_digest(empty_head(LOG).digest, CODE, 0, 1, 3, first, STATE)
    assert registry.functions.anchorDigest(CODE, 2).call() == anchor_digest(before, CODE, 0, 2, 7, second, STATE)


def test_artifact__on_eth_tester__refuses_a_shrinking_log_by_name(registry: Any) -> None:
    anchorer = list(registry.w3.eth.accounts)[1]
    registry.functions.anchor(CODE, 3, reference.tree_hash(ENTRIES[:3]), STATE, []).transact({"from": anchorer})
    shrunk = registry.functions.anchor(CODE, 2, reference.tree_hash(ENTRIES[:2]), STATE, [])
    selector = Web3.keccak(text="RegistryNotGrowing(uint64,uint64)")[:4]
    with pytest.raises(TransactionFailed) as refused:
        shrunk.transact({"from": anchorer})
    assert repr(bytes(selector))[2:-1] in str(refused.value)
