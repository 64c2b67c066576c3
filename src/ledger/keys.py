"""Keys by purpose, their ids, and the two signature schemes.

Credentials are signed with ES256 (P-256, RFC 7518 section 3.4) because every off-the-shelf SD-JWT
verifier reads it; checkpoints, trust files and exchanges with Ed25519 (RFC 8032) because C2SP notes and
RFC 9421 do. Public keys have one spelling: P-256 as a compressed SEC 1 point (33 bytes), Ed25519 raw
(32 bytes). A key's id is SHA-256 of that spelling.

What it leaves out: making and storing private keys (``ledger.keystore``), and who may use which key
when (``ledger.directory``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import FormatError, SignatureError

_P256 = ec.SECP256R1()
_ES256 = ec.ECDSA(hashes.SHA256())
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the P-256 group (SEC 2, section 2.4.2)."""


_ED25519_P = 2**255 - 19
_ED25519_D = -121665 * pow(121666, -1, _ED25519_P) % _ED25519_P
_ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER = frozenset({0, 1, _ED25519_P - 1, _ORDER_8_Y, _ED25519_P - _ORDER_8_Y})
"""y coordinates of the eight points whose order divides 8 (orders 1, 2, 4 and 8)."""


class Purpose(IntEnum):
    """What a key in the directory is for. The numbers stand in the contract."""

    CREDENTIAL = 1
    EXCHANGE = 2
    CHECKPOINT = 3


class Signer(Protocol):
    """Something that signs. ``public`` is in the directory's spelling."""

    @property
    def public(self) -> bytes:
        """The public key, 33 (P-256) or 32 (Ed25519) bytes."""

    def sign(self, message: bytes) -> bytes:
        """A 64-byte signature over ``message``."""


def key_id(public: bytes) -> bytes:
    """SHA-256 of the public key's spelling: 32 bytes, the id in the directory and (as hex) in ``kid``."""
    return hashlib.sha256(public).digest()


def check_public(purpose: Purpose, public: bytes) -> None:
    """Check that a public key is usable for its purpose.

    Raises:
        FormatError: wrong length, or not a point on the curve.
    """
    if purpose is Purpose.CREDENTIAL:
        _p256_public(public)
    else:
        _ed25519_public(public)


@dataclass(frozen=True, slots=True)
class Es256Signer:
    """Signs with P-256 and SHA-256; low-s always, so that one message has no two equivalent signatures."""

    private: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> bytes:
        """Compressed SEC 1 point, 33 bytes."""
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    def sign(self, message: bytes) -> bytes:
        """``r ‖ s``, 64 bytes (RFC 7518 section 3.4)."""
        r, s = decode_dss_signature(self.private.sign(message, _ES256))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """Signs with Ed25519 (RFC 8032)."""

    private: ed25519.Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """Raw public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """A 64-byte signature."""
        return self.private.sign(message)


def verify_es256(public: bytes, message: bytes, signature: bytes) -> None:
    """Verify an ES256 signature.

    Accepts high-s too: RFC 7518 does, and other issuers' verifiers must interoperate; what *we* sign is low-s.

    Raises:
        SignatureError: not by that key over that message.
        FormatError: the public key is malformed.
    """
    key = _p256_public(public)
    if len(signature) != 64:
        raise SignatureError("ES256 signature has the wrong length", got=len(signature), want=64)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        key.verify(der, message, _ES256)
    except InvalidSignature as error:
        raise SignatureError(f"ES256 signature does not verify under key {key_id(public).hex()[:16]}…") from error


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> None:
    """Verify an Ed25519 signature.

    Raises:
        SignatureError: not by that key over that message.
        FormatError: the public key is malformed.
    """
    key = _ed25519_public(public)
    try:
        key.verify(signature, message)
    except InvalidSignature as error:
        raise SignatureError(f"Ed25519 signature does not verify under key {key_id(public).hex()[:16]}…") from error


@lru_cache(maxsize=256)  # a key verifies many licences; decompressing its point costs as much as a hash tree
def _p256_public(public: bytes) -> ec.EllipticCurvePublicKey:
    if len(public) != 33:
        raise FormatError(f"a compressed P-256 point has 33 bytes, got {len(public)}")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_P256, public)
    except ValueError as error:
        raise FormatError("not a point on P-256") from error


@lru_cache(maxsize=256)
def _ed25519_public(public: bytes) -> ed25519.Ed25519PublicKey:
    """The key, once it is certain that it is one: OpenSSL takes any 32 bytes."""
    if len(public) != 32:
        raise FormatError(f"an Ed25519 public key has 32 bytes, got {len(public)}")
    _check_ed25519_point(public)
    return ed25519.Ed25519PublicKey.from_public_bytes(public)


def _check_ed25519_point(public: bytes) -> None:
    """Refuse what is not a point of the curve in its one spelling (RFC 8032 section 5.1.3), and the points of order 8.

    Under a point of small order one signature verifies for many messages: whoever publishes such a key can deny
    whatever was signed with it.
    """
    encoded = int.from_bytes(public, "little")
    y, sign = encoded & ((1 << 255) - 1), encoded >> 255
    if y >= _ED25519_P:
        raise FormatError("not the canonical spelling of a point on Ed25519")
    u, v = (y * y - 1) % _ED25519_P, (_ED25519_D * y * y + 1) % _ED25519_P
    square = u * pow(v, -1, _ED25519_P) % _ED25519_P
    if square and pow(square, (_ED25519_P - 1) // 2, _ED25519_P) != 1:
        raise FormatError("not a point on Ed25519")
    if not square and sign:
        raise FormatError("not the canonical spelling of a point on Ed25519")
    if y in _SMALL_ORDER:
        raise FormatError("an Ed25519 point of small order is nobody's key")
