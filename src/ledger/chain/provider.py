"""Connecting to a chain: in this process, to the process that holds its file, or to any node.

Above this module there is one way to ask: :meth:`Connection.request`. web3.py carries the questions; its retries are
switched off, because a transaction whose answer was lost must be looked up, not sent again unseen.

What it leaves out: which chain is the right one (``registry`` compares it with what was pinned).
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception
from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.chain.errors import INTERNAL, RpcError
from ledger.chain.holder import ChainLockedError, is_loopback
from ledger.errors import ChainUnavailableError, ConfigError, LedgerError

if TYPE_CHECKING:
    from ledger.chain.embedded import EmbeddedChain

TIMEOUT = 30.0
"""Seconds to wait for a node's answer."""


class EmbeddedProvider(BaseProvider):
    """A web3.py provider that calls the embedded chain in this process.

    Args:
        chain: an open chain; closing it is its owner's task.
    """

    def __init__(self, chain: EmbeddedChain) -> None:
        from ledger.chain.rpc import Dispatcher

        super().__init__()
        self._dispatcher = Dispatcher(chain)

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


class Connection:
    """A way to ask a chain.

    Args:
        provider: web3.py's carrier of requests.
        embedded: the embedded chain, if this process opened it.
        session: HTTP connections that end with this one.
    """

    def __init__(
        self, provider: BaseProvider, embedded: EmbeddedChain | None = None, session: requests.Session | None = None
    ) -> None:
        self.w3 = Web3(provider)
        self.embedded = embedded
        self._provider = provider
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the embedded chain, if this connection opened it, and of HTTP connections."""
        if self.embedded is not None:
            self.embedded.close()
        if self._session is not None:
            self._session.close()

    def request(self, method: str, *params: Any) -> Any:
        """The result of one JSON-RPC call.

        Raises:
            ChainUnavailableError: no answer; whether the call was carried out is not known.
            RpcError: the node refused (a subclass of it); it was not carried out.
        """
        try:
            response = self._provider.make_request(RPCEndpoint(method), list(params))
        except LedgerError:
            raise
        except (requests.RequestException, Web3Exception, OSError, ValueError) as error:
            raise ChainUnavailableError(f"{method}: no answer from the chain ({_cause(error)})") from error
        return _result(method, response)


def connect(
    *, embedded: Path | None = None, url: str | None = None, timeout: float = TIMEOUT, wait: float = 0.0
) -> Connection:
    """Connect to the embedded chain in a file (or to the process that holds it), or to a node's URL.

    Args:
        embedded: the chain's file; made if it does not exist.
        url: ``http://`` or ``https://`` endpoint of a node. Exactly one of the two is given.
        timeout: seconds to wait for each answer of a node.
        wait: seconds to wait for another process to let go of the file, where it serves no JSON-RPC.

    Raises:
        ConfigError: both or neither were given, or the URL is not HTTP.
        ChainLockedError: another process holds the file and serves no JSON-RPC.
        StorageError: the file is not an embedded chain.
    """
    if (embedded is None) == (url is None):
        raise ConfigError("a chain is either an embedded file or a URL")
    if embedded is not None:
        return _open(embedded, timeout, wait)
    if not str(url).startswith(("http://", "https://")):
        raise ConfigError(f"not an HTTP endpoint: {url}")
    return _over_http(str(url), timeout)


def _open(path: Path, timeout: float, wait: float) -> Connection:
    from ledger.chain.embedded import EmbeddedChain
    from ledger.chain.holder import announced

    try:
        chain = EmbeddedChain(path, wait=0.0 if announced(path) else wait)
    except ChainLockedError as locked:
        if locked.url is None:
            raise
        return _over_http(locked.url, timeout)
    return Connection(EmbeddedProvider(chain), chain)


def _over_http(url: str, timeout: float) -> Connection:
    session = requests.Session()
    session.trust_env = not is_loopback(urlsplit(url).hostname or "")  # a proxy does not know this machine's own ports
    arguments = {"timeout": timeout, "allow_redirects": False}
    provider = HTTPProvider(url, request_kwargs=arguments, session=session, exception_retry_configuration=None)
    return Connection(provider, session=session)


def _cause(error: Exception) -> str:
    """What went wrong, without the URL: it may hold a provider's access token."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "not JSON" if isinstance(error, ValueError) else type(error).__name__


def _result(method: str, response: object) -> Any:
    if not isinstance(response, dict) or ("error" not in response and "result" not in response):
        raise ChainUnavailableError(f"{method}: the answer is not JSON-RPC")
    if response.get("error") is not None:
        raise _refusal(response["error"])
    return response["result"]


def _refusal(error: object) -> RpcError:
    """The error object of JSON-RPC 2.0 section 5.1; nodes leave parts of it out."""
    if not isinstance(error, dict):
        return RpcError(INTERNAL, str(error))
    code = error.get("code")
    return RpcError(code if type(code) is int else INTERNAL, str(error.get("message", "")), error.get("data"))
