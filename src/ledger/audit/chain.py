"""What the audit asks a chain, and the answers of a JSON-RPC node.

Everything is read at one pinned block. Logs are asked for by emitter and checked for it again; the audit wants
the transaction behind each event, so it reads logs itself and only decodes them with the artifact's words.

What it leaves out: replaying (``replay``), and carrying requests (``ledger.chain.provider``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

from ledger.audit.source import UnreadableError
from ledger.chain.abi import artifact
from ledger.chain.errors import RpcError
from ledger.chain.wire import data, number, parse_data, quantity
from ledger.errors import ChainError, FormatError

_T = TypeVar("_T")

STEP = 10_000
"""Most blocks in one question for events; a refusal halves it."""


class Happening(NamedTuple):
    """One event of the contract: its name, its values by snake-case name, and where it stands."""

    name: str
    values: dict[str, Any]
    block: int
    position: int
    time: int
    transaction: bytes


class Chain(Protocol):
    """A registry on a chain, as of one block."""

    @property
    def block(self) -> int:
        """Number of the block up to which everything is read."""

    def code(self) -> tuple[bytes, bytes]:
        """The code that stands at the registry's address, and the artifact's."""

    def happenings(self) -> Iterator[Happening]:
        """The registry's events from the first block on, in the chain's order."""

    def sender(self, transaction: bytes) -> tuple[bytes, bool] | None:
        """Who sent a transaction, and whether straight to the registry; None if the node does not know it."""

    def view(self, function: str, *arguments: object) -> tuple[Any, ...] | None:
        """What a view of the contract answers; None where it reverts."""


class Asked(Protocol):
    """What carries questions to a node: ``ledger.chain.provider.Connection``."""

    def request(self, method: str, *params: Any) -> Any:
        """The result of one JSON-RPC call; raises a :class:`~ledger.errors.ChainError` where there is none."""


class _Block(NamedTuple):
    number: int
    hash: bytes
    time: int


class RpcChain:
    """A registry behind a JSON-RPC connection.

    Args:
        connection: the way to the node.
        address: of the registry, 20 bytes.
        tag: block tag up to which the chain is believed: ``latest``, ``safe`` or ``finalized``.
        confirmations: blocks that must stand on top, in addition.
        chain_id: pinned EIP-155 id; None: any.
        genesis: pinned hash of block 0; None: any.
        first_block: block that the registry was deployed in, or any before.

    Every method raises :class:`UnreadableError` where the node does not answer, or answers what makes no sense.
    """

    def __init__(
        self,
        connection: Asked,
        address: bytes,
        *,
        tag: str = "latest",
        confirmations: int = 0,
        chain_id: int | None = None,
        genesis: bytes | None = None,
        first_block: int = 0,
    ) -> None:
        self._connection = connection
        self._address = address
        self._first_block = first_block
        self._times: dict[int, int] = {}
        self._check_identity(chain_id, genesis)
        top = self._block(tag)
        pinned = self._block(quantity(max(0, top.number - confirmations))) if confirmations else top
        self.block = pinned.number
        self._hash = pinned.hash

    def code(self) -> tuple[bytes, bytes]:
        """As :meth:`Chain.code`."""
        here = self._ask(parse_data, "eth_getCode", data(self._address), quantity(self.block))
        return here, artifact().deployed

    def happenings(self) -> Iterator[Happening]:
        """As :meth:`Chain.happenings`; a reorganisation meanwhile ends the audit too."""
        first, step, before = self._first_block, STEP, (-1, -1)
        while first <= self.block:
            last = min(first + step - 1, self.block)
            try:
                logs = self._ask(_list, "eth_getLogs", self._filter(first, last))
            except _RefusedError:
                if first == last:
                    raise
                step = max(1, (last - first + 1) // 2)
                continue
            for log in logs:
                happening = self._decode(log)
                place = (happening.block, happening.position)
                if not first <= happening.block <= last or place <= before:
                    raise _nonsense(f"event at {place} after {before}, asked for blocks {first} to {last}")
                before = place
                yield happening
            first, step = last + 1, min(2 * step, STEP)
        if self._block(quantity(self.block)).hash != self._hash:
            raise _nonsense(f"the chain was reorganised at block {self.block} meanwhile")

    def sender(self, transaction: bytes) -> tuple[bytes, bool] | None:
        """As :meth:`Chain.sender`."""

        def decode(answer: Any) -> tuple[bytes, bool] | None:
            if answer is None:
                return None
            to = answer["to"]
            return parse_data(answer["from"], 20), to is not None and parse_data(to, 20) == self._address

        return self._ask(decode, "eth_getTransactionByHash", data(transaction))

    def view(self, function: str, *arguments: object) -> tuple[Any, ...] | None:
        """As :meth:`Chain.view`."""
        call = {"to": data(self._address), "data": data(artifact().abi.encode(function, arguments))}

        def decode(answer: Any) -> tuple[Any, ...]:
            return artifact().abi.decode(function, parse_data(answer))

        try:
            return self._ask(decode, "eth_call", call, {"blockHash": data(self._hash)})
        except _RefusedError as refused:
            if refused.reverted:
                return None
            raise

    def _check_identity(self, chain_id: int | None, genesis: bytes | None) -> None:
        here = self._ask(number, "eth_chainId")
        if chain_id is not None and here != chain_id:
            raise UnreadableError(
                f"节点在链 {here} 上，应为 {chain_id}", f"the node is on chain {here}, not {chain_id}"
            )
        if genesis is not None and self._block("0x0").hash != genesis:
            raise UnreadableError(
                "节点的创世区块不是本账本所在链的", "the node's block 0 is not that of the pinned chain"
            )

    def _block(self, which: str) -> _Block:
        def decode(answer: Any) -> _Block:
            return _Block(number(answer["number"]), parse_data(answer["hash"], 32), number(answer["timestamp"]))

        return self._ask(decode, "eth_getBlockByNumber", which, False)  # noqa: FBT003 JSON-RPC's own parameter

    def _filter(self, first: int, last: int) -> dict[str, str]:
        return {"address": data(self._address), "fromBlock": quantity(first), "toBlock": quantity(last)}

    def _decode(self, log: Any) -> Happening:
        try:
            emitter = parse_data(log["address"], 20)
            topics = [parse_data(topic, 32) for topic in log["topics"]]
            name, values = artifact().abi.event(topics, parse_data(log["data"]))
            block, position = number(log["blockNumber"]), number(log["logIndex"])
            transaction = parse_data(log["transactionHash"], 32)
        except (FormatError, KeyError, TypeError) as error:
            raise _nonsense(f"an event: {error}") from error
        if emitter != self._address:
            raise _nonsense(f"an event of 0x{emitter.hex()}, another contract")
        return Happening(name, values, block, position, self._time(block), transaction)

    def _time(self, block: int) -> int:
        if block not in self._times:
            self._times = {block: self._block(quantity(block)).time}
        return self._times[block]

    def _ask(self, decode: Callable[[Any], _T], method: str, *params: Any) -> _T:
        """One question, and its answer decoded."""
        try:
            answer = self._connection.request(method, *params)
        except RpcError as error:
            raise _RefusedError(method, error) from error
        except ChainError as error:
            raise UnreadableError(f"链没有应答：{error}", f"the chain does not answer: {error}") from error
        try:
            return decode(answer)
        except (FormatError, KeyError, TypeError) as error:
            raise _nonsense(f"{method}: {error}") from error


class _RefusedError(UnreadableError):
    """The node answered with an error of its own."""

    def __init__(self, method: str, error: RpcError) -> None:
        super().__init__(f"链节点拒绝 {method}：{error}", f"the chain's node refuses {method}: {error}")
        self.reverted = "revert" in str(error).lower() or error.data is not None


def _list(answer: object) -> list[Any]:
    if not isinstance(answer, list):
        raise TypeError(f"not a list: {answer!r:.60}")
    return answer


def _nonsense(what: str) -> UnreadableError:
    return UnreadableError(f"链节点的应答不合理：{what}", f"the chain's node answers nonsense: {what}")
