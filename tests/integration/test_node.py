"""A node's folder: made once, opened only with its own database, pinned to one registry."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from ledger import config
from ledger.config import ChainSettings
from ledger.errors import ConfigError
from ledger.keystore import KeyName
from ledger.license.status import Event
from ledger.services import consortium
from ledger.services.model import Operation
from ledger.services.node import Node
from tests.integration.nodes import ISSUER, PASSPHRASE, draft, passphrase


def made(folder: Path, words: str = PASSPHRASE) -> Node:
    return Node.create(folder, member=510000, issuer=ISSUER, passphrase=lambda: words)


def test_a_new_node_issues_before_it_knows_a_chain(tmp_path: Path) -> None:
    organ = dataclasses.replace(ISSUER, division="510107", division_name="武侯区")
    with Node.create(tmp_path / "sc", member=510000, issuer=organ, passphrase=passphrase) as node:
        node.issuer.issue(draft())
        assert node.sequencer.sequence() is not None
        with pytest.raises(ConfigError, match="was not told its chain"):
            node.sync()
    with Node.open(config.load(tmp_path / "sc", {}), passphrase) as again:
        assert (again.state().entries, again.show(draft()["uscc"]).index) == (1, 0)


def test_a_node_is_made_once(tmp_path: Path) -> None:
    made(tmp_path / "a").close()
    with pytest.raises(ConfigError, match="already"):
        made(tmp_path / "a")


def test_half_a_node_is_none_and_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node file is written last; keys and database of a broken attempt are left behind and not used."""

    def fail(_settings: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(config, "save", fail)
        with pytest.raises(OSError, match="No space"):
            made(tmp_path / "a")
    with pytest.raises(ConfigError, match="no node in"):
        config.load(tmp_path / "a", {})
    with made(tmp_path / "a", "another passphrase") as node:
        assert node.keys.current(KeyName.CREDENTIAL) == 2
    with Node.open(config.load(tmp_path / "a", {}), lambda: "another passphrase") as again:
        again.keys.credential()


def test_another_nodes_database_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "a").close()
    made(tmp_path / "b").close()
    shutil.copy(tmp_path / "a" / "ledger.sqlite", tmp_path / "b" / "ledger.sqlite")
    with pytest.raises(ConfigError, match="is not this node's"):
        Node.open(config.load(tmp_path / "b", {}), passphrase)


def test_looking_asks_for_no_passphrase(node: Node) -> None:
    node.issuer.issue(draft())

    def never() -> str:
        pytest.fail("a passphrase was asked for")

    with Node.open(node.settings, never) as looking:
        assert looking.show(draft()["uscc"]).version == 1
        assert looking.search("样例")
        assert looking.state().pending == 1


def test_a_node_keeps_to_its_registry(node: Node) -> None:
    pinned = node.settings.chain
    assert pinned is not None
    with pytest.raises(ConfigError, match="another chain or registry"):
        node.attach(dataclasses.replace(pinned, registry=b"\x05" * 20))
    moved = ChainSettings(None, "http://127.0.0.1:1", pinned.registry, pinned.chain_id, pinned.genesis)
    node.attach(moved)
    assert config.load(node.settings.data, {}).chain == moved


def test_a_rotated_key_is_used_from_then_on(node: Node) -> None:
    node.issuer.issue(draft(1))
    old = node.keys.credential().public
    generation = node.keys.generate(KeyName.CREDENTIAL)
    node.use_key(KeyName.CREDENTIAL, generation)
    assert config.load(node.settings.data, {}).keys["credential"] == 2
    new = node.keys.credential().public
    assert new != old
    node.issuer.issue(draft(2))
    signed = [_kid(node, number) for number in (1, 2)]
    assert signed[0] != signed[1]
    node.use_key(KeyName.CREDENTIAL, 1)
    node.issuer.apply(Operation(Event.REISSUE, draft(2)["uscc"]))


def test_a_rotated_key_writes_no_endpoint_that_only_this_process_was_told(node: Node) -> None:
    pinned = config.load(node.settings.data, {}).chain
    told = config.load(node.settings.data, {"TONGBAN_CHAIN_URL": "http://127.0.0.1:1"})
    assert told.chain != pinned
    with Node.open(told, passphrase) as other:
        other.use_key(KeyName.CREDENTIAL, other.keys.generate(KeyName.CREDENTIAL))
        assert other.settings.chain == told.chain
    written = config.load(node.settings.data, {})
    assert (written.chain, written.keys["credential"]) == (pinned, 2)


@pytest.mark.parametrize("name", [KeyName.CREDENTIAL, KeyName.CHECKPOINT])
def test_nothing_is_anchored_under_a_key_that_the_directory_lacks(folder: Path, name: KeyName) -> None:
    with Node.open(config.load(folder / "cq", {}), passphrase) as node:
        node.use_key(name, node.keys.generate(name))
        node.issuer.issue(draft(1))
        with pytest.raises(ConfigError, match="keys publish"):
            node.sync()
        assert node.state().pending == 1
        consortium.publish_keys(node)
        made = node.sync()
        assert made is not None
        assert made.size == 1


def _kid(node: Node, number: int) -> bytes:
    from ledger.entry import license_subject
    from ledger.license.credential import Credential
    from ledger.store.queries import licenses, logs

    with node.store.read() as transaction:
        log = logs.get(transaction, node.settings.log).id
        subject = license_subject("11100000MB0143028R001", draft(number)["uscc"])
        version = licenses.version(transaction, log, subject, 1)
    assert version is not None
    return Credential(version.jwt, ()).content.kid
