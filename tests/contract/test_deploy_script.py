"""``scripts/deploy.py`` against both chains."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eth_account import Account

from ledger import canonical
from ledger.chain.provider import Connection, connect
from ledger.chain.registry import Registry
from tests.conftest import ROOT
from tests.contract.conftest import new_account, running_anvil


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_script", ROOT / "scripts" / "deploy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def founders(tmp_path: Path) -> list[str]:
    paths = []
    for code in (500000, 510000):
        admin, anchorer = (Account.create().address[2:].lower() for _ in range(2))
        obj = {"v": 1, "member": code, "admin": admin, "anchorer": anchorer, "log": f"{code:064x}", "endpoint": ""}
        path = tmp_path / f"{code}.json"
        path.write_bytes(canonical.dumps(obj))
        paths.append(str(path))
    return paths


def check(connection: Connection, printed: str) -> None:
    obj: dict[str, Any] = json.loads(printed)
    registry = Registry(
        connection,
        bytes.fromhex(obj["registry"]),
        chain_id=int(obj["chain_id"]),
        genesis=bytes.fromhex(obj["genesis"]),
        first_block=obj["block"],
    )
    assert registry.members() == [500000, 510000]
    assert sorted(registry.directory().members) == [500000, 510000]


def test_embedded__no_key_needed(
    script: ModuleType, founders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = tmp_path / "chain.sqlite"
    assert script.main([*founders, "--embedded", str(chain)]) == 0
    with connect(embedded=chain) as connection:
        check(connection, capsys.readouterr().out)


@pytest.mark.node
def test_outside__paid_by_a_keystore(
    script: ModuleType,
    founders: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TONGBAN_PASSPHRASE", "correct horse")
    key = tmp_path / "key.json"
    with running_anvil() as anvil:
        account = new_account(anvil)
        key.write_text(json.dumps(Account.encrypt(account.key, "correct horse", iterations=1024)))
        url = str(anvil._carrier.provider().endpoint_uri)  # type: ignore[attr-defined]  # HTTP has one
        assert script.main([*founders, "--chain", url]) == 2
        assert "--key is needed" in capsys.readouterr().err
        assert script.main([*founders, "--chain", url, "--key", str(key)]) == 0
        check(anvil, capsys.readouterr().out)
        monkeypatch.setenv("TONGBAN_PASSPHRASE", "wrong")
        assert script.main([*founders, "--chain", url, "--key", str(key)]) == 2
        assert "cannot be opened" in capsys.readouterr().err


def test_refused_founders__said(
    script: ModuleType, founders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main([founders[0], founders[0], "--embedded", str(tmp_path / "chain.sqlite")]) == 2
    assert "RegistryLogIdUsed" in capsys.readouterr().err
