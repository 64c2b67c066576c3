"""The artifact that is shipped is what the sources give, and the tools that say so can say no."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT, missing

CONTRACTS = ROOT / "contracts"
SCRIPT = ROOT / "scripts" / "compile_contracts.py"
ARTIFACT = ROOT / "src" / "ledger" / "chain" / "artifacts" / "LicenseRegistry.json"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compile_contracts", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compile_contracts = _script()


@pytest.fixture
def compiler() -> None:
    if shutil.which("node") is None:
        missing("Node.js is not installed")
    if not (CONTRACTS / "node_modules" / "solc").is_dir():
        missing("the compiler is not installed; run `npm ci` in contracts")


@pytest.fixture
def artifact() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(ARTIFACT.read_text("utf-8"))
    return loaded


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")


def _without_node_modules(folder: Path) -> Path:
    copy = folder / "contracts"
    for part in ("src", "tools"):
        shutil.copytree(CONTRACTS / part, copy / part)
    shutil.copy(CONTRACTS / "foundry.toml", copy)
    return copy


@pytest.mark.node
@pytest.mark.usefixtures("compiler")
def test_artifact_is_what_the_sources_give():
    ended = _run("--check")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.node
@pytest.mark.usefixtures("compiler")
def test_changed_bytes_are_found(tmp_path: Path, artifact: dict[str, Any]):
    code = artifact["deployedBytecode"]
    artifact["deployedBytecode"] = code[:-1] + ("0" if code[-1] != "0" else "1")
    (tmp_path / "changed.json").write_text(compile_contracts.render(artifact), "utf-8")
    ended = _run("--check", "--artifact", tmp_path / "changed.json")
    assert ended.returncode == 1
    assert "deployedBytecode differs" in ended.stderr


@pytest.mark.node
@pytest.mark.usefixtures("compiler")
def test_changed_source_is_found(tmp_path: Path):
    copy = _without_node_modules(tmp_path)
    (copy / "node_modules").symlink_to(CONTRACTS / "node_modules")
    votes = copy / "src" / "Votes.sol"
    votes.write_text(votes.read_text("utf-8").replace("14 days", "15 days"), "utf-8")
    ended = _run("--check", "--contracts", copy)
    assert ended.returncode == 1
    assert "bytecode differs, deployedBytecode differs, sources differs" in ended.stderr


@pytest.mark.node
@pytest.mark.usefixtures("compiler")
def test_sources_that_do_not_compile_are_reported(tmp_path: Path):
    copy = _without_node_modules(tmp_path)
    (copy / "node_modules").symlink_to(CONTRACTS / "node_modules")
    (copy / "src" / "Votes.sol").write_text("contract {", "utf-8")
    ended = _run("--contracts", copy, "--artifact", tmp_path / "none.json")
    assert ended.returncode == 1
    assert "ParserError" in ended.stderr
    assert not (tmp_path / "none.json").exists()


def test_no_compiler_is_no_difference(tmp_path: Path):
    ended = _run("--check", "--contracts", _without_node_modules(tmp_path))
    assert ended.returncode == 2
    assert "cannot compile here" in ended.stderr


def test_every_difference_is_named(artifact: dict[str, Any]):
    text = compile_contracts.render(artifact)
    assert compile_contracts.differences(text, artifact) == []
    assert compile_contracts.differences(text + "\n", artifact) == ["the same values are written in another way"]
    assert compile_contracts.differences("", artifact) == ["the artifact is no JSON"]
    assert compile_contracts.differences("[]", artifact) == ["the artifact is no JSON object"]
    for field in artifact:
        assert compile_contracts.differences(text, {**artifact, field: None}) == [f"{field} differs"]


def test_settings_do_not_depend_on_comments_or_paths(artifact: dict[str, Any]):
    assert artifact["settings"]["metadata"] == {"bytecodeHash": "none", "appendCBOR": False}
    assert artifact["settings"]["evmVersion"] == "paris"
    assert artifact["compiler"].startswith("0.8.30+commit.")
    assert len(bytes.fromhex(artifact["deployedBytecode"].removeprefix("0x"))) < compile_contracts.MAX_DEPLOYED


def test_every_error_has_its_own_name_and_prefix(artifact: dict[str, Any]):
    names = [entry["name"] for entry in artifact["abi"] if entry["type"] == "error"]
    assert len(names) == len(set(names))
    assert all(re.match(r"(Registry|Rfc9162|StateMap|Sha256)[A-Z]", name) for name in names)
    interface = (CONTRACTS / "src" / "ILicenseRegistry.sol").read_text("utf-8")
    declared = re.findall(r"^    error (\w+)\(", interface, re.MULTILINE)
    assert declared
    assert set(declared) <= set(names), "declared, but never raised"


def test_lock_file_pins_contents_and_names_no_host():
    text = (CONTRACTS / "package-lock.json").read_text("utf-8")
    assert not re.search(r'"resolved"|https?:', text)
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for path, package in packages.items() if path)


@pytest.mark.node
def test_forge_reports_failure():
    """The `forge` command of @foundry-rs/forge 1.7.1 always ends with status 0, and a CI would believe it."""
    forge = CONTRACTS / "node_modules" / ".bin" / "forge"
    if not forge.exists():
        missing("Forge is not installed for this machine; run `npm ci` in contracts")
    assert subprocess.run([str(forge), "no-such-command"], capture_output=True, check=False).returncode != 0
