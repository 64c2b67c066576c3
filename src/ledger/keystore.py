"""A node's private keys: made, kept encrypted, opened for use.

Each key is an encrypted PKCS#8 file ``DIR/keys/<name>.pem`` readable by its owner only; a rotated key's next
generations are ``<name>.2.pem``, ``<name>.3.pem`` …, and ``node.json`` says which one is in use. A key may
instead come as PEM text from the environment, ``TONGBAN_KEY_<NAME>``, where a secret store puts it. Private keys
never stand in the database, in logs or in error messages.

What it leaves out: where the passphrase comes from (the command line), and whether the directory on the chain
knows the key (``ledger.directory``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import ConfigError
from ledger.keys import Ed25519Signer, Es256Signer, Signer

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

PassphraseProvider = Callable[[], str]
"""Asked at most once per keystore, and only when a key file is really opened or made."""

MIN_PASSPHRASE = 8
"""Shortest passphrase for a new key, in characters (NIST SP 800-63B section 5.1.1.1 asks at least 8)."""


class KeyName(StrEnum):
    """What a node's key is for."""

    ADMIN = "admin"
    """secp256k1, cold: directory changes and votes."""

    ANCHORER = "anchorer"
    """secp256k1, hot: anchors and witnesses."""

    CREDENTIAL = "credential"
    """P-256: licences."""

    EXCHANGE = "exchange"
    """Ed25519: signed requests between members."""

    CHECKPOINT = "checkpoint"
    """Ed25519: checkpoints of the log, and trust files."""


