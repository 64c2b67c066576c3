"""Ethereum's JSON-RPC over the embedded chain: what standard clients and explorers ask.

``latest``, ``safe``, ``finalized`` and ``pending`` are all the newest block, for this chain has no forks and mines at
once. Accounts, filters and subscriptions are left out: keys stay with their owners, and clients poll.

What it leaves out: HTTP and batches (``server``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eth.abc import BlockHeaderAPI

from ledger.chain import errors
from ledger.chain.blockstore import LogFilter
from ledger.chain.embedded import TRANSACTION_GAS, Call, EmbeddedChain
from ledger.chain.errors import RpcError
from ledger.chain.rpcjson import block_json, log_json, receipt_json, transaction_json
from ledger.chain.wire import CLIENT, data, parse_data, parse_quantity, quantity
from ledger.errors import FormatError

_NEWEST = frozenset({"latest", "safe", "finalized", "pending"})
_MAX_HISTORY = 1024


class Dispatcher:
    """Answers JSON-RPC calls from one chain."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._methods: dict[str, tuple[Callable[..., Any], int, int]] = {
            "web3_clientVersion": (lambda: CLIENT, 0, 0),
            "net_version": (lambda: str(chain.chain_id), 0, 0),
            "net_listening": (lambda: True, 0, 0),
            "eth_chainId": (lambda: quantity(chain.chain_id), 0, 0),
            "eth_syncing": (lambda: False, 0, 0),
            "eth_accounts": (list, 0, 0),
            "eth_gasPrice": (lambda: quantity(0), 0, 0),
            "eth_maxPriorityFeePerGas": (lambda: quantity(0), 0, 0),
            "eth_blockNumber": (lambda: quantity(chain.head().block_number), 0, 0),
            "eth_feeHistory": (self._fee_history, 2, 3),
            "eth_getBlockByNumber": (self._block_by_number, 1, 2),
            "eth_getBlockByHash": (self._block_by_hash, 1, 2),
            "eth_getBalance": (self._balance, 1, 2),
            "eth_getCode": (self._code, 1, 2),
            "eth_getStorageAt": (self._storage, 2, 3),
            "eth_getTransactionCount": (self._nonce, 1, 2),
            "eth_call": (self._call, 1, 2),
            "eth_estimateGas": (self._estimate, 1, 2),
            "eth_sendRawTransaction": (self._send, 1, 1),
            "eth_getTransactionByHash": (self._transaction, 1, 1),
            "eth_getTransactionReceipt": (self._receipt, 1, 1),
            "eth_getLogs": (self._logs, 1, 1),
        }

    def dispatch(self, method: str, params: object) -> Any:
        """The result of one call.

        Raises:
            RpcError: unknown method, wrong parameters, or refused by the chain.
        """
        if method not in self._methods:
            raise RpcError(errors.METHOD_NOT_FOUND, f"the method {method!r:.80} does not exist here")
        handler, fewest, most = self._methods[method]
        if not isinstance(params, (list, tuple)) or not fewest <= len(params) <= most:
            raise RpcError(errors.INVALID_PARAMS, f"{method} takes {fewest} to {most} parameters in a list")
        try:
            return handler(*params)
        except FormatError as error:
            raise RpcError(errors.INVALID_PARAMS, str(error)) from error

    # Blocks.

    def _block_by_number(self, tag: object, full: object = None) -> dict[str, Any] | None:
        header = self._by_tag(tag)
        return None if header is None else block_json(self._chain.block(header), full=full is True)

    def _block_by_hash(self, block_hash: object, full: object = None) -> dict[str, Any] | None:
        header = self._chain.header_by_hash(parse_data(block_hash, 32))
        return None if header is None else block_json(self._chain.block(header), full=full is True)

    def _by_tag(self, tag: object) -> BlockHeaderAPI | None:
        if isinstance(tag, str) and tag in _NEWEST:
            return self._chain.head()
        return self._chain.header(0 if tag == "earliest" else parse_quantity(tag))

    def _state_at(self, tag: object) -> BlockHeaderAPI:
        """The block that a question about state names: tag, number, hash, or an EIP-1898 object."""
        if isinstance(tag, dict):
            tag = tag.get("blockHash", tag.get("blockNumber"))
        if isinstance(tag, str) and len(tag) == 66:
            header = self._chain.header_by_hash(parse_data(tag, 32))
        else:
            header = self._by_tag(tag)
        if header is None:
            raise RpcError(errors.REFUSED, "header not found")
        return header

    def _fee_history(self, count: object, newest: object, percentiles: object = ()) -> dict[str, Any]:
        wanted = count if type(count) is int else parse_quantity(count)
        last = self._state_at(newest).block_number
        wanted = max(0, min(wanted, last + 1, _MAX_HISTORY))
        headers = [self._chain.header(number) for number in range(last - wanted + 1, last + 1)]
        used = [header.gas_used / header.gas_limit for header in headers if header is not None]
        width = len(percentiles) if isinstance(percentiles, Sequence) else 0
        return {
            "oldestBlock": quantity(last - wanted + 1),
            "baseFeePerGas": [quantity(0)] * (wanted + 1),
            "gasUsedRatio": used,
            "reward": [[quantity(0)] * width for _ in used],
        }

    # State.

    def _balance(self, address: object, tag: object = "latest") -> str:
        return quantity(self._chain.balance(parse_data(address, 20), self._state_at(tag)))

    def _code(self, address: object, tag: object = "latest") -> str:
        return data(self._chain.code(parse_data(address, 20), self._state_at(tag)))

    def _storage(self, address: object, slot: object, tag: object = "latest") -> str:
        value = self._chain.storage(parse_data(address, 20), _slot(slot), self._state_at(tag))
        return data(value.to_bytes(32, "big"))

    def _nonce(self, address: object, tag: object = "latest") -> str:
        return quantity(self._chain.nonce(parse_data(address, 20), self._state_at(tag)))

    def _call(self, call: object, tag: object = "latest") -> str:
        return data(self._chain.call(_parse_call(call), self._state_at(tag)))

    def _estimate(self, call: object, tag: object = "latest") -> str:
        return quantity(self._chain.estimate(_parse_call(call), self._state_at(tag)))

    # Transactions and events.

    def _send(self, raw: object) -> str:
        return data(self._chain.send(parse_data(raw)))

    def _transaction(self, tx_hash: object) -> dict[str, Any] | None:
        mined = self._chain.mined(parse_data(tx_hash, 32))
        return None if mined is None else transaction_json(mined.block, mined.index)

    def _receipt(self, tx_hash: object) -> dict[str, Any] | None:
        mined = self._chain.mined(parse_data(tx_hash, 32))
        return None if mined is None else receipt_json(mined, self._chain.block_logs(mined.block.number))

    def _logs(self, wanted: object) -> list[dict[str, Any]]:
        if not isinstance(wanted, dict):
            raise RpcError(errors.INVALID_PARAMS, "a filter object was expected")
        first, last = self._range(wanted)
        if first > last:
            return []
        addresses = [parse_data(item, 20) for item in _alternatives(wanted.get("address"))]
        topics = wanted.get("topics") or []
        if not isinstance(topics, list) or len(topics) > 4:
            raise RpcError(errors.INVALID_PARAMS, "topics are a list of at most four")
        choices = [[parse_data(item, 32) for item in _alternatives(topic)] for topic in topics]
        return [log_json(log) for log in self._chain.logs(LogFilter(first, last, addresses, choices))]

    def _range(self, wanted: dict[str, Any]) -> tuple[int, int]:
        head = self._chain.head().block_number
        if "blockHash" in wanted:
            if "fromBlock" in wanted or "toBlock" in wanted:
                raise RpcError(errors.INVALID_PARAMS, "blockHash excludes fromBlock and toBlock")
            number = self._state_at(wanted["blockHash"]).block_number
            return number, number
        first, last = (_number(wanted.get(name, "latest"), head) for name in ("fromBlock", "toBlock"))
        return first, min(last, head)


