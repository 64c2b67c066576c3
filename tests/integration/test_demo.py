"""The demo as a newcomer sees it, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo, run once as its own process: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    env = {**os.environ, "COLUMNS": "120", "TONGBAN_LANG": "both"}
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder, done.stdout


def test_demo__the_bad_row__is_shown_with_its_reason(demo: tuple[Path, str]) -> None:
    assert '"rule": "uscc.check"' in demo[1]
    assert "14 rows read: 13 issued, 0 known already, 1 refused" in demo[1]
    assert "14 rows read: 0 issued, 13 known already, 1 refused" in demo[1]


@pytest.mark.parametrize(
    ("bundle", "said"),
    [
        ("suspended", "歇业"),
        ("history", "active"),
        ("absent", "never issued in this log"),
        ("superseded", "superseded by a newer version"),
        ("revoked", "revoked"),
    ],
)
def test_demo__each_bundle__gets_its_verdict(demo: tuple[Path, str], bundle: str, said: str) -> None:
    line = next(line for line in demo[1].splitlines() if line.startswith(f"{bundle}.bundle.json "))
    assert said in line


def test_demo__the_forged_name__is_refused_by_integrity_and_not_shown(demo: tuple[Path, str]) -> None:
    part = demo[1].split("forged.bundle.json --trust")[1].split("$ tongban")[0]
    assert "what is shown is not what was signed" in part
    assert "伪造的名称" not in part


def test_demo__the_edited_row__is_named_by_licence_and_field(demo: tuple[Path, str]) -> None:
    assert re.search(r"✘ \[9 row\.record\] 91110000802100433B name", demo[1])
    assert demo[1].count("clean: nothing found") == 3


def test_demo__its_folder__can_be_explored_as_it_says(demo: tuple[Path, str]) -> None:
    folder, printed = demo
    env = {**os.environ, "TONGBAN_PASSPHRASE_FILE": str(folder / "passphrase"), "XDG_CONFIG_HOME": str(folder)}
    tongban = Path(sys.executable).with_name("tongban")
    advice = [line.strip() for line in printed.splitlines() if line.startswith("  .venv/bin/tongban")]
    assert len(advice) >= 6
    for line in advice:
        command = line.replace(".venv/bin/tongban", str(tongban))
        done = subprocess.run(  # noqa: S602  # typed at a shell, as printed
            command, shell=True, capture_output=True, text=True, env=env, cwd=ROOT, timeout=120, check=False
        )
        assert done.returncode == int("superseded" in line), line + done.stdout + done.stderr


def test_demo__a_folder_of_somebody_else__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_demo__a_bundle_with_json__has_the_promised_shape(demo: tuple[Path, str]) -> None:
    public = demo[0] / "public"
    tongban = Path(sys.executable).with_name("tongban")
    command = [
        str(tongban),
        "verify",
        str(public / "active.bundle.json"),
        "--trust",
        str(public / "trust.txt"),
        "--json",
    ]
    done = subprocess.run(
        [*command, "--pins", str(public / "pins.json")], capture_output=True, text=True, timeout=60, check=False
    )
    report = json.loads(done.stdout)
    assert done.returncode == 0
    for name in ("integrity", "issuer", "logged", "anchored", "status", "freshness"):
        assert report[name]["verdict"] == "ok"
        assert report[name]["reason"]
    assert report["status"]["basis"] == "issuer"
    assert report["as_of"]["chain"]["name"] == "演示链"
