"""Who holds the embedded chain's file, and where to reach the holder.

One process at a time works on the file: it holds a lock on ``<file>.lock`` (``flock``, so the kernel frees it when
the process dies, however it dies). If it serves JSON-RPC it leaves the address in ``<file>.rpc`` for the others.

What it leaves out: the JSON-RPC server itself (``server``).
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import time
from pathlib import Path

from ledger.errors import ChainUnavailableError, StorageError

_PAUSE = 0.05
"""Seconds between two tries for the lock."""


class ChainLockedError(ChainUnavailableError):
    """Another process holds the chain's file. ``url`` is where it serves JSON-RPC, if it does."""

    def __init__(self, path: Path, url: str | None) -> None:
        how = f"reach it at {url}" if url else "it serves no JSON-RPC: wait for it, or start `tongban chain` there"
        super().__init__(f"the embedded chain {path} is held by another process; {how}")
        self.url = url


class Holder:
    """The lock on a chain's file, held until :meth:`release`.

    Args:
        path: the chain's file.
        wait: seconds to wait for another holder to let go.

    Raises:
        ChainLockedError: it did not.
        StorageError: there is no such folder, or nothing may be written in it.
    """

    def __init__(self, path: Path, wait: float = 0.0) -> None:
        self._path = path
        try:
            self._handle = os.open(_beside(path, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"the embedded chain {path} cannot be locked: {error.strerror}") from error
        give_up = time.monotonic() + wait
        while not self._try():
            if time.monotonic() >= give_up:
                os.close(self._handle)
                raise ChainLockedError(path, announced(path))
            time.sleep(_PAUSE)
        _beside(path, ".rpc").unlink(missing_ok=True)  # left by a holder that was killed

    def _try(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def announce(self, url: str | None) -> None:
        """Tell the others where JSON-RPC is served; None takes it back."""
        note = _beside(self._path, ".rpc")
        if url is None:
            note.unlink(missing_ok=True)
            return
        draft = _beside(self._path, ".rpc.new")
        draft.write_text(url, encoding="ascii")
        draft.replace(note)  # a reader sees all of it or nothing

    def release(self) -> None:
        """Let go."""
        if self._handle >= 0:
            self.announce(None)
            os.close(self._handle)
            self._handle = -1


def announced(path: Path) -> str | None:
    """Where the holder of the chain ``path`` serves JSON-RPC; None if it does not say."""
    try:
        return _beside(path, ".rpc").read_text(encoding="ascii") or None
    except FileNotFoundError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own loopback interface."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
