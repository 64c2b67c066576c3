"""The embedded chain's blocks, transactions, receipts and events as JSON-RPC spells them (execution-apis).

What it leaves out: numbers and bytes (``wire``), and which method wants what (``rpc``).
"""

from __future__ import annotations

from typing import Any

from eth.abc import BlockAPI, BlockHeaderAPI, SignedTransactionAPI
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from rlp import encode as rlp_encode

from ledger.chain.blockstore import LogRow
from ledger.chain.embedded import Mined
from ledger.chain.wire import data, quantity


def address(value: bytes) -> str:
    """An address with its checksum (EIP-55)."""
    return to_checksum_address(value)


def created_address(sender: bytes, nonce: int) -> bytes:
    """Where a creating transaction puts its contract: 20 bytes."""
    return keccak(rlp_encode([sender, nonce]))[12:]


def header_json(header: BlockHeaderAPI) -> dict[str, Any]:
    """A block without its transactions."""
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "nonce": data(header.nonce),
        "sha3Uncles": data(header.uncles_hash),
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": data(header.transaction_root),
        "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipt_root),
        "miner": address(header.coinbase),
        "difficulty": quantity(header.difficulty),
        "totalDifficulty": quantity(0),
        "extraData": data(header.extra_data),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "mixHash": data(header.mix_hash),
        "baseFeePerGas": quantity(header.base_fee_per_gas or 0),
    }


def block_json(block: BlockAPI, *, full: bool) -> dict[str, Any]:
    """A block with its transactions, or with their hashes."""
    if full:
        transactions: list[Any] = [transaction_json(block, index) for index in range(len(block.transactions))]
    else:
        transactions = [data(transaction.hash) for transaction in block.transactions]
    size = len(rlp_encode(block.header)) + sum(len(transaction.encode()) for transaction in block.transactions)
    return {**header_json(block.header), "size": quantity(size), "transactions": transactions, "uncles": []}


def transaction_json(block: BlockAPI, index: int) -> dict[str, Any]:
    """A mined transaction."""
    transaction = block.transactions[index]
    kind = transaction_type(transaction)
    fields: dict[str, Any] = {
        "blockHash": data(block.hash),
        "blockNumber": quantity(block.number),
        "transactionIndex": quantity(index),
        "hash": data(transaction.hash),
        "type": quantity(kind),
        "chainId": quantity(transaction.chain_id or 0),
        "nonce": quantity(transaction.nonce),
        "from": address(transaction.sender),
        "to": address(transaction.to) if transaction.to else None,
        "value": quantity(transaction.value),
        "gas": quantity(transaction.gas),
        "gasPrice": quantity(effective_price(block.header, transaction)),
        "input": data(transaction.data),
        "v": quantity(transaction.y_parity if kind else _legacy_v(transaction)),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
    }
    if kind == 2:
        fields["maxFeePerGas"] = quantity(transaction.max_fee_per_gas)
        fields["maxPriorityFeePerGas"] = quantity(transaction.max_priority_fee_per_gas)
    if kind:
        fields["accessList"] = [
            {"address": address(entry[0]), "storageKeys": [data(slot.to_bytes(32, "big")) for slot in entry[1]]}
            for entry in transaction.access_list
        ]
    return fields


def receipt_json(mined: Mined, logs: list[LogRow]) -> dict[str, Any]:
    """A receipt; every block of this chain holds one transaction, so its gas is the block's."""
    transaction, header = mined.transaction, mined.block.header
    created = None if transaction.to else address(created_address(transaction.sender, transaction.nonce))
    status = mined.receipt.state_root
    return {
        "transactionHash": data(transaction.hash),
        "transactionIndex": quantity(mined.index),
        "blockHash": data(header.hash),
        "blockNumber": quantity(header.block_number),
        "from": address(transaction.sender),
        "to": address(transaction.to) if transaction.to else None,
        "cumulativeGasUsed": quantity(mined.receipt.gas_used),
        "gasUsed": quantity(mined.receipt.gas_used),
        "effectiveGasPrice": quantity(effective_price(header, transaction)),
        "contractAddress": created if status == b"\x01" else None,
        "logs": [log_json(log) for log in logs],
        "logsBloom": data(mined.receipt.bloom.to_bytes(256, "big")),
        "status": quantity(int(status == b"\x01")),
        "type": quantity(transaction_type(transaction)),
    }


def log_json(log: LogRow) -> dict[str, Any]:
    """An event."""
    return {
        "address": address(log.address),
        "topics": [data(topic) for topic in log.topics],
        "data": data(log.data),
        "blockNumber": quantity(log.block),
        "blockHash": data(log.block_hash),
        "blockTimestamp": quantity(log.time),
        "transactionHash": data(log.tx_hash),
        "transactionIndex": quantity(log.tx_index),
        "logIndex": quantity(log.log_index),
        "removed": False,
    }


def transaction_type(transaction: SignedTransactionAPI) -> int:
    """EIP-2718 type: 0 legacy, 1 with access list, 2 with dynamic fee."""
    first = transaction.encode()[0]
    return first if first < 0xC0 else 0


def effective_price(header: BlockHeaderAPI, transaction: SignedTransactionAPI) -> int:
    """Wei per gas that a transaction paid (EIP-1559)."""
    base = header.base_fee_per_gas or 0
    return base + min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base)


def _legacy_v(transaction: SignedTransactionAPI) -> int:
    v: int = transaction.v  # type: ignore[attr-defined]  # legacy transactions only; the interface has y_parity
    return v
