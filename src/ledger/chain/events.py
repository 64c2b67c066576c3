"""The registry's events read from a chain, in bounded steps, believed only where they fit.

A node may be slow, limited or wrong: ranges shrink when it refuses them, and every event is checked for emitter,
topic, block range and order before it is decoded (a log with the right topic from another contract is not ours).
Blocks are compared before and after, so that a reorganisation in between is noticed::

    pin `last` ──► [first … first+step) ──► [… ) ──► … `last` ──► is `last` still the same block?

What it leaves out: folding (``ledger.directory``), and waiting for finality (``registry``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import directory
from ledger.chain.abi import artifact
from ledger.chain.errors import INVALID_REQUEST, METHOD_NOT_FOUND, RpcError
from ledger.chain.provider import Connection
from ledger.chain.wire import data, number, parse_data, quantity
from ledger.directory import Event, Place
from ledger.errors import ChainUnavailableError, FormatError

STEP = 10_000
"""Blocks in one question. Public nodes limit ranges to between 500 and 10,000; a refusal halves it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: number, hash (32 bytes), time (UTC)."""

    number: int
    hash: bytes
    time: dt.datetime


@dataclass(slots=True)
class LogQuery:
    """Which events to read.

    Args:
        address: the contract, 20 bytes.
        first: first block.
        last: last block, pinned by its hash.
        names: names of events; empty for all of the contract's.
        member: only events about this member (those whose first parameter is a member).
        step: most blocks in one question.
    """

    address: bytes
    first: int
    last: Block
    names: Sequence[str] = ()
    member: int | None = None
    step: int = STEP

    def topics(self) -> list[Any]:
        """The filter as JSON-RPC wants it."""
        events = artifact().abi.events.values()
        if unknown := set(self.names) - {word.name for word in events}:
            raise FormatError(f"the contract has no event {sorted(unknown)}")
        about = [word for word in events if self.member is None or word.inputs.names[0] == "member"]
        chosen: list[Any] = [[data(word.selector) for word in about if not self.names or word.name in self.names]]
        return chosen if self.member is None else [*chosen, data(self.member.to_bytes(32, "big"))]


def read_block(connection: Connection, which: int | str | bytes) -> Block | None:
    """A block by number, tag or hash; None if the node has none.

    Raises:
        ChainUnavailableError: no answer, or not one about that block.
    """
    if isinstance(which, bytes):
        answer = connection.request("eth_getBlockByHash", data(which), False)  # noqa: FBT003 JSON-RPC's own parameter
    else:
        tag = quantity(which) if isinstance(which, int) else which
        answer = connection.request("eth_getBlockByNumber", tag, False)  # noqa: FBT003 JSON-RPC is positional
    if answer is None:
        return None
    try:
        block = Block(number(answer["number"]), parse_data(answer["hash"], 32), _moment(answer["timestamp"]))
    except (FormatError, LookupError, TypeError) as error:
        raise ChainUnavailableError(f"the answer is not a block: {error}") from error
    if which not in (block.number, block.hash) and not isinstance(which, str):
        raise ChainUnavailableError(f"asked for block {which!r}, got {block.number}")
    return block


def read_events(connection: Connection, query: LogQuery) -> Iterator[Event]:
    """The contract's events in the chain's order.

    Raises:
        ChainUnavailableError: no answer, or one that does not fit the question, or the chain was reorganised
            meanwhile: drop what was read and begin again.
    """
    reader = _Reader(connection, query)
    first, step = query.first, query.step
    while first <= query.last.number:
        last = min(first + step - 1, query.last.number)
        try:
            logs = reader.logs(first, last)
        except RpcError as error:
            if first == last or error.code in (METHOD_NOT_FOUND, INVALID_REQUEST):
                raise
            step = max(1, (last - first + 1) // 2)
            continue
        yield from (reader.event(log, first, last) for log in logs)
        first, step = last + 1, min(step * 2, query.step)
    now = read_block(connection, query.last.number)
    if now is None or now.hash != query.last.hash:
        raise ChainUnavailableError(f"the chain was reorganised at block {query.last.number} while it was read")


class _Reader:
    """Decodes and checks one query's logs."""

    def __init__(self, connection: Connection, query: LogQuery) -> None:
        self._connection = connection
        self._query = query
        self._topics = query.topics()
        self._order = (-1, -1)
        self._block = Block(-1, b"", dt.datetime.fromtimestamp(0, dt.UTC))

    def logs(self, first: int, last: int) -> list[Any]:
        wanted = {
            "address": data(self._query.address),
            "topics": self._topics,
            "fromBlock": quantity(first),
            "toBlock": quantity(last),
        }
        answer = self._connection.request("eth_getLogs", wanted)
        if not isinstance(answer, list):
            raise ChainUnavailableError("the answer is not a list of events")
        return answer

    def event(self, log: Any, first: int, last: int) -> Event:
        try:
            return self._checked(log, first, last)
        except (FormatError, LookupError, TypeError, OverflowError) as error:
            raise ChainUnavailableError(f"the node sent an event that makes no sense: {error}") from error

    def _checked(self, log: dict[str, Any], first: int, last: int) -> Event:
        block, log_index = number(log["blockNumber"]), number(log["logIndex"])
        if parse_data(log["address"], 20) != self._query.address:
            raise FormatError(f"it is from {log['address']}")
        if not first <= block <= last or log.get("removed"):
            raise FormatError(f"it is not in blocks {first} to {last}")
        if (block, log_index) <= self._order:
            raise FormatError(f"{(block, log_index)} comes after {self._order}")
        if log["topics"][0] not in self._topics[0] or (self._topics[1:] and log["topics"][1] != self._topics[1]):
            raise FormatError("it does not match the filter")
        self._order = (block, log_index)
        return decode_event(log, self._time(log, block))

    def _time(self, log: dict[str, Any], block: int) -> dt.datetime:
        """The block's time: newer nodes send it along, others are asked once per block."""
        block_hash = parse_data(log["blockHash"], 32)
        if self._block.number != block:
            if "blockTimestamp" in log:
                self._block = Block(block, block_hash, _moment(log["blockTimestamp"]))
            else:
                self._block = read_block(self._connection, block_hash) or self._block
        if (self._block.number, self._block.hash) != (block, block_hash):
            raise FormatError(f"block {block} is not {block_hash.hex()}")
        return self._block.time


def decode_event(log: dict[str, Any], time: dt.datetime) -> Event:
    """One log of the contract as an event.

    Raises:
        FormatError: it is none of the contract's events.
    """
    topics = [parse_data(topic, 32) for topic in log["topics"]]
    name, values = artifact().abi.event(topics, parse_data(log["data"]))
    place = Place(number(log["blockNumber"]), number(log["logIndex"]), parse_data(log["blockHash"], 32), time)
    kind: type[Event] = getattr(directory, name)
    return kind(at=place, **values)


def _moment(value: object) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(number(value), dt.UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise FormatError(f"not a time: {value!r:.40}") from error
