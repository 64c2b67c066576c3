"""Kill −9 between any two steps: what was acknowledged is there after a restart, and nothing is there twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT


def deaths(folder: Path, work: str, stride: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.integration.dying", str(folder / "cq"), work, str(stride)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_killed_before_any_other_statement_of_issuing_and_sequencing(folder: Path) -> None:
    lives = deaths(folder, "issue", 2)
    assert len(lives) > 15
    assert [life["killed"] for life in lives] == [True] * (len(lives) - 1) + [False]
    for number, life in enumerate(lives, 1):
        assert set(life["told"]) <= set(life["found"]), "acknowledged, then lost"
        assert life["told"][:2] == life["again"][: len(life["told"][:2])], "the same request, another answer"
        assert (life["entries"], life["size"]) == (2, 2 * number)


@pytest.mark.slow
def test_killed_here_and_there_in_a_sync(folder: Path) -> None:
    lives = deaths(folder, "sync", 7)
    assert len(lives) > 5
    for number, life in enumerate(lives, 1):
        assert set(life["told"]) <= set(life["found"]), "acknowledged, then lost"
        assert (life["entries"], life["size"], life["head"]) == (1, number, number)
