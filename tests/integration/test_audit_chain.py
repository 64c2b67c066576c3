"""The audit against a real chain: a log served as tiles, a registry behind JSON-RPC, and lies that were anchored."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import config
from ledger.audit import AuditReport, AuditRequest, run
from ledger.chain import calls
from ledger.chain.provider import connect
from ledger.chain.server import ChainServer
from ledger.keystore import KeyName
from ledger.license.status import Event
from ledger.services.exporting import export_tiles
from ledger.services.model import Operation
from ledger.services.node import Node
from tests.builders import credit_code
from tests.integration.nodes import Clock, draft

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "audit.py"


@pytest.fixture
def anchored(node: Node, clock: Clock) -> Node:
    """Three licences, two anchors."""
    node.issuer.issue_many([draft(number) for number in range(1, 4)])
    node.sync()
    clock.pass_(hours=1)
    node.issuer.apply(Operation(Event.REVOKE, credit_code(1)))
    node.sync()
    return node


def audit(folder: Path, tiles: Path, *, registry: bytes | None = None) -> AuditReport:
    """Audit tiles against the chain, over HTTP as a stranger would."""
    settings = config.load(folder / "cq", {})
    assert settings.chain is not None
    with connect(embedded=folder / "chain.sqlite") as connection:
        assert connection.embedded is not None
        with ChainServer(connection.embedded) as server:
            address = (registry or settings.chain.registry).hex()
            return run(AuditRequest(tiles=tiles, chain=server.url, registry=address, env={}))


def closed_copy(folder: Path, target: Path) -> Path:
    """The node's folder and chain as they lie on the disk."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("*.lock", "*.rpc"))
    return target


def outcomes(report: AuditReport) -> dict[int, str]:
    return {step.step: step.outcome for step in report.steps}


def codes(report: AuditReport) -> list[str]:
    assert report.problem is None, report.problem
    return [finding.code for finding in report.findings if finding.severity == "error"]


def test_tiles_against_a_chain_over_http(anchored: Node, folder: Path, tmp_path_factory: Any) -> None:
    out = tmp_path_factory.mktemp("tiles")
    export_tiles(anchored.log_files, out)
    report = audit(closed_copy(folder, out / "copy"), out)
    assert codes(report) == []
    assert outcomes(report) == {1: "ok", 2: "ok", 3: "ok", 4: "ok", 5: "ok", 6: "ok", 9: "not run"}
    assert (report.member, report.anchors, report.entries) == (500000, 2, 4)


def test_tiles_alone(anchored: Node, tmp_path_factory: Any) -> None:
    out = tmp_path_factory.mktemp("tiles")
    export_tiles(anchored.log_files, out)
    report = run(AuditRequest(tiles=out, env={}))
    assert codes(report) == []
    assert outcomes(report) == dict.fromkeys((1, 2, 3, 5, 9), "not run") | {4: "ok", 6: "ok"}


def lie(node: Node, change: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> None:
    """Anchor roots of the node's newest checkpoint after changing them, with the member's own key."""
    made = node.sequencer.sequence()
    assert made is not None
    log_root, state_root = change(made.root, made.state_root)
    call = calls.anchor(node.settings.member, made.size, log_root, state_root, [])
    node.registry.transact(call, node.keys.account(KeyName.ANCHORER))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda log, _state: (log, b"\1" * 32), "state.root"),
        (lambda _log, state: (b"\1" * 32, state), "log.root"),
    ],
    ids=["state root", "log root"],
)
def test_a_wrong_root_signed_and_anchored(
    node: Node, folder: Path, tmp_path_factory: Any, change: Callable[[bytes, bytes], tuple[bytes, bytes]], code: str
) -> None:
    node.issuer.issue_many([draft(1), draft(2)])
    lie(node, change)
    out = tmp_path_factory.mktemp("tiles")
    export_tiles(node.log_files, out)
    report = audit(closed_copy(folder, out / "copy"), out)
    assert codes(report) == [code]
    assert next(finding for finding in report.findings if finding.code == code).anchor == "1"
    assert report.exit_code == 1


def test_another_contract_at_the_address(anchored: Node, folder: Path, tmp_path_factory: Any) -> None:
    out = tmp_path_factory.mktemp("tiles")
    export_tiles(anchored.log_files, out)
    report = audit(closed_copy(folder, out / "copy"), out, registry=b"\7" * 20)
    assert codes(report) == ["code.differs"]
    assert outcomes(report)[2] == outcomes(report)[3] == "not run"


def test_the_script_says_the_same_as_the_library(anchored: Node, folder: Path, tmp_path_factory: Any) -> None:
    copy = closed_copy(folder, tmp_path_factory.mktemp("script") / "copy")
    command = [sys.executable, str(SCRIPT), "--data", str(copy / "cq")]
    clean = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert (clean.returncode, json.loads(clean.stdout)["verdict"]) == (0, "clean"), clean.stderr
    assert clean.stderr == ""
    (copy / "chain.sqlite").unlink()
    broken = subprocess.run([*command, "--lang", "en"], capture_output=True, text=True, check=False)
    assert broken.returncode == 2
    assert "chain.sqlite" in broken.stdout
    assert "Traceback" not in broken.stderr
