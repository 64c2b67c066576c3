"""``tongban verify`` on files of every kind: what it says, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.bundle import NAMES
from ledger.cli.main import main

VECTOR = Path(__file__).resolve().parents[1] / "vectors" / "bundle" / "license-suspended.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle, its trust file, and a file that is neither."""
    for name in ("TONGBAN_LANG", "TONGBAN_PINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    vector = json.loads(VECTOR.read_text("utf-8"))
    (tmp_path / "bundle.json").write_text(vector["input"], "utf-8")
    (tmp_path / "trust.txt").write_text(vector["trust"], "utf-8")
    (tmp_path / "other.txt").write_text("nothing of the kind\n", "utf-8")
    return tmp_path


def verify(folder: Path, capsys: pytest.CaptureFixture[str], bundle: str, trust: str, *words: str) -> tuple[int, Any]:
    """Exit code and what was printed as JSON, or None where nothing was."""
    given = [str(folder / bundle), "--trust", str(folder / trust), "--at", "2026-11-01T01:17:00Z", *words]
    code = main(["verify", *given, "--json"])
    printed = capsys.readouterr().out
    return code, json.loads(printed) if printed else None


def test_a_good_bundle_is_ok(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = verify(folder, capsys, "bundle.json", "trust.txt")
    assert (code, {report[name]["verdict"] for name in NAMES}) == (0, {"ok"})


def test_a_file_that_is_no_bundle_gets_the_six_verdicts_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = verify(folder, capsys, "other.txt", "trust.txt")
    assert (code, report["exit"]) == (1, 1)
    assert (report["integrity"]["verdict"], report["integrity"]["reason"]) == ("failed", "malformed")
    assert {report[name]["verdict"] for name in NAMES[1:]} == {"unknown"}


def test_a_refused_trust_file_is_not_a_missing_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = verify(folder, capsys, "bundle.json", "other.txt")
    assert code == 1
    assert [report[name]["verdict"] for name in ("integrity", "issuer", "logged", "anchored")] == [
        "unknown",
        "failed",
        "unknown",
        "failed",
    ]
    assert "no-trust-file" not in {report[name]["reason"] for name in NAMES}


@pytest.mark.parametrize(("bundle", "trust"), [("absent.json", "trust.txt"), ("bundle.json", "absent.txt")])
def test_a_file_that_is_not_there_is_no_failed_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str], bundle: str, trust: str
) -> None:
    code, report = verify(folder, capsys, bundle, trust)
    assert (code, report["error"]["type"]) == (2, "ConfigError")


@pytest.mark.parametrize("words", [("--min-basis", "hearsay"), ("--at", "yesterday")])
def test_wrong_usage_is_no_failed_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert verify(folder, capsys, "bundle.json", "trust.txt", *words) == (2, None)


def test_one_line_says_each_reason_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "zh", "verify", str(folder / "bundle.json"), "--brief"]) == 2
    assert capsys.readouterr().out.count("没有提供信任文件") == 1


def test_the_basis_is_said_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--trust", str(folder / "trust.txt"), "--at", "2026-11-01T01:17:00Z"]
    assert main(["--lang", "zh", "verify", str(folder / "bundle.json"), *given]) == 0
    assert "状态依据：1 个其他成员重放见证（witnessed:1）" in capsys.readouterr().out
