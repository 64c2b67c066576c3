"""A chain that answers late, not at all, or changes its mind: the registry's client says which it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from ledger.chain import calls
from ledger.chain.provider import Carrier, Connection
from ledger.chain.registry import Registry
from ledger.chain.transactions import PENDING, SignedTx, bump
from ledger.directory import Anchored
from ledger.errors import ChainUnavailableError, FinalityTimeoutError
from tests.contract.conftest import Consortium, address, found, running_anvil

CQ, SC = 500000, 510000
ROOT = bytes(range(32))


class Losing:
    """Carries everything, but loses the question or the answer where it is told to."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self.lose_question: str | None = None
        self.lose_answer: str | None = None

    def ask(self, method: str, params: list[Any]) -> Any:
        if method == self.lose_question:
            raise ChainUnavailableError(f"{method}: lost on the way there")
        answer = self._carrier.ask(method, params)
        if method == self.lose_answer:
            raise ChainUnavailableError(f"{method}: lost on the way back")
        return answer

    def provider(self) -> Any:
        return self._carrier.provider()

    def close(self) -> None:
        """The chain stays open for the other tests."""


@pytest.fixture
def losing(consortium: Consortium) -> Losing:
    carrier = Losing(consortium.registry.connection._carrier)
    consortium.registry.connection = Connection(carrier)
    return carrier


def sign(registry: Registry, anchorer: LocalAccount, size: int = 1) -> SignedTx:
    return registry.sign(registry.build_anchor(CQ, size, ROOT, ROOT, [], sender=address(anchorer)), anchorer)


def test_question_lost__nothing_happened_and_same_bytes_go_later(consortium: Consortium, losing: Losing) -> None:
    registry = consortium.registry
    signed = sign(registry, consortium[CQ].anchorer)
    losing.lose_question = "eth_sendRawTransaction"
    with pytest.raises(ChainUnavailableError, match="way there"):
        registry.send(signed)
    losing.lose_question = None
    assert registry.lookup(signed.hash) is None
    registry.send(signed)
    assert registry.wait(signed.hash, 10).success


def test_answer_lost__it_happened_once(consortium: Consortium, losing: Losing) -> None:
    registry = consortium.registry
    signed = sign(registry, consortium[CQ].anchorer)
    losing.lose_answer = "eth_sendRawTransaction"
    with pytest.raises(ChainUnavailableError, match="way back"):
        registry.send(signed)
    losing.lose_answer = None
    receipt = registry.wait(signed.hash, 10)
    assert receipt.success
    registry.send(signed)
    assert [event.seq for event in registry.events() if isinstance(event, Anchored)] == [1]


@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber", "eth_call", "eth_chainId", "eth_getCode"])
def test_reading_fails__unavailable_not_wrong(consortium: Consortium, losing: Losing, method: str) -> None:
    registry = consortium.registry
    fresh = Registry(registry.connection, registry.address, chain_id=registry.chain_id, genesis=registry.genesis)
    losing.lose_answer = method
    with pytest.raises(ChainUnavailableError, match=method):
        (fresh.head(CQ), fresh.directory())
    losing.lose_answer = None
    assert fresh.directory().member(CQ).head == fresh.head(CQ)


# ----------------------------------------------------------------------------------- what only Anvil can be made to do


@pytest.fixture(scope="module")
def idle() -> Iterator[Connection]:
    """An Anvil that mines only when it is told to."""
    with running_anvil() as connection:
        yield connection


@pytest.fixture
def waiting(idle: Connection) -> Iterator[Consortium]:
    consortium = found(idle, CQ, SC)
    idle.request("evm_setAutomine", False)
    yield consortium
    idle.request("evm_setAutomine", True)
    idle.request("evm_mine")


@pytest.mark.node
def test_not_mined__pending_then_timeout_then_found(waiting: Consortium, idle: Connection) -> None:
    registry = waiting.registry
    signed = sign(registry, waiting[CQ].anchorer)
    registry.send(signed)
    registry.send(signed)  # "already known"
    assert registry.lookup(signed.hash) is PENDING
    with pytest.raises(FinalityTimeoutError, match="waiting after"):
        registry.wait(signed.hash, 0.1)
    assert registry.nonce(signed.sender, "pending") == signed.nonce + 1
    assert registry.nonce(signed.sender) == signed.nonce
    idle.request("evm_mine")
    assert registry.wait(signed.hash, 10).success


@pytest.mark.node
def test_fee_bump__replaces_and_is_mined_once(waiting: Consortium, idle: Connection) -> None:
    registry, anchorer = waiting.registry, waiting[CQ].anchorer
    first = registry.build_anchor(CQ, 1, ROOT, ROOT, [], sender=address(anchorer))
    stuck, dearer = registry.sign(first, anchorer), registry.sign(bump(first), anchorer)
    assert stuck.nonce == dearer.nonce
    registry.send(stuck)
    registry.send(dearer)
    idle.request("evm_mine")
    assert registry.wait(dearer.hash, 10).success
    assert registry.lookup(stuck.hash) is None
    assert registry.head(CQ).seq == 1


@pytest.mark.node
def test_reorganisation__anchor_is_gone_and_comes_back(anvil: Connection) -> None:
    consortium = found(anvil, CQ, SC)
    registry, anchorer = consortium.registry, consortium[CQ].anchorer
    before = anvil.request("evm_snapshot")
    signed = sign(registry, anchorer)
    registry.send(signed)
    receipt = registry.wait(signed.hash, 10)
    pinned = registry.final_block()
    anvil.request("evm_revert", before)
    anvil.request("evm_mine")
    assert registry.lookup(signed.hash) is None
    assert registry.head(CQ).seq == 0
    with pytest.raises(ChainUnavailableError, match="reorganised"):
        list(registry.events(last=pinned))
    with pytest.raises(ChainUnavailableError):
        registry.events_of(receipt)
    registry.send(signed)
    assert registry.wait(signed.hash, 10).success
    assert registry.directory().member(CQ).head == registry.head(CQ)


@pytest.mark.node
def test_confirmations__final_block_stays_behind(anvil: Connection) -> None:
    consortium = found(anvil, CQ, SC)
    pinned: dict[str, Any] = {"chain_id": consortium.registry.chain_id, "genesis": consortium.registry.genesis}
    careful = Registry(anvil, consortium.registry.address, confirmations=3, **pinned)
    consortium.registry.transact(calls.anchor(CQ, 1, ROOT, ROOT), consortium[CQ].anchorer)
    assert careful.final_block().number == consortium.registry.final_block().number - 3
    assert careful.directory().members == {}
    anvil.request("anvil_mine", "0x3")
    assert careful.directory().member(CQ).head.seq == 1
    tagged = Registry(anvil, consortium.registry.address, tag="finalized", **pinned)
    assert tagged.final_block().number < consortium.registry.final_block().number


@pytest.mark.node
def test_chain_without_base_fee__legacy_transactions() -> None:
    with running_anvil("--hardfork", "berlin") as old:
        consortium = found(old, CQ, SC)
        built = consortium.registry.build(calls.anchor(CQ, 1, ROOT, ROOT), address(consortium[CQ].anchorer))
        assert "gasPrice" in built
        assert "maxFeePerGas" not in built
        consortium.registry.transact(calls.anchor(CQ, 1, ROOT, ROOT), consortium[CQ].anchorer)
        assert consortium.registry.head(CQ).size == 1
        assert bump(built)["gasPrice"] > built["gasPrice"]
