"""A node's log, read-only, as C2SP tlog-tiles: any tool that reads transparency logs can follow and check it.

::

    GET …/checkpoint                       the newest signed checkpoint; changes
    GET …/tile/<L>/<N>[.p/<W>]             hashes; never change
    GET …/tile/entries/<N>[.p/<W>]         the entries themselves; never change

Only what the newest checkpoint covers is served: pending entries are nobody's business yet. A path has one spelling;
any other is not found. Entries hold no personal data, so everything here is public.

What it leaves out: proofs (clients compute them from tiles) and other members' logs.

Source: https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import gzip
from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.headers import preferences
from ledger.errors import FormatError, NotFoundError, StorageError
from ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TileName, pack_entries, parse_path
from ledger.merkle.tree import TileReader

FRESH = "no-cache"
"""The checkpoint changes: "its headers SHOULD prevent caching beyond a few seconds"."""

FOREVER = "public, max-age=31536000, immutable"
"""Tiles and bundles never change: "its caching headers SHOULD be long-lived"."""

_BYTES = "application/octet-stream"
_GZIP_FROM = 512
"""Smallest body worth compressing, in bytes."""


class LogSource(TileReader, Protocol):
    """What a log is served from: the newest checkpoint and everything below its size."""

    def checkpoint(self) -> tuple[int, bytes] | None:
        """Size and signed note of the newest checkpoint; None if nothing was signed yet."""

    def entries(self, start: int, count: int) -> list[bytes]:
        """The entries from index ``start``, at most ``count``."""


def log_routes(source: LogSource) -> APIRouter:
    """The routes of one log.

    Args:
        source: where the log is.
    """
    router = APIRouter(tags=["log"])

    @router.get("/checkpoint", response_class=Response)
    def checkpoint() -> Response:
        newest = source.checkpoint()
        if newest is None:
            raise NotFoundError("this log has no checkpoint yet")
        return Response(newest[1], headers={"Cache-Control": FRESH}, media_type="text/plain; charset=utf-8")

    @router.get("/tile/{path:path}", response_class=Response)
    def tile(path: str, request: Request) -> Response:
        if not request.scope["raw_path"].endswith(path.encode()):
            raise NotFoundError("not the one spelling of a tile's path: it is percent-encoded")
        try:
            name = parse_path(f"tile/{path}")
        except FormatError as error:
            raise NotFoundError(str(error)) from error
        _check_covered(name, source.checkpoint())
        if name.level is None:
            return _bundle(source, name, request)
        return Response(_hashes(source, name.level, name), headers={"Cache-Control": FOREVER}, media_type=_BYTES)

    return router


def _check_covered(name: TileName, checkpoint: tuple[int, bytes] | None) -> None:
    """Refuse what reaches beyond the newest checkpoint.

    Raises:
        NotFoundError: it does.
    """
    size = checkpoint[0] if checkpoint else 0
    complete = size >> (TILE_HEIGHT * (name.level or 0))  # hashes that this level has
    if name.index * TILE_WIDTH + name.width > complete:
        raise NotFoundError(f"the log has {size} entries: not that far")


def _hashes(source: LogSource, level: int, name: TileName) -> bytes:
    data = source.read(level, name.index)
    if len(data) < 32 * name.width:
        raise StorageError(f"tile {name.index} of level {level} holds {len(data) // 32} hashes, not {name.width}")
    return data[: 32 * name.width]


def _bundle(source: LogSource, name: TileName, request: Request) -> Response:
    entries = source.entries(name.index * TILE_WIDTH, name.width)
    if len(entries) != name.width:
        raise StorageError(f"bundle {name.index} has {len(entries)} entries, not {name.width}")
    body, headers = pack_entries(entries), {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if len(body) >= _GZIP_FROM and preferences(request.headers.get("accept-encoding", "")).get("gzip"):
        body, headers["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
    return Response(body, headers=headers, media_type=_BYTES)
