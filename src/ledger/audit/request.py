"""What an audit is asked for, and opening it: a node's folder, or a folder of tiles, with or without a chain.

What it leaves out: command line and progress bar (``ledger.cli``, ``scripts/audit.py``).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ledger import config
from ledger.audit.audit import Audit, Believed, incomplete
from ledger.audit.chain import Chain, RpcChain
from ledger.audit.database import NodeDatabase
from ledger.audit.report import AuditReport
from ledger.audit.roots import origin_log
from ledger.audit.source import Source, TileFolder, UnreadableError
from ledger.audit.walk import Progress
from ledger.encoding import parse_hex
from ledger.errors import FormatError, LedgerError

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What to audit. Exactly one of ``data`` and ``tiles`` is given.

    Attributes:
        data: a node's folder: its database, and the chain that its node file names.
        tiles: a folder of C2SP tiles.
        chain: JSON-RPC endpoint to use instead of the node's own, or with ``tiles``.
        registry: address of the registry there, 40 hex digits with or without ``0x``.
        show_values: put values of fields, which may be personal, into findings.
        progress: told (entries done, entries in all) now and then; a database's entries count twice.
        env: environment variables, as for ``ledger.config.load``.
    """

    data: Path | None = None
    tiles: Path | None = None
    chain: str | None = None
    registry: str | None = None
    show_values: bool = False
    progress: Progress | None = None
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)


def run(request: AuditRequest) -> AuditReport:
    """Make an audit.

    Returns:
        The report; its ``exit_code`` is 0 (clean), 1 (findings) or 2 (could not complete: ``problem`` says what was
        missing). Nothing that is read can make this raise.
    """
    with contextlib.ExitStack() as opened:
        try:
            audit = _Opening(request, opened).audit()
        except (UnreadableError, LedgerError) as error:
            zh, en = (error.zh, error.en) if isinstance(error, UnreadableError) else (str(error), str(error))
            return incomplete(str(request.data or request.tiles or ""), zh, en)
        return audit.run()


@dataclass(slots=True)
class _Opening:
    """Opens what the request names, each part when the audit asks for it."""

    request: AuditRequest
    opened: contextlib.ExitStack
    settings: config.Settings | None = None

    def audit(self) -> Audit:
        """The audit, not begun yet."""
        request = self.request
        if (request.data is None) == (request.tiles is None):
            raise UnreadableError("应指定节点目录或瓦片目录之一", "name either a node's folder or a folder of tiles")
        if (request.chain is None) != (request.registry is None):
            raise UnreadableError(
                "链地址与登记合约地址须同时给出", "a chain needs both its URL and the registry's address"
            )
        believed = Believed()
        if request.data is not None:
            self.settings = config.load(request.data, request.env)
            believed = Believed(self.settings.log.hex(), self.settings.member)
        if request.tiles is not None:
            believed = Believed(origin_log(TileFolder(request.tiles).checkpoint()))
        has_chain = request.chain is not None or (self.settings is not None and self.settings.chain is not None)
        return Audit(
            self._source,
            self._chain if has_chain else None,
            believed,
            show_values=request.show_values,
            progress=request.progress,
            label=str(request.data or request.tiles),
        )

    def _source(self) -> Source:
        if self.request.tiles is not None:
            return TileFolder(self.request.tiles)
        settings = self.settings
        if settings is None or not settings.database.startswith(_SQLITE):
            raise UnreadableError("此版本只能审计 SQLite 数据库", "this release audits SQLite databases only")
        return NodeDatabase(Path(settings.database.removeprefix(_SQLITE)), settings.log)

    def _chain(self) -> Chain:
        try:
            return self._connected()
        except LedgerError as error:
            raise UnreadableError(f"无法连接链：{error}", f"cannot reach the chain: {error}") from error

    def _connected(self) -> Chain:
        from ledger.chain.provider import connect

        pinned = None if self.settings is None else self.settings.chain
        finality = config.Finality() if self.settings is None else self.settings.finality
        if self.request.chain is None and pinned is not None and pinned.embedded is not None:
            if not pinned.embedded.is_file():  # connecting would make one
                raise UnreadableError(f"没有链文件 {pinned.embedded}", f"there is no chain file {pinned.embedded}")
            connection = connect(embedded=pinned.embedded, create=False)
        else:
            connection = connect(url=self.request.chain or (pinned.url if pinned else None))
        self.opened.callback(connection.close)
        return RpcChain(
            connection,
            _address(self.request.registry) if self.request.registry is not None or pinned is None else pinned.registry,
            tag=finality.tag,
            confirmations=finality.confirmations,
            chain_id=pinned.chain_id if pinned else None,
            genesis=pinned.genesis if pinned else None,
            first_block=pinned.first_block if pinned and self.request.chain is None else 0,
        )


def _address(text: str | None) -> bytes:
    try:
        return parse_hex((text or "").removeprefix("0x").lower(), 20)
    except FormatError as error:
        raise UnreadableError(f"不是合约地址：{text}", f"not a contract address: {text}") from error
