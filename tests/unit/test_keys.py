"""The two signature schemes and the one spelling of their public keys; negative cases after Wycheproof's kinds."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, SignatureError
from ledger.keys import (
    P256_ORDER,
    Ed25519Signer,
    Es256Signer,
    Purpose,
    check_public,
    key_id,
    verify_ed25519,
    verify_es256,
)

P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
MESSAGE = b"eyJhbGciOiJFUzI1NiJ9.e30"
ES256 = Es256Signer(ec.derive_private_key(7, ec.SECP256R1()))
ED25519 = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@given(st.binary(max_size=200))
def test_a_signature_verifies_under_its_key_only(message: bytes) -> None:
    verify_es256(ES256.public, message, ES256.sign(message))
    verify_ed25519(ED25519.public, message, ED25519.sign(message))
    with pytest.raises(SignatureError):
        verify_es256(Es256Signer(ec.derive_private_key(8, ec.SECP256R1())).public, message, ES256.sign(message))
    with pytest.raises(SignatureError):
        verify_ed25519(
            Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))).public,
            message,
            ED25519.sign(message),
        )


@pytest.mark.parametrize("bit", range(0, 512, 7))
def test_a_flipped_bit_is_refused(bit: int) -> None:
    flipped = (1 << bit).to_bytes(64, "big")
    for verify, signer in ((verify_es256, ES256), (verify_ed25519, ED25519)):
        signature = bytes(a ^ b for a, b in zip(signer.sign(MESSAGE), flipped, strict=True))
        with pytest.raises(SignatureError):
            verify(signer.public, MESSAGE, signature)
    with pytest.raises(SignatureError):
        verify_es256(ES256.public, MESSAGE + b"\0", ES256.sign(MESSAGE))


def test_our_es256_signatures_are_low_s() -> None:
    for number in range(64):
        assert int.from_bytes(ES256.sign(bytes([number]))[32:], "big") <= P256_ORDER // 2


def test_high_s_of_others_is_accepted() -> None:
    signature = ES256.sign(MESSAGE)
    high = P256_ORDER - int.from_bytes(signature[32:], "big")
    verify_es256(ES256.public, MESSAGE, signature[:32] + high.to_bytes(32, "big"))


@pytest.mark.parametrize("r", [0, 1, P256_ORDER - 1, P256_ORDER, P256_ORDER + 1, P256_PRIME, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, P256_ORDER, 2**256 - 1])
def test_es256_refuses_edge_values(r: int, s: int) -> None:
    with pytest.raises(SignatureError):
        verify_es256(ES256.public, MESSAGE, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def test_es256_refuses_values_moved_by_the_order() -> None:
    signature = ES256.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "big")
    assert s + P256_ORDER < 2**257
    moved = (s + P256_ORDER).to_bytes(33, "big")
    with pytest.raises(SignatureError):
        verify_es256(ES256.public, MESSAGE, signature[:32] + moved[-32:])
    with pytest.raises(SignatureError, match="wrong length"):
        verify_es256(ES256.public, MESSAGE, signature[:32] + moved)


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), bytes(128)])
def test_signatures_of_odd_lengths_are_refused(signature: bytes) -> None:
    with pytest.raises(SignatureError):
        verify_es256(ES256.public, MESSAGE, signature)
    with pytest.raises(SignatureError):
        verify_ed25519(ED25519.public, MESSAGE, signature)


def test_es256_in_der_is_refused() -> None:
    der = ES256.private.sign(MESSAGE, ec.ECDSA(SHA256()))
    with pytest.raises(SignatureError):
        verify_es256(ES256.public, MESSAGE, der)


def test_ed25519_refuses_s_moved_by_the_order() -> None:
    signature = ED25519.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    with pytest.raises(SignatureError):
        verify_ed25519(ED25519.public, MESSAGE, signature[:32] + s.to_bytes(32, "little"))


def test_known_answers() -> None:
    """RFC 8032, section 7.1, test 1; and the compressed generator of P-256 (SEC 2, section 2.4.2)."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(secret))
    assert signer.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )
    generator = Es256Signer(ec.derive_private_key(1, ec.SECP256R1())).public.hex()
    assert generator == "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    assert key_id(signer.public) == hashlib.sha256(signer.public).digest()


@pytest.mark.parametrize(
    "public",
    [
        b"",
        ES256.public[:-1],
        ES256.public + b"\0",
        b"\x04" + ES256.public[1:],
        b"\x05" + ES256.public[1:],
        b"\x00" * 33,
        b"\x02" + P256_PRIME.to_bytes(32, "big"),
        b"\x02" + b"\xff" * 32,
        b"\x02" + (1).to_bytes(32, "big"),  # no point of P-256 has x = 1
        ES256.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        ED25519.public,
    ],
)
def test_p256_keys_have_one_spelling(public: bytes) -> None:
    with pytest.raises(FormatError):
        check_public(Purpose.CREDENTIAL, public)
    with pytest.raises(FormatError):
        verify_es256(public, MESSAGE, ES256.sign(MESSAGE))


@pytest.mark.parametrize("public", [b"", ED25519.public[:-1], ED25519.public + b"\0", ES256.public])
@pytest.mark.parametrize("purpose", [Purpose.CHECKPOINT, Purpose.EXCHANGE])
def test_ed25519_keys_have_one_spelling(public: bytes, purpose: Purpose) -> None:
    with pytest.raises(FormatError):
        check_public(purpose, public)
    with pytest.raises(FormatError):
        verify_ed25519(public, MESSAGE, ED25519.sign(MESSAGE))


def test_good_keys_pass_for_their_purpose() -> None:
    check_public(Purpose.CREDENTIAL, ES256.public)
    check_public(Purpose.CHECKPOINT, ED25519.public)
    check_public(Purpose.EXCHANGE, ED25519.public)


SMALL_ORDER_KEYS = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]


@pytest.mark.parametrize("public", SMALL_ORDER_KEYS + [key[:31] + bytes([key[31] | 0x80]) for key in SMALL_ORDER_KEYS])
def test_check_public__ed25519_point_of_small_order__is_nobodys_key(public: bytes) -> None:
    with pytest.raises(FormatError):
        check_public(Purpose.CHECKPOINT, public)


@pytest.mark.parametrize("public", [b"\x02" + bytes(31), b"\xff" * 32, (2**255 - 19 + 3).to_bytes(32, "little")])
def test_check_public__bytes_that_are_no_ed25519_point__are_refused(public: bytes) -> None:
    with pytest.raises(FormatError):
        check_public(Purpose.EXCHANGE, public)
