"""The two chains that the same tests run on: the embedded one in this process, and Anvil over HTTP."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.chain import calls
from ledger.chain.provider import Connection, connect
from ledger.chain.registry import Registry, deploy
from ledger.errors import ChainUnavailableError
from tests.conftest import ROOT, missing

ANVIL = Path(os.environ.get("TONGBAN_ANVIL", ROOT / "contracts" / "node_modules" / ".bin" / "anvil"))
ETHER = 10**18


@contextmanager
def running_anvil(*options: str) -> Iterator[Connection]:
    """An Anvil of our own on a free port."""
    if not ANVIL.exists():
        missing(f"no Anvil at {ANVIL}; run `npm ci` in contracts")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(ANVIL), "--silent", "--port", str(port), "--accounts", "1", *options]
    with subprocess.Popen(command) as process, connect(url=f"http://127.0.0.1:{port}", timeout=20) as connection:
        try:
            _until_ready(connection, process)
            yield connection
        finally:
            process.terminate()


def _until_ready(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 30
    while True:
        try:
            connection.request("eth_chainId")
        except ChainUnavailableError:
            assert process.poll() is None, "Anvil ended at once"
            assert time.monotonic() < give_up, "Anvil does not answer"
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session", params=["embedded", pytest.param("anvil", marks=pytest.mark.node)])
def connection(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Both chains in turn, each shared by all tests: every test deploys a registry of its own."""
    if request.param == "embedded":
        with connect(embedded=tmp_path_factory.mktemp("chain") / "chain.sqlite") as embedded:
            yield embedded
    else:
        with running_anvil() as anvil:
            yield anvil


@pytest.fixture(scope="session")
def anvil() -> Iterator[Connection]:
    """An Anvil for tests that turn the chain back: nobody else is on it."""
    with running_anvil() as connection:
        yield connection


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Connection]:
    """An embedded chain for one test."""
    with connect(embedded=tmp_path / "chain.sqlite") as connection:
        yield connection


def address(account: LocalAccount) -> bytes:
    return bytes.fromhex(account.address[2:])


def new_account(connection: Connection) -> LocalAccount:
    """A fresh account that can pay, where paying is needed."""
    account: LocalAccount = Account.create()
    fund(connection, account)
    return account


def fund(connection: Connection, account: LocalAccount) -> None:
    """Let an account pay, where paying is needed."""
    if connection.embedded is None:
        connection.request("anvil_setBalance", account.address, hex(100 * ETHER))


@dataclass
class Party:
    """A member with its keys to the contract."""

    code: int
    admin: LocalAccount
    anchorer: LocalAccount
    log_id: bytes

    def founder(self) -> calls.Founder:
        return calls.Founder(
            self.code, address(self.admin), address(self.anchorer), self.log_id, f"https://{self.code}.example"
        )


@dataclass
class Consortium:
    """A deployed registry and its members."""

    registry: Registry
    parties: dict[int, Party]
    deployer: LocalAccount
    first_block: int = 0
    codes: list[int] = field(default_factory=list)

    def __getitem__(self, code: int) -> Party:
        return self.parties[code]


def new_party(connection: Connection, code: int, salt: str = "") -> Party:
    log_id = hashlib.sha256(f"{code}{salt}".encode()).digest()
    return Party(code, new_account(connection), new_account(connection), log_id)


def found(connection: Connection, *codes: int) -> Consortium:
    """Deploy a registry with these members."""
    parties = {code: new_party(connection, code) for code in codes}
    deployer = new_account(connection)
    registry, receipt = deploy(connection, [party.founder() for party in parties.values()], deployer)
    return Consortium(registry, parties, deployer, receipt.block, list(codes))


@pytest.fixture
def consortium(connection: Connection) -> Consortium:
    """Three founders: 重庆, 四川, 贵州."""
    return found(connection, 500000, 510000, 520000)


@pytest.fixture(scope="session")
def verifier(connection: Connection) -> Registry:
    """A registry for proofs only, which change nothing."""
    return found(connection, 500000).registry


@pytest.fixture
def make_account(connection: Connection) -> Callable[[], LocalAccount]:
    return lambda: new_account(connection)
