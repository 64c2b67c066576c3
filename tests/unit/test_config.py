"""Settings: what is written is read back, anything else is refused by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ledger import canonical, config
from ledger.config import ChainSettings, Finality, IssuerDefaults, Settings
from ledger.errors import ConfigError

ISSUER = IssuerDefaults("11100000MB0143028R", "示例市市场监督管理局", "500106", "沙坪坝区")


def settings(data: Path, **changes: object) -> Settings:
    chain = ChainSettings(data.parent / "chain.sqlite", None, b"\x01" * 20, 1337, b"\x02" * 32, 7)
    plain = Settings(data, 500000, b"\x03" * 32, ISSUER, chain, config.default_database(data))
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]  # the tests name the fields


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    node = settings(tmp_path / "cq", finality=Finality("finalized", 6, 600, 1500))
    config.save(node)
    assert config.load(tmp_path / "cq", {}) == node


def test_a_node_without_a_chain_is_a_node(tmp_path: Path) -> None:
    node = settings(tmp_path, chain=None)
    config.save(node)
    assert config.load(tmp_path, {}).chain is None


def test_the_embedded_chain_is_named_relative_to_the_folder(tmp_path: Path) -> None:
    config.save(settings(tmp_path / "old" / "cq"))
    (tmp_path / "old").rename(tmp_path / "new")
    chain = config.load(tmp_path / "new" / "cq", {}).chain
    assert chain is not None
    assert chain.embedded == tmp_path / "new" / "chain.sqlite"


def test_the_environment_names_another_endpoint_of_the_same_chain(tmp_path: Path) -> None:
    config.save(settings(tmp_path))
    chain = config.load(tmp_path, {"TONGBAN_CHAIN_URL": "http://127.0.0.1:8545"}).chain
    assert chain is not None
    assert (chain.url, chain.embedded, chain.chain_id) == ("http://127.0.0.1:8545", None, 1337)


def test_the_database_comes_from_the_environment_and_is_never_written(tmp_path: Path) -> None:
    url = "postgresql://ledger:secret@db/ledger"
    config.save(settings(tmp_path, database=url))
    assert "secret" not in (tmp_path / "node.json").read_text()
    assert config.load(tmp_path, {"TONGBAN_DATABASE_URL": url}).database == url
    assert config.load(tmp_path, {}).database == f"sqlite:///{tmp_path}/ledger.sqlite"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", 2),
        ("member", "500000"),
        ("member", 5),
        ("log", "ab"),
        ("log", "AB" * 32),
        ("extra", 1),
        ("keys", {"admin": 1}),
        ("keys", dict.fromkeys(config.KEY_NAMES, 0)),
        ("finality", {"tag": "pending", "confirmations": 0, "timeout": 1, "poll": 1}),
        ("finality", {"tag": "latest", "confirmations": -1, "timeout": 1, "poll": 1}),
        ("finality", {"tag": "latest", "confirmations": True, "timeout": 1, "poll": 1}),
        ("issuer", {"code": "x"}),
        ("chain", {"registry": "01" * 20, "id": "01", "genesis": "02" * 32, "first_block": "0", "url": "http://x"}),
        ("chain", {"registry": "01" * 20, "id": "1", "genesis": "02" * 32, "first_block": "0"}),
        (
            "chain",
            {
                "registry": "01" * 20,
                "id": "1",
                "genesis": "02" * 32,
                "first_block": "0",
                "url": "http://x",
                "embedded": "y",
            },
        ),
    ],
)
def test_a_field_that_is_not_as_written_is_refused(tmp_path: Path, field: str, value: object) -> None:
    config.save(settings(tmp_path))
    path = tmp_path / "node.json"
    obj = json.loads(path.read_text()) | {field: value}
    path.write_bytes(canonical.dumps(obj))
    with pytest.raises(ConfigError, match=r"node\.json"):
        config.load(tmp_path, {})


@pytest.mark.parametrize("field", ["v", "member", "log", "issuer", "keys", "finality"])
def test_a_missing_field_is_refused(tmp_path: Path, field: str) -> None:
    config.save(settings(tmp_path))
    path = tmp_path / "node.json"
    obj = json.loads(path.read_text())
    del obj[field]
    path.write_bytes(canonical.dumps(obj))
    with pytest.raises(ConfigError, match="fields"):
        config.load(tmp_path, {})


def test_another_spelling_is_refused(tmp_path: Path) -> None:
    config.save(settings(tmp_path))
    path = tmp_path / "node.json"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ConfigError, match="canonical"):
        config.load(tmp_path, {})


def test_no_node_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tongban init"):
        config.load(tmp_path, {})


def test_a_chain_is_a_file_or_a_url() -> None:
    with pytest.raises(ConfigError, match="either"):
        ChainSettings(None, None, b"\x01" * 20, 1, b"\x02" * 32)
    with pytest.raises(ConfigError, match="either"):
        ChainSettings(Path("x"), "http://x", b"\x01" * 20, 1, b"\x02" * 32)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    config.write_atomically(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        config.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
