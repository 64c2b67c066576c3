"""A node on an embedded chain, founded once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import config
from ledger.chain.provider import connect
from ledger.config import ChainSettings
from ledger.services import founding
from ledger.services.node import Node
from tests.integration.nodes import ISSUER, Clock, Faults, check_log, passphrase


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``cq`` with a node that founded a registry on ``chain.sqlite`` beside it."""
    folder = tmp_path_factory.mktemp("founded")
    with Node.create(folder / "cq", member=500000, issuer=ISSUER, passphrase=passphrase) as node:
        founding.found_embedded(node, folder / "chain.sqlite", "https://cq.example")
    return folder


@pytest.fixture
def folder(founded: Path, tmp_path: Path) -> Path:
    """A copy of the founded node and chain for one test."""
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chain(folder: Path) -> Iterator[Faults]:
    """The chain, open for as long as the test: nodes come and go on it."""
    with connect(embedded=folder / "chain.sqlite") as connection:
        yield Faults(connection)


@pytest.fixture
def connector(chain: Faults) -> Callable[[ChainSettings], Any]:
    return lambda _settings: chain


@pytest.fixture
def node(folder: Path, clock: Clock, connector: Callable[[ChainSettings], Any]) -> Iterator[Node]:
    """A node; after the test everything in its database is checked."""
    settings = config.load(folder / "cq", {})
    with Node.open(settings, passphrase, clock=clock, connector=connector) as opened:
        yield opened
    with Node.open(settings, passphrase, clock=clock, connector=connector) as again:
        check_log(again)
