"""C2SP signed notes: a text, a blank line, and one signature line for each signer.

::

    tongban-ledger/4f2c…
    1000000
    q83v…=
                                                       (blank line)
    — tongban-ledger/4f2c… Az3grl…=                    name, base64(key hash, 4 bytes ‖ signature)

A key's hash is ``SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]``; it finds the key, it does not authenticate it. A
note must verify under every key that the caller knows and that signed, and under at least one. Stricter than C2SP: a
repeated signature is refused, and whether lines by unknown keys (such as witnesses' cosignatures) are let through is
the caller's choice.

What it leaves out: what the text says (``checkpoint``, ``ledger.trust``) and whose key it is (``ledger.directory``).

Source: https://c2sp.org/signed-note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ledger.encoding import b64, parse_b64, parse_hex
from ledger.errors import FormatError, SignatureError
from ledger.keys import Purpose, Signer, check_public, verify_ed25519

MAX_NOTE = 1 << 20
"""Largest note in bytes that is looked at unless the caller says otherwise."""

MAX_SIGNATURES = 100
"""Most signature lines; a consortium has 34 members at most."""

_ED25519 = b"\x01"
_LINE = "\u2014 "


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name and the Ed25519 key that signs under it.

    Attributes:
        name: no spaces, no plus sign, not empty.
        public: 32 bytes.
    """

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        check_public(Purpose.CHECKPOINT, self.public)

    @property
    def key_hash(self) -> bytes:
        """The four bytes that stand before the signature."""
        return key_hash(self.name, self.public)

    @property
    def vkey(self) -> str:
        """The verifier key as C2SP spells it: ``name+hash+base64(0x01 ‖ public)``."""
        return f"{self.name}+{self.key_hash.hex()}+{b64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a verifier key.

        Raises:
            FormatError: not the one spelling of an Ed25519 key, or the hash is not this key's.
        """
        name, _, rest = text.partition("+")
        digest, _, encoded = rest.partition("+")
        key = parse_b64(encoded, 33)
        if not key.startswith(_ED25519):
            raise FormatError(f"not an Ed25519 key: algorithm {key[0]}")
        verifier = cls(name, key[1:])
        if parse_hex(digest, 4) != verifier.key_hash:
            raise FormatError(f"the key hash {digest} is not of this name and key")
        return verifier


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """An opened note.

    Attributes:
        text: what is signed, with its last newline.
        signers: the known keys that signed, in the order of their lines; at least one.
        unknown: lines by other keys, not verified.
    """

    text: str
    signers: tuple[Verifier, ...]
    unknown: tuple[Signature, ...]


def key_hash(name: str, public: bytes) -> bytes:
    """``SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public)``, the first 4 bytes."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def vkey(name: str, public: bytes) -> str:
    """The verifier key of a name and an Ed25519 public key, for programs that read C2SP notes.

    Raises:
        FormatError: the name or the key is not usable.
    """
    return Verifier(name, public).vkey


def sign_note(text: str, signers: Sequence[tuple[str, Signer]]) -> bytes:
    """Sign a text.

    Args:
        text: ends in a newline; no control characters but newlines.
        signers: names and Ed25519 keys; one line each, in this order.

    Raises:
        FormatError: the text or a name cannot stand in a note, or there is no signer.
    """
    _check_text(text)
    if not 0 < len(signers) <= MAX_SIGNATURES:
        raise FormatError(f"a note has 1 to {MAX_SIGNATURES} signatures, got {len(signers)}")
    message = text.encode()
    lines = []
    for name, signer in signers:
        hashed = Verifier(name, signer.public).key_hash
        lines.append(f"{_LINE}{name} {b64(hashed + signer.sign(message))}\n")
    return message + b"\n" + "".join(lines).encode()


def open_note(
    data: bytes, verifiers: Sequence[Verifier], *, allow_unknown: bool = False, max_size: int = MAX_NOTE
) -> Note:
    """Open a note: parse it strictly and verify every signature by a known key.

    Args:
        data: the note.
        verifiers: the known keys.
        allow_unknown: let lines by other keys through, unverified, as C2SP does.
        max_size: in bytes; checked first.

    Raises:
        FormatError: not a note, or a signature repeated.
        SignatureError: a known key's signature does not verify, no known key signed, or an unknown one did.
    """
    text, signatures = parse_note(data, max_size=max_size)
    known = {(verifier.name, verifier.key_hash): verifier for verifier in verifiers}
    if len(known) != len(verifiers):
        raise FormatError("two of the known keys have the same name and key hash")
    signers, unknown = [], []
    for line in signatures:
        verifier = known.get((line.name, line.key_hash))
        if verifier is not None:
            verify_ed25519(verifier.public, text.encode(), line.signature)
            signers.append(verifier)
        elif allow_unknown:
            unknown.append(line)
        else:
            raise SignatureError(f"signed by an unknown key: {line.name} {line.key_hash.hex()}")
    if not signers:
        raise SignatureError("not signed by any known key")
    return Note(text, tuple(signers), tuple(unknown))


def parse_note(data: bytes, *, max_size: int = MAX_NOTE) -> tuple[str, list[Signature]]:
    """Take a note apart without verifying anything.

    Raises:
        FormatError: too large, not UTF-8, control characters, no or malformed or repeated signature lines.
    """
    if len(data) > max_size:
        raise FormatError(f"a note of {len(data)} bytes; at most {max_size}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("a note is UTF-8") from error
    head, separator, tail = whole.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise FormatError("a note is a text, a blank line and signature lines, each ended by a newline")
    text = head + "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError(f"a note of {len(lines)} signatures; at most {MAX_SIGNATURES}")
    signatures = [_signature(line) for line in lines]
    if len({(line.name, line.key_hash) for line in signatures}) != len(signatures):
        raise FormatError("a key has signed the note twice")
    return text, signatures


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_LINE).partition(" ")
    if not line.startswith(_LINE) or not space:
        raise FormatError(f"not a signature line: {line[:80]!r}")
    _check_name(name)
    data = parse_b64(encoded)
    if len(data) < 5:
        raise FormatError("a signature line without a signature")
    return Signature(name, data[:4], data[4:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() or char < " " or "\ud800" <= char <= "\udfff" for char in name):
        raise FormatError(f"not a key name: {name[:80]!r}")


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise FormatError("the text of a note ends in a newline")
    if any(char < " " and char != "\n" for char in text):
        raise FormatError("a control character in the text of a note")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FormatError("a lone surrogate in the text of a note") from error
