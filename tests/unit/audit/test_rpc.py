"""A chain's node that lies, stutters or talks nonsense: the audit stops by name, and never with a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.audit.chain import RpcChain
from ledger.audit.source import UnreadableError
from ledger.chain.abi import artifact
from ledger.chain.errors import RpcError
from ledger.errors import ChainUnavailableError

ADDRESS = b"\7" * 20
SUSPENDED = next(word.selector for word in artifact().abi.events.values() if word.name == "MemberSuspended")


def hexed(value: int | bytes) -> str:
    return hex(value) if isinstance(value, int) else "0x" + value.hex()


class Node:
    """Answers by method; an answer may be a function of the parameters, or an error to raise."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "eth_chainId": "0x7",
            "eth_getBlockByNumber": lambda which, _full: block(100 if which == "latest" else int(which, 16)),
            "eth_getLogs": logs,
            "eth_getTransactionByHash": {"from": hexed(b"\1" * 20), "to": hexed(ADDRESS)},
            "eth_getCode": "0x00",
            "eth_call": hexed(3),
        } | answers  # fmt: skip
        self.asked: list[str] = []

    def request(self, method: str, *params: Any) -> Any:
        self.asked.append(method)
        answer = self.answers[method]
        if callable(answer):
            answer = answer(*params)
        if isinstance(answer, Exception):
            raise answer
        return answer


def logs(asked: dict[str, str]) -> list[dict[str, Any]]:
    """An event in blocks 3, 43, 83 …"""
    blocks = range(int(asked["fromBlock"], 16), int(asked["toBlock"], 16) + 1)
    return [log(number) for number in blocks if number % 40 == 3]


def block(number: int) -> dict[str, str]:
    return {"number": hexed(number), "hash": hexed(number.to_bytes(32, "big")), "timestamp": hexed(1000 + number)}


def log(number: int, **changes: Any) -> dict[str, Any]:
    plain = {
        "address": hexed(ADDRESS),
        "topics": [hexed(SUSPENDED), hexed((500000).to_bytes(32, "big"))],
        "data": "0x",
        "blockNumber": hexed(number),
        "logIndex": "0x0",
        "transactionHash": hexed(b"\2" * 32),
    }
    return plain | changes


def chain(node: Node, **arguments: Any) -> RpcChain:
    return RpcChain(node, ADDRESS, **arguments)


def test_events_come_in_order_with_their_transaction_and_time() -> None:
    events = list(chain(Node()).happenings())
    assert [(event.name, event.block, event.time) for event in events] == [
        ("MemberSuspended", number, 1000 + number) for number in (3, 43, 83)
    ]
    assert events[0].values == {"member": 500000}
    assert events[0].transaction == b"\2" * 32


def test_a_node_that_limits_ranges_is_asked_for_less() -> None:
    def limited(asked: dict[str, str]) -> Any:
        first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
        if last - first >= 16:
            return RpcError(-32005, "range too large")
        return logs(asked)

    assert [event.block for event in chain(Node(eth_getLogs=limited)).happenings()] == [3, 43, 83]


def test_confirmations_and_first_block() -> None:
    pinned = chain(Node(), confirmations=20, first_block=10)
    assert pinned.block == 80
    assert [event.block for event in pinned.happenings()] == [43]


def test_senders_and_views() -> None:
    node = Node()
    made = chain(node)
    assert made.sender(b"\2" * 32) == (b"\1" * 20, True)
    node.answers["eth_getTransactionByHash"] = {"from": hexed(b"\1" * 20), "to": None}
    assert made.sender(b"\2" * 32) == (b"\1" * 20, False)
    node.answers["eth_getTransactionByHash"] = None
    assert made.sender(b"\2" * 32) is None
    node.answers["eth_call"] = hexed((9).to_bytes(32, "big"))
    assert made.view("activeMembers") == (9,)
    node.answers["eth_call"] = RpcError(3, "execution reverted", "0x")
    assert made.view("activeMembers") is None


NONSENSE: list[Any] = [
    None,
    7,
    "",
    "0x",
    "0xzz",
    [],
    {},
    [None],
    [{}],
    True,
    ChainUnavailableError("gone"),
    RpcError(-1, "no"),
]
METHODS = ["eth_chainId", "eth_getBlockByNumber", "eth_getLogs", "eth_getTransactionByHash", "eth_getCode", "eth_call"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("answer", NONSENSE, ids=repr)
def test_nonsense_ends_by_name(method: str, answer: Any) -> None:
    ended = ended_by(Node(**{method: answer}))
    if ended is None:
        harmless: dict[str, list[Any]] = {
            "eth_getLogs": [[]],
            "eth_getTransactionByHash": [None],
            "eth_getCode": ["0x"],
        }
        assert answer in harmless.get(method, [])
    else:
        assert ended.zh
        assert ended.en


def ended_by(node: Node) -> UnreadableError | None:
    """Ask everything once; anything but an UnreadableError fails the test."""
    try:
        made = chain(node, chain_id=7)
        made.code()
        list(made.happenings())
        made.sender(b"\2" * 32)
        made.view("activeMembers")
    except UnreadableError as error:
        return error
    return None


@pytest.mark.parametrize(
    "changes",
    [
        {"address": hexed(b"\6" * 20)},
        {"blockNumber": hexed(200)},
        {"topics": [hexed(b"\0" * 32)]},
        {"topics": []},
        {"transactionHash": "0x00"},
        {"logIndex": None},
    ],
    ids=str,
)
def test_an_event_that_does_not_fit_ends_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError, match="nonsense"):
        list(chain(Node(eth_getLogs=[log(5, **changes)])).happenings())


def test_events_twice_or_out_of_order() -> None:
    with pytest.raises(UnreadableError, match="after"):
        list(chain(Node(eth_getLogs=[log(5), log(5)])).happenings())


def test_a_reorganisation_meanwhile() -> None:
    node = Node()
    made = chain(node)
    node.answers["eth_getBlockByNumber"] = lambda which, _full: block(int(which, 16)) | {"hash": hexed(b"\5" * 32)}
    with pytest.raises(UnreadableError, match="reorganised"):
        list(made.happenings())


def test_another_chain_than_the_pinned_one() -> None:
    with pytest.raises(UnreadableError, match="chain 7, not 8"):
        chain(Node(), chain_id=8)
    with pytest.raises(UnreadableError, match="block 0"):
        chain(Node(), genesis=b"\1" * 32)
    assert chain(Node(), chain_id=7, genesis=bytes(32)).block == 100