_CURVES: dict[KeyName, ec.EllipticCurve | None] = {
    KeyName.ADMIN: ec.SECP256K1(),
    KeyName.ANCHORER: ec.SECP256K1(),
    KeyName.CREDENTIAL: ec.SECP256R1(),
    KeyName.EXCHANGE: None,
    KeyName.CHECKPOINT: None,
}
_Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Keystore:
    """The keys of one node. A key is read and decrypted when it is first used, then kept in memory.

    Args:
        folder: where the key files lie.
        current: generation in use, by name; 1 where a name is missing.
        passphrase: asked once, when the first file is opened.
        env: environment variables that may hold keys as PEM; they win over files.
    """

    def __init__(
        self,
        folder: Path,
        current: Mapping[str, int],
        passphrase: PassphraseProvider,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._current = dict(current)
        self._ask = passphrase
        self._env = env or {}
        self._secret: bytes | None = None
        self._loaded: dict[KeyName, _Private] = {}

    def __repr__(self) -> str:
        return f"Keystore({str(self._folder)!r})"

    def credential(self) -> Es256Signer:
        """The signer of licences."""
        return Es256Signer(self._elliptic(KeyName.CREDENTIAL))

    def exchange(self) -> Ed25519Signer:
        """The signer of requests to other members."""
        return Ed25519Signer(self._edwards(KeyName.EXCHANGE))

    def checkpoint(self) -> Ed25519Signer:
        """The signer of checkpoints and trust files."""
        return Ed25519Signer(self._edwards(KeyName.CHECKPOINT))

    def signer(self, name: KeyName) -> Signer:
        """The signer of a directory key by its name.

        Raises:
            ConfigError: the name is an account's (admin, anchorer), or the key cannot be opened.
        """
        if name is KeyName.CREDENTIAL:
            return self.credential()
        return Ed25519Signer(self._edwards(name))

    def account(self, name: KeyName) -> LocalAccount:
        """A chain account that signs transactions.

        Args:
            name: ``ADMIN`` or ``ANCHORER``.

        Raises:
            ConfigError: another name, no such key, a wrong passphrase.
        """
        from eth_account import Account  # heavy, and only nodes that write to the chain need it

        if name not in (KeyName.ADMIN, KeyName.ANCHORER):
            raise ConfigError(f"{name} is not a chain account")
        secret = self._elliptic(name).private_numbers().private_value
        account: LocalAccount = Account.from_key(secret.to_bytes(32, "big"))
        return account

    def address(self, name: KeyName) -> bytes:
        """A chain account's address, 20 bytes."""
        return bytes.fromhex(self.account(name).address[2:])

    def generate(self, name: KeyName) -> int:
        """Make a new key: the first one, or the next generation. It is not in use until ``node.json`` says so.

        Returns:
            Its generation, 1, 2, 3 …

        Raises:
            ConfigError: the passphrase is too short.
        """
        curve = _CURVES[name]
        private: _Private = ec.generate_private_key(curve) if curve else ed25519.Ed25519PrivateKey.generate()
        passphrase = self._passphrase()
        if len(passphrase.decode()) < MIN_PASSPHRASE:
            raise ConfigError(f"a passphrase needs at least {MIN_PASSPHRASE} characters")
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        generation = 1
        while not _create(self.path(name, generation), pem):
            generation += 1
        return generation

    def use(self, name: KeyName, generation: int) -> None:
        """Take another generation from now on (the caller writes it to ``node.json`` too).

        Raises:
            ConfigError: there is no such generation.
        """
        if not self.path(name, generation).exists():
            raise ConfigError(f"no key {name} of generation {generation} in {self._folder}")
        self._current[name] = generation
        self._loaded.pop(name, None)

    def generations(self, name: KeyName) -> list[int]:
        """The generations that exist as files, ascending."""
        found = []
        generation = 1
        while self.path(name, generation).exists():
            found.append(generation)
            generation += 1
        return found

    def current(self, name: KeyName) -> int:
        """The generation in use."""
        return self._current.get(name, 1)

    def path(self, name: KeyName, generation: int) -> Path:
        """Where a generation's file is."""
        return self._folder / (f"{name}.pem" if generation == 1 else f"{name}.{generation}.pem")

    def _elliptic(self, name: KeyName) -> ec.EllipticCurvePrivateKey:
        key, curve = self._load(name), _CURVES[name]
        if curve is None or not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != curve.name:
            raise ConfigError(f"key {name} is not of the kind that its use needs")
        return key

    def _edwards(self, name: KeyName) -> ed25519.Ed25519PrivateKey:
        key = self._load(name)
        if _CURVES[name] is not None or not isinstance(key, ed25519.Ed25519PrivateKey):
            raise ConfigError(f"key {name} is not of the kind that its use needs")
        return key

    def _load(self, name: KeyName) -> _Private:
        if name not in self._loaded:
            text = self._env.get(f"TONGBAN_KEY_{name.upper()}")
            self._loaded[name] = self._from_env(name, text) if text else self._from_file(name)
        return self._loaded[name]

    def _from_env(self, name: KeyName, text: str) -> _Private:
        pem = text.encode(errors="replace")
        return _decode(name, pem, self._passphrase() if b"ENCRYPTED" in pem else None)

    def _from_file(self, name: KeyName) -> _Private:
        path = self.path(name, self.current(name))
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"key {name}: cannot read {path}: {error.strerror}") from error
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"key {name}: {path} may be read by others; make it `chmod 600`")
        return _decode(name, pem, self._passphrase())

    def _passphrase(self) -> bytes:
        if self._secret is None:
            try:
                self._secret = self._ask().encode()
            except UnicodeEncodeError:  # its message would quote the passphrase
                raise ConfigError("the passphrase is not Unicode text") from None
        return self._secret


def _create(path: Path, content: bytes) -> bool:
    """Write a file that must not exist yet; False if it does. A key is never overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return True


def _decode(name: KeyName, pem: bytes, passphrase: bytes | None) -> _Private:
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's message is left out on purpose: it may quote what it could not parse.
        raise ConfigError(f"key {name} cannot be opened: wrong passphrase, or not an encrypted PKCS#8 key") from None
    if not isinstance(key, (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
        raise ConfigError(f"key {name} is of a kind that is not used here")
    return key
