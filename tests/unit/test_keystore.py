"""The keystore: keys come back, wrong passphrases and kinds do not, and nothing secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ledger.errors import ConfigError
from ledger.keys import Purpose, check_public, verify_ed25519, verify_es256
from ledger.keystore import KeyName, Keystore

PASSPHRASE = "correct horse battery"


def keystore(folder: Path, passphrase: str = PASSPHRASE, env: dict[str, str] | None = None, **current: int) -> Keystore:
    return Keystore(folder, current, lambda: passphrase, env)


def pem(private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys = keystore(tmp_path / "keys")
    for name in KeyName:
        assert keys.generate(name) == 1
    return tmp_path / "keys"


def test_signers_are_of_their_schemes(folder: Path) -> None:
    keys = keystore(folder)
    credential, checkpoint, exchange = keys.credential(), keys.checkpoint(), keys.exchange()
    check_public(Purpose.CREDENTIAL, credential.public)
    verify_es256(credential.public, b"m", credential.sign(b"m"))
    verify_ed25519(checkpoint.public, b"m", checkpoint.sign(b"m"))
    verify_ed25519(exchange.public, b"m", exchange.sign(b"m"))
    assert checkpoint.public != exchange.public


def test_a_reopened_keystore_has_the_same_keys(folder: Path) -> None:
    first, second = keystore(folder), keystore(folder)
    assert first.credential().public == second.credential().public
    assert first.address(KeyName.ADMIN) == second.address(KeyName.ADMIN)
    assert first.address(KeyName.ADMIN) != first.address(KeyName.ANCHORER)


def test_files_are_encrypted_and_for_their_owner_only(folder: Path) -> None:
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_wrong_passphrase_is_refused_without_being_shown(folder: Path) -> None:
    with pytest.raises(ConfigError, match="wrong passphrase") as caught:
        keystore(folder, "another secret thing").credential()
    assert "another secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_others_may_read_is_refused(folder: Path) -> None:
    (folder / "credential.pem").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        keystore(folder).credential()


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="checkpoint"):
        keystore(tmp_path).checkpoint()


def test_an_unencrypted_file_is_refused(folder: Path) -> None:
    (folder / "exchange.pem").write_text(pem(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(ConfigError, match="not an encrypted"):
        keystore(folder).exchange()


def test_a_key_of_the_wrong_kind_is_refused(folder: Path) -> None:
    (folder / "admin.pem").write_bytes((folder / "credential.pem").read_bytes())
    (folder / "credential.pem").write_bytes((folder / "exchange.pem").read_bytes())
    (folder / "checkpoint.pem").write_bytes((folder / "anchorer.pem").read_bytes())
    with pytest.raises(ConfigError, match="kind"):
        keystore(folder).account(KeyName.ADMIN)
    with pytest.raises(ConfigError, match="kind"):
        keystore(folder).credential()
    with pytest.raises(ConfigError, match="kind"):
        keystore(folder).checkpoint()


def test_only_accounts_are_accounts(folder: Path) -> None:
    with pytest.raises(ConfigError, match="not a chain account"):
        keystore(folder).account(KeyName.CHECKPOINT)
    with pytest.raises(ConfigError, match="kind"):
        keystore(folder).signer(KeyName.ADMIN)


def test_rotation_makes_the_next_generation_and_keeps_the_old(folder: Path) -> None:
    keys = keystore(folder)
    old = keys.credential().public
    assert keys.generate(KeyName.CREDENTIAL) == 2
    assert keys.credential().public == old, "a new key is not in use before somebody says so"
    keys.use(KeyName.CREDENTIAL, 2)
    assert keys.credential().public != old
    assert keys.generations(KeyName.CREDENTIAL) == [1, 2]
    assert keystore(folder, credential=2).credential().public == keys.credential().public
    assert keystore(folder, credential=1).credential().public == old
    with pytest.raises(ConfigError, match="generation 3"):
        keys.use(KeyName.CREDENTIAL, 3)


def test_a_key_from_the_environment_wins(folder: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    keys = keystore(folder, env={"TONGBAN_KEY_CREDENTIAL": pem(private)})
    want = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert keys.credential().public == want


def test_the_passphrase_is_asked_once_and_only_if_needed(folder: Path) -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        return PASSPHRASE

    keys = Keystore(folder, {}, ask)
    assert asked == []
    keys.credential()
    keys.checkpoint()
    keys.credential()
    assert asked == [1]


def test_a_short_passphrase_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 8"):
        keystore(tmp_path / "keys", "short").generate(KeyName.ADMIN)
    assert not (tmp_path / "keys").exists()


def test_the_keystore_shows_no_secret(folder: Path) -> None:
    keys = keystore(folder)
    keys.credential()
    assert repr(keys) == f"Keystore({str(folder)!r})"
