"""Where the log comes from: what the audit asks of it, and a folder of tiles as the first answer.

C2SP tlog-tiles: ``checkpoint``, ``tile/<level>/<index>`` with 32 bytes per hash, ``tile/entries/<index>`` with each
entry behind its length in 16 bits; the tile at the right edge ends in ``.p/<width>``.

What it leaves out: judging what was read (``walk``), and the node's database (``database``).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

TILE_WIDTH = 256


class UnreadableError(Exception):
    """The audit cannot go on. Holds the reason in Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class Beside(NamedTuple):
    """What a database keeps beside an entry's bytes, for look-ups; all of it follows from them."""

    kind: str
    subject: bytes | None
    n: int | None
    leaf: bytes


class Stored(NamedTuple):
    """An entry as it is stored: its place, its bytes, and what else stands in its row, if there is one."""

    at: int
    data: bytes
    beside: Beside | None = None


class Source(Protocol):
    """A log to be audited. It only reads, and answers with what is there, right or wrong."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint's bytes; None if there is none."""

    def entries(self, size: int) -> Iterator[Stored]:
        """All entries, by ascending index; of a folder of tiles the first ``size``."""

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The stored tile; None if there is none. May be wider than ``width`` hashes."""


class Note(NamedTuple):
    """A checkpoint taken apart. ``signed`` is the text under the signatures: (name, key hash 4, signature) each."""

    origin: str
    size: int
    root: bytes
    signed: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]


_NOTE = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n\n((?:— [^ \n]+ [A-Za-z0-9+/=]+\n)+)")


def parse_note(data: bytes) -> Note:
    """Take a C2SP tlog-checkpoint apart.

    Raises:
        ValueError: it is not one, in the one spelling this project writes (no extension lines).
    """
    try:
        match = _NOTE.fullmatch(data.decode("utf-8"))
        if match is None:
            raise ValueError("not origin, size, root, an empty line and signatures")
        signatures = []
        for line in match[4].splitlines():
            _, name, blob = line.split(" ")
            raw = _base64(blob)
            signatures.append((name, raw[:4], raw[4:]))
        text = data[: data.index(b"\n\n") + 1]
        return Note(match[1], int(match[2]), _base64(match[3]), text, tuple(signatures))
    except (UnicodeDecodeError, binascii.Error) as error:
        raise ValueError(str(error)) from error


def _base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 in another spelling")
    return raw


def tile_name(index: int) -> str:
    """The path of a tile's number: groups of three digits, all but the last marked ``x`` (1234067 → x001/x234/067)."""
    name = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        name = f"x{index % 1000:03d}/{name}"
    return name


class TileFolder:
    """A folder of C2SP tiles, such as a mirror keeps.

    Args:
        folder: holds ``checkpoint`` and ``tile/``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.folder)

    def checkpoint(self) -> bytes | None:
        """The file ``checkpoint``.

        Raises:
            UnreadableError: there is none: nothing says where the log ends.
        """
        data = self._read("checkpoint")
        if data is None:
            path = self.folder / "checkpoint"
            raise UnreadableError(f"缺少文件 {path}", f"there is no file {path}")
        return data

    def entries(self, size: int) -> Iterator[Stored]:
        """Entries 0 … size − 1; those of a missing or broken bundle are left out."""
        for bundle in range(-(-size // TILE_WIDTH)):
            width = min(TILE_WIDTH, size - bundle * TILE_WIDTH)
            data = self._tile(f"tile/entries/{tile_name(bundle)}", width)
            for offset, entry in enumerate(_unpack(data or b"")):
                if offset < width:
                    yield Stored(bundle * TILE_WIDTH + offset, entry)

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The tile's file; a full one serves for a partial one."""
        return self._tile(f"tile/{level}/{tile_name(index)}", width)

    def _tile(self, path: str, width: int) -> bytes | None:
        partial = None if width == TILE_WIDTH else self._read(f"{path}.p/{width}")
        return self._read(path) if partial is None else partial

    def _read(self, path: str) -> bytes | None:
        file = self.folder / path
        try:
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UnreadableError(
                f"无法读取 {file}：{error.strerror}", f"cannot read {file}: {error.strerror}"
            ) from error


def _unpack(data: bytes) -> Iterator[bytes]:
    """Entries of a bundle; ends where the bytes do, also in the middle of one."""
    position = 0
    while position + 2 <= len(data):
        end = position + 2 + int.from_bytes(data[position : position + 2], "big")
        if end > len(data):
            return
        yield data[position + 2 : end]
        position = end
