"""Transactions: filled in, signed, sent, looked up. Each step alone, so that a caller can store between them.

::

    prepare ──► sign ──► (store the bytes) ──► send ──► look up ──► Receipt
                                                 │         ▲
                                                 └─ answer lost: look up by hash, send the same bytes again

What it leaves out: what to call (``calls``), pinning the chain (``registry``), when to try again (``ledger.services``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address

from ledger.chain.abi import artifact
from ledger.chain.errors import REVERTED, RpcError
from ledger.chain.provider import Connection
from ledger.chain.wire import data, number, parse_data, quantity
from ledger.errors import ChainUnavailableError, ContractRevertedError, FinalityTimeoutError, FormatError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

Transaction = dict[str, Any]
"""An unsigned transaction as eth-account signs it: chainId, nonce, to, data, value, gas, and fees."""

GAS_MARGIN = 5
"""A fifth more gas than estimated: between estimate and block, a head may have become a deeper proof."""

FEE_BUMP = 8
"""An eighth more: nodes take a replacement from 10 % on (geth, Besu, Anvil)."""


class Pending(Enum):
    """The node knows the transaction; no block holds it yet."""

    PENDING = "pending"


PENDING = Pending.PENDING


@dataclass(frozen=True, slots=True)
class SignedTx:
    """A signed transaction: its bytes, their hash (32 bytes), sender's address (20 bytes) and nonce."""

    raw: bytes
    hash: bytes
    sender: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction.

    Attributes:
        hash: of the transaction, 32 bytes.
        block: number of its block.
        block_hash: hash of that block.
        success: False where the contract reverted it.
        gas_used: gas it took.
        contract: address of the contract that it made, 20 bytes.
        logs: the events as the node sent them.
    """

    hash: bytes
    block: int
    block_hash: bytes
    success: bool
    gas_used: int
    contract: bytes | None
    logs: tuple[dict[str, Any], ...]


def prepare(
    connection: Connection,
    *,
    chain_id: int,
    sender: bytes,
    to: bytes | None,
    call: bytes,
    nonce: int | None = None,
    gas: int | None = None,
) -> Transaction:
    """Fill in an unsigned transaction: nonce (pending ones counted), gas and fees where they are not given.

    Raises:
        ContractRevertedError: the contract would refuse it now; nothing was sent.
        ChainUnavailableError: no answer.
    """
    transaction: Transaction = {"chainId": chain_id, "value": 0, "data": data(call)}
    if to is not None:
        transaction["to"] = to_checksum_address(to)  # eth-account takes no other spelling
    asked = {name: item for name, item in transaction.items() if name in ("to", "data")} | {"from": data(sender)}
    if gas is None:
        gas = _number(connection, "eth_estimateGas", asked)
        gas += gas // GAS_MARGIN
    transaction["gas"] = gas
    transaction["nonce"] = next_nonce(connection, sender, "pending") if nonce is None else nonce
    return {**transaction, **_fees(connection)}


def next_nonce(connection: Connection, address: bytes, tag: str = "latest") -> int:
    """The next nonce of an address: mined transactions (``latest``), or waiting ones too (``pending``)."""
    return _number(connection, "eth_getTransactionCount", data(address), tag)


def _fees(connection: Connection) -> Transaction:
    """EIP-1559 fees where blocks have a base fee, else a gas price. Chains without fees give zeros."""
    newest = connection.request("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 JSON-RPC's own parameter
    if not isinstance(newest, dict):
        raise ChainUnavailableError("the node has no newest block")
    if newest.get("baseFeePerGas") is None:
        return {"gasPrice": _number(connection, "eth_gasPrice")}
    base = _sensible("baseFeePerGas", newest["baseFeePerGas"])
    try:
        tip = _number(connection, "eth_maxPriorityFeePerGas")
    except RpcError:  # Besu before 23.10, FISCO BCOS: the price is what they say it is
        tip = max(0, _number(connection, "eth_gasPrice") - base)
    return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}


def bump(transaction: Transaction) -> Transaction:
    """The same call with the same nonce and a higher fee, to replace one that is stuck."""
    fees = ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas")
    return {name: value + max(1, value // FEE_BUMP) if name in fees else value for name, value in transaction.items()}


def sign(transaction: Transaction, account: LocalAccount) -> SignedTx:
    """Sign; nothing is sent."""
    signed = account.sign_transaction(transaction)
    sender = bytes.fromhex(account.address[2:])
    return SignedTx(bytes(signed.raw_transaction), bytes(signed.hash), sender, int(transaction["nonce"]))


def send(connection: Connection, raw: bytes, tx_hash: bytes) -> None:
    """Send a signed transaction; sending it twice does no harm.

    Raises:
        RpcError: the node refused and does not know the transaction.
        ChainUnavailableError: no answer; it may have arrived: look it up.
    """
    try:
        answer = connection.request("eth_sendRawTransaction", data(raw))
    except RpcError:
        # "already known", "nonce too low" and their like: fine if it is this very transaction that the node has.
        if look_up(connection, tx_hash) is None:
            raise
        return
    if _bytes("transaction hash", answer, 32) != tx_hash:
        raise ChainUnavailableError(f"sent {tx_hash.hex()}, the node calls it {answer}")


def look_up(connection: Connection, tx_hash: bytes) -> Receipt | Pending | None:
    """What became of a transaction; None where the node does not know it.

    Raises:
        ChainUnavailableError: no answer, or one about something else.
    """
    answer = connection.request("eth_getTransactionReceipt", data(tx_hash))
    if answer is None:
        known = connection.request("eth_getTransactionByHash", data(tx_hash))
        return None if known is None else PENDING
    receipt = _receipt(answer)
    if receipt.hash != tx_hash:
        raise ChainUnavailableError(f"asked for the receipt of {tx_hash.hex()}, got {receipt.hash.hex()}")
    return receipt


def wait(connection: Connection, tx_hash: bytes, timeout: float, poll: float = 0.05) -> Receipt:
    """Wait until a block holds the transaction.

    Args:
        connection: the chain.
        tx_hash: of the transaction.
        timeout: seconds.
        poll: seconds between two looks.

    Raises:
        FinalityTimeoutError: none did in time; it may still.
        ChainUnavailableError: no answer.
    """
    give_up = time.monotonic() + timeout
    while not isinstance(found := look_up(connection, tx_hash), Receipt):
        if time.monotonic() >= give_up:
            state = "waiting" if found is PENDING else "unknown to the node"
            raise FinalityTimeoutError(f"transaction {tx_hash.hex()} is {state} after {timeout:g} s")
        time.sleep(poll)
    return found


def ask(connection: Connection, to: bytes, call: bytes, at: object = "latest", sender: bytes | None = None) -> bytes:
    """Run a call without a transaction (``eth_call``).

    Args:
        connection: the chain.
        to: the contract, 20 bytes.
        call: calldata.
        at: block tag, number in hex, or EIP-1898 object.
        sender: who asks, for calls that look at it.

    Raises:
        ContractRevertedError: the contract refused.
        ChainUnavailableError: no answer.
    """
    message = {"to": data(to), "data": data(call)}
    if sender is not None:
        message["from"] = data(sender)
    try:
        answer = connection.request("eth_call", message, at)
    except RpcError as error:
        raise refusal(error) from error
    return _bytes("answer", answer)


def reason(connection: Connection, receipt: Receipt) -> ContractRevertedError:
    """Why a mined transaction was reverted, as far as the chain's present state still tells.

    Raises:
        ChainUnavailableError: no answer.
    """
    known = connection.request("eth_getTransactionByHash", data(receipt.hash))
    before = quantity(max(0, receipt.block - 1))
    try:
        sender, to, call = (parse_data(known[name]) for name in ("from", "to", "input"))
    except (FormatError, LookupError, TypeError) as error:
        raise ChainUnavailableError(f"the answer is not a transaction of ours: {error}") from error
    try:
        ask(connection, to, call, before, sender)
    except ContractRevertedError as error:
        return error
    return ContractRevertedError("unknown", {"transaction": receipt.hash})


def refusal(error: RpcError) -> Exception:
    """A node's refusal as the contract's, where it was the contract that refused."""
    said = error.data
    if isinstance(said, Mapping):  # Hardhat wraps it
        said = said.get("data")
    try:
        raw = parse_data(said)
    except FormatError:
        return ContractRevertedError("unknown") if error.code == REVERTED else error
    return artifact().abi.revert(raw)


def _number(connection: Connection, method: str, *params: Any) -> int:
    try:
        answer = connection.request(method, *params)
    except RpcError as error:
        if method == "eth_estimateGas":
            raise refusal(error) from error
        raise
    return _sensible(method, answer)


def _sensible(what: str, value: object) -> int:
    try:
        return number(value)
    except FormatError as error:
        raise ChainUnavailableError(f"{what}: {error}") from error


def _bytes(what: str, value: object, size: int | None = None) -> bytes:
    try:
        return parse_data(value, size)
    except FormatError as error:
        raise ChainUnavailableError(f"{what}: {error}") from error


def _receipt(answer: Any) -> Receipt:
    try:
        made = answer.get("contractAddress")
        return Receipt(
            hash=parse_data(answer["transactionHash"], 32),
            block=number(answer["blockNumber"]),
            block_hash=parse_data(answer["blockHash"], 32),
            success=number(answer["status"]) == 1,
            gas_used=number(answer["gasUsed"]),
            contract=None if made is None else parse_data(made, 20),
            logs=tuple(answer["logs"]),
        )
    except (FormatError, KeyError, TypeError, AttributeError) as error:
        raise ChainUnavailableError(f"the answer is not a receipt: {error}") from error
