"""A contract of a few bytes, for tests of the chain itself: every call adds one to slot 0 and emits an event.

Called with data, it reverts and gives the data back.
"""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from rlp import encode as rlp_encode

TOPIC = b"\xab" * 32

_COUNT = "36603c576000546001016000556000546000527f" + TOPIC.hex() + "60206000a100"
"""``if calldatasize: jump 0x3c`` · ``sstore(0, sload(0) + 1)`` · ``mstore(0, sload(0)); log1(0, 32, TOPIC); stop``"""
_REVERT = "5b366000600037366000fd"
"""``calldatacopy(0, 0, calldatasize); revert(0, calldatasize)``, at 0x3c"""

RUNTIME = bytes.fromhex(_COUNT).ljust(0x3C, b"\0") + bytes.fromhex(_REVERT)
CREATION = bytes.fromhex(f"60{len(RUNTIME):02x}600c60003960{len(RUNTIME):02x}6000f3") + RUNTIME


def created(account: LocalAccount, nonce: int = 0) -> bytes:
    """Where a transaction of that nonce puts the contract."""
    return keccak(rlp_encode([bytes.fromhex(account.address[2:]), nonce]))[12:]


def transaction(
    account: LocalAccount, chain_id: int, nonce: int, to: bytes | None, data: bytes = b"", **more: Any
) -> bytes:
    """A signed transaction without fees."""
    fields: dict[str, Any] = {"chainId": chain_id, "nonce": nonce, "data": data, "gas": 300_000, "value": 0}
    fields |= {"to": to} if to is not None else {}
    fields |= more if "gasPrice" in more else {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0, **more}
    return bytes(account.sign_transaction(fields).raw_transaction)
