"""The embedded chain's JSON-RPC over HTTP, for other processes of this machine only.

It binds to a loopback address and refuses requests that a web page could make a browser send (a foreign ``Host``
or ``Origin``, a body that is not declared as JSON), because it asks for no password. Whoever reaches it can read the
chain and send signed transactions, no more: it holds no keys.

What it leaves out: what the methods do (``rpc``), and service to other machines (run a real node for that).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import orjson

from ledger.chain import errors
from ledger.chain.embedded import EmbeddedChain
from ledger.chain.errors import RpcError
from ledger.chain.holder import is_loopback
from ledger.chain.rpc import Dispatcher
from ledger.errors import ConfigError, LedgerError

MAX_BODY = 4 * 2**20
"""Bytes of one request. Deploying the contract takes 50 kB."""

MAX_BATCH = 1000
"""Calls in one batch."""

_TIMEOUT = 30.0
"""Seconds that a silent client may keep a thread."""

_LOOK = 0.05
"""Seconds until the serving thread sees that it is to end."""


class ChainServer:
    """Serves one chain in threads of its own, from construction until :meth:`close`.

    Args:
        chain: the chain, held by this process.
        host: a loopback address.
        port: TCP port; 0 for any free one.

    Raises:
        ConfigError: the address is not loopback, or cannot be bound.
    """

    def __init__(self, chain: EmbeddedChain, host: str = "127.0.0.1", port: int = 0) -> None:
        if not is_loopback(host):
            raise ConfigError(f"the embedded chain is served on loopback only, not on {host}")
        handler = type("Handler", (_Handler,), {"dispatcher": Dispatcher(chain)})
        try:
            self._http = _Server((host, port), handler)
        except OSError as error:
            raise ConfigError(f"cannot serve the embedded chain on {host}:{port}: {error}") from error
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._http.server_address[1]}"
        self._holder = chain.holder
        self._thread = threading.Thread(target=self._http.serve_forever, args=(_LOOK,), name="chain-rpc", daemon=True)
        self._thread.start()
        self._holder.announce(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self) -> None:
        """Stay until somebody closes the server (or interrupts the program)."""
        self._thread.join()

    def close(self) -> None:
        """Stop serving; the chain stays open."""
        self._holder.announce(None)
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """Remembers its connections, so that closing it ends those that clients keep alive."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection once its present call is answered."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RD)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    dispatcher: ClassVar[Dispatcher]
    protocol_version = "HTTP/1.1"
    server_version = "tongban-chain"
    sys_version = ""
    timeout = _TIMEOUT

    def do_POST(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            self.close_connection = True  # the body was not read
            self._answer(refusal, {"error": refusal.phrase})
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(HTTPStatus.OK, answer(self.dispatcher, body))

    def _refusal(self) -> HTTPStatus | None:
        """Why this request is not even read; None if it is."""
        if not _local_name(self.headers.get("Host", "")):
            return HTTPStatus.FORBIDDEN
        origin = self.headers.get("Origin")
        if origin is not None and not _local_name(urlsplit(origin).netloc):
            return HTTPStatus.FORBIDDEN
        if self.headers.get_content_type() != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > MAX_BODY else None

    def _answer(self, status: HTTPStatus, obj: object) -> None:
        body = b"" if obj is None else orjson.dumps(obj)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name that http.server calls
        """Say nothing: every call would be a line."""


def answer(dispatcher: Dispatcher, body: bytes) -> object:
    """What JSON-RPC 2.0 answers to a body: an object, a list for a batch, None where nothing is to be said."""
    try:
        request = orjson.loads(body)  # stops at a depth of its own, not where the stack ends
    except orjson.JSONDecodeError:
        return _failure(None, RpcError(errors.PARSE_ERROR, "not JSON"))
    if not isinstance(request, list):
        return _one(dispatcher, request)
    if not 0 < len(request) <= MAX_BATCH:
        return _failure(None, RpcError(errors.INVALID_REQUEST, f"a batch has 1 to {MAX_BATCH} calls"))
    answers = [_one(dispatcher, item) for item in request]
    return [item for item in answers if item is not None] or None


def _one(dispatcher: Dispatcher, request: object) -> dict[str, Any] | None:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return _failure(None, RpcError(errors.INVALID_REQUEST, "not a JSON-RPC request"))
    number = request.get("id")
    try:
        result = dispatcher.dispatch(request["method"], request.get("params", []))
    except RpcError as error:
        return _failure(number, error)
    except LedgerError as error:
        return _failure(number, RpcError(errors.INTERNAL, str(error)))
    return None if "id" not in request else {"jsonrpc": "2.0", "id": number, "result": result}


def _failure(number: object, error: RpcError) -> dict[str, Any]:
    said: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data is not None:
        said["data"] = error.data
    return {"jsonrpc": "2.0", "id": number, "error": said}


def _local_name(netloc: str) -> bool:
    """Whether a Host header (or an origin's host and port) names this machine itself."""
    try:
        host = urlsplit(f"//{netloc}").hostname
    except ValueError:
        return False
    return host is not None and is_loopback(host)
