"""Connecting to a chain: in this process, to the process that holds its file, or to any node.

Above this module there is one way to ask: :meth:`Connection.request`. web3.py carries the questions to other
processes; its retries are switched off, because a transaction whose answer was lost must be looked up, not sent
again unseen. web3.py is imported only where it is needed: it takes a second.

What it leaves out: which chain is the right one (``registry`` compares it with what was pinned).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

from ledger.chain import recursion
from ledger.chain.errors import INTERNAL, RpcError
from ledger.chain.holder import ChainLockedError, announced, is_loopback
from ledger.errors import ChainUnavailableError, ConfigError

if TYPE_CHECKING:
    from web3 import Web3
    from web3.providers import BaseProvider

    from ledger.chain.embedded import EmbeddedChain

TIMEOUT = 30.0
"""Seconds to wait for a node's answer."""


class Carrier(Protocol):
    """Something that carries a question to a chain."""

    def ask(self, method: str, params: list[Any]) -> Any:
        """The result.

        Raises:
            ChainUnavailableError: no answer.
            RpcError: the node refused.
        """

    def provider(self) -> BaseProvider:
        """The same way, as web3.py wants it."""

    def close(self) -> None:
        """Let go."""


class Connection:
    """A way to ask a chain.

    Args:
        carrier: what carries the questions.
        embedded: the embedded chain, if this process opened it.
    """

    def __init__(self, carrier: Carrier, embedded: EmbeddedChain | None = None) -> None:
        self.embedded = embedded
        self._carrier = carrier

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def w3(self) -> Web3:
        """The chain through web3.py, for what stands outside of this package."""
        from web3 import Web3

        recursion.bound()
        return Web3(self._carrier.provider())

    def close(self) -> None:
        """Let go of the embedded chain, if this connection opened it, or of HTTP connections."""
        self._carrier.close()

    def request(self, method: str, *params: Any) -> Any:
        """The result of one JSON-RPC call.

        Raises:
            ChainUnavailableError: no answer; whether the call was carried out is not known.
            RpcError: the node refused (a subclass of it); it was not carried out.
        """
        return self._carrier.ask(method, list(params))


def connect(
    *,
    embedded: Path | None = None,
    url: str | None = None,
    timeout: float = TIMEOUT,
    wait: float = 0.0,
    create: bool = True,
) -> Connection:
    """Connect to the embedded chain in a file (or to the process that holds it), or to a node's URL.

    Args:
        embedded: the chain's file.
        url: ``http://`` or ``https://`` endpoint of a node. Exactly one of the two is given.
        timeout: seconds to wait for each answer of a node.
        wait: seconds to wait for another process to let go of the file, where it serves no JSON-RPC.
        create: make a chain if there is no such file. Whoever has pinned a chain must not: a file that is lost should
            not come back empty.

    Raises:
        ConfigError: both or neither were given, or the URL is not HTTP.
        ChainLockedError: another process holds the file and serves no JSON-RPC.
        ChainUnavailableError: there is no such file, and none is to be made.
        StorageError: the file is not an embedded chain.
    """
    if (embedded is None) == (url is None):
        raise ConfigError("a chain is either an embedded file or a URL")
    if embedded is not None:
        return _open(embedded, timeout, wait, create=create)
    if not _is_http(str(url)):
        raise ConfigError(f"not an HTTP endpoint: {url}")
    return Connection(_OverHttp(str(url), timeout))


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port beyond the last one
        return False


def _open(path: Path, timeout: float, wait: float, *, create: bool) -> Connection:
    from ledger.chain.embedded import EmbeddedChain

    if not create and not path.is_file():
        raise ChainUnavailableError(f"there is no embedded chain at {path}")
    try:
        chain = EmbeddedChain(path, wait=0.0 if announced(path) else wait)
    except ChainLockedError as locked:
        if locked.url is None:
            raise
        return Connection(_OverHttp(locked.url, timeout))
    return Connection(_InProcess(chain), chain)


class _InProcess:
    """Questions to a chain that this process holds."""

    def __init__(self, chain: EmbeddedChain) -> None:
        from ledger.chain.rpc import Dispatcher

        self._chain = chain
        self._dispatcher = Dispatcher(chain)

    def ask(self, method: str, params: list[Any]) -> Any:
        return self._dispatcher.dispatch(method, params)

    def provider(self) -> BaseProvider:
        from ledger.chain.web3provider import EmbeddedProvider

        return EmbeddedProvider(self._dispatcher)

    def close(self) -> None:
        self._chain.close()


class _OverHttp:
    """Questions to a node."""

    def __init__(self, url: str, timeout: float) -> None:
        import requests
        from web3 import HTTPProvider

        recursion.bound()
        self._session = requests.Session()
        # A proxy knows nothing of this machine's own ports.
        self._session.trust_env = not is_loopback(urlsplit(url).hostname or "")
        arguments = {"timeout": timeout, "allow_redirects": False}
        self._provider = HTTPProvider(
            url, request_kwargs=arguments, session=self._session, exception_retry_configuration=None
        )

    def ask(self, method: str, params: list[Any]) -> Any:
        from web3.exceptions import Web3Exception
        from web3.types import RPCEndpoint

        try:
            response = self._provider.make_request(RPCEndpoint(method), params)
        except (OSError, ValueError, RecursionError, Web3Exception) as error:  # requests' exceptions are OSErrors
            raise ChainUnavailableError(f"{method}: no answer from the chain ({_cause(error)})") from error
        return _result(method, response)

    def provider(self) -> BaseProvider:
        return self._provider

    def close(self) -> None:
        self._session.close()


def _cause(error: Exception) -> str:
    """What went wrong, without the URL: it may hold a provider's access token."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "not JSON" if isinstance(error, ValueError) else type(error).__name__


def _result(method: str, response: object) -> Any:
    if isinstance(response, dict) and response.get("error") is not None:
        raise _refusal(response["error"])
    if not isinstance(response, dict) or "result" not in response:
        raise ChainUnavailableError(f"{method}: the answer is not JSON-RPC")
    return response["result"]


def _refusal(error: object) -> RpcError:
    """The error object of JSON-RPC 2.0 section 5.1; nodes leave parts of it out."""
    if not isinstance(error, dict):
        return RpcError(INTERNAL, str(error))
    code = error.get("code")
    return RpcError(code if type(code) is int else INTERNAL, str(error.get("message", "")), error.get("data"))
