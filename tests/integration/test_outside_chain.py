"""Nodes on a chain that is not theirs: Anvil over HTTP, and the embedded chain served by another process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from ledger.chain.provider import Connection
from tests.contract.conftest import ETHER, running_anvil
from tests.integration.nodes import PASSPHRASE, draft

TONGBAN = Path(sys.executable).with_name("tongban")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TONGBAN_")}
    return {**kept, "TONGBAN_PASSPHRASE": PASSPHRASE, "XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def anvil() -> Iterator[tuple[str, Connection]]:
    """A chain of somebody else: its URL, and a connection to give accounts money."""
    with running_anvil() as connection:
        yield connection.w3.provider.endpoint_uri, connection  # type: ignore[attr-defined]  # an HTTPProvider


def run(environment: dict[str, str], *words: object, code: int = 0) -> Any:
    """One command in a process of its own."""
    command = [str(TONGBAN), *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.node
def test_anvil__two_provinces_from_init_to_audit(
    tmp_path: Path, environment: dict[str, str], anvil: tuple[str, Connection]
) -> None:
    url, connection = anvil
    nodes = {500000: tmp_path / "cq", 510000: tmp_path / "sc"}
    for member, data in nodes.items():
        described = run(environment, "init", "--data", data, "--member", member, "--chain", url)["description"]
        for account in (described["admin"], described["anchorer"]):
            connection.request("anvil_setBalance", "0x" + account, hex(ETHER))
    descriptions = [data / "member.json" for data in nodes.values()]
    deployed = run(environment, "chain", "deploy", *descriptions, "--chain", url, "--data", nodes[500000])
    for member, data in nodes.items():
        attach = ("--chain", url, "--registry", deployed["registry"])
        run(environment, "init", "--data", data, "--member", member, *attach)
        assert len(run(environment, "keys", "publish", "--data", data)["added"]) == 3
    _issue_verify_audit(environment, nodes[500000], nodes[510000], tmp_path)
    assert not run(environment, "chain", "info", "--data", nodes[500000])["embedded"]


def _issue_verify_audit(environment: dict[str, str], first: Path, second: Path, folder: Path) -> None:
    """A licence of the first node, verified with a trust file of both, and both audited."""
    paper = folder / "draft.json"
    paper.write_text(json.dumps(draft(1)), "utf-8")
    uscc = run(environment, "issue", paper, "--data", first)["uscc"]
    assert run(environment, "sync", "--data", first)["anchor"]["size"] == 1
    bundle, trust = folder / "bundle.json", folder / "trust.txt"
    run(environment, "bundle", uscc, "--out", bundle, "--data", first)
    run(environment, "trust", "make", "--out", trust, "--data", second)
    run(environment, "trust", "cosign", trust, "--data", first)
    report = run(environment, "verify", bundle, "--trust", trust)
    assert report["as_of"]["chain"]["embedded"] == (second / ".." / "chain.sqlite").exists()
    assert run(environment, "audit", "--data", first)["verdict"] == "clean"


def test_chain_serve__other_processes__use_the_holders_chain(
    founded: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    first, second = tmp_path / "cq", tmp_path / "sc"
    command = [str(TONGBAN), "chain", "serve", "--data", str(first), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout is not None
        served = json.loads("".join(_until_brace(holder.stdout)))
        assert served["url"].startswith("http://127.0.0.1:")
        try:
            run(environment, "init", "--data", second, "--member", "510000", "--join", first)
            run(environment, "propose", "admit", "--file", second / "member.json", "--data", first)
            run(environment, "keys", "publish", "--data", second)
            _issue_verify_audit(environment, first, second, tmp_path)
        finally:
            holder.send_signal(signal.SIGTERM)
        assert holder.wait(20) == 0
    assert run(environment, "audit", "--data", first)["verdict"] == "clean"


def _until_brace(lines: IO[str]) -> Iterator[str]:
    """The lines of one printed object."""
    for line in lines:
        yield line
        if line == "}\n":
            return
