"""Checkpoints: a log's size and root, signed by the log (C2SP tlog-checkpoint).

::

    tongban-ledger/<64 hex digits of the log id>       origin: also the name of the key
    1000000                                            size, decimal
    q83v…=                                             root, base64 of 32 bytes

There are no extension lines. A log's checkpoint carries a valid signature of the log's own key; lines by others, such
as witnesses, may stand beside it and are not judged here.

What it leaves out: the lines of signatures (``note``), which key is the log's (``ledger.directory``), and whether the
root was anchored (``ledger.bundle``).

Source: https://c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ledger.encoding import b64, parse_b64, parse_decimal, parse_hex
from ledger.errors import CheckpointError, FormatError
from ledger.keys import Signer
from ledger.merkle.note import Note, Verifier, open_note, parse_note, sign_note, vkey
from ledger.merkle.proofs import EMPTY_ROOT, MAX_SIZE

__all__ = [
    "MAX_CHECKPOINT",
    "Checkpoint",
    "Note",
    "Verifier",
    "log_of",
    "open_checkpoint",
    "open_note",
    "origin",
    "parse_note",
    "sign_checkpoint",
    "sign_note",
    "vkey",
]

MAX_CHECKPOINT = 16_384
"""Largest checkpoint in bytes, with room for a hundred cosignatures."""

_PREFIX = "tongban-ledger/"


def origin(log_id: bytes) -> str:
    """The origin line and key name of a log: ``tongban-ledger/`` and the 32-byte log id in hex.

    Raises:
        FormatError: the id is not 32 bytes.
    """
    if len(log_id) != 32:
        raise FormatError(f"a log id has 32 bytes, got {len(log_id)}")
    return _PREFIX + log_id.hex()


def log_of(origin_line: str) -> bytes:
    """The log id in an origin, 32 bytes.

    Raises:
        FormatError: not the origin of such a log.
    """
    if not origin_line.startswith(_PREFIX):
        raise FormatError(f"not the origin of a log of ours: {origin_line[:80]!r}")
    return parse_hex(origin_line.removeprefix(_PREFIX), 32)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself.

    Attributes:
        origin: :func:`origin` of the log.
        size: number of leaves, 0 .. 2^64 - 1.
        root: of the tree of that size, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        log_of(self.origin)
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != 32:
            raise FormatError("a checkpoint has a size below 2^64 and a root of 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise FormatError("the root of size 0 is SHA-256 of nothing")

    def to_text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Parse the three lines.

        Raises:
            FormatError: anything else, also extension lines.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise FormatError(f"a checkpoint has three lines, got {len(lines) - 1}")
        return cls(lines[0], parse_decimal(lines[1]), parse_b64(lines[2], 32))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The checkpoint as a note signed by the log's key."""
    return sign_note(checkpoint.to_text(), [(checkpoint.origin, signer)])


def open_checkpoint(data: bytes, log_id: bytes, public: bytes) -> Checkpoint:
    """Open a log's checkpoint.

    Args:
        data: the note.
        log_id: of the log that it must be of, 32 bytes.
        public: the log's Ed25519 checkpoint key, 32 bytes.

    Raises:
        FormatError: not a checkpoint in its one spelling.
        SignatureError: not signed by that key.
        CheckpointError: signed, but of another log.
    """
    name = origin(log_id)
    note = open_note(data, [Verifier(name, public)], allow_unknown=True, max_size=MAX_CHECKPOINT)
    checkpoint = Checkpoint.from_text(note.text)
    if checkpoint.origin != name:
        raise CheckpointError("the checkpoint is of another log", got=checkpoint.origin, want=name)
    return checkpoint
