"""``tongban verify`` on files of every kind: what it says, and with which exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import bundle
from ledger.bundle import NAMES
from ledger.cli.main import main
from tests.builders import ACTIVE, CHONGQING, World, record

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


# --- what others wrote, on the screen ---------------------------------------------------------------------------------


def on_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str], made: bytes, trust: bytes, *words: str) -> str:
    """What a person sees of a bundle."""
    (tmp_path / "made").write_bytes(made)
    (tmp_path / "trust").write_bytes(trust)
    given = [str(tmp_path / "made"), "--trust", str(tmp_path / "trust"), "--at", "2026-11-01T03:00:00Z", *words]
    main(["verify", *given])
    return capsys.readouterr().out


def test_a_name_like_markup_is_shown_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TONGBAN_PINS", str(tmp_path / "pins"))
    world = World.of(CHONGQING)
    cq = world.provinces[CHONGQING]
    cq.issue(record(ACTIVE, "样例[/]公司[red]"))
    world.anchor(cq)
    assert "样例[/]公司[red]" in on_screen(
        tmp_path, capsys, bundle.encode(cq.license_bundle(ACTIVE)), world.trust_bytes()
    )


@pytest.mark.parametrize("option", [[], ["--brief"]])
def test_a_forgery_does_not_steer_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    monkeypatch.setenv("TONGBAN_PINS", str(tmp_path / "pins"))
    world = World.of(CHONGQING)
    cq = world.provinces[CHONGQING]
    genuine = record(ACTIVE, "样例有限公司")
    cq.issue(replace(genuine, cert_identifier=genuine.cert_identifier[:-1] + "\x1b[2J\n\u202eok"))
    world.anchor(cq)
    shown = on_screen(tmp_path, capsys, bundle.encode(cq.license_bundle(ACTIVE)), world.trust_bytes(), *option)
    assert not {"\x1b", "\u202e"} & set(shown)
    assert "\ufffd[2J\ufffd\ufffdok" in shown


def test_a_trust_file_whose_signature_is_wrong_is_refused_by_its_verdicts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = (folder / "trust.txt").read_text("utf-8")
    lines = trust.rstrip("\n").split("\n")
    last = lines[-1][:-12] + ("A" if lines[-1][-12] != "A" else "B") + lines[-1][-11:]
    (folder / "wrong.txt").write_text("\n".join([*lines[:-1], last, ""]), "utf-8")
    code, report = verify(folder, capsys, "bundle.json", "wrong.txt")
    assert code == 1
    assert {report[name]["reason"] for name in ("issuer", "anchored")} == {"trust-refused"}


def test_an_age_beyond_all_ages_is_wrong_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(folder, capsys, "bundle.json", "trust.txt", "--max-age", "9" * 20) == (2, None)


def test_a_file_without_end_is_refused_and_not_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "endless").symlink_to("/dev/zero")
    code, report = verify(folder, capsys, "endless", "trust.txt")
    assert (code, report["integrity"]["reason"]) == (1, "malformed")
