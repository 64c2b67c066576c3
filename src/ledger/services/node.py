"""A node opened from its folder: settings, keys, database and chain wired to the services.

::

    with Node.open(config.load(folder, env), passphrase, env=env) as node:
        node.issuer.issue(draft)
        node.sync()
        node.prover.bundle(uscc)

What is not needed is not opened: a look-up asks for no passphrase, issuing reaches for no chain.

What it leaves out: deciding when to do what (the command line, later the API).
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ledger import canonical, config, entry
from ledger.config import ChainSettings, IssuerDefaults, Settings
from ledger.errors import ConfigError, NotFoundError
from ledger.keystore import KeyName, Keystore, PassphraseProvider
from ledger.services import drafting, looking
from ledger.services.composing import Composer
from ledger.services.importing import Importer
from ledger.services.issuing import Issuer
from ledger.services.model import LICENSE_TYPE, Anchored, Clock, Entropy, HistoryLine, NodeState, Shown
from ledger.services.proving import Prover
from ledger.services.sequencing import Sequencer
from ledger.services.serving import LogFiles
from ledger.store.engine import Store
from ledger.store.queries import logs

if TYPE_CHECKING:
    from ledger.chain.provider import Connection
    from ledger.chain.registry import Registry
    from ledger.directory import Directory
    from ledger.services.anchoring import Anchorer

Connector = Callable[[ChainSettings], "Connection"]
"""Opens the way to a chain; a test gives one that is shared or that fails."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _connect(chain: ChainSettings) -> Connection:
    from ledger.chain.provider import connect  # web3 and py-evm take half a second

    return connect(embedded=chain.embedded, url=chain.url, wait=10.0, create=False)


