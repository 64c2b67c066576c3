"""Builds logs for the audit to read: entries in memory, tiles in a folder, and lies in either.

Written from the formats alone, with none of the writer's code, and none of the audit's folds.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.audit.source import Stored

LOG = hashlib.sha256(b"a log").hexdigest()
MEMBER = 500000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def h(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def log_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return h()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return h(b"\1", log_root(leaves[:k]), log_root(leaves[k:]))


def state_root(pairs: dict[bytes, bytes]) -> bytes:
    """The definition in docs/formats.md, word for word, on keys spelt as 256 binary digits."""
    spelt = {"".join(f"{byte:08b}" for byte in key): h(b"\2", key, value) for key, value in pairs.items()}
    return _state(spelt, "")


def _state(leaves: dict[str, bytes], prefix: str) -> bytes:
    below = [bits for bits in leaves if bits.startswith(prefix)]
    if not below:
        return bytes(32)
    if len(below) == 1:
        return leaves[below[0]]
    return h(b"\3", _state(leaves, prefix + "0"), _state(leaves, prefix + "1"))


def canonical(obj: dict[str, Any]) -> bytes:
    return json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def subject(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Log:
    """A log in the making: each call of :meth:`add` continues its subject's chain, unless told otherwise."""

    log: str = LOG
    data: list[bytes] = field(default_factory=list)
    last: dict[str, dict[str, Any]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    def add(self, event: str, name: str = "A", **changes: Any) -> int:
        """Append an entry; returns its index. A change to None takes the field out."""
        before = self.last.get(name)
        obj = self.first(name) if before is None else self.following(before)
        if event in ("ESTABLISH", "CHANGE", "REISSUE", "CORRECT", "ANNUL_PARTIAL", "MOVE_ACCEPT"):
            obj["version"] = 1 if before is None else before["version"] + 1
            obj["digest"] = digest(f"{name} {obj['version']}")
        obj = {**obj, "event": event, **changes}
        return self.append(name, {key: value for key, value in obj.items() if value is not None})

    def first(self, name: str) -> dict[str, Any]:
        return {
            "v": 1,
            "kind": "license",
            "log": self.log,
            "subject": subject(name),
            "n": 0,
            "digest": digest(name),
            "version": 1,
            "status": {"flags": [], "subject": "active", "version": "current"},
            "authority": {"code": "11500000009275904T", "division": "500106"},
            "effective": "2026-11-02",
            "recorded": "2026-11-02T01:00:00Z",
        }

    @staticmethod
    def following(before: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in before.items() if key not in ("erased", "from", "commit")}
        return {**kept, "n": before["n"] + 1, "prev": h(b"\0", canonical(before)).hex()}

    def append(self, name: str, obj: dict[str, Any]) -> int:
        self.last[name] = obj
        self.data.append(canonical(obj))
        return len(self.data) - 1

    def raw(self, data: bytes) -> int:
        self.data.append(data)
        return len(self.data) - 1

    def pairs(self, size: int | None = None) -> dict[bytes, bytes]:
        """The state map at a size: subject → newest leaf."""
        newest = {}
        for data in self.data[:size]:
            try:
                obj = json.loads(data)
            except ValueError:
                continue
            if obj.get("v") == 1 and obj.get("kind") in ("license", "case"):
                newest[bytes.fromhex(obj["subject"])] = h(b"\0", data)
        return newest

    def roots(self, size: int | None = None) -> tuple[bytes, bytes]:
        return log_root([h(b"\0", data) for data in self.data[:size]]), state_root(self.pairs(size))


def note(log: str, size: int, root: bytes, key: Ed25519PrivateKey = KEY) -> bytes:
    """A signed checkpoint."""
    origin = f"tongban-ledger/{log}"
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    public = key.public_key().public_bytes_raw()
    hint = h(origin.encode(), b"\n\1", public)[:4]
    blob = base64.b64encode(hint + key.sign(text.encode())).decode()
    return f"{text}\n— {origin} {blob}\n".encode()


@dataclass
class Memory:
    """A source in memory: tells the truth about ``log`` except where ``note``, ``lost`` or ``tiles`` say otherwise."""

    log: Log
    note: bytes | None = None
    lost: set[int] = field(default_factory=set)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    name: str = "memory"

    def checkpoint(self) -> bytes | None:
        return self.note or note(self.log.log, len(self.log.data), self.log.roots()[0])

    def entries(self, size: int) -> Iterator[Stored]:  # noqa: ARG002 a database knows its own end
        for index, data in enumerate(self.log.data):
            if index not in self.lost:
                yield Stored(index, data)

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        if (level, index) in self.tiles:
            return self.tiles[level, index]
        span = 256**level
        leaves = [h(b"\0", data) for data in self.log.data]
        groups = [leaves[at : at + span] for at in range(index * 256 * span, len(leaves), span)]
        return b"".join(log_root(group) for group in groups[:width] if len(group) == span)


def write_tiles(log: Log, folder: Path) -> None:
    """The log as a folder of C2SP tiles."""
    size = len(log.data)
    (folder / "tile" / "entries").mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint").write_bytes(note(log.log, size, log.roots()[0]))
    memory = Memory(log)
    level, count = 0, size
    while count:
        for index in range(-(-count // 256)):
            width = min(256, count - index * 256)
            _write(folder / "tile" / str(level), index, width, memory.tile(level, index, width) or b"")
        level, count = level + 1, count // 256
    for index in range(-(-size // 256)):
        bundle = log.data[index * 256 : index * 256 + 256]
        packed = b"".join(len(data).to_bytes(2, "big") + data for data in bundle)
        _write(folder / "tile" / "entries", index, len(bundle), packed)


def _write(folder: Path, index: int, width: int, data: bytes) -> None:
    path = folder / f"{index:03d}" if width == 256 else folder / f"{index:03d}.p" / str(width)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
