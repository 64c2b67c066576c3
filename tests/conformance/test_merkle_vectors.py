"""Every RFC 9162 proof of the transparency-dev vectors: accepted or refused as they say."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.errors import ConsistencyError, InclusionError, VerificationError
from ledger.merkle import verify_consistency, verify_inclusion


def read_cases(folder: Path) -> dict[str, dict[str, Any]]:
    paths = sorted(folder.rglob("*.json"))
    return {str(path.relative_to(folder)): json.loads(path.read_text("utf-8")) for path in paths}


def data(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def inclusion(case: dict[str, Any]) -> None:
    proof = [data(node) for node in case["proof"] or []]
    verify_inclusion(data(case["leafHash"]), case["leafIdx"], case["treeSize"], data(case["root"]), proof)


def consistency(case: dict[str, Any]) -> None:
    proof = [data(node) for node in case["proof"] or []]
    verify_consistency(case["size1"], data(case["root1"]), case["size2"], data(case["root2"]), proof)


def refused(verify: Callable[[dict[str, Any]], None], case: dict[str, Any], error: type[VerificationError]) -> bool:
    try:
        verify(case)
    except error:
        return True
    return False


def test_inclusion(shared_vectors: Path) -> None:
    cases = read_cases(shared_vectors / "merkle" / "inclusion")
    assert sum(not case["wantErr"] for case in cases.values()) >= 4
    assert len(cases) >= 50
    wrong = [name for name, case in cases.items() if refused(inclusion, case, InclusionError) != case["wantErr"]]
    assert wrong == []


def test_consistency(shared_vectors: Path) -> None:
    cases = read_cases(shared_vectors / "merkle" / "consistency")
    assert sum(not case["wantErr"] for case in cases.values()) >= 3
    assert len(cases) >= 40
    wrong = [name for name, case in cases.items() if refused(consistency, case, ConsistencyError) != case["wantErr"]]
    assert wrong == []