class Node:
    """One member's node.

    Args:
        settings: of the node.
        keys: its private keys.
        store: its database, which knows the log.
        clock: gives the time, aware.
        entropy: gives random bytes.
        connector: opens the way to the chain.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keystore,
        store: Store,
        *,
        clock: Clock = _utc_now,
        entropy: Entropy = secrets.token_bytes,
        connector: Connector = _connect,
    ) -> None:
        self.settings = settings
        self.keys = keys
        self.store = store
        self._clock = clock
        self._entropy = entropy
        self._connector = connector

    @classmethod
    def create(
        cls,
        data: Path,
        *,
        member: int,
        issuer: IssuerDefaults,
        passphrase: PassphraseProvider,
        env: Mapping[str, str] | None = None,
        chain: ChainSettings | None = None,
        **ports: Any,
    ) -> Self:
        """Make a node: its folder, keys, log and database. The node file comes last, so that half a node is none.

        Args:
            data: folder; made if it does not exist.
            member: GB/T 2260 province code.
            issuer: who issues unless a draft says otherwise.
            passphrase: for the new keys.
            env: environment variables.
            chain: where it is known already.
            ports: ``clock``, ``entropy``, ``connector``.

        Raises:
            ConfigError: there is a node in that folder already, or the passphrase is too short.
        """
        if (data / config.NODE_FILE).exists():
            raise ConfigError(f"there is a node in {data} already")
        data.mkdir(parents=True, exist_ok=True)
        entropy: Entropy = ports.get("entropy", secrets.token_bytes)
        database = (env or {}).get("TONGBAN_DATABASE_URL") or config.default_database(data)
        log = entry.log_id(member, entropy(32))
        keys = Keystore(data / config.KEYS_FOLDER, {}, passphrase, env)
        generations = {name.value: keys.generate(name) for name in KeyName}
        settings = Settings(data, member, log, issuer, chain, database, generations)
        store = Store(database)
        with store.write() as transaction:
            logs.add(transaction, log, member, secret=entropy(32))
        config.save(settings)
        for name in KeyName:
            keys.use(name, generations[name.value])
        return cls(settings, keys, store, **ports)

    @classmethod
    def open(
        cls,
        settings: Settings,
        passphrase: PassphraseProvider,
        *,
        env: Mapping[str, str] | None = None,
        **ports: Any,
    ) -> Self:
        """Open a node.

        Args:
            settings: of its node file.
            passphrase: asked when a key is first needed.
            env: environment variables that may hold keys.
            ports: ``clock``, ``entropy``, ``connector``.

        Raises:
            ConfigError: the database is another node's, or a newer program's.
            StorageError: the database cannot be opened.
        """
        keys = Keystore(settings.keys_folder, settings.keys, passphrase, env)
        store = Store(settings.database)
        try:
            with store.read() as transaction:
                logs.get(transaction, settings.log)
        except NotFoundError as error:
            store.close()
            raise ConfigError(f"the database of {settings.data} is not this node's: {error}") from error
        return cls(settings, keys, store, **ports)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of chain and database."""
        self._disconnect()
        self.store.close()

    # ---- settings -------------------------------------------------------------------------------------------------

    def attach(self, chain: ChainSettings) -> None:
        """Pin chain and registry, and write that to the node file.

        Raises:
            ConfigError: another one is pinned already: a log moves by ``adopt``, not by a setting.
        """
        pinned = self.settings.chain
        if pinned is not None and _identity(pinned) != _identity(chain):
            raise ConfigError("this node has pinned another chain or registry already")
        self.settings = replace(self.settings, chain=chain)
        config.save(self.settings)
        self._disconnect()

    def use_key(self, name: KeyName, generation: int) -> None:
        """Take another generation of a key from now on, and write that to the node file.

        Raises:
            ConfigError: there is no such generation.
        """
        self.keys.use(name, generation)
        written = config.load(self.settings.data, {})  # not what this process was told besides, as another endpoint
        config.save(replace(written, keys={**written.keys, name.value: generation}))
        self.settings = replace(self.settings, keys={**self.settings.keys, name.value: generation})
        for service in ("issuer", "sequencer", "anchorer"):
            self.__dict__.pop(service, None)

    # ---- services -------------------------------------------------------------------------------------------------

    @cached_property
    def issuer(self) -> Issuer:
        """Issues licences and enters their events."""
        composer = Composer(
            self.settings.log,
            self.settings.member,
            defaults=self.settings.issuer,
            signer=self.keys.credential(),
            clock=self._clock,
            entropy=self._entropy,
        )
        return Issuer(self.store, self.settings.log, composer)

    @cached_property
    def importer(self) -> Importer:
        """Imports files of licences."""
        organ = drafting.organ(self.settings.issuer)
        return Importer(self.store, self.settings.log, self.issuer, organ=organ, clock=self._clock)

    @cached_property
    def sequencer(self) -> Sequencer:
        """Sequences pending entries and signs checkpoints."""
        return Sequencer(self.store, self.settings.log, self.keys.checkpoint(), self._clock)

    @cached_property
    def prover(self) -> Prover:
        """Makes bundles."""
        return Prover(self.store, self.settings.log, self.settings.member)

    @cached_property
    def log_files(self) -> LogFiles:
        """The log as others read it."""
        return LogFiles(self.store, self.settings.log)

    @cached_property
    def anchorer(self) -> Anchorer:
        """Anchors checkpoints.

        Raises:
            ConfigError: the node was not told its chain yet.
        """
        from ledger.services.anchoring import Anchorer

        return Anchorer(
            self.store,
            self.settings.log,
            self.settings.member,
            registry=self.registry,
            account=lambda: self.keys.account(KeyName.ANCHORER),
            clock=self._clock,
            poll=self.settings.finality.poll / 1000,
        )

    @cached_property
    def registry(self) -> Registry:
        """The registry contract's client, connected on first use.

        Raises:
            ConfigError: the node was not told its chain yet.
            ChainUnavailableError, WrongChainError: of the chain.
        """
        from ledger.chain.registry import Registry

        chain = self.settings.chain
        if chain is None:
            raise ConfigError("本节点尚未指定链 / this node was not told its chain yet; see `tongban init`")
        return Registry(
            self._connector(chain),
            chain.registry,
            chain_id=chain.chain_id,
            genesis=chain.genesis,
            tag=self.settings.finality.tag,
            confirmations=self.settings.finality.confirmations,
            first_block=chain.first_block,
        )

    def _disconnect(self) -> None:
        registry: Registry | None = self.__dict__.pop("registry", None)
        self.__dict__.pop("anchorer", None)
        if registry is not None:
            registry.connection.close()

    # ---- what a node does and shows -------------------------------------------------------------------------------

    def sync(self) -> Anchored | None:
        """Sequence what is pending, anchor it, wait until it is final.

        The chain is looked at first: on a restored backup nothing is signed.

        Returns:
            The final anchor that covers everything; None where there was nothing to do.

        Raises:
            ConfigError: the directory lacks a key that this node signs with.
            RestoredBackupError, ChainError: see ``anchoring``. What was sequenced stays so.
        """
        from ledger.services import consortium

        before = self.anchorer.newest()
        self.anchorer.recover()
        consortium.check_published(self)
        self.sequencer.sequence_all()
        after = self.anchorer.until_final(self.settings.finality.timeout)
        return None if after == before else after

    def directory(self) -> Directory:
        """The consortium's directory as of the newest final block."""
        return self.registry.directory()

    def make_trust_file(self) -> bytes:
        """A trust file of what the chain says now, signed by this member."""
        from ledger.services import trustfiles

        return trustfiles.make(self)

    def cosign_trust_file(self, data: bytes) -> bytes:
        """Add this member's signature to a trust file, if the chain says the same."""
        from ledger.services import trustfiles

        return trustfiles.cosign(self, data)

    def show(self, uscc: str, license_type: str = LICENSE_TYPE) -> Shown:
        """One licence as it is here now.

        Raises:
            NotFoundError: there is none.
        """
        return looking.show(self.store, self.settings.log, entry.license_subject(license_type, uscc), uscc)

    def history(self, uscc: str, license_type: str = LICENSE_TYPE) -> list[HistoryLine]:
        """Everything that happened to a licence, oldest first.

        Raises:
            NotFoundError: there is none.
        """
        return looking.history(self.store, self.settings.log, entry.license_subject(license_type, uscc), uscc)

    def search(self, text: str, limit: int = 50) -> list[Shown]:
        """Licences whose number begins with, or whose name contains, a text."""
        return looking.search(self.store, self.settings.log, text, limit)

    def state(self) -> NodeState:
        """How far log and anchors are."""
        return looking.state(self.store, self.settings.log)


def _identity(chain: ChainSettings) -> bytes:
    return canonical.dumps([str(chain.chain_id), chain.genesis.hex(), chain.registry.hex()])
