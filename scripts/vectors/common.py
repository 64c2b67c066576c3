"""What all vectors share: how a case looks, and keys and hashes made of seeds."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.keys import Ed25519Signer

Case = dict[str, Any]
Cases = dict[str, Case]


def digest(text: str) -> bytes:
    """A hash made of a seed."""
    return hashlib.sha256(text.encode()).digest()


def signer(seed: str) -> Ed25519Signer:
    """An Ed25519 key made of a seed. For vectors only: anyone can make it."""
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(digest(seed)))


def flip(data: bytes, bit: int) -> bytes:
    """The data with one bit changed; bit 0 is the least significant of the last byte."""
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


def good(desc: str, **fields: Any) -> Case:
    """A case that must be accepted."""
    return {"desc": desc, **fields, "wantErr": False}


def bad(desc: str, error: str, **fields: Any) -> Case:
    """A case that must be refused; ``error`` is the class of ours that refuses it."""
    return {"desc": desc, **fields, "wantErr": True, "error": error}
