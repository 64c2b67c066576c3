"""The embedded chain as a web3.py provider, for programs that speak web3.py in this process.

It stands alone because web3.py takes a second to import, and most commands get along without it.

What it leaves out: everything but carrying requests (``provider`` connects, ``rpc`` answers).
"""

from __future__ import annotations

from typing import Any

from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.chain.errors import RpcError
from ledger.chain.rpc import Dispatcher


class EmbeddedProvider(BaseProvider):
    """Carries web3.py's requests to an embedded chain in this process; closing the chain is its owner's task."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__()
        self._dispatcher = dispatcher

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Answer as a node would."""
        try:
            return {"jsonrpc": "2.0", "id": 1, "result": self._dispatcher.dispatch(method, list(params))}
        except RpcError as error:
            said: Any = {"code": error.code, "message": error.message}
            if error.data is not None:
                said["data"] = error.data
            return {"jsonrpc": "2.0", "id": 1, "error": said}

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 web3.py's signature
        """It is in this process."""
        return True
