"""The command line: one run of the program per assertion, in this process, on real folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ledger.cli.main import app, main
from ledger.errors import StorageError
from tests.builders import credit_code
from tests.integration.nodes import PASSPHRASE, draft

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def data(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A founded node of this test's own, with the passphrase in the environment."""
    for name in ("TONGBAN_DATA", "TONGBAN_CHAIN_URL", "TONGBAN_LANG", "TONGBAN_PASSPHRASE_FILE", "TONGBAN_PINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TONGBAN_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    return tmp_path / "cq"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with ``--json``: its exit code and its object."""

    def call(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = main([str(word) for word in (*words, "--json")])
        printed = capsys.readouterr().out
        return code, json.loads(printed)

    return call


@pytest.fixture
def licence(data: Path, run: Run, tmp_path: Path) -> str:
    """A licence issued from a file; its credit code."""
    path = tmp_path / "draft.json"
    path.write_text(json.dumps(draft(1)), "utf-8")
    code, issued = run("issue", path, "--data", data, "--key", "first")
    assert (code, issued["event"], issued["version"]) == (0, "ESTABLISH", 1)
    return str(issued["uscc"])


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of the program with the full name it is called by."""

    def walk(prefix: str, group: Any) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(f"{prefix}{name} ", command)
            else:
                yield f"{prefix}{name}", command

    return walk("", typer.main.get_command(app))


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: str(value) if isinstance(value, str) else ""
)
def test_every_command__has_json_and_help_in_two_languages(name: str, command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options, name
    assert " / " in (command.help or ""), name
    for parameter in command.params:
        text = getattr(parameter, "help", None)
        assert text is None or " / " in text or text.isascii() or "、" in text or text.startswith("Show"), (name, text)


def test_main__the_promised_commands__exist() -> None:
    promised = {"init", "issue", "change", "suspend", "resume", "revoke", "annul", "deregister", "reissue", "erase"}
    promised |= {"import", "sync", "show", "history", "bundle", "verify", "audit", "members", "propose", "approve"}
    names = {name.split(" ")[0] for name, _ in commands()}
    assert promised | {"trust", "keys", "chain"} <= names


def test_issue__the_same_key_again__does_nothing_twice(data: Path, run: Run, licence: str, tmp_path: Path) -> None:
    code, again = run("issue", tmp_path / "draft.json", "--data", data, "--key", "first")
    assert (code, again["replayed"], again["uscc"]) == (0, True, licence)
    code, refused = run("issue", tmp_path / "draft.json", "--data", data)
    assert (code, refused["error"]["type"]) == (1, "TransitionError")


def test_issue__a_rule_broken__names_field_and_rule_in_both_languages(data: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(draft(2, capital_amount="1,000")), "utf-8")
    code, answer = run("issue", path, "--data", data)
    assert code == 1
    assert answer["error"]["field"] == "capital_amount"
    assert all(answer["error"][name] for name in ("zh", "en", "rule"))


LIFE = [
    ("change", ["--set", "premises=样例路9号"], "CHANGE", "active", "current"),
    ("suspend", ["--until", "2027-01-31"], "SUSPEND", "suspended", "current"),
    ("resume", [], "RESUME", "active", "current"),
    ("flag", ["ABNORMAL_LIST"], "FLAG_ON", "active", "current"),
    ("unflag", ["ABNORMAL_LIST"], "FLAG_OFF", "active", "current"),
    ("file", [], "FILE", "active", "current"),
    ("correct", ["--set", "premises=样例路10号"], "CORRECT", "active", "current"),
    ("void", [], "VOID", "active", "voided"),
    ("reissue", [], "REISSUE", "active", "current"),
    ("annul", ["--decision", "样例1号"], "ANNUL", "annulled", "voided"),
    ("reverse", [], "ANNUL_REVERSE", "active", "current"),
    ("liquidate", [], "LIQUIDATE", "liquidating", "current"),
    ("deregister", [], "DEREGISTER", "deregistered", "voided"),
    ("restore", [], "RESTORE", "liquidating", "current"),
    ("revoke", ["--decision", "样例2号", "--reason", "样例事由"], "REVOKE", "revoked", "voided"),
]


def test_life__every_event_from_the_command_line__then_a_clean_audit(data: Path, run: Run, licence: str) -> None:
    for n, (command, words, event, subject, version) in enumerate(LIFE, start=1):
        code, answer = run(command, licence, *words, "--data", data)
        assert (code, answer.get("event"), answer.get("n")) == (0, event, n), answer
        assert (answer["status"]["subject"], answer["status"]["version"]) == (subject, version), command
    assert run("sync", "--data", data)[1]["anchor"]["size"] == len(LIFE) + 1
    code, history = run("history", licence, "--data", data)
    assert [line["event"] for line in history["history"]][1:] == [item[2] for item in LIFE]
    assert all(line["anchored"] for line in history["history"])
    assert history["history"][-1]["facts"] == {"decision_no": "样例2号", "reason": "样例事由"}
    code, report = run("audit", "--data", data)
    assert (code, report["verdict"]) == (0, "clean"), report


def test_erase__old_versions__leaves_a_clean_audit(data: Path, run: Run, licence: str) -> None:
    run("change", licence, "--set", "premises=样例路11号", "--data", data)
    code, erased = run("erase", licence, "--data", data)
    assert (code, erased["event"], erased["erased"]) == (0, "ERASE", [1]), erased
    run("sync", "--data", data)
    code, refused = run("bundle", licence, "--version", "1", "--data", data, "--out", data / "old.json")
    assert (code, refused["error"]["type"]) == (1, "ConflictError")
    assert run("audit", "--data", data)[0] == 0


def test_verify__no_trust_file__is_unknown_not_failed(data: Path, run: Run, licence: str) -> None:
    run("sync", "--data", data)
    bundle = data / "one.bundle.json"
    assert run("bundle", licence, "--out", bundle, "--data", data)[0] == 0
    code, report = run("verify", bundle)
    assert code == 2
    assert report["issuer"]["verdict"] == report["anchored"]["verdict"] == "unknown"
    assert report["integrity"]["verdict"] != "failed"


def test_verify__a_trust_file_changed_after_signing__fails_issuer_and_anchored(
    data: Path, run: Run, licence: str
) -> None:
    run("sync", "--data", data)
    bundle, trust = data / "one.bundle.json", data / "trust.txt"
    run("bundle", licence, "--out", bundle, "--data", data)
    assert run("trust", "make", "--out", trust, "--data", data)[0] == 0
    assert run("verify", bundle, "--trust", trust)[0] == 0
    trust.write_bytes(trust.read_bytes().replace(b'"status":"active"', b'"status":"acting"'))
    code, report = run("verify", bundle, "--trust", trust)
    assert code == 1
    assert report["issuer"]["verdict"] == report["anchored"]["verdict"] == "failed"
    assert report["issuer"]["reason"] == "trust-refused"


def test_verify__another_signer_than_the_pinned_one__is_refused(data: Path, run: Run, licence: str) -> None:
    run("sync", "--data", data)
    bundle, trust = data / "one.bundle.json", data / "trust.txt"
    run("bundle", licence, "--out", bundle, "--data", data)
    run("trust", "make", "--out", trust, "--data", data)
    assert run("trust", "pin", trust)[1]["k"] == 1
    assert run("keys", "rotate", "checkpoint", "--data", data)[1]["generation"] == 2
    run("trust", "make", "--out", trust, "--data", data)  # signed by a key that nobody pinned
    code, report = run("verify", bundle, "--trust", trust)
    assert (code, report["issuer"]["reason"]) == (1, "trust-refused")


def test_verify__freshness_and_basis__are_demanded_by_the_verifier(data: Path, run: Run, licence: str) -> None:
    run("sync", "--data", data)
    bundle, trust = data / "one.bundle.json", data / "trust.txt"
    run("bundle", licence, "--out", bundle, "--data", data)
    run("trust", "make", "--out", trust, "--data", data)
    code, report = run("verify", bundle, "--trust", trust, "--at", "2099-01-01T00:00:00Z")
    assert (code, report["freshness"]["verdict"]) == (1, "failed")
    code, report = run("verify", bundle, "--trust", trust, "--min-basis", "witnessed:1")
    assert (code, report["status"]["verdict"]) == (2, "unknown")


def test_bundle__absence__is_proved_and_a_licence_is_not_absent(data: Path, run: Run, licence: str) -> None:
    run("sync", "--data", data)
    absent, trust = data / "absent.bundle.json", data / "trust.txt"
    run("trust", "make", "--out", trust, "--data", data)
    assert run("bundle", "91110000802100433B", "--absent", "--out", absent, "--data", data)[0] == 0
    code, report = run("verify", absent, "--trust", trust)
    assert (code, report["status"]["reason"]) == (0, "never-issued")
    assert run("bundle", licence, "--absent", "--out", absent, "--data", data)[0] == 1


def test_import__twice__is_safe_and_names_each_bad_row(data: Path, run: Run, tmp_path: Path) -> None:
    rows = [draft(1), draft(2), draft(3, uscc="91110108592317351H"), draft(4)]
    path = tmp_path / "rows.ndjson"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    code, first = run("import", path, "--data", data)
    assert (code, first["issued"], first["refused"]) == (0, 3, 1)
    refused = json.loads(Path(first["errors"]).read_text("utf-8"))
    assert (refused["line"], refused["field"]) == (3, "uscc")
    assert (run("import", path, "--data", data)[1]["known"], run("status", "--data", data)[1]["licenses"]) == (3, 3)


def test_keys__rotated_and_revoked__old_licences_still_verify(data: Path, run: Run, licence: str) -> None:
    run("sync", "--data", data)
    old = next(key for key in run("keys", "list", "--data", data)[1]["keys"] if key["purpose"] == "credential")
    assert run("keys", "revoke", old["id"], "--data", data)[0] == 1  # in use
    assert run("keys", "rotate", "credential", "--data", data)[1]["generation"] == 2
    assert run("keys", "revoke", old["id"][:12], "--data", data)[0] == 0
    bundle, trust = data / "one.bundle.json", data / "trust.txt"
    run("bundle", licence, "--out", bundle, "--data", data)
    run("trust", "make", "--out", trust, "--data", data)
    assert run("verify", bundle, "--trust", trust)[0] == 0
    assert run("keys", "compromised", old["id"], "--from", "0", "--data", data)[0] == 0
    run("trust", "make", "--out", trust, "--data", data)
    code, report = run("verify", bundle, "--trust", trust)
    assert (code, report["issuer"]["reason"]) == (1, "key-disowned")


def test_disown__by_the_other_member__goes_back_and_the_bundle_says_so(data: Path, run: Run, licence: str) -> None:
    second = data.parent / "sc"
    assert run("init", "--data", second, "--member", "510000", "--join", data)[0] == 0
    admitted = run("propose", "admit", "--file", second / "member.json", "--data", data)[1]
    assert admitted["executed"]
    run("keys", "publish", "--data", second)
    run("sync", "--data", data)
    bundle, trust = data / "one.bundle.json", data / "trust.txt"
    run("bundle", licence, "--out", bundle, "--data", data)
    code, proposed = run("propose", "disown", "--member", "500000", "--from-seq", "1", "--data", second)
    assert (code, proposed["executed"]) == (0, True)
    run("trust", "make", "--out", trust, "--data", second)
    code, report = run("verify", bundle, "--trust", trust)
    assert (code, report["anchored"]["reason"]) == (1, "anchor-disowned")


def test_error__no_node__says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "91110000802100433B", "--data", str(tmp_path)]) == 1
    assert "tongban init" in capsys.readouterr().err
    assert main(["no-such-command"]) == 2


@pytest.mark.parametrize(
    ("words", "type_"),
    [
        (["show", "重庆样例有限公司"], "FormatError"),
        (["show", "\udcff"], "FormatError"),
        (["search", "\udcff"], "FormatError"),
        (["bundle", credit_code(1), "--size", 10**20], "FormatError"),
        (["bundle", credit_code(1), "--version", 10**20], "FormatError"),
        (["bundle", credit_code(1), "--out", "/dev/null/x"], "StorageError"),
        (["change", credit_code(1), "--set", "name=样例", "--key", "\udcff"], "FormatError"),
        (["change", credit_code(1), "--set", "heads=" + "[" * 900 + "]" * 900], "RecordError"),
        (["change", credit_code(1), "--set", "heads=" + "[" * 900 + "]" * 900, "--key", "k"], "RecordError"),
        (["import", "."], "FormatError"),
        (["import", "no-such-file.ndjson"], "FormatError"),
        (["export", "/dev/null/x"], "StorageError"),
        (["init", "--member", "510000"], "ConfigError"),
    ],
)
def test_what_a_hand_may_slip_into__is_named_not_traced(
    data: Path, run: Run, licence: str, words: list[Any], type_: str
) -> None:
    assert licence == credit_code(1)
    if words[0] in ("bundle", "export"):
        run("sync", "--data", data)
    code, printed = run(*words, "--data", data)
    assert (code, printed["error"]["type"]) == (1, type_)


@pytest.mark.parametrize("member", [-1, 1, 500106, 999999])
def test_init__no_province__makes_no_folder(data: Path, run: Run, tmp_path: Path, member: int) -> None:
    code, printed = run("init", "--data", tmp_path / "new", "--member", member)
    assert (code, printed["error"]["type"]) == (1, "ConfigError")
    assert data.exists()
    assert not (tmp_path / "new").exists()


def test_init__ended_before_the_keys_were_published__publishes_them_when_run_again(
    data: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_node: object) -> None:
        raise StorageError("the test ends founding here")

    new = tmp_path / "new"
    with monkeypatch.context() as patched:
        patched.setattr("ledger.services.consortium.publish_keys", dies)
        assert run("init", "--data", new, "--member", 510000)[0] == 1
    assert data.exists()
    assert run("sync", "--data", new)[1]["error"]["type"] == "ConfigError"
    assert run("init", "--data", new, "--member", 510000)[0] == 0
    assert len(run("keys", "list", "--data", new)[1]["keys"]) == 3
    assert run("sync", "--data", new)[0] == 0


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
@pytest.mark.parametrize("words", [["--help"], ["show", "x", "--json"], ["status"]])
def test_a_terminal_without_these_characters__gets_escapes_not_a_traceback(
    data: Path, encoding: str, words: list[str]
) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "TONGBAN_DATA": str(data)}
    program = [sys.executable, "-c", "from ledger.cli.main import run; run()", *words]
    ended = subprocess.run(program, env=environment, capture_output=True, check=False)
    assert ended.returncode == int(words[0] == "show")
    assert b"Traceback" not in ended.stderr
    if "--json" in words:
        assert "没有该执照" in json.loads(ended.stdout.decode("ascii"))["error"]["message"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_behind_standard_output__is_named_not_traced(data: Path, more: list[str]) -> None:
    program = [sys.executable, "-c", "from ledger.cli.main import run; run()", "status", "--data", str(data), *more]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode != 0
    assert b"Traceback" not in ended.stderr


def test_passphrase__no_text_or_nobody_to_ask__is_named(
    data: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGBAN_PASSPHRASE", "\udcff" * 9)
    assert run("sync", "--data", data)[1]["error"]["type"] == "ConfigError"
    monkeypatch.delenv("TONGBAN_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", None)
    assert run("sync", "--data", data)[1]["error"]["type"] == "ConfigError"
    (tmp_path / "words").write_bytes(b"\xff\xfe secret words")
    monkeypatch.setenv("TONGBAN_PASSPHRASE_FILE", str(tmp_path / "words"))
    error = run("sync", "--data", data)[1]["error"]
    assert error["type"] == "ConfigError"
    assert "secret" not in error["message"]


def test_init__again_without_an_endpoint__keeps_the_known_one(data: Path, run: Run) -> None:
    first = run("init", "--data", data, "--member", 500000, "--endpoint", "https://cq.example")[1]
    again = run("init", "--data", data, "--member", 500000)[1]
    assert again["description"] == first["description"]
    assert again["description"]["endpoint"] == "https://cq.example"


@pytest.mark.parametrize("code", ["", "91110000802100433A", "11100000MB0143028R"])
def test_bundle__absence_of_what_is_no_holders_code__is_refused(data: Path, run: Run, licence: str, code: str) -> None:
    run("sync", "--data", data)
    answer = run("bundle", code, "--absent", "--data", data, "--out", data / "absent.json")
    assert (answer[0], answer[1]["error"]["type"]) == (1, "FormatError")
    assert licence != code


def test_change__reasons_without_end__are_refused(data: Path, run: Run, licence: str) -> None:
    code, answer = run("revoke", licence, "--reason", "长" * 6000, "--data", data)
    assert (code, answer["error"]["rule"]) == (1, "facts.length")


def test_init__another_chain_than_the_known_one__is_refused(data: Path, run: Run, tmp_path: Path) -> None:
    assert run("init", "--data", tmp_path / "other", "--member", 520000)[0] == 0
    code, answer = run("init", "--data", data, "--member", 500000, "--join", tmp_path / "other")
    assert (code, answer["error"]["type"]) == (1, "ConfigError")


def test_verify__says_whether_the_signers_were_known(data: Path, run: Run, licence: str, tmp_path: Path) -> None:
    run("sync", "--data", data)
    bundle, trust, pins = data / "one.bundle.json", data / "trust.txt", tmp_path / "pins.json"
    run("bundle", licence, "--out", bundle, "--data", data)
    run("trust", "make", "--out", trust, "--data", data)
    assert run("verify", bundle, "--trust", trust, "--pins", pins)[1]["pins"] == "first-use"
    assert run("verify", bundle, "--trust", trust, "--pins", pins)[1]["pins"] == "known"
    nowhere = trust / "pins.json"  # a file is no folder
    code, report = run("verify", bundle, "--trust", trust, "--pins", nowhere)
    assert (code, report["pins"]) == (0, "not-kept")
    assert run("verify", bundle)[1]["pins"] == ""
