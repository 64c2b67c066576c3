"""A chain that answers what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.chain.errors import METHOD_NOT_FOUND, RpcError
from ledger.chain.provider import Connection
from ledger.chain.wire import data, number, quantity

Answer = Callable[..., Any]


class FakeChain:
    """Blocks of one second each, events as given, and answers per method that a test may replace."""

    def __init__(self, height: int = 20) -> None:
        self.height = height
        self.events: list[dict[str, Any]] = []
        self.asked: list[tuple[str, list[Any]]] = []
        self.max_range: int | None = None
        self.answers: dict[str, Answer] = {
            "eth_getBlockByNumber": self.block_by_number,
            "eth_getBlockByHash": self.block_by_hash,
            "eth_getLogs": self.logs,
            "eth_chainId": lambda: "0x539",
        }

    def connection(self) -> Connection:
        return Connection(self)

    def ask(self, method: str, params: list[Any]) -> Any:
        self.asked.append((method, params))
        if method not in self.answers:
            raise RpcError(METHOD_NOT_FOUND, f"no {method}")
        return self.answers[method](*params)

    def provider(self) -> Any:
        raise AssertionError("nobody asks for web3.py here")

    def close(self) -> None:
        """There is nothing to let go of."""

    def hash(self, block: int) -> bytes:
        return block.to_bytes(32, "big")

    def block_by_number(self, tag: str, _full: object = None) -> dict[str, Any] | None:
        block = self.height if tag in ("latest", "safe", "finalized") else number(tag)
        return None if block > self.height else self.block(block)

    def block_by_hash(self, block_hash: str, _full: object = None) -> dict[str, Any] | None:
        return self.block_by_number(quantity(int(block_hash, 16)))

    def block(self, block: int) -> dict[str, Any]:
        return {"number": quantity(block), "hash": data(self.hash(block)), "timestamp": quantity(1_800_000_000 + block)}

    def logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = number(wanted["fromBlock"]), number(wanted["toBlock"])
        if self.max_range is not None and last - first + 1 > self.max_range:
            raise RpcError(-32005, "query exceeds max block range")
        return [event for event in self.events if first <= number(event["blockNumber"]) <= last]
