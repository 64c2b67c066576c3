"""What a JSON-RPC node says when it refuses.

What it leaves out: what a refusal by the *contract* means; :mod:`ledger.chain.abi` decodes that into
``ContractRevertedError``.
"""

from __future__ import annotations

from ledger.errors import ChainUnavailableError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL = -32603
REFUSED = -32000
"""Any other refusal (EIP-1474's "invalid input"; geth and Besu use it for transactions they do not take)."""
LIMIT_EXCEEDED = -32005
REVERTED = 3
"""A call or an estimate that the contract reverted; ``data`` holds what it said (execution-apis)."""


class RpcError(ChainUnavailableError):
    """The node answered with an error: what was asked for was not done.

    Args:
        code: JSON-RPC error code.
        message: the node's words.
        data: what came with them, such as a revert's bytes in hex.
    """

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code
        self.message = message
        self.data = data
