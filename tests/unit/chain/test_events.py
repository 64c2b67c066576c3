"""What a node may answer wrongly when it is asked for events, and that none of it is believed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ledger.chain.abi import artifact
from ledger.chain.errors import RpcError
from ledger.chain.events import Block, LogQuery, read_block, read_events
from ledger.chain.wire import data, quantity
from ledger.directory import Anchored, MemberSuspended, Place
from ledger.errors import ChainUnavailableError, FormatError
from tests.unit.chain.fake import FakeChain

OURS, THEIRS = b"\x11" * 20, b"\x22" * 20
SELECTORS = {word.name: selector for selector, word in artifact().abi.events.items()}


def log(block: int, *, index: int = 0, seq: int = 1, **changes: Any) -> dict[str, Any]:
    words = [bytes(24) + value.to_bytes(8, "big") for value in (0, seq * 10)] + [b"\x01" * 32, b"\x02" * 32]
    topics = [SELECTORS["Anchored"], (500000).to_bytes(32, "big"), seq.to_bytes(32, "big")]
    return {
        "address": data(OURS),
        "topics": [data(topic) for topic in topics],
        "data": data(b"".join(words)),
        "blockNumber": quantity(block),
        "blockHash": data(block.to_bytes(32, "big")),
        "logIndex": quantity(index),
        "removed": False,
        **changes,
    }


def query(chain: FakeChain, first: int = 0, **changes: Any) -> LogQuery:
    last = read_block(chain.connection(), chain.height)
    assert last is not None
    return LogQuery(OURS, first, last, **changes)


def read(chain: FakeChain, **changes: Any) -> list[Any]:
    return list(read_events(chain.connection(), query(chain, **changes)))


def test_event__decoded_with_its_place() -> None:
    chain = FakeChain()
    chain.events = [log(7, index=3)]
    place = Place(7, 3, chain.hash(7), dt.datetime.fromtimestamp(1_800_000_007, dt.UTC))
    assert read(chain) == [
        Anchored(at=place, member=500000, seq=1, epoch=0, size=10, log_root=b"\x01" * 32, state_root=b"\x02" * 32)
    ]


def test_block_time__from_the_event_if_the_node_sends_it() -> None:
    chain = FakeChain()
    chain.events = [log(7, blockTimestamp=quantity(1_900_000_000))]
    assert read(chain)[0].at.time.timestamp() == 1_900_000_000


def test_block_time__asked_once_per_block() -> None:
    chain = FakeChain()
    chain.events = [log(7, index=0), log(7, index=1, seq=2), log(8, seq=3)]
    read(chain)
    assert [method for method, _ in chain.asked].count("eth_getBlockByHash") == 2


def test_ranges__bounded_and_without_gap() -> None:
    chain = FakeChain(height=25)
    chain.events = [log(block, seq=block + 1) for block in range(26)]
    assert [event.at.block for event in read(chain, step=10)] == list(range(26))
    asked = [
        (params[0]["fromBlock"], params[0]["toBlock"]) for method, params in chain.asked if method == "eth_getLogs"
    ]
    assert asked == [("0x0", "0x9"), ("0xa", "0x13"), ("0x14", "0x19")]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_node_refuses_range__smaller_steps(limit: int) -> None:
    chain = FakeChain(height=40)
    chain.events = [log(block, seq=block + 1) for block in range(41)]
    chain.max_range = limit
    assert [event.at.block for event in read(chain)] == list(range(41))


def test_node_refuses_even_one_block__its_error() -> None:
    chain = FakeChain()
    chain.max_range = 0
    with pytest.raises(RpcError, match="max block range"):
        read(chain)


def test_node_without_the_method__not_asked_again() -> None:
    chain = FakeChain()
    del chain.answers["eth_getLogs"]
    with pytest.raises(RpcError, match="no eth_getLogs"):
        read(chain)
    assert [method for method, _ in chain.asked].count("eth_getLogs") == 1


LIES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "another emitter": ("it is from", [log(7, address=data(THEIRS))]),
    "another topic": ("does not match", [log(7, topics=[data(bytes(32)), *log(7)["topics"][1:]])]),
    "no topic": ("makes no sense", [log(7, topics=[])]),
    "a topic too few": ("topics", [log(7, topics=log(7)["topics"][:2])]),
    "a topic too many": ("topics", [log(7, topics=[*log(7)["topics"], data(bytes(32))])]),
    "short data": ("not an encoding", [log(7, data="0x00")]),
    "a number too big": ("not a uint64", [log(7, data=data(b"\xff" * 32 + bytes(96)))]),
    "a member too big": ("not a uint32", [log(7, topics=[log(7)["topics"][0], data(b"\xff" * 32), data(bytes(32))])]),
    "later blocks": ("not in blocks", [log(21)]),
    "removed": ("not in blocks", [log(7, removed=True)]),
    "backwards": ("comes after", [log(8), log(7)]),
    "twice": ("comes after", [log(7), log(7)]),
    "two hashes of a block": ("is not", [log(7), log(7, index=1, blockHash=data(b"\x09" * 32))]),
    "an unknown block": ("is not", [log(7, blockHash=data(b"\x09" * 32))]),
    "a hash of another block": ("is not", [log(7, blockHash=data((8).to_bytes(32, "big")))]),
    "no index": ("logIndex", [{name: value for name, value in log(7).items() if name != "logIndex"}]),
    "no object": ("makes no sense", ["log"]),  # type: ignore[list-item]  # what a node may send
    "a time beyond all": ("not a time", [log(7, blockTimestamp="0x" + "f" * 60)]),
}


@pytest.mark.parametrize(("text", "events"), LIES.values(), ids=LIES)
def test_lie__not_believed(text: str, events: list[dict[str, Any]]) -> None:
    chain = FakeChain()
    chain.answers["eth_getLogs"] = lambda _wanted: events
    with pytest.raises(ChainUnavailableError, match=text):
        read(chain)


def test_list_expected__anything_else_refused() -> None:
    chain = FakeChain()
    chain.answers["eth_getLogs"] = lambda _wanted: None
    with pytest.raises(ChainUnavailableError, match="not a list"):
        read(chain)


def test_reorganised_meanwhile__said_at_the_end() -> None:
    chain = FakeChain()
    wanted = query(chain)
    chain.answers["eth_getBlockByNumber"] = lambda tag, _full: {**chain.block(int(tag, 16)), "hash": data(b"\x07" * 32)}
    with pytest.raises(ChainUnavailableError, match="reorganised"):
        list(read_events(chain.connection(), wanted))


def test_filter__names_and_member_in_topics() -> None:
    chain = FakeChain()
    read(chain, names=["Anchored", "MemberSuspended"], member=500000)
    asked = next(params[0] for method, params in chain.asked if method == "eth_getLogs")
    assert asked["address"] == data(OURS)
    assert set(asked["topics"][0]) == {data(SELECTORS["Anchored"]), data(SELECTORS["MemberSuspended"])}
    assert asked["topics"][1] == data((500000).to_bytes(32, "big"))


def test_filter__answer_about_another_member__not_believed() -> None:
    chain = FakeChain()
    chain.answers["eth_getLogs"] = lambda _wanted: [log(7)]
    with pytest.raises(ChainUnavailableError, match="does not match"):
        read(chain, member=510000)
    with pytest.raises(ChainUnavailableError, match="does not match"):
        read(chain, names=["MemberSuspended"])


def test_filter__unknown_name_is_a_mistake() -> None:
    with pytest.raises(FormatError, match="Anchord"):
        read(FakeChain(), names=["Anchord"])


def test_event_without_data() -> None:
    chain = FakeChain()
    topics = [data(SELECTORS["MemberSuspended"]), data((500000).to_bytes(32, "big"))]
    chain.events = [log(3, topics=topics, data="0x")]
    assert [(type(event), event.member) for event in read(chain)] == [(MemberSuspended, 500000)]


@pytest.mark.parametrize(
    "block", [{}, [], {"number": "0x5"}, {"number": "5", "hash": "0x00", "timestamp": "0x0"}, {"number": None}, "block"]
)
def test_block__that_is_none__refused(block: object) -> None:
    chain = FakeChain()
    chain.answers["eth_getBlockByNumber"] = lambda *_params: block
    with pytest.raises(ChainUnavailableError, match="not a block"):
        read_block(chain.connection(), 5)


def test_block__another_than_asked_for__refused() -> None:
    chain = FakeChain()
    chain.answers["eth_getBlockByNumber"] = lambda *_params: chain.block(6)
    with pytest.raises(ChainUnavailableError, match="asked for block 5"):
        read_block(chain.connection(), 5)


def test_block__by_tag_number_and_hash() -> None:
    chain = FakeChain(height=9)
    expected = Block(9, chain.hash(9), dt.datetime.fromtimestamp(1_800_000_009, dt.UTC))
    assert read_block(chain.connection(), "latest") == expected
    assert read_block(chain.connection(), 9) == expected
    assert read_block(chain.connection(), chain.hash(9)) == expected
    assert read_block(chain.connection(), 10) is None