def _number(tag: object, head: int) -> int:
    if isinstance(tag, str) and tag in _NEWEST:
        return head
    return 0 if tag == "earliest" else parse_quantity(tag)


def _slot(value: object) -> int:
    """A storage slot: a quantity, or 32 bytes as some clients spell it."""
    if isinstance(value, str) and len(value) == 66:
        return int.from_bytes(parse_data(value, 32), "big")
    return parse_quantity(value)


def _alternatives(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _parse_call(value: object) -> Call:
    """A transaction object; fees and nonces in it mean nothing here."""
    if not isinstance(value, dict):
        raise RpcError(errors.INVALID_PARAMS, "a transaction object was expected")
    given = {name: item for name, item in value.items() if item is not None}
    default = Call(b"")
    if "data" in given and "input" in given and given["data"] != given["input"]:
        raise RpcError(errors.INVALID_PARAMS, "data and input differ")
    return Call(
        to=parse_data(given["to"], 20) if "to" in given else b"",
        data=parse_data(given.get("input", given.get("data", "0x"))),
        sender=parse_data(given["from"], 20) if "from" in given else default.sender,
        value=parse_quantity(given.get("value", "0x0")),
        gas=min(parse_quantity(given["gas"]), TRANSACTION_GAS) if "gas" in given else TRANSACTION_GAS,
    )
